/** Uniform bids by a policy that ends the thread, or never comes back, for one campaign in thread 2 at some ticks. Its gamma counts decisions. */
import { workerData } from "node:worker_threads";
import { policyNamed } from "../../../src/core/policy/index.ts";
import type { Policy } from "../../../src/core/policy/policy.ts";

interface Counted {
  readonly memory: unknown;
  readonly decisions: number;
}

const uniform = policyNamed("uniform");
const isDoomed = (workerData as { setup?: { thread: number } } | null)?.setup?.thread === 2;

/** What becomes of the thread, by tick. */
const DEADS: Readonly<Record<number, () => void>> = {
  70: () => process.exit(1),
  80: () => {
    queueMicrotask(() => {
      throw new Error("late");
    });
  },
  90: () => {
    for (;;);
  },
  100: () => process.exit(1),
};

const deadly: Policy<Counted> = {
  name: "deadly",
  description: "ends its thread",
  create: (spec, platforms) => ({ memory: uniform.create(spec, platforms), decisions: 0 }),
  decide(input, before) {
    if (isDoomed && input.spec.id === "shoes-0002") DEADS[input.tick]?.();
    const { decision, memory } = uniform.decide(input, before.memory);
    const decisions = before.decisions + 1;
    return { decision: { ...decision, gammaMicros: decisions }, memory: { memory, decisions } };
  },
  learn: (input, { memory, decisions }, batch, from, to) => ({
    memory: uniform.learn(input, memory, batch, from, to),
    decisions,
  }),
};

export default deadly;
