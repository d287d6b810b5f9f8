/** How many threads an engine runs on, and what can run on several. */
import type { ThreadInput } from "../../../machines/engine.ts";
import { EngineError } from "../../core/errors.ts";
import { policyNamed } from "../../core/policy/index.ts";
import type { EngineConfig } from "../engine.ts";
import type { TreeConfig } from "../tree.ts";
import { ThreadedActors } from "./threaded-actors.ts";
import type { ThreadedParts } from "./threaded-actors.ts";

/** Most threads. */
export const MAX_THREADS = 64;
/** How long a thread may give no sign of life [ms]. */
const SILENCE_MS = 10_000;

/**
 * The campaigns' actors in worker threads; null where the configuration wants one thread.
 * @throws EngineError CE_THREADS_REFUSED for what cannot run in another thread, CE_POLICY_UNKNOWN
 */
export function threadedActors(
  config: EngineConfig,
  parts: Omit<ThreadedParts, "threads" | "seed" | "tickMs" | "silenceMs" | "policyModules" | "isInterpreted">,
): ThreadedActors | null {
  const { threads = 1, seed, tickMs, threadSilenceMs: silenceMs = SILENCE_MS } = config;
  const { policyModules = {}, isInterpreted = false } = config;
  if (threads === 1) return null;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw refused(`${threads} threads`, `a whole number from 1 to ${MAX_THREADS}`);
  }
  if (config.inspect !== undefined) throw refused("an inspected run", "one thread: an inspector sees only its own");
  for (const name of new Set(config.campaigns.map(({ policy }) => policy))) {
    if (Object.hasOwn(policyModules, name)) continue;
    if (config.policyOf !== undefined) throw refused(`the policy "${name}" from memory`, "its module in policyModules");
    policyNamed(name);
  }
  return new ThreadedActors({ ...parts, threads, seed, tickMs, silenceMs, policyModules, isInterpreted });
}

/** The part of a tree's configuration that says where campaigns live. */
export function elsewhere({ threads = 1 }: EngineConfig, actors: ThreadedActors | null): Pick<TreeConfig, "elsewhere"> {
  if (actors === null) return {};
  const list = Array.from({ length: threads }, (_, i): ThreadInput => ({ thread: i + 1 }));
  return { elsewhere: { threads: list, thread: actors.threads, campaign: actors.campaigns } };
}

function refused(what: string, expected: string): EngineError {
  return new EngineError("CE_THREADS_REFUSED", `Several threads cannot run ${what}.`, { expected });
}
