/**
 * Budget days: at which ticks a new day begins in the account's time zone, daylight saving included.
 */
import type { BudgetDay } from "../core/policy/policy.ts";

/** Every time zone's midnight falls on a quarter of an hour of UTC. */
const QUARTER_MS = 900_000;

/**
 * Ticks in [0, `ticks`) at which a new local day begins; tick 0 always does.
 * @param startMs time of tick 0, milliseconds since the epoch
 * @param timeZone IANA name, e.g. `Europe/Berlin`
 */
export function dayStartTicks(startMs: number, tickMs: number, ticks: number, timeZone: string): number[] {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const starts = [0];
  let day = format.format(startMs);
  const endMs = startMs + (ticks - 1) * tickMs;
  for (let quarterMs = Math.ceil(startMs / QUARTER_MS) * QUARTER_MS; quarterMs <= endMs; quarterMs += QUARTER_MS) {
    const local = format.format(quarterMs);
    if (local === day) continue;
    day = local;
    const tick = Math.ceil((quarterMs - startMs) / tickMs);
    if (tick > starts[starts.length - 1]) starts.push(tick);
  }
  return starts;
}

/** The day that a tick lies in, given where days start and where the run ends. Ticks before the first day belong to it. */
export function dayAt(tick: number, starts: readonly number[], ticks: number): BudgetDay {
  const next = starts.findIndex((start) => start > Math.max(tick, 0));
  return next < 0
    ? { startTick: starts[starts.length - 1], endTick: Math.max(ticks, tick + 1) }
    : { startTick: starts[next - 1], endTick: starts[next] };
}
