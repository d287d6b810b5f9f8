/**
 * The market port of a live service: metrics and reports come in from outside at any time, and a tick takes what has arrived; bids go out to
 * whoever places them.
 *
 * LM1 every record has a key, and a key counts once: metrics (platform, tick), answers to bids, spend or refusal,
 * (campaign, tick, platform), conversions the same and
 * apart; LM2 what waits is bounded, and what does not fit is refused before any of it is taken; LM3 an answer is taken only for a bid
 * that is out.
 */
import { EngineError } from "../core/errors.ts";
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { RecentKeys } from "../core/recent-keys.ts";
import { ReportBatch, ReportKind } from "../core/reports.ts";
import type { BidBatch, ReportRow } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";
import type { Market, MarketNews } from "./market.ts";

/** What became of a record that was offered. */
export type Reception = "accepted" | "duplicate" | "late" | "early" | "unknown-bid";

/** One platform's bids of one tick, as they are offered to whoever places them: columns, one entry a bid. */
export interface PlacedBids {
  readonly tick: number;
  readonly platform: number;
  readonly slots: Int32Array;
  readonly bidMicros: Float64Array;
  readonly capMicros: Float64Array;
}

/** Limits of a {@link LiveMarket}; all have defaults. */
export interface LiveMarketLimits {
  /** Reports that may wait for the next tick. Default 200,000. */
  readonly reports?: number;
  /** Ticks ahead for which metrics may be sent. Default 60. */
  readonly aheadTicks?: number;
  /** Ticks of bids that are kept for those who place them late. Default 10. */
  readonly bidTicks?: number;
  /** Ticks after which a bid without an answer is forgotten, as its reservation has expired long before. Default 100,000. */
  readonly answerTicks?: number;
}

/** Keys of the past that are remembered, per kind of record: repeats of older ones are refused as late or unknown. */
const REMEMBERED_KEYS = 500_000;

/** What a live market remembers, and what waits in it. */
export interface LiveMarketState {
  readonly tick: number;
  readonly metrics: ReadonlyMap<number, PlatformMetrics>;
  readonly heard: readonly number[];
  readonly settled: readonly number[];
  readonly converted: readonly number[];
  readonly out: ReadonlySet<number>;
  readonly waiting: readonly ReportRow[];
  readonly placed: readonly PlacedBids[];
  /** Of the market that answers on its own, where there is one. */
  readonly source: { readonly state: unknown } | null;
}

/** Slots are below this, so that (tick, platform, slot) is one safe integer for ticks up to 2^26. */
const SLOTS = 2 ** 20;

/** A market fed from outside; `source`, where given, is a market that answers on its own, as in a demonstration. */
export class LiveMarket implements Market, Savable<LiveMarketState> {
  readonly platforms: readonly PlatformSpec[];
  readonly #source: Market | null;
  readonly #maxReports: number;
  readonly #aheadTicks: number;
  readonly #bidTicks: number;
  readonly #answerTicks: number;
  readonly #metrics = new Map<number, PlatformMetrics>();
  readonly #heard = new RecentKeys<number>(REMEMBERED_KEYS);
  readonly #settled = new RecentKeys<number>(REMEMBERED_KEYS);
  readonly #converted = new RecentKeys<number>(REMEMBERED_KEYS);
  /** Keys of the bids that no spend report has answered. */
  readonly #out = new Set<number>();
  #waiting: ReportRow[] = [];
  readonly #reports = new ReportBatch();
  readonly #placed: PlacedBids[] = [];
  #tick = Number.NEGATIVE_INFINITY;

  constructor(platforms: readonly PlatformSpec[], source: Market | null = null, limits: LiveMarketLimits = {}) {
    this.platforms = platforms;
    this.#source = source;
    this.#maxReports = limits.reports ?? 200_000;
    this.#aheadTicks = limits.aheadTicks ?? 60;
    this.#bidTicks = limits.bidTicks ?? 10;
    this.#answerTicks = limits.answerTicks ?? 100_000;
  }

  /** The tick that lasts now. */
  get tick(): number {
    return this.#tick;
  }

