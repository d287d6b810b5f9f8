/** Campaigns as their owner declares them. */

/** The ticks in which a campaign may bid: `startTick` ≤ tick < `endTick`. */
export interface Flight {
  readonly startTick: number;
  readonly endTick: number;
}

/** What the owner wants to reach within the flight; null where no target is set. */
export interface Goals {
  readonly impressions: number | null;
  readonly clicks: number | null;
  readonly conversions: number | null;
}

/** A campaign. All money is in micros of the scenario's currency. */
export interface CampaignSpec {
  readonly id: string;
  readonly portfolio: string;
  /** Lifetime budget: spent + reserved never exceeds it. */
  readonly budgetMicros: number;
  /** Budget per day of the account, or null. */
  readonly dailyBudgetMicros: number | null;
  readonly flight: Flight;
  /** What one conversion is worth to the owner. */
  readonly valuePerConversionMicros: number;
  readonly goals: Goals;
  /** Highest mean cost per conversion that the owner accepts, or null. */
  readonly cpaTargetMicros: number | null;
  /** Indices of the platforms on which it may bid, ascending. */
  readonly platforms: readonly number[];
  readonly minBidMicros: number;
  /** `Number.MAX_SAFE_INTEGER` where there is no limit. */
  readonly maxBidMicros: number;
  /** Name of the decision policy. */
  readonly policy: string;
  /** Name of the forecaster whose board it reads. */
  readonly forecaster: string;
  /** Waste aversion z ≥ 0: how many standard deviations of CVR uncertainty are held against a click. */
  readonly wasteAversion: number;
  /** Declared waste allowance ω ≥ 0: how far above value a goal may push the marginal cost (item 8). */
  readonly wasteAllowance: number;
}
