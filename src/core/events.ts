/**
 * Engine events: the only way out. Observers (log, report, metrics, live view) read them and change nothing.
 *
 * Every event carries its tick and its simulated time. Objects and batches are valid only during the call.
 */
import type { CampaignSpec } from "./campaign.ts";
import type { Decision } from "./decision.ts";
import type { InjectedFault } from "./faults.ts";
import type { ForecastBoard } from "./forecast/board.ts";
import type { Ledger } from "./ledger.ts";
import type { LoadLevel, LoadLevelName } from "./load.ts";
import type { OperatorAction, Signature } from "./operator.ts";
import type { PlatformMetrics, PlatformSpec } from "./platform.ts";
import type { AccountView } from "./policy/policy.ts";
import type { ReportBatch } from "./reports.ts";

/** The five states of a campaign. */
export const CAMPAIGN_STATES = ["idle", "evaluating", "bidding", "exhausted", "fallback"] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

interface Fact {
  readonly tick: number;
  /** Milliseconds since the epoch, in simulated time. */
  readonly timeMs: number;
}

/** The engine is about to run: what it runs. */
export interface EngineStarted extends Fact {
  readonly type: "engine.started";
  readonly name: string;
  readonly seed: number;
  readonly currency: string;
  readonly tickMs: number;
  readonly ticks: number;
  readonly platforms: readonly PlatformSpec[];
  /** By slot; live: it grows by `campaign.created`. */
  readonly campaigns: readonly CampaignSpec[];
  /** By slot: read it at will, at the end too. */
  readonly ledger: Ledger;
}

/** One campaign decided. */
export interface DecisionMade extends Fact {
  readonly type: "decision";
  readonly slot: number;
  readonly campaign: CampaignSpec;
  readonly from: CampaignState;
  readonly state: CampaignState;
  readonly decision: Decision;
  /** Balances after the reservations of this decision. */
  readonly account: AccountView;
  /** The board that it read. */
  readonly board: ForecastBoard;
}

/** Reports were booked. `bookedMicros[i]` is what row i added to the campaign's spend. */
export interface ReportsBooked extends Fact {
  readonly type: "reports.booked";
  readonly batch: ReportBatch;
  readonly bookedMicros: Float64Array;
}

/** A report that could not be booked: a repeat, or about a bid never made. */
export interface ReportRefused extends Fact {
  readonly type: "report.refused";
  readonly slot: number;
  readonly platform: number;
  readonly bidTick: number;
  /** `expired`: it came after its reservation had expired; `costMicros` is not booked. */
  readonly why: "repeat-or-unknown" | "malformed" | "expired";
  readonly costMicros: number;
}

/** A fault was injected ({@link InjectedFault}). */
export interface FaultInjected extends Fact, InjectedFault {
  readonly type: "fault.injected";
}

/** No spend report came in time: the whole reservation of a bid counts as spent, and a report that still comes is refused. */
export interface ReservationExpired extends Fact {
  readonly type: "reservation.expired";
  readonly slot: number;
  readonly platform: number;
  readonly bidTick: number;
  readonly bookedMicros: number;
}

/** A platform refused a bid; its reservation is given back. */
export interface BidRefused extends Fact {
  readonly type: "bid.refused";
  readonly slot: number;
  readonly platform: number;
  readonly bidTick: number;
}

/** The clock showed another tick than the next one: missed ticks are booked without a decision, past ones are passed over. */
export interface ClockJumped extends Fact {
  readonly type: "clock.jumped";
  readonly expectedTick: number;
  readonly shownTick: number;
}

/** A platform charged more than the budget could bear; the excess is not booked. */
export interface ChargeDisputed extends Fact {
  readonly type: "charge.disputed";
  readonly slot: number;
  readonly platform: number;
  readonly disputedMicros: number;
}

/** A campaign left or entered a state other than by a decision (settlement, top-up, new day). */
export interface CampaignChanged extends Fact {
  readonly type: "campaign.changed";
  readonly slot: number;
  readonly from: CampaignState;
  readonly state: CampaignState;
  readonly why: string;
}

/** A failed campaign was restarted from its last good state. */
export interface CampaignRestarted extends Fact {
  readonly type: "campaign.restarted";
  readonly slot: number;
  readonly restarts: number;
  readonly error: string;
}

/** A campaign failed too often and is left alone until it is released. */
export interface CampaignQuarantined extends Fact {
  readonly type: "campaign.quarantined";
  readonly slot: number;
  readonly error: string;
}

/** All open reservations of a campaign that nobody runs any more were given back; charges may still come. */
export interface ReservationsReleased extends Fact {
  readonly type: "reservations.released";
  readonly slot: number;
  readonly reservations: number;
  readonly micros: number;
  readonly why: string;
}

/** A stage of a platform, its feed or a forecaster, failed: it is away until it is restarted. */
export interface StageFailed extends Fact {
  readonly type: "stage.failed";
  readonly platform: number;
  /** `feed`, or the forecaster's name. */
  readonly stage: string;
  readonly error: string;
}

