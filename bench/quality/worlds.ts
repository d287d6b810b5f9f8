/**
 * The worlds of the quality bench: scenarios S1–S14, each a market, one campaign and the hindsight optimum that its score is measured against.
 *
 * Q1 a world is a function of (scenario, seed, options); scenarios of one seed share base levels, drifts and budget share, and differ only in
 * what the scenario is about. Q2 what happens from a tick on changes neither the paths before it nor the campaign's value per conversion.
 */
import { randomNormal } from "d3-random";
import type { CampaignSpec, Goals } from "../../src/core/campaign.ts";
import { EmpiricalLandscape } from "../../src/core/landscape.ts";
import { RandomStream } from "../../src/core/random.ts";
import type { DayShape } from "../../src/platforms/day-shape.ts";
import { hindsightCurve, hindsightOptimum } from "../../src/platforms/hindsight.ts";
import type { Hindsight, HindsightQuestion } from "../../src/platforms/hindsight.ts";
import type { CampaignExposure, MarketPaths } from "../../src/platforms/paths.ts";
import { drawValuePerConversion, simulatePaths } from "../../src/platforms/simulated-paths.ts";
import type { SimulatedMarketSpec, SimulatedPlatformSpec } from "../../src/platforms/simulated-paths.ts";

/**
 * The scenarios: S1 stationary, S2 daily (the base), S3 collapse of the best platform, S4 outages, S5 conversion delay, S6 sparse, S7 CPA target,
 * S8 first price and a price shock, S9 slack budget, S10 own CVR, S11 report lag, S12 storm, S13 a feasible goal, S14 an infeasible one.
 */
