/**
 * What an engine in real time leaves undone when ticks take longer than their period: the declared order, least harm first.
 *
 * LO1 money, reports, supervision and orders are never left undone; LO2 a campaign that is passed over in a tick bids nothing in it.
 */

/** What is done at a level of load. */
export interface LoadLevel {
  /** One in so many of the decisions that the log would take is written; facts always are. */
  readonly logEvery: number;
  /** The less urgent half of the campaigns evaluates once in so many ticks. */
  readonly evaluateEvery: number;
}

/** The levels by name, from all is done to least is done: at a lasting overload, the next one is taken. */
export const LOAD_LEVELS = {
  full: { logEvery: 1, evaluateEvery: 1 },
  "log-sampled": { logEvery: 10, evaluateEvery: 1 },
  "every-2nd": { logEvery: 10, evaluateEvery: 2 },
  "every-4th": { logEvery: 10, evaluateEvery: 4 },
  "every-8th": { logEvery: 10, evaluateEvery: 8 },
} as const satisfies Record<string, LoadLevel>;

/** Name of a level. */
export type LoadLevelName = keyof typeof LOAD_LEVELS;