/** Stages of a platform were restarted, with all that need them, and have learned again from what was heard lately. */
export interface StagesRestarted extends Fact {
  readonly type: "stages.restarted";
  readonly platform: number;
  readonly stages: readonly string[];
}

/** A stage of a platform failed too often and is given up: there is no evidence from it any more. */
export interface StageStopped extends Fact {
  readonly type: "stage.stopped";
  readonly platform: number;
  readonly stage: string;
  readonly error: string;
}

/** A supervisor (`portfolio:<id>`, `platform:<id>`, `feed:<platform>`) failed or escalated, and was restarted. */
export interface SupervisorRestarted extends Fact {
  readonly type: "supervisor.restarted";
  readonly supervisor: string;
  /** Its restarts within the window, this one included. */
  readonly restarts: number;
  readonly error: string;
}

/** A supervisor failed too often, or ended: it is given up, with all that it supervised. */
export interface SupervisorStopped extends Fact {
  readonly type: "supervisor.stopped";
  readonly supervisor: string;
  readonly error: string;
}

/** The operator holds a campaign: it does not bid until released. */
export interface CampaignHeld extends Fact {
  readonly type: "campaign.held";
  readonly slot: number;
  readonly why: string;
}

/** The operator lets a held or quarantined campaign go on. */
export interface CampaignReleased extends Fact {
  readonly type: "campaign.released";
  readonly slot: number;
  readonly why: string;
}

/** The operator added to a campaign's budget. */
export interface BudgetToppedUp extends Fact {
  readonly type: "budget.toppedUp";
  readonly slot: number;
  readonly micros: number;
  readonly why: string;
}

/** A platform's statechart changed state. */
export interface PlatformChanged extends Fact {
  readonly type: "platform.changed";
  readonly platform: number;
  readonly from: string;
  readonly state: string;
  readonly why: string;
}

/** A feed record was refused as garbage. */
export interface FeedRefused extends Fact {
  readonly type: "feed.refused";
  readonly platform: number;
  readonly why: string;
}

/** A tick is complete: what the platforms said and what was made of it. */
export interface TickCompleted extends Fact {
  readonly type: "tick.completed";
  /** By platform index; null where the feed was silent. */
  readonly feed: readonly (PlatformMetrics | null)[];
  readonly boards: readonly ForecastBoard[];
  /** Number of campaigns in each state, in the order of {@link CAMPAIGN_STATES}. */
  readonly states: readonly number[];
  /** Decisions made in this tick. */
  readonly decisions: number;
  /** Wall-clock time from the tick to its last decision [ms]; not part of any deterministic output. */
  readonly latencyMs: number;
}

/** The engine's statechart changed state. */
export interface EngineChanged extends Fact {
  readonly type: "engine.changed";
  readonly state: string;
}

/** Ticks take longer than their period, or have time to spare again: less, or more, is done from here on. */
export interface LoadChanged extends Fact, LoadLevel {
  readonly type: "engine.overloaded" | "engine.relieved";
  readonly from: LoadLevelName;
  readonly state: LoadLevelName;
  /** Place of the state in {@link LOAD_LEVELS}: 0 where everything is done. */
  readonly level: number;
  /** How long the last tick took, and how long it may [ms]. */
  readonly tookMs: number;
  readonly periodMs: number;
}

/** A campaign joined a running engine. */
export interface CampaignCreated extends Fact {
  readonly type: "campaign.created";
  readonly slot: number;
  readonly campaign: CampaignSpec;
}

/** An operator's order was carried out: the audit trail. */
export interface OperatorActed extends Fact, Signature {
  readonly type: "operator.acted";
  readonly action: OperatorAction;
  /** The campaign, or null where the order is not about one. */
  readonly slot: number | null;
  /** The platform, or null. */
  readonly platform: number | null;
  /** The amount of a top-up, else null. */
  readonly micros: number | null;
}

export type EngineEvent =
  | EngineStarted
  | CampaignCreated
  | OperatorActed
  | DecisionMade
  | ReportsBooked
  | ReportRefused
  | ChargeDisputed
  | FaultInjected
  | ReservationExpired
  | BidRefused
  | ClockJumped
  | CampaignChanged
  | CampaignRestarted
  | CampaignQuarantined
  | ReservationsReleased
  | StageFailed
  | StagesRestarted
  | StageStopped
  | SupervisorRestarted
  | SupervisorStopped
  | CampaignHeld
  | CampaignReleased
  | BudgetToppedUp
  | PlatformChanged
  | FeedRefused
  | TickCompleted
  | EngineChanged
  | LoadChanged;

/** A listener to the engine. */
export interface EngineObserver {
  observe(event: EngineEvent): void;
  /**
   * Where false, `decision` events are not made for it. Where `fleeting`, it reads a decision while it hears of it and keeps none: where all observers do so, the
   * engine writes one decision over the other. Default true.
   */
  readonly wantsDecisions?: boolean | "fleeting";
}
