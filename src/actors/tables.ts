/** The tables of a compiled statechart: what each state does with each event, worked out once. */
import type { AnyStateMachine, EventObject } from "xstate";
import { compileActions, compileGuard, unsupported } from "./steps.ts";
import type { Implementations, Run, Step, Test } from "./steps.ts";

/** One transition. */
export interface Transition {
  readonly test: Test | null;
  /** How XState's message names the guard. */
  readonly guardName: string;
  /** State to enter, or null to stay without exit and entry. */
  readonly target: string | null;
  readonly steps: readonly Step[];
}

/** One state, or the root. */
export interface State {
  readonly key: string;
  readonly id: string;
  /** By descriptor: its own transitions, then those of wider descriptors. */
  readonly exact: ReadonlyMap<string, readonly Transition[]>;
  /** Wildcards, longest first. */
  readonly descriptors: readonly string[];
  readonly always: readonly Transition[];
  readonly entry: readonly Step[];
  readonly exit: readonly Step[];
  readonly final: { readonly output: (run: Run) => unknown } | null;
}

type Node = AnyStateMachine["root"];
type Definition = NonNullable<Node["always"]>[number];

/** Compiles a state. @throws EngineError CE_MACHINE_UNSUPPORTED */
export function compileState(node: Node, root: Node, implementations: Implementations): State {
  const own = new Map<string, readonly Transition[]>();
  for (const [descriptor, transitions] of node.transitions) {
    own.set(
      descriptor,
      transitions.map((one) => compileTransition(one, node, root, implementations)),
    );
  }
  // Longest first, as XState has it.
  const descriptors = [...own.keys()].filter((one) => one.endsWith("*")).toSorted((a, b) => b.length - a.length);
  const exact = new Map(own);
  for (const [type, transitions] of own) {
    const wider = descriptors.filter((one) => one !== type && matches(type, one)).flatMap((one) => own.get(one)!);
    exact.set(type, [...transitions, ...wider]);
  }
  for (const descriptor of descriptors) {
    if (descriptor !== "*" && !descriptor.endsWith(".*")) throw unsupported(root.id, `the descriptor "${descriptor}"`);
  }
  return {
    key: node.key,
    id: node.id,
    exact,
    descriptors,
    always: (node.always ?? []).map((one) => compileTransition(one, node, root, implementations)),
    entry: compileActions(node.entry, root.id, implementations),
    exit: compileActions(node.exit, root.id, implementations),
    final: node.type === "final" ? { output: compileOutput(node, root) } : null,
  };
}

function compileTransition(
  definition: Definition,
  node: Node,
  root: Node,
  implementations: Implementations,
): Transition {
  const { target, guard, actions, reenter } = definition;
  const [to] = target ?? [];
  if (target !== undefined && (target.length !== 1 || to.parent !== root)) throw unsupported(root.id, "such a target");
  if (node === root && reenter) throw unsupported(root.id, "reenter on the root");
  const isInternal = to === undefined || (to === node && !reenter);
  return {
    test: guard === undefined ? null : compileGuard(guard, root.id, implementations),
    guardName: typeof guard === "string" ? `'${guard}' ` : typeof guard === "object" ? `'${guard.type}' ` : "",
    target: isInternal ? null : to.key,
    steps: compileActions(actions, root.id, implementations),
  };
}

function compileOutput(node: Node, root: Node): (run: Run) => unknown {
  const resolve = (output: unknown, run: Run, event: EventObject): unknown =>
    typeof output === "function" ? output({ context: run.context, event, self: run.scope.self }) : output;
  const type = `xstate.done.state.${node.id}`;
  const of = (run: Run) => (node.output === undefined ? undefined : resolve(node.output, run, run.event));
  return (run) =>
    root.output === undefined ? undefined : resolve(root.output, run, { type, output: of(run) } as EventObject);
}

/** @throws EngineError CE_MACHINE_UNSUPPORTED for a machine that is not flat, or has timers, invocations, tags or routes */
export function refuseFeatures(machine: AnyStateMachine): void {
  const { root } = machine;
  const has = (list: { length: number } | undefined) => list !== undefined && list.length > 0;
  if (root.type !== "compound") throw unsupported(machine.id, `a root of type ${root.type}`);
  if (has(root.entry) || has(root.exit)) throw unsupported(machine.id, "entry or exit of the root");
  if (has(root.initial.actions)) throw unsupported(machine.id, "actions of the initial transition");
  if (machine.options.maxIterations !== Infinity) throw unsupported(machine.id, "maxIterations");
  for (const node of [root, ...Object.values<Node>(root.states)]) {
    if (node !== root && node.type !== "atomic" && node.type !== "final") {
      throw unsupported(machine.id, `state "${node.key}" of type ${node.type}`);
    }
    if (has(node.invoke)) throw unsupported(machine.id, `invoke in "${node.key}"`);
    if (has(node.after)) throw unsupported(machine.id, `after in "${node.key}"`);
    if (has(node.tags)) throw unsupported(machine.id, `tags of "${node.key}"`);
    if (node.config.onDone !== undefined) throw unsupported(machine.id, `onDone of "${node.key}"`);
    if (node.config.route !== undefined) throw unsupported(machine.id, `route of "${node.key}"`);
  }
}

/** Whether an event type falls under a wildcard: `*`, or `stem.*`. */
export function matches(type: string, descriptor: string): boolean {
  if (descriptor === "*") return true;
  const stem = descriptor.slice(0, -2);
  return type === stem || type.startsWith(`${stem}.`);
}
