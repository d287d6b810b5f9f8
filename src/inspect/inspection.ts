/**
 * The inspector's ear: what live actors are told and which transitions they take, for as long as somebody looks.
 *
 * IP1 nobody listens while nobody looks: attaching and detaching leave the actors as they are; IP2 what is kept is bounded, however many actors there are;
 * IP3 it reads and changes nothing but through {@link Engine.sendTo}, which is the operator's.
 */
import type { AnyActorRef, AnyMachineSnapshot, EventObject, InspectionEvent } from "xstate";
import type { Reply } from "../core/decision.ts";
import { machines } from "../../machines/index.ts";
import type { ActorFrame, ActorMessage, ActorRow, ChartActivity, EventVerdict } from "../observe/inspection-frames.ts";
import type { Engine } from "../runtime/engine.ts";
import { ChartIndex } from "./chart-index.ts";
import { DEPTH, knowledge, own, plain, stateOf } from "./shown.ts";

/** By an actor's id up to its colon: the statechart of its kind. */
const CHARTS: Readonly<Record<string, string>> = {
  engine: "engine",
  platform: "platform",
  feed: "stages",
  portfolio: "portfolio",
  campaign: "campaign",
};

/** Name of the statechart that an actor runs; null where it runs none. */
export function chartNameOf(id: string): string | null {
  const colon = id.indexOf(":");
  return CHARTS[colon < 0 ? id : id.slice(0, colon)] ?? null;
}

/** Messages kept of one watched actor between two frames. */
const MOST_MESSAGES = 50;
const MOST_CONTEXT = 6_000;
const MOST_DETAIL = 300;

/** What one viewer watches of one actor. */
interface Watch {
  readonly id: string;
  messages: ActorMessage[];
  missed: number;
  told: number;
  /** The last decision of the watched campaign, as it is shown; null before it decides. */
  decision: unknown;
}

