/**
 * Market paths: everything a market will do, tick by tick, before anyone bids. Simulation draws them, a recording gives them;
 * one market plays them, and the hindsight optimum is computed from them.
 */
import type { Landscape } from "../core/landscape.ts";
import type { PlatformSpec } from "../core/platform.ts";

/** One platform's paths. Columns have `warmupTicks + ticks` entries: entry 0 is tick `-warmupTicks`. */
export interface PlatformPath {
  readonly spec: PlatformSpec;
  /** Win probability and cost as a function of bid ÷ mean clearing price. */
  readonly landscape: Landscape;
  /** Clicks on offer per tick, to a campaign with volume share 1. */
  readonly volume: Float64Array;
  /** Mean clearing price per click [micros]. */
  readonly priceMicros: Float64Array;
  /** True conversions per click. */
  readonly cvr: Float64Array;
  /** 1 where the platform is silent: no auctions, no feed. */
  readonly isSilent: Uint8Array;
  /** Impressions per click (≥ 1). */
  readonly impressionsPerClick: number;
}

/** All platforms' paths, with what holds for every campaign. */
export interface MarketPaths {
  readonly warmupTicks: number;
  readonly ticks: number;
  readonly platforms: readonly PlatformPath[];
  /** Mean of the geometric delay from click to conversion report [ticks]; 0 = with the spend report. */
  readonly conversionDelayTicks: number;
  /** Ticks by which spend reports are late. */
  readonly reportLagTicks: number;
  /** Feed panel: clicks in it per click on offer. 2 in the standard worlds. */
  readonly panelShare: number;
}

/** How one campaign stands in a market: price takers with audiences of their own. */
export interface CampaignExposure {
  /** Share of the volume that is open to the campaign (> 0; 1 = the paths as they are). */
  readonly volumeShare: number;
  /** Campaign CVR ÷ platform CVR, by platform index. */
  readonly cvrFactors: readonly number[];
}
