/** The standing of campaigns: who is exhausted (I5), and who is held, quarantined or stopped and may not bid (I8). */
import type { CampaignSpec } from "../core/campaign.ts";
import type { DecisionMade, EngineEvent } from "../core/events.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Report } from "./invariants.ts";

/** What an exhausted campaign had when it became so. */
interface Exhaustion {
  readonly tick: number;
  readonly budgetMicros: number;
  /** Restarted since: its successor finds out for itself that there is no money. */
  readonly isReborn: boolean;
}

/** Why a campaign may not bid. */
type Silence = "held" | "quarantined" | "stopped";

/** Follows every campaign's standing by what the engine tells. */
export class StandingCheck {
  readonly #campaigns: readonly CampaignSpec[];
  readonly #dayStarts: readonly number[];
  readonly #report: Report;
  readonly #exhausted = new Map<number, Exhaustion>();
  /** Who left exhaustion without new money in this tick: in order where it is silenced by the end of the tick. */
  readonly #left = new Map<number, string>();
  readonly #silences: readonly Set<Silence>[];

  /** @param dayStarts ticks at which a budget day begins */
  constructor(campaigns: readonly CampaignSpec[], dayStarts: readonly number[], report: Report) {
    this.#campaigns = campaigns;
    this.#dayStarts = dayStarts;
    this.#report = report;
    this.#silences = campaigns.map(() => new Set());
  }

  /** Judges whether a campaign may decide at all, and commit this much. */
  judge({ tick, slot, campaign, state, decision, account }: DecisionMade, committedMicros: number): void {
    const { startTick, endTick } = campaign.flight;
    if (tick < startTick || tick >= endTick) {
      this.#report("I8", tick, slot, `a decision outside of its flight, ${startTick} to ${endTick}`);
    }
    for (const silence of this.#silences[slot]) {
      this.#report("I8", tick, slot, `a decision, "${decision.reason}", while ${silence}`);
    }
    this.#judgeExhaustion(tick, slot, state, committedMicros, account.budgetMicros);
  }

  /** Changes of state outside of a decision. */
  follow(ledger: Ledger, { tick, slot, from, state }: Extract<EngineEvent, { type: "campaign.changed" }>): void {
    const { budgetMicros, availableMicros } = ledger.view(slot);
    const since = this.#exhausted.get(slot);
    if (state === "exhausted") this.#exhausted.set(slot, since ?? { tick, budgetMicros, isReborn: false });
    else if (since !== undefined && !since.isReborn) {
      const hasNewMoney = budgetMicros > since.budgetMicros || (this.#dayOf(tick) === tick && availableMicros > 0);
      if (!hasNewMoney) this.#left.set(slot, `${from} to ${state}, exhausted since tick ${since.tick}`);
      this.#exhausted.delete(slot);
    }
  }

  /** The word of supervision and of the operator: who may bid, and who begins anew. */
  heed(event: EngineEvent): void {
    if (event.type === "campaign.held") this.#silences[event.slot].add("held");
    else if (event.type === "campaign.released") this.#silences[event.slot].delete("held");
    else if (event.type === "campaign.quarantined") this.#silences[event.slot].add("quarantined");
    else if (event.type === "campaign.restarted") this.#beReborn(event.slot);
    else if (event.type === "reservations.released") this.#exhausted.delete(event.slot);
    else if (event.type === "budget.toppedUp") {
      if (event.micros > 0) this.#exhausted.delete(event.slot);
    } else if (event.type === "supervisor.restarted" || event.type === "supervisor.stopped") {
      for (const [slot, { portfolio }] of this.#campaigns.entries()) {
        if (event.supervisor !== `portfolio:${portfolio}`) continue;
        if (event.type === "supervisor.restarted") this.#beReborn(slot);
        else this.#silences[slot].add("stopped");
      }
    }
  }

  /** The tick is over: whoever left exhaustion in it without a reason has broken I5. */
  closeTick(tick: number): void {
    for (const [slot, text] of this.#left) if (this.#silences[slot].size === 0) this.#report("I5", tick, slot, text);
    this.#left.clear();
  }

  #judgeExhaustion(tick: number, slot: number, state: string, committedMicros: number, budgetMicros: number): void {
    const since = this.#exhaustionOf(slot, tick);
    const hasLeft = since !== undefined && (committedMicros > 0 || (state !== "exhausted" && !since.isReborn));
    if (hasLeft) {
      const text = `${state} with ${committedMicros} micros committed, exhausted since tick ${since.tick}`;
      this.#report("I5", tick, slot, text);
    }
    if (state === "exhausted") this.#exhausted.set(slot, since ?? { tick, budgetMicros, isReborn: false });
    else if (since?.isReborn !== true) this.#exhausted.delete(slot);
  }

  /** A campaign that was restarted is told of no new day that began before: its exhaustion ends with the day by itself. */
  #exhaustionOf(slot: number, tick: number): Exhaustion | undefined {
    const since = this.#exhausted.get(slot);
    const hasDays = this.#campaigns[slot].dailyBudgetMicros !== null;
    if (since?.isReborn === true && hasDays && this.#dayOf(tick) > since.tick) this.#exhausted.delete(slot);
    return this.#exhausted.get(slot);
  }

  #beReborn(slot: number): void {
    this.#silences[slot].delete("quarantined");
    const since = this.#exhausted.get(slot);
    if (since !== undefined) this.#exhausted.set(slot, { ...since, isReborn: true });
  }

  #dayOf(tick: number): number {
    return this.#dayStarts.findLast((start) => start <= tick) ?? 0;
  }
}
