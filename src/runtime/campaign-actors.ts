/**
 * How the engine speaks to its campaigns: one at a time, or all of them in rounds.
 *
 * CA1 within a round campaigns are visited in the order of their slots (E3), and each is answered for before the next is; CA2 a round pauses
 * after so many campaigns, so that whoever plays it may do something else in between; CA3 in a decision round a campaign hears of its reports, then of the
 * tick, in one visit: what the one event leaves behind is still in the processor's cache, and dies young, when the other comes.
 */
import type { AnyActorRef } from "xstate";
import { policyInput } from "../../machines/campaign.ts";
import type { CampaignContext, CampaignEvent } from "../../machines/campaign.ts";
import type { Decision, DecisionDraft, Reply } from "../core/decision.ts";
import type { CampaignState } from "../core/events.ts";
import { paretoCurve } from "../core/pareto.ts";
import type { ParetoCurve } from "../core/pareto.ts";
import type { GammaMemory } from "../core/policy/gamma-calibration.ts";
import { gammaPacing } from "../core/policy/gamma-pacing.ts";
import type { ReportBatch } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import type { CampaignStates } from "./campaign-states.ts";
import type { FaultyActors } from "./faulty-actors.ts";
import { RowsByCampaign } from "./rows-by-campaign.ts";
import type { SavedCampaign } from "./saved-campaign.ts";
import type { ActorTree } from "./tree.ts";

/** Hears in which state a campaign is after an event; null where it has no live actor, or the event cost it its life. */
export type Heard = (slot: number, state: CampaignState | null) => void;

/** Hears of a live campaign after its tick; `decision` is null where it did not evaluate. */
export type Decided = (slot: number, state: CampaignState, decision: Decision | null) => void;

/** A piece of work that pauses now and then; it is done when it has been asked for the next piece often enough. */
export type Pieces<Result = void> = Generator<undefined, Result>;

/** Campaigns between two pauses of a round: a few milliseconds (CA2). */
const PIECE = 256;

/** Whether a round pauses after the campaign in a slot. */
export function isPause(slot: number): boolean {
  return slot % PIECE === PIECE - 1;
}

/** The campaigns, wherever their actors live. */
export interface CampaignActors {
  /** Sends one campaign an event; returns its state after it, or null where nobody heard. */
  tell(slot: number, event: CampaignEvent): CampaignState | null;
  /** Round: every campaign with rows in the batch learns from them, and decides nothing. `heard` is called for the dead as well. */
  learn(batch: ReportBatch, world: World, heard: Heard): Pieces;
  /** Round: a new budget day for these campaigns, whose ledger has begun it. */
  startDay(slots: readonly number[], world: World, heard: Heard): Pieces;
  /**
   * Round: the batch, for the campaigns with rows in it, and the tick, for those that are due; the others do not hear of it, nor do those
   * that are exhausted, which would ignore it (C4).
   */
  decide(batch: ReportBatch, world: World, isDue: (slot: number) => boolean, heard: Heard, decided: Decided): Pieces;
  /** The Pareto curve of a campaign now, between two rounds; null where it has no actor, or its policy knows none. */
  pareto(slot: number, world: World): ParetoCurve | null;
  /** Waits until what supervision ordered is done. */
  settle(): void;
  /** All campaigns as they are, between two rounds, in any order. */
  save(): readonly SavedCampaign[];
  /** What the campaigns whose actors are yet to start go on from. */
  goOn(campaigns: readonly SavedCampaign[]): void;
  /** Ends whatever the campaigns live in. */
  close(): void;
}

/** Campaigns whose actors live in this thread. */
export class LocalActors implements CampaignActors {
  readonly #tree: ActorTree;
  readonly #states: CampaignStates;
  readonly #faults: FaultyActors | null;
  readonly #draft: DecisionDraft | null;
  readonly #rows = new RowsByCampaign();

