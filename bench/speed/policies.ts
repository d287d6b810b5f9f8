/** One decision of every policy in the registry. */
import { policies, policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { decisionInputs } from "./world.ts";
import { race } from "./timing.ts";
import type { Contestant, Figure, Sizes } from "./timing.ts";

/** Every policy against the rule of the requirements. Each round is one tick later; nothing is spent in between. */
export function decide({ campaigns, rounds }: Sizes): Figure[] {
  const base = policyNamed("greedy-roi");
  const others = [...policies.values()].filter((policy) => policy !== base);
  return race("decide, 5 platforms", [base, ...others].map(contestant(campaigns)), rounds);
}

function contestant(campaigns: number): (policy: Policy) => Contestant {
  return (policy) => {
    const cases = decisionInputs(campaigns, policy);
    let tick = 0;
    return {
      subject: policy.name,
      operations: campaigns,
      prepare: () => {
        const inputs = cases.map(({ input }) => ({ ...input, tick }));
        tick += 1;
        return () => {
          for (let slot = 0; slot < campaigns; slot += 1) {
            cases[slot].memory = policy.decide(inputs[slot], cases[slot].memory).memory;
          }
        };
      },
    };
  };
}
