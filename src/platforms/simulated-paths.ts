/**
 * Simulated markets: draws the paths of prices, conversion rates and volumes that a market will play.
 *
 * SP1 every random quantity of a platform has a stream of its own, named by the platform's id: changing, adding or moving one platform leaves the
 * paths of the others untouched; SP2 what holds at a tick depends on nothing set for later ticks.
 */
import { randomNormal } from "d3-random";
import { LogLogisticLandscape } from "../core/landscape.ts";
import type { Landscape } from "../core/landscape.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { RandomStream } from "../core/random.ts";
import { shapeAt, syntheticDayShape } from "./day-shape.ts";
import type { DayShape } from "./day-shape.ts";
import type { MarketPaths, PlatformPath } from "./paths.ts";

/** From `startTick` until before `endTick` the platform is silent: it sells nothing and its feed says nothing. */
export interface SimulatedOutage {
  readonly startTick: number;
  readonly endTick: number;
}

/** A step change. Factors default to 1; several shocks multiply. */
export interface SimulatedShock {
  readonly tick: number;
  /** The shock ends before this tick; absent: it is for good. */
  readonly endTick?: number;
  readonly priceFactor?: number;
  readonly cvrFactor?: number;
  readonly volumeFactor?: number;
}

/** A platform to simulate. What is absent is drawn, or takes its default. */
export interface SimulatedPlatformSpec extends PlatformSpec {
  /** Base of the mean clearing price [micros per click]. Absent: lognormal around {@link SimulatedMarketSpec.baseCpcMicros}, log sd .35. */
  readonly baseCpcMicros?: number;
  /** Base conversions per click, in (0, 1). Absent: lognormal around .04, log sd .40. */
  readonly cvr?: number;
  /** Base clicks on offer per tick. Absent: lognormal around 8 a minute, log sd .50. */
  readonly clicksPerTick?: number;
  /** Factor on the base clicks, drawn or given. Default 1. */
  readonly volumeFactor?: number;
  /** Whether price, CVR and volume drift (mean-reverting, in logs). Default true. */
  readonly drift?: boolean;
  /** Amplitude of the daily sine on the CVR, in [0, 1). Default .15; its phase is drawn. */
  readonly cvrDayAmplitude?: number;
  /** How much of the day's traffic shape the volume follows: 0 flat, 1 all of it. Default 1. */
  readonly dayAmplitude?: number;
  /** Traffic shape of this platform. Absent: the market's. */
  readonly dayShape?: DayShape;
  /** Shape k > 1 of the log-logistic price distribution: higher means prices closer to their mean. Absent: uniform in 1.4 … 2.8. */
  readonly landscapeShape?: number;
  /** Price distribution with mean 1, in place of the log-logistic one. */
  readonly landscape?: Landscape;
  /** Impressions per click, ≥ 1. Default 50. */
  readonly impressionsPerClick?: number;
  readonly outages?: readonly SimulatedOutage[];
  readonly shocks?: readonly SimulatedShock[];
}

