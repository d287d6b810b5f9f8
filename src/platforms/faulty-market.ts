/**
 * A market whose platforms misbehave as the run's {@link Faults} say: around any market, recorded or simulated.
 *
 * FM1 the market inside is asked exactly what it would be asked without faults, but for bids that are refused: its truth stays the truth;
 * FM2 for every bid, charged = invoiced + lost + restated, and before over-delivery the charges are those of the market inside (see {@link Invoices});
 * FM3 a report is struck by its bid, (campaign, platform, tick): neither the order nor the time of its coming moves a draw;
 * FM4 the first report on a bid is never a copy; FM5 rows of one campaign stand together, but for those that come out of order by a fault.
 */
import type { Faults } from "../core/faults.ts";
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { reservationMicros } from "../core/decision.ts";
import { BidBatch, ReportBatch, ReportKind } from "../core/reports.ts";
import type { ReportRow } from "../core/reports.ts";
import type { Market, MarketNews } from "./market.ts";

/** What the platforms charge, per campaign and platform (`campaign * platforms + platform`) [micros]. */
export interface Invoices {
  /** Charges of the first report on each bid that was delivered: what a ledger books or disputes. */
  readonly invoicedMicros: Float64Array;
  /** Charges whose report was lost: made, and never heard of. */
  readonly lostMicros: Float64Array;
  /** What later reports with other numbers add to the first ones' charges; may be negative. */
  readonly restatedMicros: Float64Array;
  /** The part of the charges above what the market inside charged. */
  readonly overDeliveredMicros: Float64Array;
}

/** Episodes in which a platform is as a whole at fault. */
const EPISODES = ["platform-silent", "platform-slow", "platform-flapping", "platform-refusing"] as const;
type Episode = (typeof EPISODES)[number];

interface Delivery {
  readonly row: ReportRow;
  /** Order of sending; a copy comes after its original (FM4). */
  readonly order: number;
  /** True for the report that a bid is owed, false for copies and for what is no spend report. */
  readonly isInvoice: boolean;
  readonly isOutOfOrder: boolean;
}

/** Stands between an engine and its market, and injects the market's faults. */
export class FaultyMarket implements Market {
  readonly platforms: readonly PlatformSpec[];
  readonly invoices: Invoices;
  readonly #market: Market;
  readonly #faults: Faults;
  /** By kind: the tick at which each platform's episode began, and at which it is over. */
  readonly #episodes: Readonly<Record<Episode, { readonly from: number[]; readonly until: number[] }>>;
  /** Reports on their way, by the tick of their delivery. */
  readonly #mail = new Map<number, Delivery[]>();
  /** Reservations of bids that will be charged above them, by {@link FaultyMarket.bidKey}. */
  readonly #limits = new Map<string, number>();
  readonly #batch = new ReportBatch();
  readonly #accepted: readonly BidBatch[];
  #order = 0;

