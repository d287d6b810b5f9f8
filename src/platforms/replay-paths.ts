/**
 * Replays: turns a recording into the paths of a market that can be bid in.
 *
 * Y1 what the market offers at the logged win rate is what the files say: units, outcomes and cost, per platform, to rounding;
 * Y2 every price is positive and every conversion rate in 0..1; Y3 where the recording has a gap the platform is silent.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { EngineError } from "../core/errors.ts";
import { EmpiricalLandscape, LogLogisticLandscape } from "../core/landscape.ts";
import type { Landscape } from "../core/landscape.ts";
import type { Pricing } from "../core/platform.ts";
import { RandomStream } from "../core/random.ts";
import { syntheticDayShape } from "./day-shape.ts";
import type { DayShape } from "./day-shape.ts";
import type { MarketPaths, PlatformPath } from "./paths.ts";
import type { RecordedPlatform, Recording } from "./recording.ts";

const DAY_MS = 86_400_000;
const HOURS = 24;
/** Outcomes that a smoothing window should hold: their noise is then 14 %. */
const OUTCOMES_PER_WINDOW = 50;
/** Outcomes at the platform's overall rate that are added to each window, so that a window without any does not mean a rate of 0. */
const PRIOR_OUTCOMES = 2;

/** What is bought: a click that may convert, or an impression that may be clicked, for recordings without conversions. */
export type ReplayUnit = "click" | "impression";

/** How a recording is replayed. */
export interface ReplayOptions {
  /** Default: clicks where the recording has conversions, impressions otherwise. */
  readonly unit?: ReplayUnit;
  /**
   * Share of the volume on offer that the recorded campaigns won, in (0, 1]. Default: .5 for clicks; 1 for impressions, where logs hold the
   * auctions themselves.
   */
  readonly loggedWinRate?: number;
  /** Shape of the log-logistic price distribution where no histogram is known. Default 2. */
  readonly landscapeShape?: number;
  /** Recorded prices: platform id → number of auctions at price 0, 1, 2 … of any unit. */
  readonly priceHistograms?: Readonly<Record<string, readonly number[]>>;
  /** How daily figures are spread over the hours. Default: a typical day. */
  readonly dayShape?: DayShape;
  /** Ticks at the beginning of which only the feed is seen. Default: a day, at most a quarter of the recording. */
  readonly warmupTicks?: number;
  /** Default `second-price`. */
  readonly pricing?: Pricing;
  /** Default 2, as in the standard worlds. */
  readonly panelShare?: number;
  /** Default 0. */
  readonly conversionDelayTicks?: number;
  /** Default 0. */
  readonly reportLagTicks?: number;
}

/** A recording made playable. */
export interface Replay {
  readonly paths: MarketPaths;
  readonly unit: ReplayUnit;
  readonly loggedWinRate: number;
  readonly tickMs: number;
  /** Time of tick 0, after the warm-up [ms since 1970, UTC]. */
  readonly startMs: number;
  /** What the replay can and cannot know, a sentence each. */
  readonly notes: readonly string[];
}

/** What a replayed market offers in all, warm-up included. */
export interface OfferedTotals {
  readonly impressions: number;
  readonly clicks: number;
  readonly costMicros: number;
  /** 0 where the unit is the impression: its outcome is the click. */
  readonly conversions: number;
}

