/**
 * What supervision says, told to the observers, and what it means for money, feeds and the operator's orders.
 *
 * E6 a campaign that nobody runs any more, quarantined or of a portfolio given up, has no reservation.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import type { EngineEvent } from "../core/events.ts";
import type { PlatformSpec } from "../core/platform.ts";
import type { Announcer } from "./announcer.ts";
import type { FaultyActors } from "./faulty-actors.ts";
import type { Feed } from "./feed.ts";
import type { OperatorDesk } from "./operator-desk.ts";
import type { CampaignRoll } from "./roll.ts";
import type { ActorTree, TreeFact } from "./tree.ts";

/** What follows supervision's word. */
export interface SupervisionParts {
  readonly platforms: readonly PlatformSpec[];
  readonly campaigns: readonly CampaignSpec[];
  readonly tree: ActorTree;
  readonly feed: Feed;
  readonly roll: CampaignRoll;
  readonly desk: OperatorDesk;
  readonly faults: FaultyActors | null;
  readonly announcer: Announcer;
}

/** An event before its time is written on it. */
type WithoutMoment<Event> = Event extends EngineEvent ? Omit<Event, "tick" | "timeMs"> : never;

/** Listens to the tree and follows. */
export class Supervision {
  readonly #parts: SupervisionParts;
  /** What the tree has said and the observers have not heard yet. */
  readonly #facts: TreeFact[] = [];

  constructor(parts: SupervisionParts) {
    this.#parts = parts;
    parts.tree.onFact((fact) => this.#facts.push(fact));
  }

  /**
   * Tells the observers what the tree has said since the last time. Facts are told from here, not from within the actors: what an observer
   * throws must end the run, not be taken for an actor's failure (E5).
   */
  tellFacts(): void {
    const { faults, announcer } = this.#parts;
    for (const fault of faults?.take() ?? []) announcer.emit({ type: "fault.injected", ...announcer.at(), ...fault });
    const facts = this.#facts.splice(0);
    for (const fact of facts) {
      this.#follow(fact);
      announcer.emit({ ...announcer.at(), ...this.#named(fact) });
    }
  }

  /** A fact as observers hear it: stages by their names. */
  #named(fact: TreeFact): WithoutMoment<EngineEvent> {
    const { stages } = this.#parts.feed;
    if (fact.type === "stages.restarted") return { ...fact, stages: fact.stages.map((stage) => stages[stage]) };
    if (fact.type === "stage.stopped") return { ...fact, stage: stages[fact.stage] };
    return fact;
  }

  #follow(fact: TreeFact): void {
    const { feed, roll } = this.#parts;
    if (fact.type === "campaign.quarantined") roll.leave(fact.slot, "quarantined");
    else if (fact.type === "campaign.restarted") this.#remind(fact.slot);
    else if (fact.type === "stages.restarted") feed.restart(fact.platform, fact.stages);
    else if (fact.type === "stage.stopped") feed.giveUp(fact.platform, fact.stage);
    else if (fact.type === "supervisor.restarted") {
      // The stages' supervisor ended with its first stage: its successor begins with all of them new.
      const platform = this.#platformOf(fact.supervisor);
      if (platform >= 0) feed.restart(platform, [...feed.stages.keys()]);
      for (const slot of this.#membersOf(fact.supervisor)) this.#remind(slot);
    } else if (fact.type === "supervisor.stopped") {
      const platform = this.#platformOf(fact.supervisor);
      if (platform >= 0) feed.giveUp(platform, 0);
      for (const slot of this.#membersOf(fact.supervisor)) roll.leave(slot, "its portfolio was given up");
    }
  }

  /** Index of the platform whose stages an actor supervises; -1 for other actors. */
  #platformOf(supervisor: string): number {
    return this.#parts.platforms.findIndex(({ id }) => `feed:${id}` === supervisor);
  }

  /** Slots of the campaigns under a portfolio's actor, in order; none under another. */
  #membersOf(supervisor: string): number[] {
    const { campaigns } = this.#parts;
    return [...campaigns.keys()].filter((slot) => `portfolio:${campaigns[slot].portfolio}` === supervisor);
  }

  /** A restarted actor is idle, and knows the operator's orders as of its last good state: it is told what stands (E7, C4). */
  #remind(slot: number): void {
    const { tree, roll, desk } = this.#parts;
    if (tree.campaign(slot) === null) return;
    if (roll.stateOf(slot) === "exhausted") roll.tell(slot, { type: "budget.exhausted" }, "exhausted before");
    const why = desk.heldBecause(slot);
    if (roll.toldHold(slot) === why) return;
    roll.tell(slot, why === null ? { type: "resume" } : { type: "hold", why }, why ?? "released");
  }
}
