/** Measuring: CPU time of contestants that take turns, so that a busy machine slows all of them alike. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** One measured figure. */
export interface Figure {
  readonly bench: string;
  readonly subject: string;
  readonly value: number;
  readonly unit: string;
  /** What `ratio` is to; null where the figure stands alone. */
  readonly baseline: string | null;
  readonly ratio: number | null;
  /** Most that the value, or the ratio where `ofRatio`, may be; or least that the value may be. */
  readonly goal: { readonly most: number; readonly ofRatio: boolean } | { readonly least: number } | null;
}

/** How much is measured. */
export interface Sizes {
  readonly campaigns: number;
  /** The smaller and the larger of the whole-engine runs. */
  readonly fewCampaigns: number;
  readonly manyCampaigns: number;
  readonly ticks: number;
  /** Measured rounds; one more goes before as warm-up. */
  readonly rounds: number;
  /** Repetitions of cheap operations in one round. */
  readonly repeats: number;
}

/** One of several ways to do the same. */
export interface Contestant {
  readonly subject: string;
  /** Operations in one round. */
  readonly operations: number;
  /** Prepares a round, unmeasured, and returns what is measured. */
  readonly prepare: () => () => void;
  readonly goal?: Figure["goal"];
}

/** CPU time of this process so far, all threads [µs]. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Plays rounds in turn. The first contestant is the baseline; ratios are medians over rounds, each within one round. */
export function race(bench: string, contestants: readonly Contestant[], rounds: number): Figure[] {
  const times: number[][] = contestants.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { prepare, operations }] of contestants.entries()) {
      const act = prepare();
      const from = cpuMicroseconds();
      act();
      if (round > 0) times[index].push((cpuMicroseconds() - from) / operations);
    }
  }
  return contestants.map(({ subject, goal = null }, index) => ({
    bench,
    subject,
    value: median(times[index]),
    unit: "µs",
    baseline: index === 0 ? null : contestants[0].subject,
    ratio: index === 0 ? null : median(times[index].map((time, round) => time / times[0][round])),
    goal,
  }));
}

/** A figure without a baseline. */
export function plain(bench: string, subject: string, value: number, unit: string, most?: number): Figure {
  const goal = most === undefined ? null : { most, ofRatio: false };
  return { bench, subject, value, unit, baseline: null, ratio: null, goal };
}

/** True where the figure has no goal or keeps it. */
export function isMet({ value, ratio, goal }: Figure): boolean {
  if (goal === null) return true;
  if ("least" in goal) return value >= goal.least;
  return (goal.ofRatio ? (ratio ?? Number.POSITIVE_INFINITY) : value) <= goal.most;
}

/** A goal as people read it. */
export function goalText(goal: NonNullable<Figure["goal"]>): string {
  if ("least" in goal) return `≥ ${goal.least.toLocaleString("en-US")}`;
  return `≤ ${goal.most.toLocaleString("en-US")}${goal.ofRatio ? " ×" : ""}`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The nearest-rank quantile; `share` in 0..1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Bytes of heap in use after a full garbage collection. */
export function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
