/**
 * Shrinking: from a scenario in which an invariant breaks to a small one in which the same invariant breaks.
 *
 * Greedy: of the simpler scenarios of a scenario the first that still breaks takes its place, until none does. Whatever the schema will hold is
 * shrunk: fewer ticks are tried, then every field and every element of every list left out, then numbers with fewer digits.
 */
import { EngineError } from "../core/errors.ts";
import { formatDuration, parseDuration } from "../scenario/quantities.ts";
import { scenarioSchema } from "../scenario/schema.ts";
import type { ScenarioFile } from "../scenario/schema.ts";
import type { Violation } from "./invariants.ts";

/** The smallest scenario found. */
export interface Shrunk {
  readonly file: ScenarioFile;
  /** How it breaks there. */
  readonly violation: Violation;
  /** Scenarios played on the way. */
  readonly plays: number;
}

/** Plays a scenario and gives its first violation, or null. @throws EngineError CE_SCENARIO_INVALID */
export type Play = (file: ScenarioFile) => Violation | null;

/** Scenarios played at most. */
const MAX_PLAYS = 600;

type Path = readonly (string | number)[];

/** Shrinks a scenario that breaks. @param onPlay called with the number of scenarios played */
export function shrink(
  file: ScenarioFile,
  violation: Violation,
  play: Play,
  onPlay: (plays: number) => void = () => undefined,
): Shrunk {
  let best = { file, violation };
  let plays = 0;
  const isSpent = (): boolean => plays >= MAX_PLAYS;
  const breaks = (candidate: ScenarioFile): boolean => {
    const found = outcomeOf(candidate, play);
    plays += 1;
    onPlay(plays);
    if (found?.invariant !== violation.invariant) return false;
    best = { file: candidate, violation: found };
    return true;
  };
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const step of [shorter, without, plainer]) {
      for (let next = 0; !isSpent(); next += 1) {
        const candidate = step(best.file, best.violation, next);
        if (candidate === null) break;
        // What stands at this place now is another candidate, not yet tried.
        if (candidate !== best.file && breaks(candidate)) {
          next -= 1;
          isSmaller = true;
        }
      }
    }
  }
  return { ...best, plays };
}

/** The first violation; null where nothing breaks, or the scenario is none. */
function outcomeOf(file: ScenarioFile, play: Play): Violation | null {
  try {
    return play(file);
  } catch (error) {
    if (error instanceof EngineError && error.code === "CE_SCENARIO_INVALID") return null;
    throw error;
  }
}

/** The nth simpler scenario of its kind; the scenario itself where the nth is none; null after the last. */
type Step = (file: ScenarioFile, violation: Violation, n: number) => ScenarioFile | null;

/** Fewer ticks: to the violation's own, a half, one less; no warm-up. */
const shorter: Step = (file, { tick }, n) => {
  if (n === 3) return file.warmup === "0s" ? file : { ...file, warmup: "0s" };
  const tickMs = parseDuration(file.tick ?? "1m") ?? 1;
  const ticks = (parseDuration(file.duration ?? "1d") ?? 1) / tickMs;
  const fewer = [tick + 1, Math.ceil(ticks / 2), ticks - 1][n];
  if (fewer === undefined) return null;
  if (fewer >= ticks || fewer < 1) return file;
  return mended({ ...structuredClone(file), duration: formatDuration(fewer * tickMs) });
};

/** Fields without which a scenario is none, or is longer. */
const KEPT: ReadonlySet<string | number> = new Set(["platforms", "campaigns", "tick", "duration", "warmup"]);

/** One field or element less, the ones that hold most first. */
const without: Step = (file, _, n) => {
  const paths = pathsOf(file).filter(([key, ...rest]) => rest.length > 0 || !KEPT.has(key));
  const path = paths.sort((a, b) => a.length - b.length)[n];
  if (path === undefined) return null;
  const candidate = structuredClone(file);
  const holder = at(candidate, path.slice(0, -1));
  const key = path.at(-1)!;
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return scenarioSchema.safeParse(candidate).success ? mended(candidate) : file;
};

/** One number with fewer digits. */
const plainer: Step = (file, _, n) => {
  const path = pathsOf(file).filter((one) => isPlainable(at(file, one)))[n];
  if (path === undefined) return null;
  const holder = at(file, path.slice(0, -1));
  const value = Number(holder[path.at(-1)!]);
  const simple = value >= 1 ? Math.round(value) : Number(value.toPrecision(1));
  if (simple === value) return file;
  const candidate = structuredClone(file);
  at(candidate, path.slice(0, -1))[path.at(-1)!] = simple;
  return candidate;
};

function isPlainable(value: unknown): boolean {
  return typeof value === "number" && !Number.isInteger(value);
}

/** References that lead nowhere any more, and times after the end, are dropped. */
function mended(file: ScenarioFile): ScenarioFile {
  const known = new Set(file.platforms.map(({ id }) => id));
  for (const campaign of file.campaigns) {
    const platforms = campaign.platforms?.filter((id) => known.has(id));
    if (platforms?.length === 0) delete campaign.platforms;
    else if (platforms !== undefined) campaign.platforms = platforms;
    const endMs = parseDuration(campaign.flight?.end ?? "") ?? 0;
    if (campaign.flight !== undefined && endMs > (parseDuration(file.duration ?? "1d") ?? 0))
      delete campaign.flight.end;
  }
  const ids = new Set(file.campaigns.map(({ id }) => id));
  for (const order of file.operator ?? []) {
    if (Array.isArray(order.campaigns)) order.campaigns = order.campaigns.filter((id) => ids.has(id));
  }
  file.operator = file.operator?.filter(
    ({ at: when, campaigns }) => campaigns.length > 0 && isBefore(when, file.duration),
  );
  if (file.operator === undefined || file.operator.length === 0) delete file.operator;
  return file;
}

function isBefore(time: string, end = "1d"): boolean {
  return (parseDuration(time) ?? 0) < (parseDuration(end) ?? 0);
}

type Holder = Record<string | number, unknown>;

function at(file: unknown, path: Path): Holder {
  let value = file;
  for (const key of path) value = (value as Holder)[key];
  return value as Holder;
}

/** The paths of all fields and elements, depth first. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  const paths: Path[] = [];
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const own = path.concat(key);
    paths.push(own, ...pathsOf((value as Holder)[key], own));
  }
  return paths;
}
