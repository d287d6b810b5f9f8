/**
 * The rule of the requirements: ROI per click = CVR × value − CPC; all on the affordable platform where it is highest.
 */
import type { Decision, DecisionDraft } from "../decision.ts";
import { allocate, isOpen, wishesFor } from "./allocation.ts";
import { expectedSpendMicros, lagAfter, valueMicros } from "./pace.ts";
import type { Policy, PolicyInput } from "./policy.ts";

/** What the rule bids: the predicted value of a click, or its predicted price. */
type Price = "value" | "cpc";

/** Bids on the platform of highest positive ROI, reserving no more than `limitMicros` in this tick; spend reports come `lagTicks` late. */
export function greedyDecision(
  input: PolicyInput,
  lagTicks: number,
  price: Price,
  draft: DecisionDraft | null | undefined,
  limitMicros?: number,
): Decision {
  const { spec, board } = input;
  const gammaMicros = valueMicros(input);
  const wishes = wishesFor(input);
  for (let i = 0; i < wishes.length; i += 1) {
    const platform = spec.platforms[i];
    const cpcMicros = board.cpcMicros[platform];
    wishes.marginalMicros[i] = gammaMicros * wishes.cvr[i];
    if (!isOpen(wishes, i)) continue;
    if (wishes.cvr[i] * spec.valuePerConversionMicros <= cpcMicros) {
      wishes.verdict[i] = "below-price";
      continue;
    }
    // A CPA target bounds the predicted price too: what is paid per conversion is at most the bid over the CVR.
    wishes.bidMicros[i] = price === "value" ? wishes.marginalMicros[i] : Math.min(cpcMicros, wishes.marginalMicros[i]);
    wishes.expectedSpendMicros[i] = expectedSpendMicros(input, platform, wishes.bidMicros[i]);
  }
  const binding = gammaMicros < spec.valuePerConversionMicros ? "cpa" : "value";
  return allocate(input, wishes, {
    gammaMicros,
    binding,
    pick: "best-roi",
    limitMicros,
    reportLagTicks: lagTicks,
    draft,
  });
}

/** All that the rule remembers is how late spend reports come [ticks]. */
function greedy(name: string, description: string, price: Price): Policy<number> {
  return {
    name,
    description,
    create: () => 0,
    decide: (input, lagTicks, _spare, draft) => ({
      decision: greedyDecision(input, lagTicks, price, draft),
      memory: lagTicks,
    }),
    learn: (input, lagTicks, batch, from, to) => lagAfter(lagTicks, input.tick, batch, from, to),
  };
}

/** The rule of the requirements, bidding the predicted value of a click. */
export const greedyRoi = greedy(
  "greedy-roi",
  "Best platform by CVR × value − CPC within the budget; bids the predicted value of a click.",
  "value",
);

/** The same platform, bidding the predicted price. */
export const greedyCpc = greedy(
  "greedy-cpc",
  "Best platform by CVR × value − CPC within the budget; bids the predicted price of a click.",
  "cpc",
);
