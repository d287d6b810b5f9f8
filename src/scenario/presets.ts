/** The presets: scenarios that come with the engine, one commented YAML file each. */
import { fileURLToPath } from "node:url";

const PRESETS = ["calm-day", "storm", "outage", "thin-budgets", "cpa-target", "ten-thousand"] as const;

/** Names of the presets, the simplest first. */
export function presetNames(): readonly string[] {
  return PRESETS;
}

/** True for the name of a preset. */
export function isPreset(name: string): boolean {
  return (PRESETS as readonly string[]).includes(name);
}

/** Path of a preset's file. */
export function presetPath(name: string): string {
  return fileURLToPath(new URL(`./presets/${name}.yaml`, import.meta.url));
}
