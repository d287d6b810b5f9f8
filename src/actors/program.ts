/**
 * A flat statechart as the text of a program: every state, event, guard and action in its place, nothing looked up while it runs.
 *
 * Text, because V8 optimises a call by who was called from that place before: functions that are shared by all states and machines see everybody.
 */
import type { AnyStateMachine, EventObject } from "xstate";
import type { Run } from "./run.ts";
import { StepText, unsupported } from "./steps.ts";

/** A statechart's program. What it does to a run, it does to the state and the context that the run is in. */
export interface Program {
  /** Takes the first transition that is enabled by the run's event; false where none is. */
  readonly on: (run: Run) => boolean;
  /** Takes the first eventless transition that is enabled; false where none is. */
  readonly always: (run: Run) => boolean;
  /** Enters the initial state. */
  readonly begin: (run: Run) => void;
}

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

/**
 * Writes and loads the program of a flat machine.
 * @param keys of its contexts, where they are written over one another; null where each is a new object
 * @throws EngineError CE_MACHINE_UNSUPPORTED naming the feature that it does not know
 */
export function programOf(machine: AnyStateMachine, keys: readonly string[] | null): Program {
  refuseFeatures(machine);
  const steps = new StepText(machine, keys);
  const text = new ProgramText(machine.root, steps).write();
  const source = `"use strict";\n${steps.declarations}\n${text}\n//# sourceURL=${encodeURIComponent(machine.id)}.statechart.js`;
  // Of what a machine's author writes only names get into the text, as string literals.
  // oxlint-disable-next-line typescript/no-implied-eval
  return (new Function("values", source) as (values: readonly unknown[]) => Program)(steps.values);
}

/** The text of one machine: a function for each state's entry, exit, events and eventless transitions, and those that choose among them. */
class ProgramText {
  readonly #root: Node;
  readonly #states: readonly Node[];
  readonly #steps: StepText;
  readonly #functions: string[] = [];

  constructor(root: Node, steps: StepText) {
    this.#root = root;
    this.#states = Object.values<Node>(root.states);
    this.#steps = steps;
  }

