/**
 * The Pareto curve of a campaign: what every marginal cost per conversion would buy in the rest of its flight, and where it stands.
 *
 * V1 every point is Pareto-optimal in the expected market: no other plan with its spend has more conversions; spend and conversions never fall
 * along the curve.
 */
import { inFlight, lookAhead, takeAim } from "./policy/gamma-aim.ts";
import type { GammaMemory } from "./policy/gamma-calibration.ts";
import { Outlook } from "./policy/gamma-solver.ts";
import type { PolicyInput } from "./policy/policy.ts";

/** What one marginal cost per conversion is expected to buy from now to the end of the flight. */
export interface ParetoPoint {
  /** Marginal cost per conversion [micros]. */
  readonly gammaMicros: number;
  readonly spendMicros: number;
  readonly conversions: number;
  /** Conversions × value − spend [micros]. */
  readonly netMicros: number;
  /** Expected spend on clicks priced above what they will prove to be worth [micros]. */
  readonly wasteMicros: number;
}

/** The curve, and the lines that a person compares it with. */
export interface ParetoCurve {
  /** {@link GAMMA_SHARES} of the value per conversion, ascending. */
  readonly points: readonly ParetoPoint[];
  /** Where the policy stands now. */
  readonly operating: ParetoPoint;
  /** What is left to spend, bids in flight taken as spent as expected [micros]. */
  readonly budgetLeftMicros: number;
  /** Highest mean cost per conversion accepted: the slope of the CPA line [micros]; null without a target. */
  readonly cpaTargetMicros: number | null;
}

/** The gammas of the curve, as shares of the value of a conversion: .1 to 1.3 in 16 steps. */
export const GAMMA_SHARES: readonly number[] = Array.from({ length: 16 }, (_, i) => 0.1 + 0.08 * i);

/** The curve of one campaign at the tick of the input, as gamma pacing with this memory expects it. */
export function paretoCurve(input: PolicyInput, memory: GammaMemory): ParetoCurve {
  const { spec, account } = input;
  const aim = takeAim(input, memory, false);
  const outlook = new Outlook();
  // The curve shows what lies beyond the value of a conversion too, whatever limits the bids have.
  lookAhead(
    outlook,
    { ...input, spec: { ...spec, wasteAllowance: Math.max(spec.wasteAllowance, 1) } },
    memory,
    spec.flight.endTick,
    aim.reach,
  );
  const point = (gammaMicros: number, etaMicros = 0): ParetoPoint => {
    outlook.aim(Math.log(gammaMicros), etaMicros);
    const { spendMicros, conversions } = outlook;
    let wasteMicros = 0;
    for (let i = 0; i < outlook.length; i += 1) {
      const relSd = input.board.cvrRelSd[spec.platforms[outlook.rowAt(i)]];
      wasteMicros += outlook.wasteMicros(i, spec.valuePerConversionMicros, relSd);
    }
    const netMicros = spec.valuePerConversionMicros * conversions - spendMicros;
    return { gammaMicros, spendMicros, conversions, netMicros, wasteMicros };
  };
  return {
    points: GAMMA_SHARES.map((share) => point(share * spec.valuePerConversionMicros)),
    operating: point(aim.gammaMicros, aim.etaMicros),
    budgetLeftMicros: Math.max(0, account.budgetMicros - account.spentMicros - inFlight(input, memory).spendMicros),
    cpaTargetMicros: spec.cpaTargetMicros,
  };
}
