/**
 * A market whose every word is written down: what it says, what is bid on it, and what that meant for money, step by step.
 *
 * JM1 no bid reaches the market inside before its step is durable ({@link JournaledMarket.release}); JM2 replayed, the engine hears what it heard,
 * and must say what it said.
 */
import type { EngineEvent, EngineObserver } from "../core/events.ts";
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { ReportBatch } from "../core/reports.ts";
import type { BidBatch } from "../core/reports.ts";
import { EngineError } from "../core/errors.ts";
import { StepWriter } from "../journal/step.ts";
import type { Step, StepNews } from "../journal/step.ts";
import type { Market, MarketNews } from "../platforms/market.ts";

/** Says again what a market said at a tick, and brings it to that tick: a simulated one by playing it, an outside one by telling it. */
export type Recall = (tick: number, news: StepNews) => MarketNews;

/** Stands between an engine and its market, and listens to the engine. */
export class JournaledMarket implements Market, EngineObserver {
  readonly platforms: readonly PlatformSpec[];
  readonly wantsDecisions = false;
  readonly #market: Market;
  readonly #recall: Recall;
  readonly #step = new StepWriter();
  #held: BidBatch[] = [];
  /** News of the step that is replayed; null when the market itself is asked. */
  #told: StepNews[] | null = null;

  constructor(market: Market, recall: Recall = (tick) => market.advance(tick)) {
    this.#market = market;
    this.#recall = recall;
    this.platforms = market.platforms;
  }

  advance(tick: number): MarketNews {
    const news = this.#told === null ? this.#market.advance(tick) : this.#recalled(tick, this.#told);
    this.#step.addNews(tick, news.feed, news.reports);
    return news;
  }

  place(bids: BidBatch): void {
    this.#step.addBids(bids);
    this.#held.push(bids);
  }

  isSettled(): boolean {
    return this.#held.length === 0 && this.#market.isSettled();
  }

  observe(event: EngineEvent): void {
    this.#step.addEvent(event);
  }

  /** Adds records that came in between ticks to the step. */
  receive(feed: readonly PlatformMetrics[], reports: ReportBatch): void {
    this.#step.addNews(0, feed, reports);
  }

  /** Ends the step. */
  take(head: unknown, shownTick: number): Uint8Array {
    return this.#step.take(head, shownTick);
  }

  /** The bids of the step, which wait for {@link release}. */
  takeBids(): readonly BidBatch[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** Hands on the bids of a step that is durable (JM1). */
  release(bids: readonly BidBatch[]): void {
    for (const batch of bids) this.#market.place(batch);
  }

  /** Lets `act` hear what a step says it heard (JM2). */
  replay(step: Step, act: () => void): void {
    this.#told = [...step.news];
    try {
      act();
    } finally {
      this.#told = null;
    }
  }

  #recalled(tick: number, told: StepNews[]): MarketNews {
    const next = told.shift();
    if (next?.tick !== tick) {
      throw new EngineError(
        "CE_STATE_DIVERGED",
        `The engine asks for the news of tick ${tick}, the log has ${next?.tick}.`,
      );
    }
    return this.#recall(tick, next);
  }
}
