/** What the quality bench holds the default policy to, per scenario; shares of the hindsight optimum's net value, in percent. */
import { mean, quantile, sampleStandardDeviation } from "simple-statistics";
import type { FlightScore } from "./score.ts";

/** Limits of one scenario. `null` where none is set. */
interface Gate {
  readonly mean: number | null;
  readonly worstDecile: number | null;
  /** Largest mean share of spend on clicks priced above their value. */
  readonly waste: number | null;
  /** Smallest mean share of the budget used. */
  readonly used: number | null;
}

/** Gates by scenario. */
export const GATES: Readonly<Record<string, Gate>> = {
  S1: { mean: 99.3, worstDecile: 98.5, waste: 0.5, used: 99 },
  S2: { mean: 97.7, worstDecile: 96.0, waste: 0.5, used: 99 },
  S3: { mean: 95.5, worstDecile: 92.5, waste: 1.5, used: 99 },
  S4: { mean: 97.0, worstDecile: 95.0, waste: 0.5, used: 99 },
  S5: { mean: 96.5, worstDecile: 94.5, waste: 0.5, used: 99 },
  S6: { mean: 93.8, worstDecile: 90.0, waste: 1.5, used: 99 },
  S7: { mean: 94.0, worstDecile: 90.0, waste: 0.5, used: null },
  S8: { mean: 96.8, worstDecile: 95.0, waste: 0.5, used: 99 },
  S9: { mean: 98.7, worstDecile: 97.5, waste: 7, used: null },
  S10: { mean: 96.4, worstDecile: 93.0, waste: 0.5, used: 99 },
  S11: { mean: 97.2, worstDecile: 95.5, waste: 0.5, used: 99 },
  S12: { mean: 92.0, worstDecile: 87.0, waste: 3, used: 99 },
};

/** Whether gates hold for a policy with a forecaster: for gamma pacing, but not where it is told what nobody knows. */
export function isJudged(policy: string): boolean {
  return policy.startsWith("gamma-pacing/") && policy !== "gamma-pacing/told";
}

/** Largest share of S7 flights that may miss their CPA target by more than 5 %. */
const CPA_MISSES = 0.1;

/** The scores of one policy in one scenario, over seeds. Percent. */
export interface Row {
  readonly scenario: string;
  readonly policy: string;
  readonly flights: number;
  readonly mean: number;
  readonly standardError: number;
  readonly worstDecile: number;
  readonly min: number;
  readonly utilisation: number;
  readonly waste: number;
  readonly frontierEfficiency: number;
  readonly cpaMisses: number;
  readonly overspendMicros: number;
  readonly goalReached: number | null;
}

/** Sums scores up, scenario by scenario and policy by policy, in the order in which they first appear. */
export function tabulate(scores: readonly FlightScore[]): Row[] {
  const groups = Map.groupBy(scores, ({ scenario, policy }) => `${scenario} ${policy}`);
  return [...groups.values()].map((group) => {
    const nets = group.map((score) => 100 * score.net);
    const goals = group.map((score) => score.goalReached).filter((reached) => reached !== null);
    return {
      scenario: group[0].scenario,
      policy: group[0].policy,
      flights: group.length,
      mean: mean(nets),
      standardError: group.length > 1 ? sampleStandardDeviation(nets) / Math.sqrt(group.length) : 0,
      worstDecile: quantile(nets, 0.1),
      min: Math.min(...nets),
      utilisation: 100 * mean(group.map((score) => score.utilisation)),
      waste: 100 * mean(group.map((score) => score.waste)),
      frontierEfficiency: 100 * mean(group.map((score) => score.frontierEfficiency)),
      cpaMisses: group.filter((score) => score.cpaExcess > 0.05).length / group.length,
      overspendMicros: Math.max(...group.map((score) => score.overspendMicros)),
      goalReached: goals.length > 0 ? 100 * mean(goals) : null,
    };
  });
}

/** The gates that a row fails, in words; empty when it passes all. */
export function failures(row: Row): string[] {
  const gate = GATES[row.scenario];
  const found: string[] = [];
  const below = (name: string, figure: number, limit: number | null | undefined) => {
    if (limit !== null && limit !== undefined && figure < limit) found.push(`${name} ${figure.toFixed(2)} < ${limit}`);
  };
  below("mean", row.mean, gate?.mean);
  below("worst decile", row.worstDecile, gate?.worstDecile);
  below("budget used", row.utilisation, gate?.used);
  if (gate?.waste !== null && gate !== undefined && row.waste > gate.waste) {
    found.push(`waste ${row.waste.toFixed(2)} > ${gate.waste}`);
  }
  if (row.overspendMicros > 0) found.push(`overspend ${row.overspendMicros} micros`);
  if (row.scenario === "S7" && row.cpaMisses > CPA_MISSES)
    found.push(`CPA missed in ${Math.round(100 * row.cpaMisses)} %`);
  return found;
}
