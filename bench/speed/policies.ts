/** One decision of every policy in the registry. */
import type { Decision } from "../../src/core/decision.ts";
import { ReportBatch, ReportKind } from "../../src/core/reports.ts";
import { policies, policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { decisionInputs } from "./world.ts";
import { race } from "./timing.ts";
import type { Contestant, Figure, Sizes } from "./timing.ts";

/** Most that the default policy may take [µs]. */
const MOST_GAMMA = 5;

/** Every policy against the rule of the requirements. Each round is one tick later, and every bid of the last one has won a click. */
export function decide({ campaigns, rounds }: Sizes): Figure[] {
  const base = policyNamed("greedy-roi");
  const others = [...policies.values()].filter((policy) => policy !== base);
  return race("decide, 5 platforms", [base, ...others].map(contestant(campaigns)), rounds);
}

function contestant(campaigns: number): (policy: Policy) => Contestant {
  return (policy) => {
    const cases = decisionInputs(campaigns, policy);
    const decisions: (Decision | null)[] = cases.map(() => null);
    let tick = 0;
    return {
      subject: policy.name,
      operations: campaigns,
      goal: policy.name === "gamma-pacing" ? { most: MOST_GAMMA, ofRatio: false } : null,
      prepare: () => {
        const inputs = cases.map(({ input }) => ({ ...input, tick }));
        for (const [slot, one] of cases.entries()) {
          const batch = clicksOf(slot, decisions[slot]);
          if (batch.length > 0) one.memory = policy.learn(inputs[slot], one.memory, batch, 0, batch.length);
        }
        tick += 1;
        return () => {
          for (let slot = 0; slot < campaigns; slot += 1) {
            const { decision, memory } = policy.decide(inputs[slot], cases[slot].memory);
            cases[slot].memory = memory;
            decisions[slot] = decision;
          }
        };
      },
    };
  };
}

/** Spend reports on a decision: a click for every bid. */
function clicksOf(campaign: number, decision: Decision | null): ReportBatch {
  const batch = new ReportBatch(8);
  for (const { platform, bidMicros } of decision?.candidates ?? []) {
    if (bidMicros === 0) continue;
    const { tick } = decision!;
    const won = { costMicros: bidMicros, impressions: 40, clicks: 1, conversions: 0, conversionAgeTicks: 0 };
    batch.push({ kind: ReportKind.spend, campaign, platform, tick, ...won });
  }
  return batch;
}