/** Makes a recording playable. Daily figures become hours. @throws EngineError CE_DATA_INVALID where a platform cannot be replayed. */
export function replayPaths(recording: Recording, options: ReplayOptions = {}): Replay {
  const hasOutcome = recording.platforms.some((platform) => platform.conversions.some((count) => count > 0));
  const unit = options.unit ?? (hasOutcome ? "click" : "impression");
  const loggedWinRate = options.loggedWinRate ?? (unit === "click" ? 0.5 : 1);
  if (!(loggedWinRate > 0 && loggedWinRate <= 1)) throw new RangeError(`a logged win rate of ${loggedWinRate}`);
  const hours = recording.tickMs === DAY_MS ? dayWeights(options.dayShape) : [1];
  const tickMs = recording.tickMs / hours.length;
  const length = recording.ticks * hours.length;
  const warmupTicks = options.warmupTicks ?? Math.min(Math.round(DAY_MS / tickMs), Math.floor(length / 4));
  const setting = { unit, loggedWinRate, hours, options };
  const paths: MarketPaths = {
    warmupTicks,
    ticks: length - warmupTicks,
    platforms: recording.platforms.map((platform) => pathOf(platform, setting)),
    conversionDelayTicks: options.conversionDelayTicks ?? 0,
    reportLagTicks: options.reportLagTicks ?? 0,
    panelShare: options.panelShare ?? 2,
  };
  return {
    paths,
    unit,
    loggedWinRate,
    tickMs,
    startMs: recording.startMs + warmupTicks * tickMs,
    notes: notesOf(recording, setting, warmupTicks),
  };
}

/** What the market offers at the logged win rate (Y1), computed from its paths. */
export function offeredTotals(replay: Replay): OfferedTotals {
  let units = 0;
  let impressions = 0;
  let costMicros = 0;
  let outcomes = 0;
  for (const path of replay.paths.platforms) {
    const costShare = loggedCostShare(path.landscape, replay.loggedWinRate);
    for (let at = 0; at < path.volume.length; at += 1) {
      const won = path.volume[at] * replay.loggedWinRate;
      units += won;
      impressions += won * path.impressionsPerClick;
      costMicros += path.volume[at] * path.priceMicros[at] * costShare;
      outcomes += won * path.cvr[at];
    }
  }
  return replay.unit === "click"
    ? { impressions, clicks: units, costMicros, conversions: outcomes }
    : { impressions: units, clicks: outcomes, costMicros, conversions: 0 };
}

/**
 * A campaign to replay with: half the logged cost of the flight as budget; a conversion is worth what it was, or else 1.1 times the geometric
 * mean over the platforms of clearing price ÷ conversion rate.
 * @throws EngineError CE_DATA_INVALID where no value can be said because nothing converted.
 */
export function replayCampaign(
  recording: Recording,
  replay: Replay,
  settings: Pick<CampaignSpec, "id" | "policy" | "forecaster"> & Partial<CampaignSpec>,
): CampaignSpec {
  const { paths, loggedWinRate } = replay;
  let costMicros = 0;
  for (const path of paths.platforms) {
    const costShare = loggedCostShare(path.landscape, loggedWinRate);
    for (let at = paths.warmupTicks; at < path.volume.length; at += 1) {
      costMicros += path.volume[at] * path.priceMicros[at] * costShare;
    }
  }
  return {
    portfolio: "replay",
    budgetMicros: Math.round(costMicros / 2),
    dailyBudgetMicros: null,
    flight: { startTick: 0, endTick: paths.ticks },
    valuePerConversionMicros: Math.max(
      1,
      Math.round(settings.valuePerConversionMicros ?? valuePerOutcome(recording, replay)),
    ),
    goals: { impressions: null, clicks: null, conversions: null },
    cpaTargetMicros: null,
    platforms: paths.platforms.map((_, index) => index),
    minBidMicros: 1,
    maxBidMicros: Number.MAX_SAFE_INTEGER,
    wasteAversion: 0,
    wasteAllowance: 0,
    ...settings,
  };
}

function valuePerOutcome(recording: Recording, replay: Replay): number {
  const value = recording.platforms.reduce((total, platform) => total + sum(platform.valueMicros), 0);
  const conversions = recording.platforms.reduce((total, platform) => total + sum(platform.conversions), 0);
  if (replay.unit === "click" && value > 0 && conversions > 0) return value / conversions;
  const logs: number[] = [];
  for (const { volume, priceMicros, cvr } of replay.paths.platforms) {
    const outcomes = volume.reduce((total, units, at) => total + units * cvr[at], 0);
    const price = volume.reduce((total, units, at) => total + units * priceMicros[at], 0);
    if (outcomes > 0) logs.push(Math.log(price / outcomes));
  }
  if (logs.length > 0) return 1.1 * Math.exp(sum(logs) / logs.length);
  const hint = "Give the value per conversion, or replay impressions with clicks as their outcome.";
  throw new EngineError("CE_DATA_INVALID", "Nothing converted in the recording: no value can be told.", { hint });
}

