/** One flight of the quality bench: the engine's real actors on one world under one policy, scored by the market's own account. */
import type { EngineObserver } from "../../src/core/events.ts";
import type { Market, MarketTruth } from "../../src/platforms/market.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import { frontierEfficiency } from "../../src/platforms/hindsight.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { DEFAULT_LIMITS } from "../../machines/portfolio.ts";
import { toldForecaster } from "./told.ts";
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

/** A way to decide: a policy with its forecaster. */
export interface Contender {
  readonly label: string;
  readonly policy: string;
  readonly forecaster: string;
}

/** Prepares an engine for a flight over a market that only speaks the public messages. */
export function flightEngine(
  world: QualityWorld,
  contender: Contender,
  market: Market,
  observers: readonly EngineObserver[] = [],
): Engine {
  const { paths, tickMs } = world;
  return new Engine(
    {
      name: world.scenario,
      seed: world.seed,
      currency: "USD",
      startMs: 0,
      tickMs,
      ticks: paths.ticks,
      warmupTicks: paths.warmupTicks,
      periodTicks: Math.round(86_400_000 / tickMs),
      timeZone: "UTC",
      campaigns: [{ ...world.campaign, policy: contender.policy, forecaster: contender.forecaster }],
      supervision: DEFAULT_LIMITS,
      forecasters: new Map([["told", toldForecaster(paths)]]),
    },
    { market, observers, nowMs: () => 0 },
  );
}

/** The market of a world. */
export function flightMarket(world: QualityWorld): PathMarket {
  return new PathMarket({
    paths: world.paths,
    exposures: [world.exposure],
    valuesPerConversionMicros: [world.campaign.valuePerConversionMicros],
    seed: world.seed,
  });
}

/** Plays a whole flight in this thread. */
export function playFlight(
  world: QualityWorld,
  contender: Contender,
  observers: readonly EngineObserver[] = [],
): FlightScore {
  const market = flightMarket(world);
  const engine = flightEngine(world, contender, market, observers);
  engine.start();
  for (let tick = 0; tick < engine.ticks; tick += 1) engine.tick();
  engine.drain();
  engine.stop();
  return score(world, contender, market.truth);
}

/** Scores the market's account of a flight. */
export function score(world: QualityWorld, { label }: Contender, truth: MarketTruth): FlightScore {
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
    policy: label,
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
