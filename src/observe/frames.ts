/**
 * What the pages are told: the JSON of the live frames and of the read endpoints. Types and one alphabet, nothing else.
 *
 * Money is in micros, ratios are 0..1, what cannot be computed is null. Times are simulated unless they say otherwise.
 */
import type { Binding, Reason, Verdict } from "../core/decision.ts";
import type { CampaignState } from "../core/events.ts";

/** A campaign's state as a page shows it: that of its statechart, or what keeps it from running. */
export const SHOWN_STATES = [
  "idle",
  "evaluating",
  "bidding",
  "exhausted",
  "fallback",
  "quarantined",
  "paused",
  "ended",
] as const satisfies readonly (CampaignState | "quarantined" | "paused" | "ended")[];
export type ShownState = (typeof SHOWN_STATES)[number];

/**
 * The mosaic's alphabet (that of base64): one character per campaign, by slot. Its index is `8 × state + eighths`, where `state` is an index
 * into {@link SHOWN_STATES} and `eighths` 0..7 says how much of the budget, or of the day's where that is what binds, is spent or reserved,
 * in eighths, rounded down (7 is the last eighth).
 */
export const MOSAIC_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Money of one campaign, or of all together. */
export interface MoneyFrame {
  readonly budgetMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  /** What would be spent by now if every budget went as the day's traffic comes, as the forecasts have learned it; evenly until they have. */
  readonly planMicros: number;
  /** Spent ÷ plan; null before the flight. 1 is on plan. */
  readonly pace: number | null;
}

/** The state of a platform's statechart. */
export type PlatformHealth = "healthy" | "degraded" | "down" | "probing";

/** One tick of one platform: what was forecast for it, and what came. */
export interface PlatformPoint {
  readonly tick: number;
  /** Forecast conversions per click; null without evidence. */
  readonly forecastCvr: number | null;
  /** Relative standard deviation of that forecast: the band is `forecastCvr × (1 ± cvrRelSd)`. */
  readonly cvrRelSd: number | null;
  /** Conversions ÷ clicks in the feed; null where it was silent or had no click. */
  readonly cvr: number | null;
  readonly forecastCpcMicros: number | null;
  /** Mean price per click in the feed. */
  readonly cpcMicros: number | null;
  /** Clicks and conversions in the feed; 0 where it was silent. */
  readonly clicks: number;
  readonly conversions: number;
  /** Spend booked in this tick, all campaigns. */
  readonly spentMicros: number;
}

/** One platform now. */
export interface PlatformFrame {
  readonly id: string;
  readonly health: PlatformHealth;
  /** Why the operator keeps it closed (kill switch), or null. */
  readonly closedBecause: string | null;
  /** Ticks since its feed was last heard. */
  readonly silentTicks: number;
  readonly spentMicros: number;
  /** Its share of all spend; null before the first. */
  readonly spendShare: number | null;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  /** The newest complete point; null before the first. Append it to what `/v1/platforms/{id}/history` gave. */
  readonly latest: PlatformPoint | null;
}

/** One platform's recent past: at most 600 points, oldest first. */
export interface PlatformHistory {
  readonly id: string;
  readonly points: readonly PlatformPoint[];
}

/** How the engine and its process are doing. Wall-clock times. */
export interface PerformanceFrame {
  /** A tick's time from its beginning to its last decision [ms]; null before the first tick. */
  readonly tickLatencyMs: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  } | null;
  /** Decisions ÷ time spent in ticks, over the last 60 ticks; null before the first. */
  readonly decisionsPerSecond: number | null;
  readonly decisions: number;
  readonly restarts: number;
  readonly refusedReports: number;
  readonly refusedFeeds: number;
  /** Ticks that began more than half a period late. */
  readonly lateTicks: number;
  /** What the process says of itself; null where nobody measures it. */
  readonly process: ProcessVitals | null;
}

/** One tick of the engine. Wall-clock times. */
export interface TickPoint {
  readonly tick: number;
  /** From its beginning to its last decision [ms]. */
  readonly latencyMs: number;
  readonly decisions: number;
}

/** The process in figures. */
export interface ProcessVitals {
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** 99th percentile of the event loop's delay since the last frame [ms]. */
  readonly eventLoopDelayMs: number;
  /** Processor time ÷ time since the last frame: 1 is one core at work all the time. */
  readonly cpuShare: number;
  /** Viewers of live streams. */
  readonly viewers: number;
  /** What runs the engine, and how busy it is. */
  readonly nodes: readonly NodeFrame[];
}

/** A process that runs campaigns. */
export interface NodeFrame {
  readonly name: string;
  readonly cores: number;
  /** Runnable tasks of the whole machine, mean of the last minute; 1 a core is full. */
  readonly loadAverage: number;
  readonly threads: readonly ThreadFrame[];
}

/** A thread of it. */
export interface ThreadFrame {
  readonly name: string;
  /** Share of the time since the last frame in which its event loop was busy. */
  readonly busyShare: number;
}

/** One line of the event list. */
export interface EventLine {
  /** Counts up from 1. */
  readonly id: number;
  readonly tick: number;
  readonly timeMs: number;
  readonly type: string;
  readonly campaign: string | null;
  readonly platform: string | null;
  /** One sentence for people. */
  readonly text: string;
}

