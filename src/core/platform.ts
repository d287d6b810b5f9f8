/** Ad platforms as the engine knows them: how they charge, and what their metrics feed says. */

/**
 * How a platform charges for a click won: the clearing price (`second-price`, and `cpc` auctions, which behave the same), or
 * the bid itself (`first-price`).
 */
export type Pricing = "second-price" | "first-price" | "cpc";

/** A platform in a scenario. Its place in the scenario's list is its platform index everywhere else. */
export interface PlatformSpec {
  readonly id: string;
  readonly pricing: Pricing;
  /** What the engine can steer: a bid per click with a spend cap, or the cap alone. */
  readonly control: "bid" | "budget";
  /** Lowest bid that the platform takes [micros per click]. */
  readonly floorMicros: number;
  /** The platform may spend up to this factor of the cap (≥ 1); the reservation carries it. */
  readonly overDeliveryFactor: number;
}

/** What a platform's metrics feed says about one tick: market-wide, not of one campaign. */
export interface PlatformMetrics {
  /** Platform index. */
  readonly platform: number;
  /** The tick that these figures are about. Negative during warm-up. */
  readonly tick: number;
  /** Impressions in the panel. */
  readonly impressions: number;
  /** Clicks in the panel. */
  readonly clicks: number;
  /** Mean price per click [micros]; 0 when there was no click. */
  readonly cpcMicros: number;
  /** Conversions that arrived in this tick, from clicks of this and earlier ticks. */
  readonly conversions: number;
  /** Sum over those conversions of their age, click to arrival [ticks]. */
  readonly conversionAgeTicks: number;
}

/** Fields of {@link PlatformMetrics}, in the order in which they are written down and sent. */
export const METRICS_FIELDS = [
  "platform",
  "tick",
  "impressions",
  "clicks",
  "cpcMicros",
  "conversions",
  "conversionAgeTicks",
] as const satisfies readonly (keyof PlatformMetrics)[];
