/**
 * A market whose news can be disturbed on its way: silence, garbage, reports late, lost, twice or too dear.
 *
 * N4 what is not disturbed crosses unchanged; N5 a report that is late comes exactly once, one that is lost never.
 */
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { ReportBatch, ReportKind } from "../core/reports.ts";
import type { BidBatch, ReportRow } from "../core/reports.ts";
import type { Market, MarketNews } from "../platforms/market.ts";

/** Charged for the cost of 1. */
const OVERCHARGE = 3;

/** What happens to the spend reports of a platform when next there are any. */
export type ReportFate =
  | { readonly kind: "report-late"; readonly ticks: number }
  | { readonly kind: "report-lost" | "report-twice" | "overcharge" };

/** Stands between an engine and its market. Platforms go by their index. */
export class DisturbedMarket implements Market {
  readonly platforms: readonly PlatformSpec[];
  readonly #market: Market;
  readonly #silentUntil: Float64Array;
  readonly #garbledUntil: Float64Array;
  readonly #fates = new Map<number, ReportFate>();
  readonly #late: { readonly dueTick: number; readonly row: ReportRow }[] = [];
  #tick = 0;

  constructor(market: Market) {
    this.#market = market;
    this.platforms = market.platforms;
    this.#silentUntil = new Float64Array(market.platforms.length);
    this.#garbledUntil = new Float64Array(market.platforms.length);
  }

  /** From the next tick on the platform says nothing for so many ticks. */
  silence(platform: number, ticks: number): void {
    this.#silentUntil[platform] = this.#tick + ticks;
  }

  /** From the next tick on the platform's metrics are garbage for so many ticks. */
  garble(platform: number, ticks: number): void {
    this.#garbledUntil[platform] = this.#tick + ticks;
  }

  /** The platform's next spend reports, all of one tick, meet this fate. */
  doom(platform: number, fate: ReportFate): void {
    this.#fates.set(platform, fate);
  }

  advance(tick: number): MarketNews {
    const { feed, reports } = this.#market.advance(tick);
    this.#tick = tick + 1;
    return { feed: this.#feedAt(tick, feed), reports: this.#reportsAt(tick, reports) };
  }

  place(bids: BidBatch): void {
    this.#market.place(bids);
  }

  isSettled(): boolean {
    return this.#late.length === 0 && this.#market.isSettled();
  }

  #feedAt(tick: number, feed: readonly PlatformMetrics[]): readonly PlatformMetrics[] {
    return feed
      .filter(({ platform }) => !(tick >= 0 && tick < this.#silentUntil[platform]))
      .map((metrics) => {
        const isGarbled = tick >= 0 && tick < this.#garbledUntil[metrics.platform];
        return isGarbled ? Object.assign({}, metrics, { clicks: Number.NaN, cpcMicros: -1 }) : metrics;
      });
  }

  #reportsAt(tick: number, reports: ReportBatch): ReportBatch {
    if (this.#fates.size === 0 && this.#late.length === 0) return reports;
    const rows: ReportRow[] = [];
    const met = new Set<number>();
    for (let at = 0; at < reports.length; at += 1) {
      const row = reports.row(at);
      const fate = row.kind === ReportKind.spend ? this.#fates.get(row.platform) : undefined;
      if (fate === undefined) rows.push(row);
      else {
        met.add(row.platform);
        this.#meet(fate, row, tick, rows);
      }
    }
    for (const platform of met) this.#fates.delete(platform);
    const due = this.#late.filter(({ dueTick }) => dueTick <= tick);
    for (const late of due) {
      this.#late.splice(this.#late.indexOf(late), 1);
      rows.push(late.row);
    }
    const batch = new ReportBatch(Math.max(1, rows.length));
    // Rows of one campaign stand together; the sort is stable.
    for (const row of rows.sort((a, b) => a.campaign - b.campaign)) batch.push(row);
    return batch;
  }

  #meet(fate: ReportFate, row: ReportRow, tick: number, rows: ReportRow[]): void {
    if (fate.kind === "report-late") this.#late.push({ dueTick: tick + fate.ticks, row });
    else if (fate.kind === "report-twice") rows.push(row, row);
    else if (fate.kind === "overcharge") rows.push({ ...row, costMicros: row.costMicros * OVERCHARGE });
  }
}
