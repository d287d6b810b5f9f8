/**
 * How the engine speaks to its campaigns: one at a time, or all of them in rounds.
 *
 * CA1 within a round campaigns are visited in the order of their slots (E3), and each is answered for before the next is.
 */
import type { AnyActorRef } from "xstate";
import type { CampaignContext, CampaignEvent } from "../../machines/campaign.ts";
import type { Decision } from "../core/decision.ts";
import type { CampaignState } from "../core/events.ts";
import type { ReportBatch } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import type { CampaignStates } from "./campaign-states.ts";
import type { FaultyActors } from "./faulty-actors.ts";
import type { ActorTree } from "./tree.ts";

/** Hears in which state a campaign is after an event; null where it has no live actor, or the event cost it its life. */
export type Heard = (slot: number, state: CampaignState | null) => void;

/** Hears of a live campaign after its tick; `decision` is null where it did not evaluate. */
export type Decided = (slot: number, state: CampaignState, decision: Decision | null) => void;

/** The campaigns, wherever their actors live. */
export interface CampaignActors {
  /** Sends one campaign an event; returns its state after it, or null where nobody heard. */
  tell(slot: number, event: CampaignEvent): CampaignState | null;
  /** Round: every campaign with rows in the batch learns from them. `heard` is called for the dead as well. */
  learn(batch: ReportBatch, world: World, heard: Heard): void;
  /** Round: a new budget day for these campaigns, whose ledger has begun it. */
  startDay(slots: readonly number[], world: World, heard: Heard): void;
  /** Round: the tick. */
  decide(world: World, decided: Decided): void;
}

/** Campaigns whose actors live in this thread. */
export class LocalActors implements CampaignActors {
  readonly #tree: ActorTree;
  readonly #states: CampaignStates;
  readonly #faults: FaultyActors | null;

  constructor(tree: ActorTree, states: CampaignStates, faults: FaultyActors | null) {
    this.#tree = tree;
    this.#states = states;
    this.#faults = faults;
  }

  tell(slot: number, event: CampaignEvent): CampaignState | null {
    const actor = this.#tree.campaign(slot);
    if (actor === null) return null;
    actor.send(event);
    const snapshot = snapshotOf(actor);
    return snapshot.status === "active" ? snapshot.value : null;
  }

  learn(batch: ReportBatch, world: World, heard: Heard): void {
    let from = 0;
    while (from < batch.length) {
      const slot = batch.campaign[from];
      let to = from + 1;
      while (to < batch.length && batch.campaign[to] === slot) to += 1;
      const told = this.#faults === null ? world : this.#faultyWorld(this.#faults, world, slot, batch, from);
      heard(slot, this.tell(slot, { type: "reports", batch, from, to, world: told }));
      from = to;
    }
  }

  startDay(slots: readonly number[], world: World, heard: Heard): void {
    const { tick } = world;
    for (const slot of slots) heard(slot, this.tell(slot, { type: "day.started", tick, world }));
  }

  decide(world: World, decided: Decided): void {
    const event: CampaignEvent = { type: "tick", world };
    const { tick } = world;
    for (let slot = 0; slot < this.#states.length; slot += 1) {
      const actor = this.#tree.campaign(slot);
      if (actor === null) continue;
      actor.send(event);
      const snapshot = snapshotOf(actor);
      if (snapshot.status !== "active") continue;
      const { decision } = snapshot.context;
      decided(slot, snapshot.value, decision?.tick === tick ? decision : null);
    }
  }

  /** Only a live campaign with bids out asks its guards about a report. */
  #faultyWorld(faults: FaultyActors, world: World, slot: number, batch: ReportBatch, from: number): World {
    const isAsked = this.#states.isOut(slot) && this.#tree.campaign(slot) !== null;
    return isAsked ? faults.world(world, slot, batch, from) : world;
  }
}

interface CampaignSnapshot {
  readonly status: "active" | "done" | "error" | "stopped";
  readonly value: CampaignState;
  readonly context: CampaignContext;
}

function snapshotOf(actor: AnyActorRef): CampaignSnapshot {
  return actor.getSnapshot() as CampaignSnapshot;
}
