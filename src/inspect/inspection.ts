/**
 * The inspector's ear: what live actors are told and which transitions they take, for as long as somebody looks.
 *
 * IP1 nobody listens while nobody looks: attaching and detaching leave the actors as they are; IP2 what is kept is bounded, however many actors there are;
 * IP3 it reads and changes nothing but through {@link Engine.sendTo}, which is the operator's.
 */
import { getNextSnapshot } from "xstate";
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject, InspectionEvent } from "xstate";
import { transitionId } from "../../machines/chart.ts";
import { machines } from "../../machines/index.ts";
import { guardName } from "../../machines/names.ts";
import type { ActorFrame, ActorMessage, ActorRow, ChartActivity, EventVerdict } from "../observe/inspection-frames.ts";
import type { Engine } from "../runtime/engine.ts";

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

/** Messages kept of one watched actor between two frames. */
const MOST_MESSAGES = 50;
const MOST_CONTEXT = 6_000;
const MOST_DETAIL = 300;
/** Deepest that a context is shown, and most entries of one of its lists. */
const DEPTH = 4;
const ENTRIES = 12;

/** What a statechart's transitions are called, and which of them leads from one state to another. */
class ChartIndex {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly #ids = new Map<Transition, string>();
  /** By state before, event and state after: what was taken. */
  readonly #paths = new Map<string, readonly string[]>();

  constructor(name: string, machine: AnyStateMachine) {
    this.name = name;
    this.machine = machine;
    for (const node of nodesOf(machine.root)) {
      for (const list of [...node.transitions.values(), node.always ?? []]) {
        for (const [at, one] of list.entries()) this.#ids.set(one, transitionId(one, at));
      }
    }
  }

  idOf(transition: Transition): string {
    return this.#ids.get(transition) ?? "";
  }

