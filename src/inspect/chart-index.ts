/** A statechart's transitions by name: which may answer an event, which one does, and which led from one state to another. */
import { getNextSnapshot } from "xstate";
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate";
import { transitionId } from "../../machines/chart.ts";
import { guardName } from "../../machines/names.ts";
import type { EventVerdict } from "../observe/inspection-frames.ts";
import { messageOf, stateOf } from "./shown.ts";

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

/** What a statechart's transitions are called, and which of them leads from one state to another. */
export class ChartIndex {
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

  /** What would become of an event in a snapshot, guards and all. */
  verdict(snapshot: AnyMachineSnapshot, event: EventObject): EventVerdict {
    const state = stateOf(snapshot.value);
    const candidates = this.candidates(state, event.type);
    const told = (taken: Transition | undefined) =>
      candidates.map((one) => ({
        transition: this.idOf(one),
        guard: one.guard === undefined ? null : guardName(one.guard),
        isTaken: one === taken,
      }));
    try {
      const [taken] = this.machine.getTransitionData(snapshot, event);
      const next = getNextSnapshot(this.machine, snapshot, event) as AnyMachineSnapshot;
      if (next.status === "error") throw next.error;
      return { state, candidates: told(taken as Transition | undefined), next: stateOf(next.value), error: null };
    } catch (error) {
      return { state, candidates: told(undefined), next: null, error: messageOf(error) };
    }
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

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of Object.values<Node>(node.states)) yield* nodesOf(child);
}

/** Whether an event type falls under a descriptor: itself, or a wildcard at the end. */
function matches(type: string, descriptor: string): boolean {
  if (descriptor === type || descriptor === "*") return true;
  return descriptor.endsWith(".*") && type.startsWith(descriptor.slice(0, -1));
}
