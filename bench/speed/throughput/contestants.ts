/** Who decides how much in a second of CPU time. */

/** One kind of flight. */
export interface Contestant {
  readonly subject: string;
  readonly policy: string;
  readonly platforms: number;
  readonly isLogged: boolean;
  /** Least decisions per second. */
  readonly goal: number;
}

/** The first is the baseline. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    subject: "greedy-roi, 3 platforms, window of 50, no log",
    policy: "greedy-roi",
    platforms: 3,
    isLogged: false,
    goal: 900_000,
  },
  {
    subject: "the same, every decision logged",
    policy: "greedy-roi",
    platforms: 3,
    isLogged: true,
    goal: 300_000,
  },
  {
    subject: "gamma-pacing, 5 platforms, no log",
    policy: "gamma-pacing",
    platforms: 5,
    isLogged: false,
    goal: 150_000,
  },
];
