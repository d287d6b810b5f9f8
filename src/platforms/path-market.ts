/**
 * The market that plays market paths: auctions for every bid, a metrics feed, spend reports, late conversions.
 *
 * PM1 the noise of a campaign is a function of (seed, campaign, platform id, tick): no bid, its own or another's, no thread and no order of
 * platforms moves it; PM2 a charge never exceeds its cap × the platform's over-delivery factor; PM3 every bid placed is answered by exactly one
 * spend report, and every conversion reported exactly once, with its spend report or after it; PM4 a row costs no memory that outlives its report.
 */
import { EngineError } from "../core/errors.ts";
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { RandomStreams } from "../core/random.ts";
import { ReportBatch, ReportKind } from "../core/reports.ts";
import type { BidBatch } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";
import { autobid, secondPriceShare } from "./auction.ts";
import { ConversionCalendar, delayAt } from "./conversion-calendar.ts";
import type { Market, MarketNews, MarketTruth } from "./market.ts";
import { PanelFeed } from "./panel-feed.ts";
import type { PanelState } from "./panel-feed.ts";
import type { CampaignExposure, MarketPaths, PlatformPath } from "./paths.ts";
import { binomialQuantile, poissonQuantile } from "./quantile.ts";
import { Sales } from "./sales.ts";
import type { SalesState } from "./sales.ts";

/** What a {@link PathMarket} plays, and for whom. */
export interface PathMarketOptions {
  readonly paths: MarketPaths;
  /** By campaign slot. */
  readonly exposures: readonly CampaignExposure[];
  /** By campaign slot: above it, spend counts as waste in the truth. */
  readonly valuesPerConversionMicros: readonly number[];
  readonly seed: number;
}

/** Where a market stands; its paths are its specification's. */
export interface PathMarketState {
  readonly tick: number;
  readonly truth: MarketTruth;
  readonly feeds: readonly PanelState[];
  readonly streams: Int32Array;
  readonly draws: Float64Array;
  readonly drawnUntil: Int32Array;
  readonly delays: Int32Array;
  readonly sales: readonly (readonly SalesState[])[];
  readonly conversions: ReadonlyMap<number, readonly number[]>;
}

/** Plays {@link MarketPaths} for any number of campaigns, which are price takers: they do not compete with one another. */
export class PathMarket implements Market, Savable<PathMarketState> {
  readonly platforms: readonly PlatformSpec[];
  /** The market's own account of what it sold: invoices and true values. */
  readonly truth: MarketTruth;
  readonly #paths: MarketPaths;
  readonly #exposures: readonly CampaignExposure[];
  readonly #values: readonly number[];
  readonly #feeds: readonly PanelFeed[];
  /** By campaign. */
  readonly #streams: RandomStreams;
  /** Uniforms of the campaign's current tick: two per platform, in the order of platform ids (PM1). */
  readonly #draws: Float64Array;
  /** Tick up to which a campaign's draws were made. */
  readonly #drawnUntil: Int32Array;
  readonly #rank: readonly number[];
  /** By campaign × platforms + platform. They stand apart: how many delays are drawn depends on the bids. */
  readonly #delays: RandomStreams;
  readonly #delay = new Float64Array(1);
  /** Sales not yet reported, by tick modulo the lag and platform. */
  readonly #sales: readonly (readonly Sales[])[];
  readonly #conversions = new ConversionCalendar();
  readonly #reports = new ReportBatch();
  #openSales = 0;
  #tick = Number.NaN;