  /** Records that wait for the next tick. */
  get queued(): { readonly metrics: number; readonly reports: number } {
    return { metrics: this.#metrics.size, reports: this.#waiting.length };
  }

  /** Bids that no spend report has answered yet. */
  get outstanding(): number {
    return this.#out.size;
  }

  /** True when so many more reports may wait (LM2). */
  hasRoomFor(reports: number): boolean {
    return this.#waiting.length + reports <= this.#maxReports;
  }

  /** Offers one platform's metrics of the present tick or one of the next. */
  offerMetrics(metrics: PlatformMetrics): Reception {
    const key = this.#key(metrics.tick, metrics.platform, 0);
    if (this.#heard.has(key)) return "duplicate";
    if (metrics.tick < this.#tick) return "late";
    if (metrics.tick > this.#tick + this.#aheadTicks) return "early";
    this.#heard.add(key);
    this.#metrics.set(key, metrics);
    return "accepted";
  }

  /** Offers a spend report, a refusal or late conversions. Ask {@link hasRoomFor} first. */
  offerReport(row: ReportRow): Reception {
    const key = this.#key(row.tick, row.platform, row.campaign);
    // A bid is answered by its spend or by its refusal, whichever comes first.
    if (row.kind !== ReportKind.conversions) {
      if (this.#settled.has(key)) return "duplicate";
      if (!this.#out.delete(key)) return "unknown-bid";
      this.#settled.add(key);
    } else {
      if (this.#converted.has(key)) return "duplicate";
      if (row.tick > this.#tick) return "early";
      this.#converted.add(key);
    }
    this.#waiting.push(row);
    return "accepted";
  }

  /** The bids of the last ticks with a tick above `afterTick`, oldest first. */
  bidsAfter(afterTick: number): readonly PlacedBids[] {
    return this.#placed.filter(({ tick }) => tick > afterTick);
  }

  /** Tick of the newest bids; -1 before the first. */
  get newestBids(): number {
    return this.#placed.at(-1)?.tick ?? -1;
  }

  advance(tick: number): MarketNews {
    const news = this.#source?.advance(tick);
    this.#tick = tick - 1;
    for (const metrics of news?.feed ?? []) this.offerMetrics(metrics);
    if (news !== undefined) for (let i = 0; i < news.reports.length; i += 1) this.offerReport(news.reports.row(i));
    this.#tick = tick;
    const feed: PlatformMetrics[] = [];
    for (const [key, metrics] of this.#metrics) {
      if (metrics.tick >= tick) continue;
      this.#metrics.delete(key);
      if (metrics.tick === tick - 1) feed.push(metrics);
    }
    const rows = this.#waiting.sort((a, b) => a.campaign - b.campaign || a.platform - b.platform || a.tick - b.tick);
    this.#waiting = [];
    this.#reports.clear();
    for (const row of rows) this.#reports.push(row);
    return { feed, reports: this.#reports };
  }

  place(batch: BidBatch): void {
    const { tick, platform } = batch;
    for (let row = 0; row < batch.length; row += 1) this.#out.add(this.#key(tick, platform, batch.campaign[row]));
    // Keys ascend with the ticks: the oldest stand first.
    const oldest = this.#key(tick - this.#answerTicks, 0, 0);
    for (const key of this.#out) {
      if (key >= oldest) break;
      this.#out.delete(key);
    }
    const placed: PlacedBids = {
      tick,
      platform,
      slots: batch.campaign.slice(0, batch.length),
      bidMicros: batch.bidMicros.slice(0, batch.length),
      capMicros: batch.capMicros.slice(0, batch.length),
    };
    this.#placed.push(placed);
    while (this.#placed[0].tick <= tick - this.#bidTicks) this.#placed.shift();
    this.#source?.place(batch);
  }

  /** @throws EngineError CE_STATE_UNSAVABLE where the market that answers cannot be saved */
  save(): LiveMarketState {
    const source = this.#source;
    if (source !== null && source.save === undefined) {
      throw new EngineError("CE_STATE_UNSAVABLE", "The market that answers the bids cannot be saved.");
    }
    return {
      tick: this.#tick,
      metrics: this.#metrics,
      heard: this.#heard.save(),
      settled: this.#settled.save(),
      converted: this.#converted.save(),
      out: this.#out,
      waiting: this.#waiting,
      placed: this.#placed,
      source: source === null ? null : { state: source.save!() },
    };
  }

  restore({ tick, metrics, heard, settled, converted, out, waiting, placed, source }: LiveMarketState): void {
    this.#tick = tick;
    for (const [key, one] of metrics) this.#metrics.set(key, one);
    this.#heard.restore(heard);
    this.#settled.restore(settled);
    this.#converted.restore(converted);
    for (const key of out) this.#out.add(key);
    this.#waiting = [...waiting];
    this.#placed.push(...placed);
    if (source !== null) this.#source?.restore?.(source.state);
  }

  isSettled(): boolean {
    return this.#out.size === 0 && this.#waiting.length === 0 && (this.#source?.isSettled() ?? true);
  }

  #key(tick: number, platform: number, slot: number): number {
    return (tick * this.platforms.length + platform) * SLOTS + slot;
  }
}
