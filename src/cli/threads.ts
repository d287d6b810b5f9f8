/** The `--threads` option: how many worker threads the campaigns are dealt out to. */
import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { MAX_THREADS } from "../runtime/threads/threads.ts";

/** Fewer campaigns than this in a thread cost more than they gain: each tick has its messages, and each thread its start. */
const LEAST_CAMPAIGNS = 500;

/** Adds the option. */
export function withThreadsOption(command: Command): Command {
  const what = `worker threads for the campaigns (default: the cores, with at least ${LEAST_CAMPAIGNS} campaigns each); never changes a decision`;
  return command.option("--threads <number>", what, parseThreads);
}

/** The threads of a run: as asked, or as many as there are cores and work for. 1: none beside the engine's own. */
export function threadsFor(campaigns: number, asked: number | undefined): number {
  return asked ?? Math.max(1, Math.min(availableParallelism(), MAX_THREADS, Math.floor(campaigns / LEAST_CAMPAIGNS)));
}

/** @throws InvalidArgumentError */
function parseThreads(text: string): number {
  const threads = Number(text);
  if (!/^\d{1,2}$/.test(text) || threads < 1 || threads > MAX_THREADS) {
    throw new InvalidArgumentError(`A whole number from 1 to ${MAX_THREADS}.`);
  }
  return threads;
}
