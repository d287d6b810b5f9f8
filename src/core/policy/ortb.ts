/**
 * Optimal real-time bidding: b = √(c v/λ + c²) − c for a click worth v at a mean price c (Zhang, Yuan, Wang, KDD 2014); λ is steered so
 * that each tick spends its share of the plan. λ = 1 is the bid of highest surplus in a first-price auction.
 */
import { allocate, isOpen, wishesFor } from "./allocation.ts";
import { closed, createTally, expectedSpendMicros, paceOf, tallied, valueMicros } from "./pace.ts";
import type { Tally } from "./pace.ts";
import type { Policy } from "./policy.ts";

const STEP = 0.05;
const MIN_LAMBDA = 0.05;
const MAX_LAMBDA = 1000;

/** The state of the rule. */
interface OrtbMemory {
  readonly tally: Tally;
  readonly lambda: number;
  /** What the last bids were to spend [micros]; null where there were none, which says nothing about λ. */
  readonly targetMicros: number | null;
}

/** ORTB with λ steered to the plan. */
export const ortb: Policy<OrtbMemory> = {
  name: "ortb",
  description: "Bids √(c·v/λ + c²) − c on every platform, λ steered to the traffic plan (Zhang et al., KDD 2014).",
  create: (_spec, platforms) => ({ tally: createTally(platforms), lambda: 1, targetMicros: null }),
  decide(input, memory) {
    const { spec, board, platforms } = input;
    const { tally, targetMicros } = memory;
    const { tickBudgetMicros } = paceOf(input, tally);
    const drift = targetMicros === null ? 0 : Math.min(3, (tally.costMicros - targetMicros) / targetMicros);
    const lambda = Math.min(MAX_LAMBDA, Math.max(MIN_LAMBDA, memory.lambda * Math.exp(STEP * drift)));
    const capMicros = valueMicros(input);

    const wishes = wishesFor(input);
    for (let i = 0; i < wishes.length; i += 1) {
      const platform = spec.platforms[i];
      const clickMicros = capMicros * wishes.cvr[i];
      // Bidding above the surplus-maximising price pays only where the bid is not what is paid.
      const divisor = platforms[platform].pricing === "first-price" ? Math.max(1, lambda) : lambda;
      wishes.marginalMicros[i] = clickMicros / Math.max(1, lambda);
      if (!isOpen(wishes, i)) continue;
      const c = board.cpcMicros[platform];
      wishes.bidMicros[i] = Math.min(clickMicros, Math.sqrt((c * clickMicros) / divisor + c * c) - c);
      wishes.expectedSpendMicros[i] = expectedSpendMicros(input, platform, wishes.bidMicros[i]);
    }
    const unpaced = capMicros < spec.valuePerConversionMicros ? "cpa" : "value";
    const decision = allocate(input, wishes, {
      gammaMicros: capMicros / Math.max(1, lambda),
      binding: lambda > 1 ? "budget" : unpaced,
      reportLagTicks: tally.lagTicks,
    });
    const target = decision.kind === "bid" ? tickBudgetMicros : null;
    return { decision, memory: { tally: closed(tally), lambda, targetMicros: target } };
  },
  learn: (input, memory, batch, from, to) => ({ ...memory, tally: tallied(memory.tally, input, batch, from, to) }),
};
