/** The registry of decision policies, by name. */
import { EngineError } from "../errors.ts";
import { dualDescent } from "./dual-descent.ts";
import { gammaPacing } from "./gamma-pacing.ts";
import { greedyCpc, greedyRoi } from "./greedy-roi.ts";
import { ortb } from "./ortb.ts";
import { pid } from "./pid.ts";
import type { Policy } from "./policy.ts";
import { equalSplit, uniform } from "./uniform.ts";

/** Every policy that a campaign can name. */
export const policies: ReadonlyMap<string, Policy> = new Map(
  [gammaPacing, greedyRoi, greedyCpc, uniform, pid, ortb, dualDescent, equalSplit].map((policy): [string, Policy] => [
    policy.name,
    policy as Policy,
  ]),
);

/** The policy of that name. @throws EngineError CE_POLICY_UNKNOWN. */
export function policyNamed(name: string): Policy {
  const policy = policies.get(name);
  if (policy === undefined) {
    throw new EngineError("CE_POLICY_UNKNOWN", `There is no policy "${name}".`, {
      expected: "the name of a policy",
      hint: `Policies: ${[...policies.keys()].join(", ")}.`,
    });
  }
  return policy;
}