interface Setting {
  readonly unit: ReplayUnit;
  readonly loggedWinRate: number;
  /** Share of a recorded tick's volume in each replayed tick of it. */
  readonly hours: readonly number[];
  readonly options: ReplayOptions;
}

function pathOf(platform: RecordedPlatform, setting: Setting): PlatformPath {
  const { unit, loggedWinRate, hours, options } = setting;
  const [units, outcomes] =
    unit === "click" ? [platform.clicks, platform.conversions] : [platform.impressions, platform.clicks];
  const allUnits = sum(units);
  if (!(allUnits > 0 && sum(platform.costMicros) > 0)) throw unplayable(platform.id, `no ${unit}s with a cost`);
  if (sum(outcomes) > allUnits) throw unplayable(platform.id, `more outcomes than ${unit}s`);
  const histogram = options.priceHistograms?.[platform.id];
  const landscape =
    histogram === undefined ? new LogLogisticLandscape(options.landscapeShape ?? 2) : new EmpiricalLandscape(histogram);
  const costPerUnit = meanPrices(units, platform.costMicros);
  const paidShare = loggedCostShare(landscape, loggedWinRate) / loggedWinRate;
  const rates = smoothRates(units, outcomes);
  const spread = (values: ArrayLike<number>, factors: readonly number[]): Float64Array =>
    Float64Array.from({ length: values.length * hours.length }, (_, at) => {
      return values[Math.floor(at / hours.length)] * factors[at % hours.length];
    });
  const same = hours.map(() => 1);
  return {
    spec: {
      id: platform.id,
      pricing: options.pricing ?? "second-price",
      control: "bid",
      floorMicros: 0,
      overDeliveryFactor: 1,
    },
    landscape,
    volume: spread(
      units,
      hours.map((share) => share / loggedWinRate),
    ),
    priceMicros: spread(
      costPerUnit,
      hours.map(() => 1 / paidShare),
    ),
    cvr: spread(rates, same),
    isSilent: Uint8Array.from(spread(platform.isGap, same)),
    impressionsPerClick: unit === "click" ? Math.max(1, sum(platform.impressions) / allUnits) : 1,
  };
}

/** C(u) where F(u) = winRate; 1 where everything is won. */
function loggedCostShare(landscape: Landscape, winRate: number): number {
  if (winRate === 1) return 1;
  let low = 0;
  let high = 1;
  while (landscape.winRate(high) < winRate) high *= 2;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (landscape.winRate(middle) < winRate) low = middle;
    else high = middle;
  }
  return landscape.costShare(high);
}

/** Cost per unit of each tick, the last known one where nothing was bought, scaled so that Σ units × price is the cost. */
function meanPrices(units: Float64Array, costs: Float64Array): Float64Array {
  const first = units.findIndex((count, at) => count > 0 && costs[at] > 0);
  // Costs and units that never meet in one row: their ratio over the whole time is all that is known.
  let price = first < 0 ? 1 : costs[first] / units[first];
  const prices = units.map((count, at) => {
    if (count > 0 && costs[at] > 0) price = costs[at] / count;
    return price;
  });
  const cost = prices.reduce((total, each, at) => total + each * units[at], 0);
  return prices.map((each) => (each * sum(costs)) / cost);
}

/**
 * Outcomes per unit without the noise of single counts: smoothed outcomes ÷ smoothed units, over windows that hold about 50 outcomes, scaled so
 * that Σ units × rate is the number of outcomes; at most 1.
 */
