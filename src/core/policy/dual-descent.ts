/**
 * Dual mirror descent: a price on the budget rises when a tick costs more than its share of the plan and falls when it costs less
 * (regret O(√T): Balseiro, Lu, Mirrokni, arXiv 2011.10124). A CPA target has a price of its own; the harder binds.
 */
import type { Binding } from "../decision.ts";
import { shadedBid } from "../landscape.ts";
import { allocate, isOpen, wishesFor } from "./allocation.ts";
import { PRIOR_LANDSCAPE, closed, createTally, expectedSpendMicros, paceOf, tallied } from "./pace.ts";
import type { Tally } from "./pace.ts";
import type { Policy } from "./policy.ts";

const STEP = 0.05;
/** Beyond this price a bid is a thousandth of value: rising further would only make the way back longer. */
const MAX_DUAL = 999;

/** The dual variables. */
interface DualMemory {
  readonly tally: Tally;
  /** Price of the budget: gamma = value / (1 + mu). */
  readonly mu: number;
  /** Price of the CPA target A: gamma = (value + nu A) / (1 + nu). */
  readonly nu: number;
  /** What the last bids were to spend [micros]; null where there were none, which says nothing about prices. */
  readonly targetMicros: number | null;
}

/** One step of a dual variable: up where the cost exceeds what is allowed, down where it falls short. */
export function dualStep(dual: number, costMicros: number, allowedMicros: number): number {
  const drift = (costMicros - allowedMicros) / Math.max(1, allowedMicros);
  return Math.min(MAX_DUAL, Math.max(0, dual + STEP * Math.min(3, Math.max(-3, drift))));
}

/** Dual mirror descent on budget and CPA. */
export const dualDescent: Policy<DualMemory> = {
  name: "dual-descent",
  description:
    "Bids value / (1 + mu) on every platform; mu follows cost against the traffic plan (Balseiro et al., 2020).",
  create: (_spec, platforms) => ({ tally: createTally(platforms), mu: 0, nu: 0, targetMicros: null }),
  decide(input, memory) {
    const { spec, board, platforms } = input;
    const { tally, targetMicros } = memory;
    const { valuePerConversionMicros, cpaTargetMicros } = spec;
    const { tickBudgetMicros } = paceOf(input, tally);
    const mu = targetMicros === null ? memory.mu : dualStep(memory.mu, tally.costMicros, targetMicros);
    let { nu } = memory;
    let gammaMicros = valuePerConversionMicros / (1 + mu);
    let binding: Binding = mu > 0 ? "budget" : "value";
    if (cpaTargetMicros !== null) {
      if (tally.costMicros > 0) nu = dualStep(nu, tally.costMicros, cpaTargetMicros * tally.expectedConversions);
      const cpaMicros = (valuePerConversionMicros + nu * cpaTargetMicros) / (1 + nu);
      if (cpaMicros < gammaMicros) {
        gammaMicros = cpaMicros;
        binding = "cpa";
      }
    }

    const wishes = wishesFor(input);
    for (let i = 0; i < wishes.length; i += 1) {
      const platform = spec.platforms[i];
      const clickMicros = gammaMicros * wishes.cvr[i];
      wishes.marginalMicros[i] = clickMicros;
      if (!isOpen(wishes, i)) continue;
      const cpcMicros = board.cpcMicros[platform];
      const isShaded = platforms[platform].pricing === "first-price" && cpcMicros > 0;
      wishes.bidMicros[i] = isShaded ? cpcMicros * shadedBid(PRIOR_LANDSCAPE, clickMicros / cpcMicros) : clickMicros;
      wishes.expectedSpendMicros[i] = expectedSpendMicros(input, platform, wishes.bidMicros[i]);
    }
    const decision = allocate(input, wishes, { gammaMicros, binding, reportLagTicks: tally.lagTicks });
    const target = decision.kind === "bid" ? tickBudgetMicros : null;
    return { decision, memory: { tally: closed(tally), mu, nu, targetMicros: target } };
  },
  learn: (input, memory, batch, from, to) => ({ ...memory, tally: tallied(memory.tally, input, batch, from, to) }),
};
