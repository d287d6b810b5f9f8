/**
 * The decision policy: a pure rule from what a campaign knows to what it bids. User policies implement the same interface.
 *
 * P1 caps never sum to more than `account.availableMicros`, over-delivery factors included; P2 no bid lies under a floor or over the campaign's maximum;
 * P3 the same input gives the same decision; P4 the memory that a policy is asked with is replaced, never changed. It may be asked with a `spare` too: the memory
 * before that one, which nobody will ask for again, and which it may build the new one in: a hundred thousand campaigns that throw theirs away at every event
 * would keep the garbage collector busier than the decisions keep the processor.
 */
import type { CampaignSpec } from "../campaign.ts";
import type { Decision, DecisionDraft } from "../decision.ts";
import type { ForecastBoard } from "../forecast/board.ts";
import type { PlatformSpec } from "../platform.ts";
import type { ReportBatch } from "../reports.ts";

/** A campaign's balances [micros], read from the ledger at the moment of the decision. */
export interface AccountView {
  readonly budgetMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  /** What may be reserved now: the lesser of lifetime and daily remainder. */
  readonly availableMicros: number;
  /** True when the daily, not the lifetime, budget sets `availableMicros`. */
  readonly isDailyBound: boolean;
}

/** A day of the account, by its time zone: a daily budget is for its ticks, `startTick` ≤ t < `endTick`. Clock changes make it shorter or longer. */
export interface BudgetDay {
  readonly startTick: number;
  readonly endTick: number;
}

/** All that a decision may depend on. */
export interface PolicyInput {
  readonly tick: number;
  readonly tickMs: number;
  readonly day: BudgetDay;
  readonly spec: CampaignSpec;
  readonly platforms: readonly PlatformSpec[];
  readonly board: ForecastBoard;
  readonly account: AccountView;
}

/** A decision and the memory that goes with it. */
export interface PolicyOutcome<Memory> {
  readonly decision: Decision;
  readonly memory: Memory;
}

/** A named rule. `Memory` is plain, serialisable data. */
export interface Policy<Memory = unknown> {
  readonly name: string;
  readonly description: string;
  /** What a new campaign remembers. */
  create(spec: CampaignSpec, platforms: readonly PlatformSpec[]): Memory;
  /** Decides about the input's tick. May write what it remembers into `spare`, and what it decides into `draft`, and return those. */
  decide(
    input: PolicyInput,
    memory: Memory,
    spare?: Memory | null,
    draft?: DecisionDraft | null,
  ): PolicyOutcome<Memory>;
  /** Learns from the rows `from` ≤ i < `to` of a batch, all of this campaign, in the world of the tick at whose beginning they came. */
  learn(
    input: PolicyInput,
    memory: Memory,
    batch: ReportBatch,
    from: number,
    to: number,
    spare?: Memory | null,
  ): Memory;
}
