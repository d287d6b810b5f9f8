/**
 * The port between the engine and the ad platforms, real, recorded or simulated.
 *
 * The engine speaks to a market in public messages only: bids with caps out; metrics feed, spend reports and conversion reports in.
 */
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import type { BidBatch, ReportBatch } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";

/** What became known since the last tick. */
export interface MarketNews {
  /** Metrics per platform; a platform that has nothing to say is absent, which the engine sees as silence. */
  readonly feed: readonly PlatformMetrics[];
  /**
   * Spend and conversion reports, and refusals of bids; valid until the next `advance`. A bid is answered once, by its spend report or its
   * refusal; what is said of it after that is no answer, and may be passed over.
   */
  readonly reports: ReportBatch;
}

/** Ad platforms as seen by the engine. Ticks are consecutive; warm-up ticks are negative and carry feed only. A simulated one may be {@link Savable}. */
export interface Market extends Partial<Savable> {
  readonly platforms: readonly PlatformSpec[];
  /** Moves the world to the beginning of `tick` and says what became known: figures about `tick - 1` and earlier. */
  advance(tick: number): MarketNews;
  /**
   * Places one platform's bids for the tick that the world is at. At most one batch per platform and tick. A bid that the platform does not take
   * is refused in the news of the next tick.
   */
  place(bids: BidBatch): void;
  /** True when nothing is outstanding any more: every bid is settled and every conversion reported. */
  isSettled(): boolean;
}

/** What only the world knows, per campaign and platform (`campaign * platforms + platform`): for scores, never for decisions. */
export interface MarketTruth {
  readonly impressions: Float64Array;
  readonly clicks: Float64Array;
  /** Invoiced cost [micros]. */
  readonly costMicros: Float64Array;
  /** Expected conversions of the clicks bought, at their true CVR. */
  readonly expectedConversions: Float64Array;
  /** Spend above the true value of the clicks bought [micros]. */
  readonly wasteMicros: Float64Array;
}
