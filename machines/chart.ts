/** Statecharts as plain data, for whoever draws them: states, transitions, guards and actions by name, descriptions. */
import type { AnyStateMachine } from "xstate";
import { actionName, guardName } from "./names.ts";

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

/** One state. */
export interface ChartState {
  /** Dotted path from the root, e.g. `running.waiting`; the root itself is the empty text. */
  readonly id: string;
  readonly name: string;
  /** Id of the state around it; null for the root. */
  readonly parent: string | null;
  readonly kind: "atomic" | "compound" | "parallel" | "final" | "history";
  /** Id of the state that is entered first; null where there is none. */
  readonly initial: string | null;
  readonly description: string;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

/** One way out of a state, or an event that is handled in it. */
export interface ChartTransition {
  /** `<source> <event> <n>`, n counting the transitions of that event in their order from 0. */
  readonly id: string;
  readonly source: string;
  /** Id of the target; null where the state is not left. */
  readonly target: string | null;
  /** `always` for eventless ones. */
  readonly event: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
  readonly description: string;
}

/** One statechart. */
export interface Chart {
  readonly name: string;
  readonly description: string;
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
}

/** The chart of a machine, nested states and all. */
export function chartOf(name: string, machine: AnyStateMachine): Chart {
  const states: ChartState[] = [];
  const transitions: ChartTransition[] = [];
  const visit = (node: Node): void => {
    const id = idOf(node);
    states.push({
      id,
      name: node.parent === undefined ? name : node.key,
      parent: node.parent === undefined ? null : idOf(node.parent),
      kind: node.type,
      initial: node.type === "compound" ? idOf(node.initial.target[0]) : null,
      description: node.description ?? "",
      entry: node.entry.map((action) => actionName(action)),
      exit: node.exit.map((action) => actionName(action)),
    });
    for (const list of [...node.transitions.values(), node.always ?? []]) {
      transitions.push(...list.map((one, at) => transitionOf(one, at)));
    }
    for (const child of Object.values<Node>(node.states)) visit(child);
  };
  visit(machine.root);
  return { name, description: machine.root.description ?? "", states, transitions };
}

/** The id that {@link chartOf} gives a transition. @param at its place among those of its event */
export function transitionId({ source, eventType }: Transition, at: number): string {
  return `${idOf(source)} ${eventType === "" ? "always" : eventType} ${at}`;
}

function transitionOf(one: Transition, at: number): ChartTransition {
  return {
    id: transitionId(one, at),
    source: idOf(one.source),
    target: one.target === undefined ? null : idOf(one.target[0]),
    event: one.eventType === "" ? "always" : one.eventType,
    guard: one.guard === undefined ? null : guardName(one.guard),
    actions: one.actions.map((action) => actionName(action)).filter((action) => action !== ""),
    description: one.description ?? "",
  };
}

function idOf(node: Node): string {
  return node.path.join(".");
}
