/**
 * The compiler: a flat statechart becomes plain actor logic with precomputed tables, an order of magnitude faster than interpreted.
 *
 * K1 compiled and interpreted logic agree, event by event, on value, context, status, output, error and emitted events;
 * K2 what the compiler does not know it refuses when the machine loads; K3 an event that changes nothing returns the same snapshot;
 * K4 what is persisted, or read as JSON, is whole, and either logic goes on from it; K5 where contexts are recycled, a snapshot is as it was until its actor has
 * taken two more events.
 */
import type { ActorLogic, AnyActorScope, AnyStateMachine, EventObject, Snapshot } from "xstate";
import { refuseSpawn, unsupported } from "./steps.ts";
import type { Run as StepRun, Step } from "./steps.ts";
import { compileState, matches, refuseFeatures } from "./tables.ts";
import type { State, Transition } from "./tables.ts";

/** The state of a compiled actor: what readers of a machine's snapshot need, and can be restored by either logic. */
export interface CompiledSnapshot {
  readonly status: "active" | "done" | "error" | "stopped";
  readonly output: unknown;
  readonly error: unknown;
  /** The state's name. */
  readonly value: string;
  readonly context: object;
  readonly children: Readonly<Record<string, never>>;
  readonly historyValue: Readonly<Record<string, never>>;
}

/** Actor logic made by {@link compile}. */
export type CompiledLogic = ActorLogic<CompiledSnapshot & Snapshot<unknown>, EventObject, unknown>;

/** How a machine is compiled. */
export interface CompileOptions<Context extends object = object> {
  /**
   * Writes a context over another of the same machine. Where it is given, an actor's snapshots take turns in two objects (K5): thousands of actors that each get a
   * new one at every event would fill the old generation with what the young one no longer holds. Not for those whose past snapshots somebody reads.
   */
  readonly copyContext?: (from: Context, into: Context) => void;
}

/** One macrostep under way. */
interface Run extends StepRun {
  state: State;
  output: unknown;
  isDone: boolean;
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze({});
const NO_TRANSITIONS: readonly Transition[] = [];

/**
 * Compiles a flat machine: on, always, entry, exit, assign, plain actions with params, raise, emit, guards with and/or/not, wildcards, reenter,
 * final states with output. What guards and assigners are given is good while they run.
 * @throws EngineError CE_MACHINE_UNSUPPORTED naming any other feature (K2)
 */
export function compile<Context extends object>(
  machine: AnyStateMachine,
  { copyContext }: CompileOptions<Context> = {},
): CompiledLogic {
  const { root, implementations } = machine;
  const copy = (copyContext ?? null) as StepRun["copyContext"];
  refuseFeatures(machine);
  const states = new Map<string, State>();
  const rootState = compileState(root, root, implementations);
  for (const node of Object.values<typeof root>(root.states)) {
    states.set(node.key, compileState(node, root, implementations));
  }
  const initial = states.get(root.initial.target[0].key)!;

  const microstep = (run: Run, { target, steps }: Transition): void => {
    if (target === null) {
      perform(run, steps);
      return;
    }
    const next = states.get(target)!;
    perform(run, run.state.exit);
    perform(run, steps);
    if (next !== run.state) run.isChanged = true;
    enter(run, next);
  };

  const enter = (run: Run, next: State): void => {
    run.state = next;
    perform(run, next.entry);
    if (next.final === null) return;
    run.isDone = true;
    run.isChanged = true;
    run.output = next.final.output(run);
    perform(run, next.exit);
  };

  /** Everything that follows the first microstep, as SCXML has it: eventless transitions first, then raised events. */
  const settle = (run: Run): void => {
    let mayBeEnabled = true;
    while (!run.isDone) {
      const eventless = mayBeEnabled ? (enabled(run, run.state.always) ?? enabled(run, rootState.always)) : null;
      run.isChanged = false;
      if (eventless !== null) {
        microstep(run, eventless);
        mayBeEnabled = run.isChanged;
        continue;
      }
      const raised = run.raised?.shift();
      if (raised === undefined) return;
      run.event = raised;
      const transition = select(run, rootState);
      if (transition !== null) microstep(run, transition);
      mayBeEnabled = true;
    }
  };

  /** The run that was done with last, to be used again; null while it is in use: an action may send to another actor of the same logic. */
  let unused: Run | null = null;
  const begin = (scope: AnyActorScope, event: EventObject, state: State, context: object): Run => {
    const run = unused;
    if (run === null) return createRun(scope, event, state, context, copy);
    unused = null;
    run.scope = scope;
    run.self = scope.self;
    run.system = scope.system;
    run.raised = null;
    run.state = state;
    run.context = context;
    run.spare = null;
    run.event = event;
    run.output = undefined;
    run.isDone = false;
    run.isChanged = false;
    return run;
  };

  return {
    getInitialSnapshot(scope, input) {
      const event = { type: "xstate.init", input };
      const run = createRun(scope, event, initial, {}, copy);
      try {
        const { context } = machine.config;
        if (typeof context === "function")
          run.context = { ...context({ spawn: refuseSpawn, input, self: scope.self }) };
        // A context is written over only where it is the actor's own.
        else if (context !== undefined) run.context = copy === null ? context : { ...context };
        const born = run.context;
        try {
          enter(run, initial);
          settle(run);
        } catch (error) {
          return snapshotOf("error", error, undefined, initial.key, born);
        }
      } catch (error) {
        return snapshotOf("error", error, undefined, initial.key, {});
      }
      if (run.isDone) return snapshotOf("done", undefined, run.output, run.state.key, run.context);
      return activeSnapshot(run.state.key, run.context);
    },

    transition(snapshot, event, scope) {
      const { value, context } = snapshot;
      if (event.type === "xstate.stop") return snapshotOf("stopped", undefined, undefined, value, context);
      const run = begin(scope, event, states.get(value)!, context);
      const turns = copy !== null && snapshot instanceof ActiveSnapshot ? snapshot : null;
      if (turns !== null) run.spare = turns.spareContext;
      const transition = select(run, rootState);
      if (transition !== null) microstep(run, transition);
      else if (event.type.startsWith("xstate.error.actor")) {
        return snapshotOf("error", (event as EventObject & { error: unknown }).error, undefined, value, context);
      }
      settle(run);
      const { isDone, output, state } = run;
      const next = run.context;
      unused = run;
      if (!isDone && next === context && state.key === value) return snapshot;
      if (isDone) return snapshotOf("done", undefined, output, state.key, next);
      return turns === null ? activeSnapshot(state.key, next) : turns.next(state.key, next);
    },

    getPersistedSnapshot: whole,

    restoreSnapshot(persisted) {
      const { status, error, output, value, context } = persisted as unknown as CompiledSnapshot;
      if (!states.has(value)) throw unsupported(machine.id, `a snapshot in state "${value}"`);
      if (status === "active") return activeSnapshot(value, copy === null ? context : { ...context });
      return snapshotOf(status, error, output, value, context);
    },
  };
}

function createRun(
  scope: AnyActorScope,
  event: EventObject,
  state: State,
  context: object,
  copyContext: StepRun["copyContext"],
): Run {
  return {
    scope,
    self: scope.self,
    system: scope.system,
    spawn: refuseSpawn,
    copyContext,
    raised: null,
    state,
    context,
    spare: null,
    event,
    output: undefined,
    isDone: false,
    isChanged: false,
  };
}

/**
 * The snapshot of an actor that goes on: two figures of its own. What is the same for all stands in the prototype: one is made for every event, and its
 * size is felt.
 */
class ActiveSnapshot {
  value: string;
  context: object;
  /** The one before this, in which the next is written; null before there is one. */
  #other: ActiveSnapshot | null = null;