/** A market to simulate. */
export interface SimulatedMarketSpec {
  readonly seed: number;
  /** Length of a tick [ms]. Drifts are set in time, not in ticks. */
  readonly tickMs: number;
  /** Ticks of the flight. */
  readonly ticks: number;
  /** Ticks of feed before it. Default: one day. */
  readonly warmupTicks?: number;
  /** Tick of the day at tick 0: its local time of day. Default 0, midnight. */
  readonly dayOffsetTicks?: number;
  readonly platforms: readonly SimulatedPlatformSpec[];
  /** Around which base prices are drawn [micros per click]. Default 1,000,000. */
  readonly baseCpcMicros?: number;
  /** Mean of the geometric delay from click to conversion report [ticks]. Default 0. */
  readonly conversionDelayTicks?: number;
  /** Ticks by which spend reports are late. Default 0. */
  readonly reportLagTicks?: number;
  /** Clicks in the feed's panel per click on offer. Default 2. */
  readonly panelShare?: number;
  /** Traffic shapes to choose one from for all platforms. Absent: a synthetic one. */
  readonly dayShapes?: readonly DayShape[];
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The drifts: stationary sd of the log, and the time in which a deviation falls to 1/e [minutes]. */
const PRICE_DRIFT = { sd: 0.15, minutes: 200 };
const CVR_DRIFT = { sd: 0.2, minutes: 300 };
const VOLUME_DRIFT = { sd: 0.1, minutes: 100 };

/** Draws all paths of a market. The same spec gives the same paths. */
export function simulatePaths(market: SimulatedMarketSpec): MarketPaths {
  const shapeStream = new RandomStream(market.seed, "paths:shape");
  const shapes = market.dayShapes ?? [];
  const dayShape = shapes[Math.floor(shapeStream.next() * shapes.length)] ?? syntheticDayShape(shapeStream);
  const warmupTicks = market.warmupTicks ?? ticksPerDay(market.tickMs);
  return {
    warmupTicks,
    ticks: market.ticks,
    platforms: market.platforms.map((platform) => simulatePlatform(market, platform, warmupTicks, dayShape)),
    conversionDelayTicks: market.conversionDelayTicks ?? 0,
    reportLagTicks: market.reportLagTicks ?? 0,
    panelShare: market.panelShare ?? 2,
  };
}

/**
 * A value per conversion that makes a campaign worth running: 1.1 × the geometric mean over platforms of price ÷ CVR, × e^N(0, .2)
 * [micros]. The means are those of the warm-up (of tick 0 where there is none), so that the future of the paths never shows in it (SP2).
 */
export function drawValuePerConversion(paths: MarketPaths, seed: number): number {
  const normal = randomNormal.source(new RandomStream(seed, "campaign:value").next)(0, 0.2);
  const until = Math.max(1, paths.warmupTicks);
  let sum = 0;
  for (const { priceMicros, cvr } of paths.platforms) {
    for (let i = 0; i < until; i += 1) sum += Math.log(priceMicros[i] / cvr[i]);
  }
  return Math.max(1, Math.round(1.1 * Math.exp(sum / (until * paths.platforms.length) + normal())));
}

function simulatePlatform(
  market: SimulatedMarketSpec,
  platform: SimulatedPlatformSpec,
  warmupTicks: number,
  marketShape: DayShape,
): PlatformPath {
  const { tickMs } = market;
  const stream = (quantity: string): RandomStream => new RandomStream(market.seed, `paths:${platform.id}:${quantity}`);
  const base = (quantity: string, median: number, logSd: number): number =>
    median * Math.exp(randomNormal.source(stream(quantity).next)(0, logSd)());
  const drift = (quantity: string, shape: { sd: number; minutes: number }): Float64Array =>
    platform.drift === false
      ? new Float64Array(length)
      : meanReverting(stream(quantity), shape.sd, tickMs / (shape.minutes * MINUTE_MS), length);

  const length = warmupTicks + market.ticks;
  const dayTicks = ticksPerDay(tickMs);
  const basePrice = platform.baseCpcMicros ?? base("base-price", market.baseCpcMicros ?? 1_000_000, 0.35);
  const baseCvr = platform.cvr ?? base("base-cvr", 0.04, 0.4);
  const baseVolume = platform.clicksPerTick ?? base("base-volume", (8 * tickMs) / MINUTE_MS, 0.5);
  const priceMicros = drift("price", PRICE_DRIFT);
  const cvr = drift("cvr", CVR_DRIFT);
  const volume = drift("volume", VOLUME_DRIFT);
  const isSilent = new Uint8Array(length);
  const cvrPhase = stream("cvr-day").next();
  const cvrAmplitude = platform.cvrDayAmplitude ?? 0.15;
  const shape = platform.dayShape ?? marketShape;
  const dayAmplitude = platform.dayAmplitude ?? 1;
  for (let i = 0; i < length; i += 1) {
    const tick = i - warmupTicks;
    const shock = shocksAt(platform.shocks ?? [], tick);
    // The middle of the tick, as a fraction of the day.
    const day = (tick + (market.dayOffsetTicks ?? 0) + 0.5) / dayTicks;
    const dayFraction = day - Math.floor(day);
    const traffic = 1 + dayAmplitude * (shapeAt(shape, dayFraction) - 1);
    const season = 1 + cvrAmplitude * Math.sin(2 * Math.PI * (dayFraction + cvrPhase));
    priceMicros[i] = basePrice * Math.exp(priceMicros[i]) * shock.price;
    cvr[i] = Math.min(MAX_CVR, baseCvr * Math.exp(cvr[i]) * season * shock.cvr);
    volume[i] = baseVolume * (platform.volumeFactor ?? 1) * Math.exp(volume[i]) * traffic * shock.volume;
    isSilent[i] = (platform.outages ?? []).some((outage) => tick >= outage.startTick && tick < outage.endTick) ? 1 : 0;
  }
  return {
    spec: {
      id: platform.id,
      pricing: platform.pricing,
      control: platform.control,
      floorMicros: platform.floorMicros,
      overDeliveryFactor: platform.overDeliveryFactor,
    },
    landscape:
      platform.landscape ?? new LogLogisticLandscape(platform.landscapeShape ?? 1.4 + 1.4 * stream("landscape").next()),
    volume,
    priceMicros,
    cvr,
    isSilent,
    impressionsPerClick: platform.impressionsPerClick ?? 50,
  };
}

/** A CVR stays a probability whatever drifts and shocks multiply to. */
const MAX_CVR = 0.95;

/** An Ornstein–Uhlenbeck path around 0, begun in its stationary law. `rate` = tick ÷ time to fall to 1/e. */
function meanReverting(stream: RandomStream, sd: number, rate: number, length: number): Float64Array {
  const normal = randomNormal.source(stream.next)(0, 1);
  const keep = Math.exp(-rate);
  const step = sd * Math.sqrt(1 - keep * keep);
  const path = new Float64Array(length);
  let level = sd * normal();
  for (let i = 0; i < length; i += 1) {
    path[i] = level;
    level = keep * level + step * normal();
  }
  return path;
}

function shocksAt(shocks: readonly SimulatedShock[], tick: number): { price: number; cvr: number; volume: number } {
  const factor = { price: 1, cvr: 1, volume: 1 };
  for (const shock of shocks) {
    if (tick < shock.tick || tick >= (shock.endTick ?? Number.POSITIVE_INFINITY)) continue;
    factor.price *= shock.priceFactor ?? 1;
    factor.cvr *= shock.cvrFactor ?? 1;
    factor.volume *= shock.volumeFactor ?? 1;
  }
  return factor;
}

function ticksPerDay(tickMs: number): number {
  return Math.max(1, Math.round(DAY_MS / tickMs));
}