  /** @param campaigns number of campaigns */
  constructor(market: Market, faults: Faults, campaigns: number) {
    this.#market = market;
    this.#faults = faults;
    this.platforms = market.platforms;
    const cells = () => new Float64Array(campaigns * market.platforms.length);
    this.invoices = {
      invoicedMicros: cells(),
      lostMicros: cells(),
      restatedMicros: cells(),
      overDeliveredMicros: cells(),
    };
    const column = () => market.platforms.map(() => Number.NEGATIVE_INFINITY);
    const never = () => ({ from: column(), until: column() });
    this.#episodes = {
      "platform-silent": never(),
      "platform-slow": never(),
      "platform-flapping": never(),
      "platform-refusing": never(),
    };
    this.#accepted = market.platforms.map((_, platform) => new BidBatch(platform));
  }

  advance(tick: number): MarketNews {
    this.#beginEpisodes(tick);
    const { feed, reports } = this.#market.advance(tick);
    for (let at = 0; at < reports.length; at += 1) this.#send(reports.row(at), tick);
    return { feed: this.#feed(feed, tick), reports: this.#deliver(tick) };
  }

  place(bids: BidBatch): void {
    const { platform, tick } = bids;
    if (this.#isIn("platform-refusing", platform, tick)) {
      for (let at = 0; at < bids.length; at += 1) this.#post(tick + 1, refusal(bids.campaign[at], platform, tick));
      return;
    }
    if (this.#faults.has("over-delivery")) this.#rememberLimits(bids);
    const accepted = this.#accepted[platform];
    accepted.clear(tick);
    for (let at = 0; at < bids.length; at += 1) {
      accepted.push(bids.campaign[at], bids.bidMicros[at], bids.capMicros[at]);
    }
    this.#market.place(accepted);
  }

  isSettled(): boolean {
    return this.#mail.size === 0 && this.#market.isSettled();
  }

  /** What the platforms invoiced a campaign: the sum of first reports delivered so far [micros]. */
  invoicedMicros(slot: number): number {
    const width = this.platforms.length;
    return this.invoices.invoicedMicros
      .subarray(slot * width, (slot + 1) * width)
      .reduce((sum, micros) => sum + micros, 0);
  }

  #beginEpisodes(tick: number): void {
    for (const kind of EPISODES) {
      const { from, until } = this.#episodes[kind];
      for (const platform of this.platforms.keys()) {
        if (tick < until[platform] || !this.#faults.strikes(kind, tick, platform)) continue;
        const ticks = this.#faults.lasting(kind, tick, platform);
        from[platform] = tick;
        until[platform] = tick + ticks;
        this.#faults.note({ kind, platform, detail: `for ${ticks} ticks` });
      }
    }
  }

  #isIn(kind: Episode, platform: number, tick: number): boolean {
    return tick < this.#episodes[kind].until[platform];
  }

  #isMute(platform: number, tick: number): boolean {
    if (this.#isIn("platform-silent", platform, tick)) return true;
    const { from } = this.#episodes["platform-flapping"];
    return this.#isIn("platform-flapping", platform, tick) && (tick - from[platform]) % 2 === 0;
  }

  #feed(feed: readonly PlatformMetrics[], tick: number): readonly PlatformMetrics[] {
    return feed.flatMap((metrics) => {
      const { platform } = metrics;
      if (this.#isMute(platform, tick)) return [];
      if (!this.#faults.strikes("feed-garbage", tick, platform)) return [metrics];
      const [detail, spoil] =
        GARBAGE[Math.floor(this.#faults.shape("feed-garbage", "what", tick, platform) * GARBAGE.length)];
      this.#faults.note({ kind: "feed-garbage", platform, detail });
      return spoil(metrics);
    });
  }

  /** Sends a report of the market inside on its way, struck by what strikes it (FM3). */
  #send(inner: ReportRow, tick: number): void {
    const { campaign: slot, platform } = inner;
    const faults = this.#faults;
    const who = [slot, platform, inner.kind];
    const strikes = (kind: Parameters<Faults["strikes"]>[0]) => faults.strikes(kind, inner.tick, ...who);
    const note = (kind: Parameters<Faults["strikes"]>[0], detail: string) =>
      faults.note({ kind, slot, platform, detail: `${detail}, of tick ${inner.tick}` });
    const isSpend = inner.kind === ReportKind.spend;
    const row = isSpend ? this.#overDelivered(inner) : inner;
    if (strikes("report-lost")) {
      this.invoices.lostMicros[this.#cell(row)] += row.costMicros;
      note("report-lost", "lost");
      return;
    }
    let dueTick = tick;
    if (this.#isIn("platform-slow", platform, tick)) {
      const { from, until } = this.#episodes["platform-slow"];
      dueTick += until[platform] - from[platform];
    }
    if (strikes("report-late")) {
      const ticks = faults.lasting("report-late", inner.tick, ...who);
      dueTick += ticks;
      note("report-late", `${ticks} ticks late`);
    }
    const isOutOfOrder = strikes("report-reordered");
    if (isOutOfOrder) {
      dueTick += 1;
      note("report-reordered", "behind the next");
    }
    this.#post(dueTick, row, { isInvoice: isSpend, isOutOfOrder });
    if (isSpend && strikes("report-twice")) {
      this.#post(dueTick + faults.lasting("report-twice", inner.tick, ...who) - 1, row);
      note("report-twice", "twice");
    }
    if (isSpend && strikes("report-restated")) {
      const factor = 2 * faults.shape("report-restated", "factor", inner.tick, ...who);
      const restated = {
        ...row,
        costMicros: Math.round(row.costMicros * factor),
        clicks: Math.round(row.clicks * factor),
      };
      this.invoices.restatedMicros[this.#cell(row)] += restated.costMicros - row.costMicros;
      this.#post(dueTick + faults.lasting("report-restated", inner.tick, ...who), restated);
      note("report-restated", `${restated.costMicros} in place of ${row.costMicros} micros`);
    }
  }

  #overDelivered(row: ReportRow): ReportRow {
    if (this.#limits.size === 0) return row;
    const { campaign: slot, platform, tick } = row;
    const key = bidKey(slot, platform, tick);
    const limitMicros = this.#limits.get(key);
    this.#limits.delete(key);
    if (limitMicros === undefined || row.costMicros === 0) return row;
    const share = this.#faults.shape("over-delivery", "share", tick, slot, platform);
    const costMicros = limitMicros + Math.ceil(limitMicros * share);
    this.invoices.overDeliveredMicros[this.#cell(row)] += costMicros - row.costMicros;
    const detail = `charges ${costMicros} of at most ${limitMicros} micros, of tick ${tick}`;
    this.#faults.note({ kind: "over-delivery", slot, platform, detail });
    return { ...row, costMicros };
  }

  #rememberLimits({ platform, tick, length, campaign, capMicros }: BidBatch): void {
    const { overDeliveryFactor } = this.platforms[platform];
    for (let at = 0; at < length; at += 1) {
      if (!this.#faults.strikes("over-delivery", tick, campaign[at], platform)) continue;
      this.#limits.set(bidKey(campaign[at], platform, tick), reservationMicros(capMicros[at], overDeliveryFactor));
    }
  }

  #post(dueTick: number, row: ReportRow, { isInvoice = false, isOutOfOrder = false } = {}): void {
    this.#order += 1;
    this.#deposit(dueTick, { row, order: this.#order, isInvoice, isOutOfOrder });
  }

  #deposit(dueTick: number, delivery: Delivery): void {
    const list = this.#mail.get(dueTick);
    if (list === undefined) this.#mail.set(dueTick, [delivery]);
    else list.push(delivery);
  }

  /** What is due, by campaign, platform and order of sending; mail of a mute platform waits for the next tick. */
  #deliver(tick: number): ReportBatch {
    const due = this.#mail.get(tick) ?? [];
    this.#mail.delete(tick);
    this.#batch.clear();
    due.sort(
      (a, b) => Number(a.isOutOfOrder) - Number(b.isOutOfOrder) || a.row.campaign - b.row.campaign || a.order - b.order,
    );
    for (const delivery of due) {
      const { row, isInvoice } = delivery;
      if (this.#isMute(row.platform, tick)) {
        this.#deposit(tick + 1, delivery);
        continue;
      }
      if (isInvoice) this.invoices.invoicedMicros[this.#cell(row)] += row.costMicros;
      this.#batch.push(row);
    }
    return this.#batch;
  }

  #cell({ campaign, platform }: ReportRow): number {
    return campaign * this.platforms.length + platform;
  }
}

/** What no platform can mean, and the engine must refuse or see through. */
const GARBAGE: readonly (readonly [what: string, spoil: (metrics: PlatformMetrics) => readonly PlatformMetrics[]])[] = [
  ["clicks are NaN", (metrics) => [{ ...metrics, clicks: Number.NaN }]],
  ["a negative price", (metrics) => [{ ...metrics, cpcMicros: -1 - metrics.cpcMicros }]],
  ["infinite impressions", (metrics) => [{ ...metrics, impressions: Number.POSITIVE_INFINITY }]],
  ["about another tick", (metrics) => [{ ...metrics, tick: metrics.tick + 7 }]],
  ["more conversions than clicks ever", (metrics) => [{ ...metrics, conversions: 1e12 }]],
  ["the same twice", (metrics) => [metrics, metrics]],
];

function bidKey(slot: number, platform: number, tick: number): string {
  return `${slot}/${platform}/${tick}`;
}

function refusal(campaign: number, platform: number, tick: number): ReportRow {
  const nothing = { costMicros: 0, impressions: 0, clicks: 0, conversions: 0, conversionAgeTicks: 0 };
  return { kind: ReportKind.refusal, campaign, platform, tick, ...nothing };
}
