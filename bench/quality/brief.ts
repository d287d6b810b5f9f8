/** What the engines are told of a flight before it begins: what an advertiser knows. */
import type { CampaignSpec } from "../../src/core/campaign.ts";
import type { PlatformSpec } from "../../src/core/platform.ts";

/** A way to decide: a policy with its forecaster. */
export interface Contender {
  readonly label: string;
  readonly policy: string;
  readonly forecaster: string;
}

/** A flight as the engines see it. */
export interface FlightBrief {
  readonly tickMs: number;
  readonly ticks: number;
  readonly warmupTicks: number;
  readonly platforms: readonly PlatformSpec[];
  /** All but how it decides. */
  readonly campaign: Omit<CampaignSpec, "policy" | "forecaster">;
  /** Feed of the ticks before the flight, one after the other, as `writeFeed` writes it. */
  readonly warmup: Float64Array;
  /** For the diagnostic forecaster `told` only: null where no contender uses it. */
  readonly told: ToldPaths | null;
}

/** True conversion rates and prices, by platform, and by how much the campaign's rates differ. Entry 0 is tick `-warmupTicks`. */
export interface ToldPaths {
  readonly warmupTicks: number;
  readonly platforms: readonly ToldPath[];
}

interface ToldPath {
  readonly cvr: Float64Array;
  /** The campaign's CVR ÷ the platform's. */
  readonly cvrFactor: number;
  readonly priceMicros: Float64Array;
}
