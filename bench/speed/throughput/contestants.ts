/** Who decides how much in a second of CPU time. */
import type { DecisionLogLevel } from "../../../src/observe/decision-log.ts";

/** One kind of flight. */
export interface Contestant {
  readonly subject: string;
  readonly policy: string;
  readonly platforms: number;
  /** Level of its decision log. */
  readonly log: DecisionLogLevel | null;
  /** Least decisions per second; null where there is no goal. */
  readonly goal: number | null;
}

/** The first is the baseline. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    subject: "greedy-roi, 3 platforms, window of 50, no log",
    policy: "greedy-roi",
    platforms: 3,
    log: null,
    goal: 900_000,
  },
  {
    subject: "the same, every decision logged",
    policy: "greedy-roi",
    platforms: 3,
    log: "sample:1",
    goal: 300_000,
  },
  {
    subject: "the same, every change of state logged too",
    policy: "greedy-roi",
    platforms: 3,
    log: "all",
    goal: null,
  },
  {
    subject: "gamma-pacing, 5 platforms, no log",
    policy: "gamma-pacing",
    platforms: 5,
    log: null,
    goal: 150_000,
  },
];
