/**
 * The summary of a run: what it bought, what that cost and what it was worth, as plain JSON.
 *
 * R1 every total is the sum of booked report rows, each counted once, and of reservations that expired; R2 the same run gives the same summary but for `performance`,
 * the only part measured in wall-clock time; R3 what cannot be computed is null, never NaN.
 */
import type { Goals } from "../core/campaign.ts";
import type { Reason } from "../core/decision.ts";
import type { CampaignState } from "../core/events.ts";
import type { FaultKind } from "../core/faults.ts";
import type { Incident } from "./incidents.ts";

/** What was bought, what it cost and what it was worth. Ratios are 0..1 and null where their divisor is 0. */
export interface Outcome {
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  readonly spendMicros: number;
  /** Conversions × value per conversion. */
  readonly valueMicros: number;
  /** Value − spend. */
  readonly netMicros: number;
  /** Spend per conversion. */
  readonly cpaMicros: number | null;
  /** Spend per click. */
  readonly cpcMicros: number | null;
  /** Clicks per impression. */
  readonly ctr: number | null;
  /** Conversions per click. */
  readonly cvr: number | null;
  /** Value ÷ spend. */
  readonly roas: number | null;
  /** ROI per click as the requirements define it, CVR × value − CPC, as it came out: net ÷ clicks. */
  readonly roiMicros: number | null;
  /** Spend on clicks above their true value; null where the market does not tell the truth. */
  readonly wasteMicros: number | null;
}

/** One platform's part in a run. */
export interface PlatformSummary extends Outcome {
  readonly id: string;
  /** Its share of all spend. */
  readonly spendShare: number | null;
}

/** One campaign's part in a run. */
export interface CampaignSummary extends Outcome {
  readonly id: string;
  readonly budgetMicros: number;
  readonly budgetUsed: number | null;
  /** `stopped`: its portfolio was given up. */
  readonly state: CampaignState | "quarantined" | "stopped";
}

/** How many campaigns set a target, and how many of them reached it. */
export interface GoalCount {
  readonly declared: number;
  readonly reached: number;
}

/** A run in figures. Plain JSON; everything but `performance` depends on scenario and seed alone (R2). */
export interface RunSummary {
  readonly name: string;
  readonly seed: number;
  readonly currency: string;
  readonly tickMs: number;
  /** Ticks completed. */
  readonly ticks: number;
  /** Ticks that the scenario lasts. */
  readonly plannedTicks: number;
  /** Names of the campaigns' policies, sorted. */
  readonly policies: readonly string[];
  readonly campaigns: number;
  readonly total: Outcome;
  readonly budgetMicros: number;
  readonly budgetUsed: number | null;
  /** Spend above budget, over all campaigns: 0 unless the ledger is broken. */
  readonly overspendMicros: number;
  /** Charges refused because the budget could not bear them. */
  readonly disputedMicros: number;
  readonly platforms: readonly PlatformSummary[];
  /** Campaigns by state after the last tick. */
  readonly states: Readonly<Record<CampaignState, number>>;
  /** Of campaigns. */
  readonly restarts: number;
  /** Campaigns in quarantine at the end. */
  readonly quarantined: number;
  /** Campaigns at the end whose portfolio was given up. */
  readonly stopped: number;
  /** What supervision and operator did about failures: the first hundred. */
  readonly incidents: readonly Incident[];
  /** How many there were. */
  readonly incidentCount: number;
  readonly refusedReports: number;
  readonly refusedFeeds: number;
  readonly refusedBids: number;
  /** Spend of reservations whose reports never came in time: counted in full [micros]. */
  readonly expiredMicros: number;
  /** Faults injected, by kind, in the order of the list of kinds. */
  readonly faults: readonly { readonly kind: FaultKind; readonly count: number }[];
  readonly decisions: number;
  /** Most frequent first. */
  readonly reasons: readonly { readonly reason: Reason; readonly count: number; readonly share: number }[];
  readonly goals: Readonly<Record<keyof Goals | "cpa", GoalCount>>;
  /** By net value, best first; no campaign is in both lists. */
  readonly bestCampaigns: readonly CampaignSummary[];
  readonly worstCampaigns: readonly CampaignSummary[];
  readonly performance: RunPerformance;
}

/** Wall-clock figures of a run. */
export interface RunPerformance {
  /** Decisions ÷ time spent in ticks; null when no time was measured. */
  readonly decisionsPerSecond: number | null;
  /** From a tick to its last decision [ms]; null before the first tick. */
  readonly tickLatencyMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
}
