/** A market that notes how long it takes: a simulated one is no part of what an engine costs. */
import type { BidBatch } from "../core/reports.ts";
import type { Market, MarketNews } from "./market.ts";

/** Another market, with its time measured. */
export class TimedMarket implements Market {
  readonly platforms: Market["platforms"];
  readonly #market: Market;
  readonly #now: () => number;
  /** Time that the market has taken, in the unit of its clock. */
  spent = 0;

  /** @param now reads a clock: the wall's or the processor's */
  constructor(market: Market, now: () => number) {
    this.#market = market;
    this.#now = now;
    this.platforms = market.platforms;
  }

  advance(tick: number): MarketNews {
    const from = this.#now();
    const news = this.#market.advance(tick);
    this.spent += this.#now() - from;
    return news;
  }

  place(bids: BidBatch): void {
    const from = this.#now();
    this.#market.place(bids);
    this.spent += this.#now() - from;
  }

  isSettled(): boolean {
    return this.#market.isSettled();
  }
}