function smoothRates(units: Float64Array, outcomes: Float64Array): Float64Array {
  const total = sum(outcomes);
  const rows = units.filter((count) => count > 0).length;
  const reach = Math.ceil(Math.min(rows / 8, OUTCOMES_PER_WINDOW / Math.max(total / rows, 1e-9) / 4));
  const smoothUnits = smoothed(units, reach);
  const smoothOutcomes = smoothed(outcomes, reach);
  const overall = total / sum(units);
  const priorUnits = PRIOR_OUTCOMES / Math.max(overall, 1e-9) / (4 * reach + 1);
  let rates = smoothUnits.map((count, at) => {
    return Math.min(1, (smoothOutcomes[at] + overall * priorUnits) / (count + priorUnits));
  });
  if (total === 0) return rates;
  // A cap at 1 takes outcomes away: the other ticks get them, until none is missing.
  for (let round = 0; round < 50; round += 1) {
    const offered = rates.reduce((count, rate, at) => count + rate * units[at], 0);
    const capped = rates.reduce((count, rate, at) => count + (rate >= 1 && offered < total ? units[at] : 0), 0);
    if (!(offered > capped)) return units.map(() => overall);
    const factor = (total - capped) / (offered - capped);
    rates = rates.map((rate) => Math.min(1, rate * factor));
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return rates;
}

/** Three passes of a moving sum over ± `reach`: close to a Gaussian kernel. Zeros and small values stay non-negative. */
function smoothed(values: Float64Array, reach: number): Float64Array {
  let current = values;
  for (let pass = 0; pass < 3; pass += 1) {
    const sums = new Float64Array(current.length + 1);
    for (let at = 0; at < current.length; at += 1) sums[at + 1] = sums[at] + current[at];
    current = current.map((_, at) => {
      const to = Math.min(current.length, at + reach + 1);
      return Math.max(0, sums[to] - sums[Math.max(0, at - reach)]) / (2 * reach + 1);
    });
  }
  return current;
}

/** Share of the day's volume in each hour. */
function dayWeights(shape: DayShape = syntheticDayShape(new RandomStream(0, "replay/day-shape"))): number[] {
  const whole = sum(shape);
  return Array.from({ length: HOURS }, (_, hour) => shape[hour] / whole);
}

function notesOf(recording: Recording, setting: Setting, warmupTicks: number): string[] {
  const { unit, loggedWinRate, hours, options } = setting;
  const outcome = unit === "click" ? "conversion" : "click";
  const unknown = recording.platforms.filter((platform) => options.priceHistograms?.[platform.id] === undefined);
  const shape = options.landscapeShape ?? 2;
  const gaps = recording.platforms.filter((platform) => platform.isGap.includes(1)).map((platform) => platform.id);
  return [
    "An auction that was not bought has no recorded outcome: other bids meet an assumed market, not the real one.",
    `Known: ${unit}s bought, their cost and their ${outcome}s; at a win rate of ${loggedWinRate * 100} % the market offers exactly these.`,
    `Assumed: the recorded campaigns won ${loggedWinRate * 100} % of what was on offer, and nobody answers the new bids.`,
    ...(unknown.length > 0
      ? [`Assumed: prices of ${unknown.map(({ id }) => id).join(", ")} are log-logistic with shape ${shape}.`]
      : []),
    ...(hours.length > 1
      ? ["Assumed: how a day's figures are spread over its hours; the recording has days only."]
      : []),
    `The rate of ${outcome}s is smoothed over windows of about ${OUTCOMES_PER_WINDOW}; quicker changes than that cannot be told from chance.`,
    ...(unit === "impression" ? ["The unit bought is the impression, and a click counts as its conversion."] : []),
    ...(gaps.length > 0 ? [`Gaps in the recording are outages: ${gaps.join(", ")}.`] : []),
    ...(warmupTicks > 0
      ? [`The first ${warmupTicks} ticks are warm-up: their feed is seen, nothing can be bought.`]
      : []),
  ];
}

function unplayable(id: string, what: string): EngineError {
  return new EngineError("CE_DATA_INVALID", `Platform ${id} has ${what} in the recording: it cannot be replayed.`, {
    field: id,
    expected: "impressions ≥ clicks ≥ conversions, and a cost",
    hint: "Leave this platform's rows out, or export conversions that follow a click only.",
  });
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let at = 0; at < values.length; at += 1) total += values[at];
  return total;
}