  /** The transitions that lead from a state by an event, and eventless ones after it, to another state: the shortest way there is. */
  path(before: string, event: string, after: string): readonly string[] {
    const key = `${before} ${event} ${after}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = this.#search(before, event, after);
      this.#paths.set(key, path);
    }
    return path;
  }

  /** Transitions that an event may take from a state, in the order in which they are asked: the state's own, then those around it. */
  candidates(state: string, event: string): readonly Transition[] {
    const found: Transition[] = [];
    for (let node: Node | undefined = this.#node(state); node !== undefined; node = node.parent) {
      for (const [descriptor, list] of node.transitions) if (matches(event, descriptor)) found.push(...list);
    }
    return found;
  }

  #node(state: string): Node | undefined {
    return state.split(".").reduce<Node | undefined>((node, key) => node?.states[key], this.machine.root);
  }

  #search(before: string, event: string, after: string): readonly string[] {
    for (const first of this.candidates(before, event)) {
      const reached = first.target === undefined ? before : first.target[0].path.join(".");
      const rest = this.#always(reached, after, 0);
      if (rest !== null) return [this.idOf(first), ...rest];
    }
    return [];
  }

  #always(from: string, to: string, depth: number): readonly string[] | null {
    if (from === to) return [];
    if (depth > 4) return null;
    for (const one of this.#node(from)?.always ?? []) {
      const rest = this.#always(one.target?.[0].path.join(".") ?? from, to, depth + 1);
      if (rest !== null) return [this.idOf(one), ...rest];
    }
    return null;
  }
}

/** What one viewer watches of one actor. */
interface Watch {
  readonly id: string;
  messages: ActorMessage[];
  missed: number;
  told: number;
}

/** Listens to the actors of one engine. */
export class Inspection {
  readonly #engine: Engine;
  readonly #charts = new Map(machines.map(({ name, machine }) => [name, new ChartIndex(name, machine)]));
  /** By actor id up to its colon: the chart of its kind. */
  readonly #chartOf = new Map([
    ["engine", "engine"],
    ["platform", "platform"],
    ["feed", "stages"],
    ["portfolio", "portfolio"],
    ["campaign", "campaign"],
  ]);
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
      const state = stateOf(actor);
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
      rows.push({ id: actor.id, chart, state: stateOf(actor) });
    }
    return { total: rows.length, items: rows.slice(offset, offset + limit) };
  }

  /** Watches one actor until the function returned is called; `frame` says what is new, or null where it does not live. */
  watch(id: string): { readonly frame: () => ActorFrame | null; readonly stop: () => void } {
    const watch: Watch = { id, messages: [], missed: 0, told: 0 };
    this.#watches.add(watch);
    return { frame: () => this.#frame(watch), stop: () => this.#watches.delete(watch) };
  }

  /** What would become of an event, guards and all; nothing is sent. Null where there is no such actor. */
  verdict(id: string, event: EventObject): EventVerdict | null {
    const actor = this.#actor(id);
    const chart = actor === null ? null : this.#chart(actor);
    if (actor === null || chart === null) return null;
    const { context } = actor.getSnapshot() as { context: object };
    const state = stateOf(actor);
    const snapshot = chart.machine.resolveState({ value: state, context }) as AnyMachineSnapshot;
    const candidates = chart.candidates(state, event.type);
    const told = (taken: Transition | undefined) =>
      candidates.map((one) => ({
        transition: chart.idOf(one),
        guard: one.guard === undefined ? null : guardName(one.guard),
        isTaken: one === taken,
      }));
    try {
      const [taken] = chart.machine.getTransitionData(snapshot, event);
      const next = getNextSnapshot(chart.machine, snapshot, event) as AnyMachineSnapshot;
      if (next.status === "error") throw next.error;
      return { state, candidates: told(taken as Transition | undefined), next: String(next.value), error: null };
    } catch (error) {
      return { state, candidates: told(undefined), next: null, error: messageOf(error) };
    }
  }

  #hear(event: InspectionEvent): void {
    const actor = event.actorRef as AnyActorRef;
    if (event.type === "@xstate.event") {
      const source = event.sourceRef as AnyActorRef | undefined;
      this.#sent = { actor, from: source?.id ?? null, event: event.event };
      if (!this.#states.has(actor)) this.#states.set(actor, stateOf(actor));
      return;
    }
    if (event.type !== "@xstate.snapshot") return;
    const chart = this.#chart(actor);
    if (chart === null) return;
    const after = stateOf(actor);
    const before = this.#states.get(actor) ?? after;
    this.#states.set(actor, after);
    const taken = chart.path(before, event.event.type, after);
    if (taken.length > 0) {
      const counts = this.#taken.get(chart.name) ?? new Map<string, number>();
      this.#taken.set(chart.name, counts);
      for (const id of taken) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    if (this.#watches.size === 0) return;
    const sent = this.#sent?.event === event.event ? this.#sent : null;
    for (const watch of this.#watches) {
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
      state: stateOf(actor),
      status,
      context: (JSON.stringify(plain(context ?? {}, DEPTH), null, 2) ?? "").slice(0, MOST_CONTEXT),
      messages,
      missed,
    };
  }

  #actor(id: string): AnyActorRef | null {
    return this.#engine.actors.find((actor) => actor.id === id) ?? null;
  }

  #chart(actor: AnyActorRef): ChartIndex | null {
    const colon = actor.id.indexOf(":");
    const name = this.#chartOf.get(colon < 0 ? actor.id : actor.id.slice(0, colon));
    return name === undefined ? null : this.#charts.get(name)!;
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of Object.values<Node>(node.states)) yield* nodesOf(child);
}

/** The active state as a dotted path; of parallel states the first. */
function stateOf(actor: AnyActorRef): string {
  let value: unknown = (actor.getSnapshot() as { value?: unknown }).value;
  const path: string[] = [];
  while (typeof value === "object" && value !== null) {
    const [[key, inner] = ["", ""]] = Object.entries(value);
    path.push(key);
    value = inner;
  }
  if (typeof value === "string") path.push(value);
  return path.join(".");
}

/** Whether an event type falls under a descriptor: itself, or a wildcard at the end. */
function matches(type: string, descriptor: string): boolean {
  if (descriptor === type || descriptor === "*") return true;
  return descriptor.endsWith(".*") && type.startsWith(descriptor.slice(0, -1));
}

/** A value as plain data that can be shown: no functions, no actors, no more than so deep and long. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === "function") return "ƒ";
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if ("getSnapshot" in value) return `actor ${String((value as { id?: unknown }).id)}`;
  if (ArrayBuffer.isView(value)) return plain([...(value as unknown as Iterable<number>)].slice(0, ENTRIES + 1), depth);
  if (depth === 0) return Array.isArray(value) ? `[${value.length}]` : "{…}";
  if (value instanceof Map) return plain(Object.fromEntries([...value].slice(0, ENTRIES)), depth);
  if (Array.isArray(value)) {
    const shown = value.slice(0, ENTRIES).map((one) => plain(one, depth - 1));
    return value.length > ENTRIES ? [...shown, `… ${value.length - ENTRIES} more`] : shown;
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, depth - 1)]));
}

/** An event without its type and without what it shares with those of all others. */
function own(event: EventObject): object {
  return Object.fromEntries(Object.entries(event).filter(([key]) => !["type", "world", "batch"].includes(key)));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
