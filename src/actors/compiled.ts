/**
 * The compiler: a flat statechart becomes plain actor logic around a program of its own, an order of magnitude faster than interpreted.
 *
 * K1 compiled and interpreted logic agree, event by event, on value, context, status, output, error and emitted events;
 * K2 what the compiler does not know it refuses when the machine loads; K3 an event that changes nothing returns the same snapshot;
 * K4 what is persisted, or read as JSON, is whole, and either logic goes on from it; K5 where contexts are recycled, a snapshot is as it was until its actor has
 * taken two more events.
 */
import type { ActorLogic, AnyStateMachine, EventObject, Snapshot } from "xstate";
import { refuseSpawn, Run } from "./run.ts";
import { programOf } from "./program.ts";
import { unsupported } from "./steps.ts";

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
   * All keys of the machine's contexts. Where they are given, an actor's snapshots take turns in two objects (K5): thousands of actors that each get a new one
   * at every event would fill the old generation with what the young one no longer holds. Not for those whose past snapshots somebody reads.
   */
  readonly contextKeys?: readonly (keyof Context & string)[];
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze({});

/**
 * Compiles a flat machine: on, always, entry, exit, assign, plain actions with params, raise, emit, guards with and/or/not, wildcards, reenter,
 * final states with output. What guards and assigners are given is good while they run.
 * @throws EngineError CE_MACHINE_UNSUPPORTED naming any other feature (K2)
 */
export function compile<Context extends object>(
  machine: AnyStateMachine,
  { contextKeys }: CompileOptions<Context> = {},
): CompiledLogic {
  const keys = contextKeys ?? null;
  const { on, always, begin } = programOf(machine, keys);
  const { states } = machine.root;
  const initial = machine.root.initial.target[0].key;

  /** Everything that follows the first microstep, as SCXML has it: eventless transitions first, then raised events. */
  const settle = (run: Run): void => {
    let mayBeEnabled = true;
    while (!run.isDone) {
      run.isChanged = false;
      if (mayBeEnabled && always(run)) {
        mayBeEnabled = run.isChanged;
        continue;
      }
      const raised = run.raised?.shift();
      if (raised === undefined) return;
      run.event = raised;
      on(run);
      mayBeEnabled = true;
    }
  };

  /** A context that is the actor's own, and may be written over where contexts are. */
  const owned = (context: object): object => {
    if (keys === null) return context;
    const strange = Object.keys(context).find((key) => !(keys as readonly string[]).includes(key));
    if (strange !== undefined)
      throw unsupported(machine.id, `"${strange}" in its context, which is not among its keys`);
    return { ...context };
  };

  /** The run that was done with last, to be used again; null while it is in use: an action may send to another actor of the same logic. */
  let unused: Run | null = null;

  return {
    getInitialSnapshot(scope, input) {
      const init = { type: "xstate.init", input } as EventObject;
      const run = new Run().begin(scope, init, initial, {}, null);
      try {
        const { context } = machine.config;
        const given =
          typeof context === "function" ? context({ spawn: refuseSpawn, input, self: scope.self }) : context;
        if (given !== undefined) run.context = owned(given);
        const born = run.context;
        try {
          begin(run);
          settle(run);
        } catch (error) {
          return snapshotOf("error", error, undefined, initial, born);
        }
      } catch (error) {
        return snapshotOf("error", error, undefined, initial, {});
      }
      if (run.isDone) return snapshotOf("done", undefined, run.output, run.value, run.context);
      return activeSnapshot(run.value, run.context);
    },

    transition(snapshot, event, scope) {
      const { value, context } = snapshot;
      if (event.type === "xstate.stop") return snapshotOf("stopped", undefined, undefined, value, context);
      const turns = keys !== null && snapshot instanceof ActiveSnapshot ? snapshot : null;
      const spare = turns === null ? null : turns.spareContext;
      const run = (unused ?? new Run()).begin(scope, event, value, context, spare);
      unused = null;
      if (!on(run) && event.type.startsWith("xstate.error.actor")) {
        return snapshotOf("error", (event as EventObject & { error: unknown }).error, undefined, value, context);
      }
      settle(run);
      unused = run;
      const next = run.context;
      if (run.isDone) return snapshotOf("done", undefined, run.output, run.value, next);
      if (next === context && run.value === value) return snapshot;
      return turns === null ? activeSnapshot(run.value, next) : turns.next(run.value, next);
    },

    getPersistedSnapshot: whole,

    restoreSnapshot(persisted) {
      const { status, error, output, value, context } = persisted as unknown as CompiledSnapshot;
      if (!Object.hasOwn(states, value)) throw unsupported(machine.id, `a snapshot in state "${value}"`);
      if (status === "active") return activeSnapshot(value, owned(context));
      return snapshotOf(status, error, output, value, context);
    },
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