/** Everything that the dashboard's first page shows. With 10,000 campaigns about 12 kB. */
export interface DashboardFrame {
  readonly version: 1;
  readonly name: string;
  readonly currency: string;
  readonly tick: number;
  readonly timeMs: number;
  readonly tickMs: number;
  /** State of the engine's statechart: starting, running, paused, draining, stopped. */
  readonly engine: string;
  /** Why nothing is bid anywhere (kill switch), or null. */
  readonly stoppedBecause: string | null;
  readonly campaigns: number;
  readonly money: MoneyFrame;
  /** Number of campaigns in each shown state; every state is there. */
  readonly states: Readonly<Record<ShownState, number>>;
  /** One character per campaign: see {@link MOSAIC_ALPHABET}. Empty beyond 100,000 campaigns. */
  readonly mosaic: string;
  readonly platforms: readonly PlatformFrame[];
  readonly performance: PerformanceFrame;
  /** The newest lines, newest last, at most 50. */
  readonly events: readonly EventLine[];
}

/** One campaign in a list. */
export interface CampaignRow extends MoneyFrame {
  /** The budget that binds now: the day's where that is what binds, else the whole. */
  readonly limitMicros: number;
  /** How much of that budget is spent or reserved. */
  readonly usedMicros: number;
  readonly id: string;
  /** Its place in the mosaic. */
  readonly slot: number;
  readonly portfolio: string;
  readonly policy: string;
  readonly state: ShownState;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  /** Spend per conversion; null before the first. */
  readonly cpaMicros: number | null;
  readonly restarts: number;
  /** Reason of the last decision; null before the first. */
  readonly reason: Reason | null;
}

/** A page of a list. */
export interface Page<Item> {
  /** Items that match, on all pages. */
  readonly total: number;
  readonly offset: number;
  readonly items: readonly Item[];
}

/** A change of state. */
export interface StateChange {
  readonly tick: number;
  readonly state: ShownState;
}

/** What a campaign had spent at the end of a tick. */
export interface SpendSample {
  readonly tick: number;
  readonly spentMicros: number;
  /** What would be spent by then if the budget went as the day's traffic comes. */
  readonly planMicros: number;
}

/** What a campaign bought on one platform. */
export interface PlatformShare {
  readonly platform: string;
  readonly spentMicros: number;
  readonly clicks: number;
  readonly conversions: number;
  /** (Conversions × value − spend) ÷ clicks; null before the first click. */
  readonly roiMicros: number | null;
}

/** One campaign with its recent past. */
export interface CampaignDetail extends CampaignRow {
  readonly dailyBudgetMicros: number | null;
  readonly startTick: number;
  readonly endTick: number;
  readonly valuePerConversionMicros: number;
  readonly cpaTargetMicros: number | null;
  /** Ids. */
  readonly platforms: readonly string[];
  /** Why it is paused or ended, or in quarantine; null where it runs. */
  readonly heldBecause: string | null;
  /** By platform of the engine. */
  readonly byPlatform: readonly PlatformShare[];
  /** At most 240 samples over the whole run, oldest first. */
  readonly spending: readonly SpendSample[];
  /** At most 64, oldest first. */
  readonly history: readonly StateChange[];
  /** Newest first. From the first look at a campaign on, its last 100 are kept; before, as many as there was room for. */
  readonly decisions: readonly DecisionFrame[];
}

/** What each marginal cost per conversion would buy in the rest of a campaign's flight. */
export interface ParetoFrame {
  /** Rising in spend. */
  readonly points: readonly ParetoPointFrame[];
  /** Where the campaign stands now. */
  readonly operating: ParetoPointFrame;
  readonly budgetLeftMicros: number;
  readonly cpaTargetMicros: number | null;
}

/** A point of that curve: expected figures. */
export interface ParetoPointFrame {
  readonly gammaMicros: number;
  readonly spendMicros: number;
  readonly conversions: number;
  readonly netMicros: number;
  readonly wasteMicros: number;
}

/** One platform in a decision. */
export interface CandidateFrame {
  readonly platform: string;
  readonly verdict: Verdict;
  readonly cvr: number;
  readonly cvrRelSd: number;
  readonly cpcMicros: number;
  readonly roiMicros: number;
  readonly bidMicros: number;
  readonly capMicros: number;
}

/** One decision, with its reason. */
export interface DecisionFrame {
  /** Counts up from 1 over all campaigns: the cursor of pages and streams. */
  readonly id: number;
  readonly tick: number;
  readonly timeMs: number;
  readonly campaign: string;
  readonly from: CampaignState;
  readonly state: CampaignState;
  readonly reason: Reason;
  /** The reason as a sentence. */
  readonly why: string;
  readonly binding: Binding;
  readonly gammaMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  readonly availableMicros: number;
  readonly candidates: readonly CandidateFrame[];
}

/** The kill switches that are engaged. */
export interface KillSwitchAnswer {
  /** Why nothing is bid anywhere, or null. */
  readonly all: string | null;
  /** Closed platforms with the reason. */
  readonly platforms: readonly { readonly id: string; readonly why: string }[];
}