/** Listens to the actors of one engine. */
export class Inspection {
  readonly #engine: Engine;
  readonly #charts = new Map(machines.map(({ name, machine }) => [name, new ChartIndex(name, machine)]));
  readonly #taken = new Map<string, Map<string, number>>();
  readonly #states = new WeakMap<AnyActorRef, string>();
  readonly #watches = new Set<Watch>();
  /** The event that an actor was sent and has not answered yet. */
  #sent: { readonly actor: AnyActorRef; readonly from: string | null; readonly event: EventObject } | null = null;
  #viewers = 0;
  #stop: (() => void) | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Listens until the function returned is called; the first listener attaches, the last one detaches (IP1). */
  attach(): () => void {
    this.#viewers += 1;
    this.#stop ??= this.#engine.inspect((event) => this.#hear(event));
    return () => {
      this.#viewers -= 1;
      if (this.#viewers > 0) return;
      this.#stop?.();
      this.#stop = null;
      this.#taken.clear();
    };
  }

  /** Every statechart's activity since the last call. */
  activity(): readonly ChartActivity[] {
    const states = new Map<string, Record<string, number>>();
    for (const actor of this.#engine.actors) {
      const chart = this.#chart(actor);
      if (chart === null) continue;
      const counts = states.get(chart.name) ?? {};
      states.set(chart.name, counts);
      const state = stateOfActor(actor);
      counts[state] = (counts[state] ?? 0) + 1;
    }
    const activity = [...this.#charts.keys()].map((chart): ChartActivity => {
      return { chart, states: states.get(chart) ?? {}, taken: Object.fromEntries(this.#taken.get(chart) ?? []) };
    });
    this.#taken.clear();
    return activity;
  }

  /** Live actors of a statechart whose id contains a text, a page of them. */
  actors(chart: string, search: string, offset: number, limit: number): { total: number; items: ActorRow[] } {
    const rows: ActorRow[] = [];
    for (const actor of this.#engine.actors) {
      if (this.#chart(actor)?.name !== chart || !actor.id.includes(search)) continue;
      rows.push({ id: actor.id, chart, state: stateOfActor(actor) });
    }
    return { total: rows.length, items: rows.slice(offset, offset + limit) };
  }

  /** Watches one actor until the function returned is called; `frame` says what is new, or null where it does not live. */
  watch(id: string): { readonly frame: () => ActorFrame | null; readonly stop: () => void } {
    const watch: Watch = { id, messages: [], missed: 0, told: 0, decision: null };
    this.#watches.add(watch);
    return { frame: () => this.#frame(watch), stop: () => this.#watches.delete(watch) };
  }

  /** What would become of an event, guards and all; nothing is sent. Null where there is no such actor. */
  verdict(id: string, event: EventObject): EventVerdict | null {
    const actor = this.#actor(id);
    const chart = actor === null ? null : this.#chart(actor);
    if (actor === null || chart === null) return null;
    const { context } = actor.getSnapshot() as { context: object };
    const snapshot = chart.machine.resolveState({ value: stateOfActor(actor), context }) as AnyMachineSnapshot;
    return chart.verdict(snapshot, event);
  }

  #hear(event: InspectionEvent): void {
    const actor = event.actorRef as AnyActorRef;
    if (event.type === "@xstate.event") {
      const source = event.sourceRef as AnyActorRef | undefined;
      this.#sent = { actor, from: source?.id ?? null, event: event.event };
      if (!this.#states.has(actor)) this.#states.set(actor, stateOfActor(actor));
      return;
    }
    if (event.type !== "@xstate.snapshot") return;
    const chart = this.#chart(actor);
    if (chart === null) return;
    const after = stateOfActor(actor);
    const before = this.#states.get(actor) ?? after;
    this.#states.set(actor, after);
    const taken = chart.path(before, event.event.type, after);
    if (taken.length > 0) {
      const counts = this.#taken.get(chart.name) ?? new Map<string, number>();
      this.#taken.set(chart.name, counts);
      for (const id of taken) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    if (this.#watches.size === 0) return;
    const { reply } = event.event as { reply?: Reply };
    const sent = this.#sent?.event === event.event ? this.#sent : null;
    for (const watch of this.#watches) {
      // The reply is one for all campaigns, and the next one's in a moment.
      if (watch.id === actor.id && reply?.decision) watch.decision = plain(reply.decision, DEPTH - 1);
      if (watch.id === actor.id || (sent !== null && sent.from === watch.id)) {
        this.#note(watch, { actor, from: sent?.from ?? null, before, after, taken, event: event.event });
      }
    }
  }

  #note(
    watch: Watch,
    heard: Pick<ActorMessage, "from" | "before" | "after" | "taken"> & { actor: AnyActorRef; event: EventObject },
  ): void {
    watch.told += 1;
    if (watch.messages.length >= MOST_MESSAGES) {
      watch.missed += 1;
      return;
    }
    const { actor, event, ...rest } = heard;
    const detail = JSON.stringify(plain(own(event), DEPTH - 1)).slice(0, MOST_DETAIL);
    const tick = this.#engine.nextTick;
    watch.messages.push({ id: watch.told, tick, event: event.type, to: actor.id, detail, ...rest });
  }

  #frame(watch: Watch): ActorFrame | null {
    const actor = this.#actor(watch.id);
    const chart = actor === null ? null : this.#chart(actor);
    if (actor === null || chart === null) return null;
    const { context, status } = actor.getSnapshot() as { context?: object; status: string };
    const { messages, missed } = watch;
    watch.messages = [];
    watch.missed = 0;
    return {
      id: watch.id,
      chart: chart.name,
      state: stateOfActor(actor),
      status,
      context: JSON.stringify(
        watch.decision === null ? knowledge(context) : { ...knowledge(context), decision: watch.decision },
        null,
        2,
      ).slice(0, MOST_CONTEXT),
      messages,
      missed,
    };
  }

  #actor(id: string): AnyActorRef | null {
    return this.#engine.actors.find((actor) => actor.id === id) ?? null;
  }

  #chart(actor: AnyActorRef): ChartIndex | null {
    const name = chartNameOf(actor.id);
    return name === null ? null : this.#charts.get(name)!;
  }
}

/** The active state of a live actor. */
function stateOfActor(actor: AnyActorRef): string {
  return stateOf((actor.getSnapshot() as { value?: unknown }).value);
}
