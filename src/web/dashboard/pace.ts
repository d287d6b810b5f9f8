/** Spend against the plan that follows the traffic, in a word. */
import type { Tone } from "./parts.tsx";

/** Ticks before which a pace says little: spend reports come late. */
const EARLY_TICKS = 90;

/** What a pace means. @param ticks length of what it is measured over */
export function paceOf(pace: number | null, ticks: number): { readonly word: string; readonly tone: Tone } {
  if (pace === null || ticks < EARLY_TICKS) return { word: "too early to say", tone: "" };
  if (pace > 1.25) return { word: "far ahead", tone: "bad" };
  if (pace > 1.08) return { word: "ahead", tone: "warn" };
  if (pace < 0.6) return { word: "far behind", tone: "bad" };
  if (pace < 0.85) return { word: "behind", tone: "warn" };
  return { word: "on plan", tone: "good" };
}
