/** What a flight was worth: the market's own account of it, held against the hindsight optimum. */
import { frontierEfficiency } from "../../src/platforms/hindsight.ts";
import type { MarketTruth } from "../../src/platforms/market.ts";
import type { QualityWorld } from "./worlds.ts";

/** What one policy achieved in one world. Shares are of the hindsight optimum's net value unless named otherwise. */
export interface FlightScore {
  readonly scenario: string;
  readonly seed: number;
  readonly policy: string;
  /** Net value, discounted where a CPA target is missed, ÷ the bound. */
  readonly net: number;
  /** The same without that discount. */
  readonly gross: number;
  readonly spendMicros: number;
  /** Spend ÷ budget. */
  readonly utilisation: number;
  /** Invoiced above the budget [micros]: must be 0. */
  readonly overspendMicros: number;
  /** Spend on clicks priced above their true value ÷ spend. */
  readonly waste: number;
  /** CPA ÷ target − 1 where it is above, else 0. */
  readonly cpaExcess: number;
  /** Conversions ÷ hindsight conversions at the same spend. */
  readonly frontierEfficiency: number;
  /** Share of the goal that was reached, where one is set; else null. */
  readonly goalReached: number | null;
}

/** Scores the market's account of a flight. */
export function score(world: QualityWorld, policy: string, truth: MarketTruth): FlightScore {
  const { campaign, bound } = world;
  const spendMicros = sum(truth.costMicros);
  const conversions = sum(truth.expectedConversions);
  const grossMicros = conversions * campaign.valuePerConversionMicros - spendMicros;
  const target = campaign.cpaTargetMicros;
  const cpa = conversions > 0 ? spendMicros / conversions : 0;
  const discount = target !== null && cpa > target ? (target / cpa) ** 2 : 1;
  return {
    scenario: world.scenario,
    seed: world.seed,
    policy,
    net: (grossMicros * discount) / bound.netMicros,
    gross: grossMicros / bound.netMicros,
    spendMicros,
    utilisation: spendMicros / campaign.budgetMicros,
    overspendMicros: Math.max(0, spendMicros - campaign.budgetMicros),
    waste: spendMicros > 0 ? sum(truth.wasteMicros) / spendMicros : 0,
    cpaExcess: target !== null && cpa > target ? cpa / target - 1 : 0,
    frontierEfficiency: frontierEfficiency(world, campaign.valuePerConversionMicros, spendMicros, conversions),
    goalReached: goalReached(world, truth),
  };
}

function goalReached({ campaign: { goals } }: QualityWorld, truth: MarketTruth): number | null {
  if (goals.clicks !== null) return sum(truth.clicks) / goals.clicks;
  if (goals.impressions !== null) return sum(truth.impressions) / goals.impressions;
  if (goals.conversions !== null) return sum(truth.expectedConversions) / goals.conversions;
  return null;
}

function sum(column: Float64Array): number {
  let total = 0;
  for (const value of column) total += value;
  return total;
}
