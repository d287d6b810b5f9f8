/** Policies of the user's own: modules whose default export implements `Policy`. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { EngineError } from "../core/errors.ts";
import { policies, policyNamed } from "../core/policy/index.ts";
import type { Policy } from "../core/policy/policy.ts";

const METHODS = ["create", "decide", "learn"] as const;
const EXPECTED = "a module whose default export is a policy: { name, description, create, decide, learn }";

/** URL of the module that each policy was loaded from. */
const MODULES = new WeakMap<Policy, string>();

/** URL of the module that a policy was loaded from; undefined for those of the engine. */
export function moduleOf(policy: Policy): string | undefined {
  return MODULES.get(policy);
}

/**
 * The policy of that name, or the one that a file exports.
 * @throws EngineError CE_POLICY_UNKNOWN, CE_POLICY_UNREADABLE, CE_POLICY_MALFORMED
 */
export async function findPolicy(nameOrFile: string): Promise<Policy> {
  return isFile(nameOrFile) ? loadPolicy(nameOrFile) : policyNamed(nameOrFile);
}

/** A name has no path and no ending. */
function isFile(nameOrFile: string): boolean {
  return /[/\\]|\.[cm]?[jt]s$/.test(nameOrFile);
}

/** Imports a policy module. @throws EngineError CE_POLICY_UNREADABLE, CE_POLICY_MALFORMED */
async function loadPolicy(file: string): Promise<Policy> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new EngineError("CE_POLICY_UNREADABLE", "There is no such policy module.", { file, expected: EXPECTED });
  }
  const url = pathToFileURL(path).href;
  let exported: unknown;
  try {
    exported = ((await import(url)) as { default?: unknown }).default;
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new EngineError("CE_POLICY_UNREADABLE", `The policy module cannot be loaded: ${why}`, { file }, { cause });
  }
  const malformed = (message: string, expected: string, field = "default") =>
    new EngineError("CE_POLICY_MALFORMED", message, { file, field, expected });
  if (typeof exported !== "object" || exported === null) {
    const what = exported === undefined ? "nothing" : typeof exported;
    throw malformed(`The policy module's default export is ${what}.`, EXPECTED);
  }
  const policy = exported as Policy;
  const missing = METHODS.filter((method) => typeof policy[method] !== "function");
  if (missing.length > 0) {
    throw malformed(`The policy has no ${missing.join(", no ")}.`, "functions as in the interface Policy");
  }
  if (typeof policy.name !== "string" || !/^[\w.:-]{1,64}$/.test(policy.name)) {
    throw malformed("The policy has no name.", "1 to 64 letters, digits, _ . : or -", "default.name");
  }
  if (policies.has(policy.name)) {
    throw malformed(`The name "${policy.name}" is a policy of the engine.`, "a name of its own", "default.name");
  }
  MODULES.set(policy, url);
  return policy;
}
