/**
 * A simulated market without an end: one season of drawn paths after another, each with a seed of its own.
 *
 * EM1 the same specification gives the same market; EM2 what a season sold is reported by that season, however late.
 */
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { hashSeed } from "../core/random.ts";
import { BidBatch, ReportBatch } from "../core/reports.ts";
import type { ReportRow } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";
import type { Market, MarketNews } from "./market.ts";
import { PathMarket } from "./path-market.ts";
import type { PathMarketState } from "./path-market.ts";
import type { CampaignExposure } from "./paths.ts";
import { simulatePaths } from "./simulated-paths.ts";
import type { SimulatedMarketSpec, SimulatedOutage, SimulatedPlatformSpec, SimulatedShock } from "./simulated-paths.ts";

/** Seasons last at least so many ticks: prices and rates jump from one to the next, so they are not to be short. */
const SEASON_TICKS = 28 * 1_440;

interface Season {
  readonly market: PathMarket;
  /** Tick at which it begins. */
  readonly startTick: number;
}

/** Where an endless market stands. */
export interface EndlessMarketState {
  /** Seasons that have not reported everything yet, the last of them the present one. */
  readonly seasons: readonly { readonly startTick: number; readonly market: PathMarketState }[];
  /** Seasons begun so far. */
  readonly begun: number;
}

/** Plays `spec` again and again: outages and shocks come back in every round. */
export class EndlessMarket implements Market, Savable<EndlessMarketState> {
  readonly platforms: readonly PlatformSpec[];
  readonly #spec: SimulatedMarketSpec;
  readonly #exposures: readonly CampaignExposure[];
  readonly #seasonTicks: number;
  readonly #reports = new ReportBatch();
  readonly #shifted: BidBatch;
  #seasons: Season[] = [];
  #next = 0;

  /** @param exposures by campaign slot: room for campaigns that are yet to come included. */
  constructor(spec: SimulatedMarketSpec, exposures: readonly CampaignExposure[]) {
    this.#spec = spec;
    this.#exposures = exposures;
    this.#seasonTicks = Math.ceil(SEASON_TICKS / spec.ticks) * spec.ticks;
    this.#shifted = new BidBatch(0);
    this.#begin(0);
    this.platforms = this.#seasons[0].market.platforms;
  }

  advance(tick: number): MarketNews {
    const all = this.#seasons.map(({ market, startTick }) => shifted(market.advance(tick - startTick), startTick));
    if (tick > 0 && tick % this.#seasonTicks === 0) this.#begin(tick);
    const newest = this.#seasons.length - 1;
    this.#seasons = this.#seasons.filter(({ market }, at) => at === newest || !market.isSettled());
    if (all.length === 1) return all[0];
    const rows: ReportRow[] = [];
    for (const { reports } of all) for (let i = 0; i < reports.length; i += 1) rows.push(reports.row(i));
    rows.sort((a, b) => a.campaign - b.campaign || a.platform - b.platform || a.tick - b.tick);
    this.#reports.clear();
    for (const row of rows) this.#reports.push(row);
    return { feed: all.flatMap(({ feed }) => feed), reports: this.#reports };
  }

  place(bids: BidBatch): void {
    const { market, startTick } = this.#seasons.at(-1)!;
    Object.assign(this.#shifted, bids, { tick: bids.tick - startTick });
    market.place(this.#shifted);
  }

  isSettled(): boolean {
    return this.#seasons.every(({ market }) => market.isSettled());
  }

  save(): EndlessMarketState {
    const seasons = this.#seasons.map(({ market, startTick }) => ({ startTick, market: market.save() }));
    return { seasons, begun: this.#next };
  }

  restore({ seasons, begun }: EndlessMarketState): void {
    this.#seasons = [];
    for (const { startTick, market } of seasons) {
      this.#next = startTick / this.#seasonTicks;
      this.#begin(startTick);
      this.#seasons.at(-1)!.market.restore(market);
    }
    this.#next = begun;
  }

  #begin(startTick: number): void {
    const season = this.#next;
    this.#next += 1;
    const seed = season === 0 ? this.#spec.seed : hashSeed(this.#spec.seed, `season:${season}`) >>> 0;
    const paths = simulatePaths({
      ...this.#spec,
      seed,
      ticks: this.#seasonTicks,
      dayOffsetTicks: (this.#spec.dayOffsetTicks ?? 0) + startTick,
      warmupTicks: season === 0 ? (this.#spec.warmupTicks ?? 0) : 0,
      platforms: this.#spec.platforms.map((platform) => this.#repeated(platform)),
    });
    const valuesPerConversionMicros = this.#exposures.map(() => 0);
    const market = new PathMarket({ paths, exposures: this.#exposures, valuesPerConversionMicros, seed });
    // The tick that begins the season is the world's already; its first news is about nothing.
    if (startTick > 0) market.advance(0);
    this.#seasons.push({ market, startTick });
  }

  #repeated(platform: SimulatedPlatformSpec): SimulatedPlatformSpec {
    const { ticks } = this.#spec;
    const outages: SimulatedOutage[] = [];
    const shocks: SimulatedShock[] = [];
    for (let by = 0; by < this.#seasonTicks; by += ticks) {
      for (const { startTick, endTick } of platform.outages ?? []) {
        outages.push({ startTick: startTick + by, endTick: endTick + by });
      }
      for (const shock of platform.shocks ?? []) {
        // What was for good in the scenario lasts for its round.
        const endTick = Math.min(shock.endTick ?? ticks, ticks) + by;
        shocks.push({ ...shock, tick: shock.tick + by, endTick });
      }
    }
    return { ...platform, outages, shocks };
  }
}

/** A season's news in ticks of the run; the columns are changed in place, as the season writes them anew at every tick. */
function shifted(news: MarketNews, startTick: number): MarketNews {
  if (startTick === 0) return news;
  const { feed, reports } = news;
  for (let i = 0; i < reports.length; i += 1) reports.tick[i] += startTick;
  return {
    feed: feed.map((metrics): PlatformMetrics => Object.assign(metrics, { tick: metrics.tick + startTick })),
    reports,
  };
}
