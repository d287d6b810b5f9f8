/** The text of guards and actions, with the meaning that XState gives them. */
import { and, assign, emit, not, or, raise } from "xstate";
import type { AnyStateMachine, EventObject } from "xstate";
import { EngineError } from "../core/errors.ts";
import type { Run } from "./run.ts";

/** Named guards and actions of a machine. */
type Implementations = AnyStateMachine["implementations"];

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

/** What a machine's guards and actions are written with. */
export class StepText {
  readonly #machineId: string;
  readonly #implementations: Implementations;
  readonly #keys: readonly string[] | null;
  readonly #values: unknown[] = [];

  /** @param keys of the machine's contexts, where they are written over one another; null where each is a new object */
  constructor({ id, implementations }: AnyStateMachine, keys: readonly string[] | null) {
    this.#machineId = id;
    this.#implementations = implementations;
    this.#keys = keys;
  }

  /** All values that the text names. */
  get values(): readonly unknown[] {
    return this.#values;
  }

  /** Where the names get their meaning, in a text that is given the `values`. */
  get declarations(): string {
    return `const [${this.#values.map((_, at) => `v${at}`).join(", ")}] = values;`;
  }

  /** The name of a value. */
  name(value: unknown): string {
    const at = this.#values.indexOf(value);
    return `v${at >= 0 ? at : this.#values.push(value) - 1}`;
  }

  /** An expression that asks a guard about `run`. @throws EngineError CE_MACHINE_UNSUPPORTED */
  guard(guard: unknown): string {
    if (typeof guard !== "function") {
      const named = (typeof guard === "string" ? { type: guard } : guard) as Named;
      const found: unknown = this.#implementations.guards[named.type];
      if (found === undefined) throw unsupported(this.#machineId, `guard "${named.type}" without an implementation`);
      if (typeof found !== "function" || "check" in found) return this.guard(found);
      return `${this.name(found)}(run, ${this.#params(named)})`;
    }
    const { check, guards = [] } = guard as BuiltinGuard;
    if (check === undefined) return `${this.name(guard)}(run, undefined)`;
    const tests = guards.map((one) => this.guard(one));
    if (check === CHECKS.and) return `(${["true", ...tests].join(" && ")})`;
    if (check === CHECKS.or) return `(${["false", ...tests].join(" || ")})`;
    if (check === CHECKS.not) return `!${tests[0]}`;
    throw unsupported(this.#machineId, `guard ${guard.name}`);
  }

  /** Statements that carry actions out on `run`, one after the other. @throws EngineError CE_MACHINE_UNSUPPORTED */
  actions(actions: readonly unknown[]): string {
    return actions.map((action) => this.#action(action)).join("\n");
  }

  #action(action: unknown): string {
    const named = (typeof action === "object" ? action : { type: action }) as Named;
    const found: unknown = typeof action === "function" ? action : this.#implementations.actions[named.type];
    if (typeof found !== "function") {
      throw unsupported(this.#machineId, `action "${named.type}" without an implementation`);
    }
    const params = typeof action === "function" ? "undefined" : this.#params(named);
    if ("resolve" in found) return this.#builtin(found, params);
    const type = typeof action === "function" ? found.name || "(anonymous)" : named.type;
    return `${this.name(execute)}(run, ${JSON.stringify(type)}, ${params}, ${this.name(found)});`;
  }

  #builtin({ type = "", assignment, event, delay }: BuiltinAction, params: string): string {
    if (type === TYPES.assign) return this.#assign(assignment, params);
    const made = typeof event === "function" ? `${this.name(event)}(run, ${params})` : this.name(event);
    if (type === TYPES.raise && delay === undefined) return `(run.raised ??= []).push(${made});`;
    if (type === TYPES.emit) return `${this.name(emitted)}(run, ${made});`;
    throw unsupported(this.#machineId, `the action ${type}${delay === undefined ? "" : " with a delay"}`);
  }

  #assign(assignment: unknown, params: string): string {
    const patch =
      typeof assignment === "function" ? `${this.name(assignment)}(run, ${params})` : this.#patch(assignment!, params);
    const keys = this.#keys;
    if (keys === null) return `run.context = ${this.name(patched)}(run.context, ${patch});\nrun.isChanged = true;`;
    const quotedKeys = keys.map((key) => JSON.stringify(key));
    const fields = quotedKeys.map((key) => `into[${key}] = ${key} in patch ? patch[${key}] : from[${key}];`);
    const blank = quotedKeys.map((key) => `${key}: undefined`);
    return `{
const patch = ${patch};
const from = run.context;
const into = run.spare ?? { ${blank.join(", ")} };
run.spare = null;
${fields.join("\n")}
run.context = into;
run.isChanged = true;
}`;
  }

  /** An object of which each property is given, or comes from a function of its own. */
  #patch(assignment: object, params: string): string {
    const properties = Object.entries(assignment).map(([key, value]) => {
      const made = typeof value === "function" ? `${this.name(value)}(run, given)` : this.name(value);
      return `${JSON.stringify(key)}: ${made}`;
    });
    return `((given) => ({ ${properties.join(", ")} }))(${params})`;
  }

  #params({ params }: Named): string {
    if (params === undefined) return "undefined";
    return typeof params === "function" ? `${this.name(params)}(run)` : this.name(params);
  }
}

/** A copy of a context with some of it replaced. */
function patched(context: object, patch: Readonly<Record<string, unknown>>): object {
  const next = { ...context } as Record<string, unknown>;
  // Cheaper than a second spread; an assigner's keys are its own.
  for (const key in patch) next[key] = patch[key];
  return next;
}

function emitted(run: Run, event: EventObject): void {
  const { scope } = run;
  execute(run, TYPES.emit!, { event }, () => scope.defer(() => scope.emit(event)));
}

/** Has a plain action carried out by XState, which does so when the run is over, or the actor has started. */
function execute({ scope, context, event, self, system }: Run, type: string, params: unknown, exec: AnyFunction): void {
  const info = { context, event, self, system };
  scope.actionExecutor({ type, info, params, exec });
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