export const SCENARIOS = [
  "S1",
  "S2",
  "S3",
  "S4",
  "S5",
  "S6",
  "S7",
  "S8",
  "S9",
  "S10",
  "S11",
  "S12",
  "S13",
  "S14",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** What the bench varies beside scenario and seed. */
export interface WorldOptions {
  /** Number of platforms, ≥ 2. Default 5. */
  readonly platforms?: number;
  /** Ticks of the flight, one minute each. Default 1440. */
  readonly ticks?: number;
  readonly volumeScale?: number;
  readonly moneyScale?: number;
  /** Real traffic shapes to draw from. Absent: synthetic ones. */
  readonly shapes?: readonly DayShape[];
  /** Real price histograms, used in S12. Absent: log-logistic prices there too. */
  readonly priceHistograms?: Readonly<Record<string, readonly number[]>>;
}

/** One run of the bench. */
export interface QualityWorld {
  /** One of {@link SCENARIOS}, or the name of a recording. */
  readonly scenario: string;
  readonly seed: number;
  readonly tickMs: number;
  readonly paths: MarketPaths;
  readonly exposure: CampaignExposure;
  /** All but how it decides. */
  readonly campaign: Omit<CampaignSpec, "policy" | "forecaster">;
  /** The hindsight optimum under budget and CPA target; goals do not enter. */
  readonly bound: Hindsight;
  /** Spend of the optimum without budget and target [micros]. */
  readonly unconstrainedSpendMicros: number;
}

const MINUTE_MS = 60_000;
const WARMUP_TICKS = 1440;
const COLLAPSED_CVR = 0.15;
const DELAY_TICKS = 120;
const LAG_TICKS = 15;
const SHOCK_PRICE = 1.8;
const CPA_SHARE = 0.75;
const OWN_CVR_SD = 0.6;
/** Waste allowance ω of the campaigns with a goal, and how much of it a feasible conversion goal needs. */
const ALLOWANCE = 0.5;
const ALLOWANCE_NEEDED = 0.2;
/** An infeasible goal, in units of the most that the budget buys. */
const INFEASIBLE = 1.3;

/** Draws one world. S12 has every disturbance at once: those of S3, S4, S5, S8, S10 and S11, with real price distributions. */
export function qualityWorld(scenario: Scenario, seed: number, options: WorldOptions = {}): QualityWorld {
  const has = (...scenarios: Scenario[]): boolean => scenarios.includes(scenario);
  const ticks = options.ticks ?? 1440;
  const base = baseMarket(seed, ticks, has("S1"), has("S6"), options);
  const market = {
    ...base,
    platforms: disturbed(base, has, options),
    conversionDelayTicks: has("S5", "S12") ? DELAY_TICKS : 0,
    reportLagTicks: has("S11", "S12") ? LAG_TICKS : 0,
  };
  const paths = simulatePaths(market);
  const ownCvr = (id: string): number =>
    Math.exp(randomNormal.source(new RandomStream(seed, `world:own-cvr:${id}`).next)(0, OWN_CVR_SD)());
  const exposure = {
    volumeShare: 1,
    cvrFactors: market.platforms.map(({ id }) => (has("S10", "S12") ? ownCvr(id) : 1)),
  };
  const question = { paths, exposure };
  const valuePerConversionMicros = drawValuePerConversion(paths, seed);
  const [{ spendMicros: unconstrainedSpendMicros }] = hindsightCurve(question, [valuePerConversionMicros]);

  const draw = new RandomStream(seed, "world:budget").next();
  const isConversionGoal = seed % 2 === 0;
  const isSlack = has("S9") || (has("S13") && isConversionGoal);
  const budgetShare = isSlack ? 1.5 + 0.3 * draw : 0.15 + 0.45 * draw;
  const budgetMicros = Math.max(1, Math.round(budgetShare * unconstrainedSpendMicros));
  const limits = { ...question, valuePerConversionMicros, budgetMicros };
  const budgetOptimum = hindsightOptimum({ ...limits, cpaTargetMicros: null });
  const cpaTargetMicros = has("S7")
    ? Math.round((CPA_SHARE * budgetOptimum.spendMicros) / budgetOptimum.conversions)
    : null;
  const bound = cpaTargetMicros === null ? budgetOptimum : hindsightOptimum({ ...limits, cpaTargetMicros });
  const goals = has("S13", "S14")
    ? goalOf(question, bound, valuePerConversionMicros, budgetMicros, isConversionGoal, has("S13"))
    : NO_GOALS;
  return {
    scenario,
    seed,
    tickMs: MINUTE_MS,
    paths,
    exposure,
    campaign: {
      id: `${scenario}-${seed}`,
      portfolio: "bench",
      budgetMicros,
      dailyBudgetMicros: null,
      flight: { startTick: 0, endTick: ticks },
      valuePerConversionMicros,
      goals,
      cpaTargetMicros,
      platforms: market.platforms.map((_, index) => index),
      minBidMicros: 0,
      maxBidMicros: Number.MAX_SAFE_INTEGER,
      wasteAversion: 0,
      wasteAllowance: has("S13", "S14") ? ALLOWANCE : 0,
    },
    bound,
    unconstrainedSpendMicros,
  };
}

const NO_GOALS: Goals = { impressions: null, clicks: null, conversions: null };

/** The market before anything happens to it. */
function baseMarket(
  seed: number,
  ticks: number,
  isStationary: boolean,
  isSparse: boolean,
  options: WorldOptions,
): SimulatedMarketSpec {
  const cvrOf = (id: string): number =>
    0.02 * Math.exp(randomNormal.source(new RandomStream(seed, `world:sparse-cvr:${id}`).next)(0, 0.4)());
  const platforms = Array.from({ length: options.platforms ?? 5 }, (_, index): SimulatedPlatformSpec => {
    const id = `platform-${index + 1}`;
    return {
      id,
      pricing: "second-price",
      control: "bid",
      floorMicros: 0,
      overDeliveryFactor: 1,
      volumeFactor: (options.volumeScale ?? 1) * (isSparse ? 0.1 : 1),
      ...(isStationary ? { drift: false, cvrDayAmplitude: 0, dayAmplitude: 0 } : {}),
      ...(isSparse ? { cvr: cvrOf(id) } : {}),
    };
  });
  return {
    seed,
    tickMs: MINUTE_MS,
    ticks,
    warmupTicks: WARMUP_TICKS,
    baseCpcMicros: 1_000_000 * (options.moneyScale ?? 1),
    platforms,
    dayShapes: options.shapes,
  };
}

/** The platforms with what the scenario does to them. Best platforms are those that would net the most alone, left as they were. */
function disturbed(
  base: SimulatedMarketSpec,
  has: (...scenarios: Scenario[]) => boolean,
  { priceHistograms = {} }: WorldOptions,
): readonly SimulatedPlatformSpec[] {
  const { seed, ticks } = base;
  const { next } = new RandomStream(seed, "world:events");
  const collapseTick = Math.round((0.25 + 0.35 * next()) * ticks);
  const histograms = Object.values(priceHistograms).map((counts) => new EmpiricalLandscape(counts));
  const order = base.platforms.map((_, index) => ({ index, draw: next() })).sort((a, b) => a.draw - b.draw);
  const silenced = order.slice(0, 2).map(({ index }) => {
    const length = Math.round((0.1 + 0.1 * next()) * ticks);
    const startTick = Math.round(next() * (ticks - length));
    return { index, outage: { startTick, endTick: startTick + length } };
  });
  const picks = base.platforms.map(() => Math.floor(next() * histograms.length));
  if (!has("S3", "S4", "S8", "S12")) return base.platforms;

  const [best, second] = ranked(base);
  return base.platforms.map((platform, index) => {
    const shocks = [];
    if (has("S3", "S12") && index === best) shocks.push({ tick: collapseTick, cvrFactor: COLLAPSED_CVR });
    if (has("S8", "S12") && index === second) shocks.push({ tick: Math.round(ticks / 2), priceFactor: SHOCK_PRICE });
    const outages = silenced.filter((entry) => has("S4", "S12") && entry.index === index);
    return {
      ...platform,
      pricing: has("S8", "S12") && (index === best || index === second) ? ("first-price" as const) : platform.pricing,
      shocks,
      outages: outages.map((entry) => entry.outage),
      ...(has("S12") ? { landscape: histograms[picks[index]] } : {}),
    };
  });
}

/** Platform indices, the one that would net the most alone first. */
function ranked(base: SimulatedMarketSpec): readonly number[] {
  const paths = simulatePaths(base);
  const value = drawValuePerConversion(paths, base.seed);
  const exposure = { volumeShare: 1, cvrFactors: base.platforms.map(() => 1) };
  const nets = base.platforms.map((_, index) => {
    const [alone] = hindsightCurve({ paths, exposure, platforms: [index] }, [value]);
    return value * alone.conversions - alone.spendMicros;
  });
  return nets.map((_, index) => index).sort((a, b) => nets[b] - nets[a]);
}

/**
 * A conversion goal (even seeds) or a click goal (odd seeds). Feasible: conversions need a part of the waste allowance and the slack of the budget,
 * clicks are 30 % of the way from the best plan's clicks to the most clicks. Infeasible: more than any plan could buy with the budget.
 */
function goalOf(
  question: HindsightQuestion,
  bound: Hindsight,
  valueMicros: number,
  budgetMicros: number,
  isConversionGoal: boolean,
  isFeasible: boolean,
): Goals {
  const most = (asked: HindsightQuestion): Hindsight =>
    hindsightOptimum({ ...asked, valuePerConversionMicros: valueMicros * 1e6, budgetMicros, cpaTargetMicros: null });
  if (isConversionGoal) {
    const [needed] = hindsightCurve(question, [valueMicros * (1 + ALLOWANCE_NEEDED)]);
    const conversions = isFeasible ? needed.conversions : INFEASIBLE * most(question).conversions;
    return { ...NO_GOALS, conversions: Math.round(conversions) };
  }
  // Where every click counts as one conversion, the most conversions are the most clicks.
  const platforms = question.paths.platforms.map((path) => ({ ...path, cvr: path.cvr.map(() => 1) }));
  const cvrFactors = question.exposure.cvrFactors.map(() => 1);
  const reach = most({ paths: { ...question.paths, platforms }, exposure: { ...question.exposure, cvrFactors } });
  const clicks = isFeasible ? bound.clicks + 0.3 * (reach.clicks - bound.clicks) : INFEASIBLE * reach.clicks;
  return { ...NO_GOALS, clicks: Math.round(clicks) };
}