  write(): string {
    const root = this.#root;
    const states = [...this.#states.entries()];
    for (const [at, state] of states) {
      this.#declare(`enter${at}`, this.#entering(state));
      this.#declare(`exit${at}`, this.#steps.actions(state.exit));
      this.#declareHearing(`on${at}`, state);
      this.#declare(`always${at}`, this.#taking(state.always ?? [], state, false));
    }
    this.#declareHearing("onRoot", root);
    this.#declare("alwaysRoot", this.#taking(root.always ?? [], root, false));
    this.#declare(
      "exit",
      this.#byState((at) => `exit${at}(run)`),
    );
    this.#declare(
      "on",
      this.#byState((at) => `on${at}(run) || onRoot(run)`),
    );
    this.#declare(
      "always",
      this.#byState((at) => `always${at}(run) || alwaysRoot(run)`),
    );
    const begin = this.#at(root.initial.target[0]);
    return `${this.#functions.join("\n")}\nreturn { on, always, begin: enter${begin} };`;
  }

  #declare(name: string, body: string): void {
    this.#functions.push(`const ${name} = (run) => {\n${body}\n};`);
  }

  #at(state: Node): number {
    return this.#states.indexOf(state);
  }

  #byState(what: (at: number) => string): string {
    const cases = this.#states.map(({ key }, at) => `case ${quoted(key)}: return ${what(at)};`);
    return `switch (run.value) {\n${cases.join("\n")}\n}`;
  }

  #entering(state: Node): string {
    const entry = `run.value = ${quoted(state.key)};\n${this.#steps.actions(state.entry)}`;
    if (state.type !== "final") return entry;
    const output = this.#steps.name(outputOf(state, this.#root));
    const exit = this.#steps.actions(state.exit);
    return `${entry}\nrun.isDone = true;\nrun.isChanged = true;\nrun.output = ${output}(run);\n${exit}`;
  }

  /** What a state does with an event: by its name, then by the wildcards that it falls under, longest first, as XState has it. */
  #declareHearing(name: string, state: Node): void {
    const own = new Map(state.transitions);
    const types = [...own.keys()];
    const wildcards = types.filter((one) => one.endsWith("*")).toSorted((a, b) => b.length - a.length);
    const cases = types.map((type, at) => {
      // Whatever falls under the longer of two that match falls under the shorter.
      const wider = wildcards.filter((one) => one !== type && matches(type, one)).flatMap((one) => own.get(one)!);
      this.#declare(`${name}_${at}`, this.#taking([...own.get(type)!, ...wider], state, true));
      return `case ${quoted(type)}: return ${name}_${at}(run);`;
    });
    const others = wildcards.map((one) => {
      if (one !== "*" && !one.endsWith(".*")) throw unsupported(this.#root.id, `the descriptor "${one}"`);
      const isMatch = `${this.#steps.name(matches)}(run.event.type, ${quoted(one)})`;
      return `if (${isMatch}) return ${name}_${types.indexOf(one)}(run);`;
    });
    this.#declare(name, `switch (run.event.type) {\n${cases.join("\n")}\n}\n${others.join("\n")}\nreturn false;`);
  }

  /** Takes the first of these transitions that is enabled; a guard that fails on an event says which it is. */
  #taking(transitions: readonly Transition[], state: Node, isOnEvent: boolean): string {
    const tried = transitions.map((one) => {
      const step = `${this.#microstep(one, state)}\nreturn true;`;
      if (one.guard === undefined) return `{\n${step}\n}`;
      const test = this.#steps.guard(one.guard);
      if (!isOnEvent) return `if (${test}) {\n${step}\n}`;
      const failed = `${this.#steps.name(guardFailed)}(error, ${quoted(guardName(one.guard))}, run, ${quoted(state.id)})`;
      return `{\nlet isOpen;\ntry { isOpen = ${test}; } catch (error) { throw ${failed}; }\nif (isOpen) {\n${step}\n}\n}`;
    });
    return `${tried.join("\n")}\nreturn false;`;
  }

  #microstep({ target, actions, reenter }: Transition, state: Node): string {
    const root = this.#root;
    const [to] = target ?? [];
    if (target !== undefined && (target.length !== 1 || to.parent !== root))
      throw unsupported(root.id, "such a target");
    if (state === root && reenter) throw unsupported(root.id, "reenter on the root");
    const steps = this.#steps.actions(actions);
    if (to === undefined || (to === state && !reenter)) return steps;
    const exit = state === root ? "exit(run);" : `exit${this.#at(state)}(run);`;
    const isMoved = `if (run.value !== ${quoted(to.key)}) run.isChanged = true;`;
    return `${exit}\n${steps}\n${isMoved}\nenter${this.#at(to)}(run);`;
  }
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function outputOf(node: Node, root: Node): (run: Run) => unknown {
  const resolve = (output: unknown, run: Run, event: EventObject): unknown =>
    typeof output === "function" ? output({ context: run.context, event, self: run.self }) : output;
  const type = `xstate.done.state.${node.id}`;
  const of = (run: Run) => (node.output === undefined ? undefined : resolve(node.output, run, run.event));
  return (run) =>
    root.output === undefined ? undefined : resolve(root.output, run, { type, output: of(run) } as EventObject);
}

/** How XState's message names a guard. */
function guardName(guard: unknown): string {
  if (typeof guard === "string") return `'${guard}' `;
  return typeof guard === "object" ? `'${(guard as { type: string }).type}' ` : "";
}

function guardFailed(error: unknown, name: string, run: Run, stateId: string): Error {
  const where = `guard ${name}in transition for event '${run.event.type}' in state node '${stateId}'`;
  return new Error(`Unable to evaluate ${where}:\n${(error as Error).message}`, { cause: error });
}

/** @throws EngineError CE_MACHINE_UNSUPPORTED for a machine that is not flat, or has timers, invocations, tags or routes */
function refuseFeatures(machine: AnyStateMachine): void {
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
function matches(type: string, descriptor: string): boolean {
  if (descriptor === "*") return true;
  const stem = descriptor.slice(0, -2);
  return type === stem || type.startsWith(`${stem}.`);
}
