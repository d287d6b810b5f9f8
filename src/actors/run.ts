/** One event being worked off by one compiled actor. */
import type { AnyActorScope, EventObject } from "xstate";
import { EngineError } from "../core/errors.ts";

/**
 * A macrostep under way; guards and assigners get it as their argument: an object of their own for each would cost more than most of them. An actor's logic
 * uses one again and again.
 */
export class Run {
  scope!: AnyActorScope;
  /** Name of the state that the actor is in by now. */
  value!: string;
  context!: object;
  event!: EventObject;
  /** A context that nobody reads any more, for the first assignment of the run; null where there is none. */
  spare!: object | null;
  /** Raised and not yet worked off; null before anything is. */
  raised!: EventObject[] | null;
  /** Whether the present microstep has changed anything. */
  isChanged!: boolean;
  /** Whether a final state was entered. */
  isDone!: boolean;
  output: unknown;

  /** Begins anew. */
  begin(scope: AnyActorScope, event: EventObject, value: string, context: object, spare: object | null): this {
    this.scope = scope;
    this.event = event;
    this.value = value;
    this.context = context;
    this.spare = spare;
    this.raised = null;
    this.isChanged = false;
    this.isDone = false;
    this.output = undefined;
    return this;
  }

  /** What XState hands out beside context and event. */
  get self(): AnyActorScope["self"] {
    return this.scope.self;
  }

  get system(): AnyActorScope["system"] {
    return this.scope.system;
  }

  get spawn(): () => never {
    return refuseSpawn;
  }
}

/** Stands where XState would hand out `spawn`. */
export function refuseSpawn(): never {
  throw new EngineError("CE_MACHINE_UNSUPPORTED", "A compiled machine cannot spawn.");
}
