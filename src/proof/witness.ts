/**
 * The witness: stands between engine and market, and keeps books of its own of what crosses: bids out, invoices in.
 *
 * N1 it changes nothing that crosses; N2 it takes nothing from the ledger: where the two agree, two accounts of the same money agree;
 * N3 a bid is open from its placing to its first sound spend report or its refusal, or until the engine gives it up or its time is out; what comes
 * later than a report or the time-out changes nothing.
 */
import { reservationMicros } from "../core/decision.ts";
import { isMicros } from "../core/money.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { ReportKind } from "../core/reports.ts";
import type { BidBatch, ReportBatch } from "../core/reports.ts";
import type { Market, MarketNews } from "../platforms/market.ts";

/** A bid that a platform was given. */
interface PlacedBid {
  readonly slot: number;
  readonly platform: number;
  readonly tick: number;
  readonly bidMicros: number;
  readonly capMicros: number;
  /** What it must have reserved: the most that may be charged. */
  readonly reservedMicros: number;
}

/** A bid and what the platform's first sound report on it charged. */
interface Invoice {
  readonly bid: PlacedBid;
  readonly costMicros: number;
}

/** A market whose traffic is noted. */
export class Witness implements Market {
  readonly platforms: readonly PlatformSpec[];
  /** By slot: bids without an answer, by tick × platforms + platform. */
  readonly open: readonly Map<number, PlacedBid>[];
  /** By slot: bids given up unanswered, whose reservations were released; an invoice may still come. */
  readonly #givenUp: readonly Map<number, PlacedBid>[];
  /** By slot × platforms + platform: the sum of first invoices [micros]. */
  readonly invoicedMicros: Float64Array;
  /** Bids placed since the last {@link Market.advance}. */
  readonly placed: PlacedBid[] = [];
  /** Invoices heard with the last {@link Market.advance}. */
  readonly invoices: Invoice[] = [];
  readonly #market: Market;

  /** @param campaigns number of slots */
  constructor(market: Market, campaigns: number) {
    this.#market = market;
    this.platforms = market.platforms;
    this.open = Array.from({ length: campaigns }, () => new Map<number, PlacedBid>());
    this.#givenUp = this.open.map(() => new Map<number, PlacedBid>());
    this.invoicedMicros = new Float64Array(campaigns * market.platforms.length);
  }

  advance(tick: number): MarketNews {
    this.placed.length = 0;
    this.invoices.length = 0;
    const news = this.#market.advance(tick);
    this.#hear(news.reports);
    return news;
  }

  place(bids: BidBatch): void {
    const { platform, tick } = bids;
    const { overDeliveryFactor } = this.platforms[platform];
    for (let row = 0; row < bids.length; row += 1) {
      const capMicros = bids.capMicros[row];
      const slot = bids.campaign[row];
      const bid = {
        slot,
        platform,
        tick,
        bidMicros: bids.bidMicros[row],
        capMicros,
        reservedMicros: reservationMicros(capMicros, overDeliveryFactor),
      };
      this.placed.push(bid);
      this.open[slot].set(this.key(tick, platform), bid);
    }
    this.#market.place(bids);
  }

  isSettled(): boolean {
    return this.#market.isSettled();
  }

  /** The engine says that it awaits no answers for this campaign any more. Returns what that gives back [micros]. */
  giveUp(slot: number): number {
    let micros = 0;
    for (const [key, bid] of this.open[slot]) {
      this.#givenUp[slot].set(key, bid);
      micros += bid.reservedMicros;
    }
    this.open[slot].clear();
    return micros;
  }

  /** The engine says that a bid's time is out: it counts as charged in full. Returns that charge [micros]; 0 where no such bid is open. */
  expire(slot: number, tick: number, platform: number): number {
    const key = this.key(tick, platform);
    const bid = this.open[slot].get(key);
    if (bid === undefined) return 0;
    this.open[slot].delete(key);
    this.invoicedMicros[slot * this.platforms.length + platform] += bid.reservedMicros;
    return bid.reservedMicros;
  }

  /** What a bid is known by among those of its campaign. */
  key(tick: number, platform: number): number {
    return tick * this.platforms.length + platform;
  }

  #hear(reports: ReportBatch): void {
    for (let row = 0; row < reports.length; row += 1) {
      const platform = reports.platform[row];
      if (reports.kind[row] === ReportKind.refusal) {
        this.open[reports.campaign[row]]?.delete(this.key(reports.tick[row], platform));
      }
      if (reports.kind[row] !== ReportKind.spend) continue;
      const costMicros = reports.costMicros[row];
      if (platform >= this.platforms.length || !isMicros(costMicros)) continue;
      const slot = reports.campaign[row];
      const key = this.key(reports.tick[row], platform);
      const bid = this.open[slot]?.get(key) ?? this.#givenUp[slot]?.get(key);
      if (bid === undefined) continue;
      this.open[slot].delete(key);
      this.#givenUp[slot].delete(key);
      this.invoicedMicros[bid.slot * this.platforms.length + platform] += costMicros;
      this.invoices.push({ bid, costMicros });
    }
  }
}
