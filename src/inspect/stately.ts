/**
 * Live actors in the words of Stately's inspection protocol (`@xstate.actor`, `@xstate.event`, `@xstate.snapshot`), as `@statelyai/inspect` sends them, for whoever
 * looks with Stately's own inspector.
 *
 * SI1 nobody listens while nobody looks; SI2 of thousands of campaigns a few are told of, and what is not read in time is dropped, never queued without end.
 */
import type { AnyActorRef, AnyStateMachine, InspectionEvent } from "xstate";
import { machines } from "../../machines/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { chartNameOf } from "./inspection.ts";
import { DEPTH, own, knowledge, plain } from "./shown.ts";

/** Version of the protocol: that of the package that declares it. */
const VERSION = "0.7.2";
/** Campaigns that are told of, the chosen one first. */
const MOST_CAMPAIGNS = 12;
/** Actors of other kinds. */
const MOST_OTHERS = 40;
/** Messages that wait for their reader. */
const MOST_WAITING = 400;

/** One message of the protocol. */
export interface StatelyMessage {
  readonly type: "@xstate.actor" | "@xstate.event" | "@xstate.snapshot";
  readonly sessionId: string;
  readonly rootId: string;
  /** Wall-clock time [ms since the epoch], as text. */
  readonly createdAt: string;
  readonly id: string;
  readonly _version: string;
  readonly [field: string]: unknown;
}

/** Tells of the actors of an engine until it is stopped. */
export class StatelyFeed {
  readonly #told = new Set<AnyActorRef>();
  readonly #nowMs: () => number;
  readonly #stop: () => void;
  #waiting: StatelyMessage[] = [];
  #dropped = 0;
  #count = 0;

  /** @param chosen id of an actor that must be among those told of; @param nowMs wall-clock time [ms since the epoch] */
  constructor(engine: Engine, chosen: string | undefined, nowMs: () => number) {
    this.#nowMs = nowMs;
    const actors = engine.actors.filter(({ id }) => chartNameOf(id) !== null);
    const isCampaign = ({ id }: AnyActorRef) => chartNameOf(id) === "campaign";
    const first = actors.filter(({ id }) => id === chosen);
    const others = actors.filter((actor) => !isCampaign(actor)).slice(0, MOST_OTHERS);
    const campaigns = actors.filter((actor) => isCampaign(actor) && actor.id !== chosen);
    for (const actor of [...others, ...first, ...campaigns.slice(0, MOST_CAMPAIGNS - first.length)]) this.#tell(actor);
    this.#stop = engine.inspect((event) => this.#hear(event));
  }

  /** What was said since the last call, oldest first; how many more were too many to wait. */
  take(): { readonly messages: readonly StatelyMessage[]; readonly dropped: number } {
    const taken = { messages: this.#waiting, dropped: this.#dropped };
    this.#waiting = [];
    this.#dropped = 0;
    return taken;
  }

  stop(): void {
    this.#stop();
  }

  #tell(actor: AnyActorRef): void {
    if (this.#told.has(actor)) return;
    this.#told.add(actor);
    const machine = machines.find(({ name }) => name === chartNameOf(actor.id))!.machine;
    this.#push("@xstate.actor", actor, {
      name: actor.id,
      parentId: this.#parentOf(actor),
      definition: definitionOf(machine),
      snapshot: snapshotOf(actor.getSnapshot()),
    });
  }

  /** The nearest actor above that is told of: pools and stand-ins run no statechart. */
  #parentOf(actor: AnyActorRef): string | undefined {
    let above = actor._parent;
    while (above !== undefined && !this.#told.has(above)) above = above._parent;
    return above?.sessionId;
  }

  #hear(event: InspectionEvent): void {
    const actor = event.actorRef as AnyActorRef;
    if (!this.#told.has(actor)) return;
    if (event.type === "@xstate.event") {
      const source = event.sourceRef as AnyActorRef | undefined;
      this.#push(event.type, actor, { event: eventOf(event.event), sourceId: source?.sessionId });
    } else if (event.type === "@xstate.snapshot") {
      this.#push(event.type, actor, { event: eventOf(event.event), snapshot: snapshotOf(event.snapshot) });
    }
  }

  #push(type: StatelyMessage["type"], actor: AnyActorRef, fields: object): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#count += 1;
    const [root] = this.#told;
    this.#waiting.push({
      ...fields,
      type,
      sessionId: actor.sessionId,
      rootId: root.sessionId,
      createdAt: String(this.#nowMs()),
      id: String(this.#count),
      _version: VERSION,
    });
  }
}

/** A statechart's definition as JSON, functions by their names. */
function definitionOf({ config }: AnyStateMachine): string {
  return JSON.stringify(config, (_, value: unknown) => {
    if (typeof value !== "function") return value;
    const { type, name } = value as { readonly type?: string; readonly name: string };
    return { type: type ?? name };
  });
}

function snapshotOf(snapshot: unknown): object {
  const { status, value, context } = snapshot as { status?: string; value?: unknown; context?: object };
  return { status: status ?? "active", value, context: knowledge(context) };
}

function eventOf(event: { readonly type: string }): object {
  return { type: event.type, ...(plain(own(event), DEPTH - 1) as object) };
}
