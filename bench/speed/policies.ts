/** One decision of every policy in the registry. */
import { DecisionDraft } from "../../src/core/decision.ts";
import { ReportBatch, ReportKind } from "../../src/core/reports.ts";
import { policies, policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { decisionInputs } from "./world.ts";
import { race } from "./timing.ts";
import type { Contestant, Figure, Sizes } from "./timing.ts";

/** Most that the default policy may take [µs]. */
const MOST_GAMMA = 5;

/**
 * Every policy against the rule of the requirements, asked as campaigns ask it: with a memory to write over, and one draft for all. Each round is one tick later,
 * and every bid of the last one has won a click.
 */
export function decide({ campaigns, rounds }: Sizes): Figure[] {
  const base = policyNamed("greedy-roi");
  const others = [...policies.values()].filter((policy) => policy !== base);
  return race("decide, 5 platforms", [base, ...others].map(contestant(campaigns)), rounds);
}

function contestant(campaigns: number): (policy: Policy) => Contestant {
  return (policy) => {
    const cases = decisionInputs(campaigns, policy).map(({ input, memory }) => ({
      input,
      memory,
      spare: null as unknown,
    }));
    const width = cases[0].input.spec.platforms.length;
    const bidMicros = new Float64Array(campaigns * width);
    const draft = new DecisionDraft();
    let tick = 0;
    return {
      subject: policy.name,
      operations: campaigns,
      goal: policy.name === "gamma-pacing" ? { most: MOST_GAMMA, ofRatio: false } : null,
      prepare: () => {
        const inputs = cases.map(({ input }) => ({ ...input, tick }));
        for (const [slot, one] of cases.entries()) {
          const { spec } = one.input;
          const batch = clicksOf(slot, tick - 1, spec.platforms, bidMicros.subarray(slot * width, (slot + 1) * width));
          if (batch.length === 0) continue;
          const { memory } = one;
          one.memory = policy.learn(inputs[slot], memory, batch, 0, batch.length, one.spare);
          one.spare = memory;
        }
        tick += 1;
        return () => {
          for (let slot = 0; slot < campaigns; slot += 1) {
            const one = cases[slot];
            const { decision, memory } = policy.decide(inputs[slot], one.memory, one.spare, draft);
            one.spare = one.memory;
            one.memory = memory;
            for (let row = 0; row < width; row += 1) bidMicros[slot * width + row] = decision.candidates[row].bidMicros;
          }
        };
      },
    };
  };
}

/** Spend reports on the decision of a tick: a click for every bid. */
function clicksOf(campaign: number, tick: number, platforms: readonly number[], bids: Float64Array): ReportBatch {
  const batch = new ReportBatch(8);
  for (const [row, platform] of platforms.entries()) {
    if (bids[row] === 0) continue;
    const won = { costMicros: bids[row], impressions: 40, clicks: 1, conversions: 0, conversionAgeTicks: 0 };
    batch.push({ kind: ReportKind.spend, campaign, platform, tick, ...won });
  }
  return batch;
}
