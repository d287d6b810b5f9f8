/**
 * Even spending over time: the rule of the requirements under an even line, and the equal split over platforms that serves as a control.
 *
 * U1 what is spent and reserved never lies above the even line: budget × share of the flight (or day) gone, this tick included. Money not
 * spent is carried on, so that a budget of less than a click per tick still buys clicks.
 */
import { allocate, isOpen, wishesFor } from "./allocation.ts";
import { greedyDecision } from "./greedy-roi.ts";
import { closed, createTally, expectedSpendMicros, paceOf, tallied, valueMicros } from "./pace.ts";
import type { Tally } from "./pace.ts";
import type { Policy } from "./policy.ts";

/** `greedy-roi` with an even spend limit per tick. */
export const uniform: Policy<Tally> = {
  name: "uniform",
  description: "greedy-roi with an even spend limit per tick.",
  create: (_spec, platforms) => createTally(platforms),
  decide(input, tally, spare, draft) {
    const { budgetMicros, evenShare, committedMicros } = paceOf(input, tally);
    const limitMicros = Math.max(0, budgetMicros * evenShare - committedMicros);
    const decision = greedyDecision(input, tally.lagTicks, "value", draft, limitMicros);
    return { decision, memory: closed(tally, spare) };
  },
  learn: (input, tally, batch, from, to, spare) => tallied(tally, input, batch, from, to, spare),
};

/** The control that an allocator has to beat: one even line per platform, bids at value, no choice made. */
export const equalSplit: Policy<Tally> = {
  name: "equal-split",
  description: "Control: the budget in equal parts over platforms and ticks, bids at the predicted value of a click.",
  create: (_spec, platforms) => createTally(platforms),
  decide(input, tally, spare, draft) {
    const { spec, account } = input;
    const gammaMicros = valueMicros(input);
    const { startTick, endTick } = spec.flight;
    const evenShare = Math.min(1, Math.max(0, (input.tick + 1 - startTick) / Math.max(1, endTick - startTick)));
    const lineMicros = (account.budgetMicros * evenShare - account.reservedMicros) / spec.platforms.length;
    const wishes = wishesFor(input);
    for (let i = 0; i < wishes.length; i += 1) {
      const platform = spec.platforms[i];
      wishes.marginalMicros[i] = gammaMicros * wishes.cvr[i];
      if (!isOpen(wishes, i)) continue;
      wishes.bidMicros[i] = wishes.marginalMicros[i];
      wishes.expectedSpendMicros[i] = expectedSpendMicros(input, platform, wishes.bidMicros[i]);
      wishes.limitMicros[i] = Math.max(0, lineMicros - tally.platformCostMicros[platform]);
    }
    const binding = gammaMicros < spec.valuePerConversionMicros ? "cpa" : "value";
    const decision = allocate(input, wishes, { gammaMicros, binding, reportLagTicks: tally.lagTicks, draft });
    return { decision, memory: closed(tally, spare) };
  },
  learn: (input, tally, batch, from, to, spare) => tallied(tally, input, batch, from, to, spare),
};
