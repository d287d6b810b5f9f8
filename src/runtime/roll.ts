/**
 * The roll of campaigns: what each is, in which state, and what it is told outside the rounds.
 */
import type { CampaignEvent } from "../../machines/campaign.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import type { CampaignState } from "../core/events.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Savable } from "../core/saved.ts";
import type { Announcer } from "./announcer.ts";
import type { CampaignActors } from "./campaign-actors.ts";
import type { CampaignStates } from "./campaign-states.ts";

/** What a roll is made of. */
export interface RollParts {
  /** By slot; the roll adds to it. */
  readonly campaigns: CampaignSpec[];
  readonly ledger: Ledger;
  readonly states: CampaignStates;
  readonly actors: CampaignActors;
  readonly announcer: Announcer;
}

/** The campaigns of one engine, by slot. */
export class CampaignRoll implements Savable<ReadonlyMap<number, string>> {
  readonly #parts: RollParts;
  /** Why an actor believes its campaign to be held, by slot: what it, or the one that it replaces, was told last. */
  readonly #toldHolds = new Map<number, string>();

  constructor(parts: RollParts) {
    this.#parts = parts;
  }

  get campaigns(): readonly CampaignSpec[] {
    return this.#parts.campaigns;
  }

  /** Opens the accounts of a campaign whose actor was just born. */
  add(spec: CampaignSpec): void {
    const { campaigns, ledger, states, announcer } = this.#parts;
    campaigns.push(spec);
    const slot = ledger.open(spec.budgetMicros, spec.dailyBudgetMicros);
    if (spec.dailyBudgetMicros !== null) ledger.startDay(slot, announcer.nextTick);
    states.add();
    announcer.emit({ type: "campaign.created", ...announcer.at(), slot, campaign: spec });
  }

  stateOf(slot: number): CampaignState {
    return this.#parts.states.of(slot);
  }

  /** Sends one campaign an event and reports a change of state. */
  tell(slot: number, event: CampaignEvent, why: string): void {
    const state = this.#parts.actors.tell(slot, event);
    if (state !== null && event.type === "hold") this.#toldHolds.set(slot, event.why);
    else if (state !== null && event.type === "resume") this.#toldHolds.delete(slot);
    this.noteHeard(slot, event.type, state, why);
  }

  /** What actors were told; the campaigns themselves are the engine's to save. */
  save(): ReadonlyMap<number, string> {
    return this.#toldHolds;
  }

  restore(toldHolds: ReadonlyMap<number, string>): void {
    this.#toldHolds.clear();
    for (const [slot, why] of toldHolds) this.#toldHolds.set(slot, why);
  }

  /** Why a campaign's actor believes that it is held, or null. */
  toldHold(slot: number): string | null {
    return this.#toldHolds.get(slot) ?? null;
  }

  /** Reports the change of state that an event made; `state` is null where nobody heard it. */
  noteHeard(slot: number, type: CampaignEvent["type"], state: CampaignState | null, why: string): void {
    if (state !== null) this.change(slot, state, why);
    // Nobody hears that there is money again: the successor must not be told that there is none.
    else if (this.stateOf(slot) === "exhausted" && this.#bringsMoney(slot, type)) this.change(slot, "idle", why);
  }

  /** Notes a state, and reports it where it is another one. */
  change(slot: number, state: CampaignState, why: string): void {
    const { states, announcer } = this.#parts;
    const from = states.set(slot, state);
    if (from === state) return;
    const { tick, timeMs } = announcer.at();
    announcer.emit({ type: "campaign.changed", tick, timeMs, slot, from, state, why });
  }

  /** Nobody runs the campaign any more: its reservations are given back (E6). */
  leave(slot: number, why: string): void {
    const { ledger, announcer } = this.#parts;
    const released = ledger.releaseAll(slot);
    if (released.reservations > 0) {
      announcer.emit({ type: "reservations.released", ...announcer.at(), slot, ...released, why });
    }
    this.change(slot, "idle", why);
  }

  /** Whether an event ends exhaustion, as the campaign's statechart has it (C4). */
  #bringsMoney(slot: number, type: CampaignEvent["type"]): boolean {
    return type === "budget.toppedUp" || (type === "day.started" && this.#parts.ledger.view(slot).availableMicros > 0);
  }
}