  constructor({ paths, exposures, valuesPerConversionMicros, seed }: PathMarketOptions) {
    if (valuesPerConversionMicros.length !== exposures.length) throw misused("one value per conversion per campaign");
    const cells = exposures.length * paths.platforms.length;
    this.platforms = paths.platforms.map((path) => path.spec);
    this.truth = {
      impressions: new Float64Array(cells),
      clicks: new Float64Array(cells),
      costMicros: new Float64Array(cells),
      expectedConversions: new Float64Array(cells),
      wasteMicros: new Float64Array(cells),
    };
    this.#paths = paths;
    this.#exposures = exposures;
    this.#values = valuesPerConversionMicros;
    this.#feeds = paths.platforms.map((_, platform) => new PanelFeed(paths, platform, seed));
    this.#streams = new RandomStreams(seed, exposures.length, (slot) => `market:campaign:${slot}`);
    this.#draws = new Float64Array(cells * 2);
    this.#drawnUntil = new Int32Array(exposures.length).fill(-1);
    const ids = this.platforms.map((spec) => spec.id);
    this.#rank = ids.map((id) => ids.toSorted().indexOf(id));
    this.#delays = new RandomStreams(seed, cells, (cell) => {
      return `market:delay:${Math.floor(cell / ids.length)}:${ids[cell % ids.length]}`;
    });
    this.#sales = Array.from({ length: paths.reportLagTicks + 1 }, () => ids.map(() => new Sales()));
  }

  advance(tick: number): MarketNews {
    if (tick !== this.#tick + 1 && !Number.isNaN(this.#tick)) throw misused(`tick ${this.#tick + 1}, not ${tick}`);
    this.#tick = tick;
    const feed: PlatformMetrics[] = [];
    for (const panel of this.#feeds) {
      const metrics = panel.report(tick - 1);
      if (metrics !== null) feed.push(metrics);
    }
    this.#report(tick);
    return { feed, reports: this.#reports };
  }

  place(bids: BidBatch): void {
    const { platform, tick } = bids;
    if (tick !== this.#tick || tick < 0 || tick >= this.#paths.ticks) throw misused(`bids of tick ${this.#tick}`);
    const sales = this.#sales[tick % this.#sales.length][platform];
    if (sales.tick === tick) throw misused("one batch per platform and tick");
    sales.clear(tick);
    this.#openSales += bids.length;
    for (let row = 0; row < bids.length; row += 1) this.#sell(bids, row, sales);
  }

  isSettled(): boolean {
    return this.#openSales === 0 && this.#conversions.isEmpty;
  }

  save(): PathMarketState {
    return {
      tick: this.#tick,
      truth: this.truth,
      feeds: this.#feeds.map((panel) => panel.save()),
      streams: this.#streams.save(),
      draws: this.#draws,
      drawnUntil: this.#drawnUntil,
      delays: this.#delays.save(),
      sales: this.#sales.map((byPlatform) => byPlatform.map((sales) => sales.save())),
      conversions: this.#conversions.save(),
    };
  }

  restore(state: PathMarketState): void {
    this.#tick = state.tick;
    for (const [name, column] of Object.entries(this.truth)) column.set(state.truth[name as keyof MarketTruth]);
    for (const [at, panel] of this.#feeds.entries()) panel.restore(state.feeds[at]);
    this.#streams.restore(state.streams);
    this.#draws.set(state.draws);
    this.#drawnUntil.set(state.drawnUntil);
    this.#delays.restore(state.delays);
    this.#openSales = 0;
    for (const [at, byPlatform] of this.#sales.entries()) {
      for (const [platform, sales] of byPlatform.entries()) {
        sales.restore(state.sales[at][platform]);
        this.#openSales += sales.length;
      }
    }
    this.#conversions.restore(state.conversions);
  }

  #sell(bids: BidBatch, row: number, sales: Sales): void {
    const { platform, tick } = bids;
    const slot = bids.campaign[row];
    const path = this.#paths.platforms[platform];
    const at = tick + this.#paths.warmupTicks;
    const exposure = this.#exposures[slot];
    const { spec, landscape } = path;
    const priceMicros = path.priceMicros[at];
    const volume = path.isSilent[at] === 1 ? 0 : path.volume[at] * exposure.volumeShare;
    const limitMicros = Math.floor(bids.capMicros[row] * spec.overDeliveryFactor);
    const floorShare = spec.floorMicros / priceMicros;
    const u =
      spec.control === "bid"
        ? bids.bidMicros[row] / priceMicros
        : autobid((bid) => costOf(path, bid, floorShare), limitMicros / (volume * priceMicros));
    const winRate = volume > 0 && u >= floorShare ? landscape.winRate(u) : 0;

    const cell = slot * this.platforms.length + platform;
    const draw = this.#draw(slot, tick) + 2 * this.#rank[platform];
    const wanted = poissonQuantile(this.#draws[draw], volume * winRate);
    if (wanted === 0) {
      sales.push(slot, 0, Math.round(volume * winRate * (path.impressionsPerClick - 1)), 0, 0);
      return;
    }
    const costPerClick = Math.max(1, (priceMicros * costOf(path, u, floorShare)) / winRate);
    const clicks = Math.min(wanted, Math.floor(limitMicros / costPerClick));
    const costMicros = Math.min(limitMicros, Math.round(clicks * costPerClick));
    const impressions = clicks + Math.round((volume * winRate * (path.impressionsPerClick - 1) * clicks) / wanted);
    const cvr = Math.min(1, path.cvr[at] * exposure.cvrFactors[platform]);
    const conversions = binomialQuantile(this.#draws[draw + 1], clicks, cvr);
    sales.push(slot, costMicros, impressions, clicks, this.#reportedAtOnce(conversions, cell, tick));

    const { truth } = this;
    truth.impressions[cell] += impressions;
    truth.clicks[cell] += clicks;
    truth.costMicros[cell] += costMicros;
    truth.expectedConversions[cell] += clicks * cvr;
    truth.wasteMicros[cell] += Math.max(0, costMicros - clicks * cvr * this.#values[slot]);
  }

  /** Draws each conversion's delay, enters the late ones in the calendar and returns the number of the others. */
  #reportedAtOnce(conversions: number, cell: number, tick: number): number {
    const mean = this.#paths.conversionDelayTicks;
    if (mean === 0) return conversions;
    let atOnce = 0;
    for (let i = 0; i < conversions; i += 1) {
      this.#delays.draw(cell, this.#delay, 0, 1);
      const age = delayAt(this.#delay[0], mean);
      if (age === 0) atOnce += 1;
      else this.#conversions.add(tick + age + this.#paths.reportLagTicks, cell, age);
    }
    return atOnce;
  }

  /** Where the campaign's draws of the tick begin. Ticks without a bid use up theirs, so that every tick has its own (PM1). */
  #draw(slot: number, tick: number): number {
    const width = this.platforms.length * 2;
    const begin = slot * width;
    for (let behind = tick - this.#drawnUntil[slot]; behind > 0; behind -= 1) {
      this.#streams.draw(slot, this.#draws, begin, begin + width);
    }
    this.#drawnUntil[slot] = tick;
    return begin;
  }

  /** Fills the report batch: sales of one tick and conversions that arrived in the last one, merged by campaign, then platform. */
  #report(tick: number): void {
    const batch = this.#reports;
    batch.clear();
    const saleTick = tick - 1 - this.#paths.reportLagTicks;
    const due =
      saleTick >= 0 ? this.#sales[saleTick % this.#sales.length].filter((sales) => sales.tick === saleTick) : [];
    const platformOf = due.map((sales) => this.#sales[saleTick % this.#sales.length].indexOf(sales));
    const width = this.platforms.length;
    const next = new Int32Array(due.length);
    const late = this.#conversions.take(tick - 1);
    let lateRow = 0;
    for (;;) {
      let cell = lateRow < late.length ? late.cell[lateRow] : Number.POSITIVE_INFINITY;
      let from = -1;
      for (let i = 0; i < due.length; i += 1) {
        if (next[i] === due[i].length) continue;
        const saleCell = due[i].campaign[next[i]] * width + platformOf[i];
        // The spend report stands before late conversions of the same campaign and platform (PM3).
        if (saleCell <= cell) {
          cell = saleCell;
          from = i;
        }
      }
      if (from >= 0) {
        due[from].report(next[from], platformOf[from], batch);
        next[from] += 1;
      } else if (cell < Number.POSITIVE_INFINITY) {
        batch.push({
          kind: ReportKind.conversions,
          campaign: Math.floor(cell / width),
          platform: cell % width,
          tick: tick - 1,
          costMicros: 0,
          impressions: 0,
          clicks: 0,
          conversions: late.count[lateRow],
          conversionAgeTicks: late.ageTicks[lateRow],
        });
        lateRow += 1;
      } else break;
    }
    for (const sales of due) {
      this.#openSales -= sales.length;
      sales.clear(Number.NaN);
    }
  }
}

/** What a bid of `u` pays per unit of volume, in units of the mean clearing price. */
function costOf(path: PlatformPath, u: number, floorShare: number): number {
  if (u < floorShare) return 0;
  return path.spec.pricing === "first-price"
    ? u * path.landscape.winRate(u)
    : secondPriceShare(path.landscape, u, floorShare);
}

function misused(expected: string): EngineError {
  return new EngineError("CE_ENGINE_INVARIANT", `The market expects ${expected}.`);
}