  constructor(value: string, context: object) {
    this.value = value;
    this.context = context;
  }

  /** The context of the one before; null where there is none, or it is still the present one. */
  get spareContext(): object | null {
    const context = this.#other?.context ?? null;
    return context === this.context ? null : context;
  }

  /** The snapshot that follows this one, in the place of the one before (K5). */
  next(value: string, context: object): CompiledSnapshot & Snapshot<unknown> {
    const next = this.#other ?? new ActiveSnapshot(value, context);
    this.#other = null;
    next.value = value;
    next.context = context;
    next.#other = this;
    return next as unknown as CompiledSnapshot & Snapshot<unknown>;
  }

  /** All that a snapshot has. */
  toJSON(): CompiledSnapshot {
    return whole(this as unknown as CompiledSnapshot);
  }
}

Object.assign(ActiveSnapshot.prototype, {
  status: "active",
  output: undefined,
  error: undefined,
  children: NOTHING,
  historyValue: NOTHING,
});

function activeSnapshot(value: string, context: object): CompiledSnapshot & Snapshot<unknown> {
  return new ActiveSnapshot(value, context) as unknown as CompiledSnapshot & Snapshot<unknown>;
}

/** A snapshot with all its figures as its own, which a clone keeps. */
function whole({ status, error, output, value, context }: CompiledSnapshot): CompiledSnapshot & Snapshot<unknown> {
  return snapshotOf(status, error, output, value, context);
}

function snapshotOf(
  status: CompiledSnapshot["status"],
  error: unknown,
  output: unknown,
  value: string,
  context: object,
): CompiledSnapshot & Snapshot<unknown> {
  return { status, output, error, value, context, children: NOTHING, historyValue: NOTHING } as CompiledSnapshot &
    Snapshot<unknown>;
}

function perform(run: Run, steps: readonly Step[]): void {
  for (let i = 0; i < steps.length; i += 1) steps[i](run);
}

function enabled(run: Run, transitions: readonly Transition[]): Transition | null {
  for (let i = 0; i < transitions.length; i += 1) {
    const transition = transitions[i];
    if (transition.test === null || transition.test(run)) return transition;
  }
  return null;
}

function select(run: Run, root: State): Transition | null {
  return selectIn(run, run.state) ?? selectIn(run, root);
}

function selectIn(run: Run, state: State): Transition | null {
  const { type } = run.event;
  const exact = state.exact.get(type) ?? wildcards(state, type);
  for (let i = 0; i < exact.length; i += 1) {
    const transition = exact[i];
    if (transition.test === null) return transition;
    let isOpen: boolean;
    try {
      isOpen = transition.test(run);
    } catch (error) {
      const name = transition.guardName;
      const where = `guard ${name}in transition for event '${type}' in state node '${state.id}'`;
      throw new Error(`Unable to evaluate ${where}:\n${(error as Error).message}`, { cause: error });
    }
    if (isOpen) return transition;
  }
  return null;
}

/** Transitions of an event that has none of its own name. Not kept: event types may be endless. */
function wildcards(state: State, type: string): readonly Transition[] {
  if (state.descriptors.length === 0) return NO_TRANSITIONS;
  return state.descriptors.filter((one) => matches(type, one)).flatMap((one) => state.exact.get(one)!);
}
