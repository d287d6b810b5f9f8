/** Guards and actions of a statechart as plain functions over a run, with the meaning that XState gives them. */
import { and, assign, emit, not, or, raise } from "xstate";
import type { AnyActorScope, AnyStateMachine, EventObject } from "xstate";
import { EngineError } from "../core/errors.ts";

/** One event being worked off by one actor; guards and assigners get it as their argument: an object of their own for each would cost more than most of them. */
export interface Run {
  scope: AnyActorScope;
  /** What XState hands out beside context and event. */
  self: AnyActorScope["self"];
  system: AnyActorScope["system"];
  readonly spawn: () => never;
  /** Raised and not yet worked off; null before anything is. */
  raised: EventObject[] | null;
  context: object;
  /** Writes one context over another; null where each is a new one. */
  readonly copyContext: ((from: object, into: object) => void) | null;
  /** A context that nobody reads any more, for the first assignment of the run. */
  spare: object | null;
  event: EventObject;
  /** Whether the present microstep has changed anything. */
  isChanged: boolean;
}

/** A compiled action. */
export type Step = (run: Run) => void;
/** A compiled guard. */
export type Test = (run: Run) => boolean;

/** Named guards and actions of a machine. */
export type Implementations = AnyStateMachine["implementations"];

const CHECKS = { and: checkOf(and([])), or: checkOf(or([])), not: checkOf(not("none")) };
const TYPES = {
  assign: typeOf(assign({})),
  raise: typeOf(raise({ type: "none" })),
  emit: typeOf(emit({ type: "none" })),
};

type AnyFunction = (...given: unknown[]) => unknown;
interface Named {
  readonly type: string;
  readonly params?: unknown;
}
interface BuiltinGuard {
  readonly check?: unknown;
  readonly guards?: readonly unknown[];
}
interface BuiltinAction {
  readonly type?: string;
  readonly resolve?: unknown;
  readonly assignment?: unknown;
  readonly event?: unknown;
  readonly delay?: unknown;
}

/** Compiles a guard. @throws EngineError CE_MACHINE_UNSUPPORTED */
export function compileGuard(guard: unknown, machineId: string, implementations: Implementations): Test {
  if (typeof guard !== "function") {
    const named = (typeof guard === "string" ? { type: guard } : guard) as Named;
    const found: unknown = implementations.guards[named.type];
    if (found === undefined) throw unsupported(machineId, `guard "${named.type}" without an implementation`);
    if (typeof found !== "function" || "check" in found) return compileGuard(found, machineId, implementations);
    const params = compileParams(named);
    return (run) => Boolean((found as AnyFunction)(run, params(run)));
  }
  const { check, guards = [] } = guard as BuiltinGuard;
  if (check === undefined) return (run) => Boolean((guard as AnyFunction)(run, undefined));
  const tests = guards.map((one) => compileGuard(one, machineId, implementations));
  if (check === CHECKS.and) {
    return (run) => {
      for (const test of tests) if (!test(run)) return false;
      return true;
    };
  }
  if (check === CHECKS.or) return (run) => tests.some((test) => test(run));
  if (check === CHECKS.not) return (run) => !tests[0](run);
  throw unsupported(machineId, `guard ${guard.name}`);
}

/** Compiles a list of actions. @throws EngineError CE_MACHINE_UNSUPPORTED */
export function compileActions(
  actions: readonly unknown[],
  machineId: string,
  implementations: Implementations,
): readonly Step[] {
  return actions.map((action) => {
    const named = (typeof action === "object" ? action : { type: action }) as Named;
    const found: unknown = typeof action === "function" ? action : implementations.actions[named.type];
    if (typeof found !== "function") throw unsupported(machineId, `action "${named.type}" without an implementation`);
    const params = typeof action === "function" ? () => undefined : compileParams(named);
    return "resolve" in found
      ? compileBuiltin(found, params, machineId)
      : plainStep(
          found as AnyFunction,
          typeof action === "function" ? found.name || "(anonymous)" : named.type,
          params,
        );
  });
}

function compileBuiltin(action: BuiltinAction, params: (run: Run) => unknown, machineId: string): Step {
  const { type = "", assignment, event, delay } = action;
  if (type === TYPES.assign) return assignStep(assignment, params);
  if (type === TYPES.raise && delay === undefined) {
    return (run) => {
      const raised = (typeof event === "function" ? event(run, params(run)) : event) as EventObject;
      (run.raised ??= []).push(raised);
    };
  }
  if (type === TYPES.emit) {
    return (run) => {
      const emitted = (typeof event === "function" ? event(run, params(run)) : event) as EventObject;
      run.scope.actionExecutor(executable(run, type, { event: emitted }, () => deferEmit(run.scope, emitted)));
    };
  }
  throw unsupported(machineId, `the action ${type}${delay === undefined ? "" : " with a delay"}`);
}

function deferEmit(scope: AnyActorScope, emitted: EventObject): void {
  scope.defer(() => scope.emit(emitted));
}

function assignStep(assignment: unknown, params: (run: Run) => unknown): Step {
  if (typeof assignment === "function") {
    return (run) => {
      const patch = assignment(run, params(run)) as Record<string, unknown>;
      const next = contextAfter(run);
      // Cheaper than a second spread; an assigner's keys are its own.
      for (const key in patch) next[key] = patch[key];
      run.context = next;
      run.isChanged = true;
    };
  }
  const entries = Object.entries(assignment as object);
  return (run) => {
    const given = params(run);
    const next = contextAfter(run);
    for (const [key, value] of entries) next[key] = typeof value === "function" ? value(run, given) : value;
    run.context = next;
    run.isChanged = true;
  };
}

/** A copy of the context, to be changed. */
function contextAfter(run: Run): Record<string, unknown> {
  const { context, copyContext, spare } = run;
  if (spare === null) return { ...context };
  run.spare = null;
  copyContext!(context, spare);
  return spare as Record<string, unknown>;
}

function plainStep(action: AnyFunction, type: string, params: (run: Run) => unknown): Step {
  return (run) => run.scope.actionExecutor(executable(run, type, params(run), action));
}

function executable(
  run: Run,
  type: string,
  params: unknown,
  exec: AnyFunction,
): Parameters<AnyActorScope["actionExecutor"]>[0] {
  return { type, info: argsOf(run), params, exec } as unknown as Parameters<AnyActorScope["actionExecutor"]>[0];
}

/** Of a plain action, which is carried out when the run is over. */
function argsOf({ context, event, self, system }: Run): object {
  return { context, event, self, system };
}

function compileParams({ params }: Named): (run: Run) => unknown {
  return typeof params === "function" ? (run) => params(run) : () => params;
}

/** Stands where XState would hand out `spawn`. */
export function refuseSpawn(): never {
  throw new EngineError("CE_MACHINE_UNSUPPORTED", "A compiled machine cannot spawn.");
}

/** The error for a feature that the compiler does not know. */
export function unsupported(machineId: string, feature: string): EngineError {
  return new EngineError("CE_MACHINE_UNSUPPORTED", `Machine "${machineId}" cannot be compiled: it has ${feature}.`);
}

function checkOf(guard: unknown): unknown {
  return (guard as BuiltinGuard).check;
}

function typeOf(action: unknown): string | undefined {
  return (action as BuiltinAction).type;
}
