/** The world of one tick, as every campaign sees it: one object shared by all, read only during the event that carries it. */
import type { ForecastBoard } from "./forecast/board.ts";
import type { PlatformSpec } from "./platform.ts";
import type { AccountView, BudgetDay } from "./policy/policy.ts";

/** What is the same for all campaigns in one tick, and the way to what is not: the balances. */
export interface World {
  readonly tick: number;
  /** Length of a tick [ms]. */
  readonly tickMs: number;
  /** Simulated time of the tick [ms since the epoch]. */
  readonly timeMs: number;
  /** The account's budget day that the tick lies in. */
  readonly day: BudgetDay;
  readonly platforms: readonly PlatformSpec[];
  /** Forecast boards by forecaster name. */
  readonly boards: ReadonlyMap<string, ForecastBoard>;
  /** Live balances of a campaign, by slot. */
  account(slot: number): AccountView;
}