  /** @param draft where decisions are written; null where they are kept by whoever hears of them */
  constructor(tree: ActorTree, states: CampaignStates, faults: FaultyActors | null, draft: DecisionDraft | null) {
    this.#tree = tree;
    this.#states = states;
    this.#faults = faults;
    this.#draft = draft;
  }

  tell(slot: number, event: CampaignEvent): CampaignState | null {
    return stateAfter(this.#tree.campaign(slot), event);
  }

  *learn(batch: ReportBatch, world: World, heard: Heard): Pieces {
    this.#rows.index(batch, this.#states.length);
    for (let slot = 0; slot < this.#states.length; slot += 1) {
      this.#learn(slot, batch, world, heard);
      if (isPause(slot)) yield;
    }
  }

  *startDay(slots: readonly number[], world: World, heard: Heard): Pieces {
    const { tick } = world;
    for (const slot of slots) {
      heard(slot, this.tell(slot, { type: "day.started", tick, world }));
      if (isPause(slot)) yield;
    }
  }

  *decide(batch: ReportBatch, world: World, isDue: (slot: number) => boolean, heard: Heard, decided: Decided): Pieces {
    this.#rows.index(batch, this.#states.length);
    const reply: Reply = { decision: null, draft: this.#draft };
    const event: CampaignEvent = { type: "tick", world, reply };
    for (let slot = 0; slot < this.#states.length; slot += 1) {
      if (isPause(slot)) yield;
      this.#learn(slot, batch, world, heard);
      const actor = isDue(slot) && this.#states.hearsTicks(slot) ? this.#tree.campaign(slot) : null;
      if (actor === null) continue;
      reply.decision = null;
      const state = stateAfter(actor, event);
      if (state !== null) decided(slot, state, reply.decision);
    }
  }

  pareto(slot: number, world: World): ParetoCurve | null {
    const actor = this.#tree.campaign(slot);
    return actor === null ? null : paretoOf(snapshotOf(actor).context, world);
  }

  settle(): void {
    // A restart is done when it has been ordered.
  }

  save(): readonly SavedCampaign[] {
    return this.#tree.campaigns();
  }

  goOn(): void {
    // The tree's pools make them what they were.
  }

  close(): void {
    // The tree stops its own.
  }

  /** Tells a campaign of its rows, a run at a time. */
  #learn(slot: number, batch: ReportBatch, world: World, heard: Heard): void {
    const rows = this.#rows;
    for (let from = rows.first(slot); from >= 0; from = rows.next(from)) {
      const told = this.#faults === null ? world : this.#faultyWorld(this.#faults, world, slot, batch, from);
      heard(slot, this.tell(slot, { type: "reports", batch, from, to: rows.end(from), world: told }));
    }
  }

  /** Only a live campaign with bids out asks its guards about a report. */
  #faultyWorld(faults: FaultyActors, world: World, slot: number, batch: ReportBatch, from: number): World {
    const isAsked = this.#states.isOut(slot) && this.#tree.campaign(slot) !== null;
    return isAsked ? faults.world(world, slot, batch, from) : world;
  }
}

/** The Pareto curve of a campaign with this context; null where its policy is another than gamma pacing. */
export function paretoOf(context: CampaignContext, world: World): ParetoCurve | null {
  if (context.campaign.policy.name !== gammaPacing.name) return null;
  return paretoCurve(policyInput(context, world), context.memory as GammaMemory);
}

/** The state of an actor after an event; null where there is none, or it did not survive. */
function stateAfter(actor: AnyActorRef | null, event: CampaignEvent): CampaignState | null {
  if (actor === null) return null;
  actor.send(event);
  const { status, value } = snapshotOf(actor);
  return status === "active" ? value : null;
}

interface CampaignSnapshot {
  readonly status: "active" | "done" | "error" | "stopped";
  readonly value: CampaignState;
  readonly context: CampaignContext;
}

function snapshotOf(actor: AnyActorRef): CampaignSnapshot {
  return actor.getSnapshot() as CampaignSnapshot;
}
