/**
 * Feedback pacing: one multiplier on the value of a click, steered by a PID loop on spend against the traffic plan.
 *
 * C1 the multiplier lies in [MIN_MULTIPLIER, 1], so that no error can black a campaign out; C2 the integral stands still while the
 * multiplier is at a limit and the error pushes it further (anti-windup).
 */
import { allocate, isOpen, wishesFor } from "./allocation.ts";
import { closed, createTally, expectedSpendMicros, paceOf, tallied, valueMicros } from "./pace.ts";
import type { Tally } from "./pace.ts";
import type { Policy } from "./policy.ts";

const MIN_MULTIPLIER = 0.05;
/** Gains on the error as a share of the budget: −5 % of the budget against plan cuts bids to e⁻¹ at once. */
const PROPORTIONAL = 20;
const INTEGRAL_PER_HOUR = 4;
const DERIVATIVE_HOURS = 0.05;

/** The state of the loop. */
interface PidMemory {
  readonly tally: Tally;
  readonly integral: number;
  /** Null before the first decision. */
  readonly error: number | null;
}

/** A PID loop on spend against plan. */
export const pid: Policy<PidMemory> = {
  name: "pid",
  description: "A multiplier on the value of a click, steered by a PID loop on spend against the traffic plan.",
  create: (_spec, platforms) => ({ tally: createTally(platforms), integral: 0, error: null }),
  decide(input, memory) {
    const { spec, tickMs } = input;
    const { tally } = memory;
    const { budgetMicros, usedMicros, planShare } = paceOf(input, tally);
    const error = planShare - (budgetMicros > 0 ? usedMicros / budgetMicros : 1);
    const hours = tickMs / 3_600_000;
    const slope = memory.error === null ? 0 : (error - memory.error) / hours;
    const control = (integral: number) =>
      PROPORTIONAL * error + INTEGRAL_PER_HOUR * integral + DERIVATIVE_HOURS * PROPORTIONAL * slope;
    const lowest = Math.log(MIN_MULTIPLIER);
    const grown = memory.integral + error * hours;
    const wanted = control(grown);
    const isWindup = (wanted > 0 && error > 0) || (wanted < lowest && error < 0);
    const integral = isWindup ? memory.integral : grown;
    const multiplier = Math.exp(Math.min(0, Math.max(lowest, control(integral))));
    const capMicros = valueMicros(input);
    const gammaMicros = multiplier * capMicros;

    const wishes = wishesFor(input);
    for (let i = 0; i < wishes.length; i += 1) {
      wishes.marginalMicros[i] = gammaMicros * wishes.cvr[i];
      if (!isOpen(wishes, i)) continue;
      wishes.bidMicros[i] = wishes.marginalMicros[i];
      wishes.expectedSpendMicros[i] = expectedSpendMicros(input, spec.platforms[i], wishes.bidMicros[i]);
    }
    const unpaced = capMicros < spec.valuePerConversionMicros ? "cpa" : "value";
    const decision = allocate(input, wishes, {
      gammaMicros,
      binding: multiplier < 1 ? "pacing" : unpaced,
      reportLagTicks: tally.lagTicks,
    });
    return { decision, memory: { tally: closed(tally), integral, error } };
  },
  learn: (input, memory, batch, from, to) => ({ ...memory, tally: tallied(memory.tally, input, batch, from, to) }),
};
