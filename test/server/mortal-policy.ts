/** Uniform bids by a policy that ends its worker thread at the tick that the environment names when the thread starts. */
import { isMainThread } from "node:worker_threads";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";

/** Name of the variable. */
export const MORTAL_TICK = "CAMPAIGN_ENGINE_TEST_MORTAL_TICK";

const uniform = policyNamed("uniform");

const mortal: Policy = {
  ...uniform,
  name: "mortal",
  description: "ends its thread",
  decide(input, memory) {
    if (!isMainThread && input.spec.id === "shoes-0002" && `${input.tick}` === process.env[MORTAL_TICK])
      process.exit(1);
    return uniform.decide(input, memory);
  },
};

export default mortal;
