/**
 * A market, and a clock, whose every word is written down: what they say, what is bid, and what that meant for money, step by step.
 *
 * JM1 no bid reaches the market inside before its step is durable ({@link JournaledMarket.release}); JM2 replayed, the market inside is given what it was
 * given, and must say what it said; the clock says what it said; JM3 a thread that dies ends the run: the log goes on, by another engine.
 */
import type { EngineEvent, EngineObserver, EngineStarted } from "../core/events.ts";
import type { PlatformSpec } from "../core/platform.ts";
import type { BidBatch } from "../core/reports.ts";
import { EngineError } from "../core/errors.ts";
import { StepWriter } from "../journal/step.ts";
import type { Step } from "../journal/step.ts";
import type { AccountRow } from "../journal/store.ts";
import type { Market, MarketNews } from "../platforms/market.ts";

/** Stands between an engine and its market, and listens to the engine. */
export class JournaledMarket implements Market, EngineObserver {
  readonly platforms: readonly PlatformSpec[];
  readonly wantsDecisions = false;
  readonly #market: Market;
  readonly #nowMs: () => number;
  readonly #step = new StepWriter();
  #started: EngineStarted | null = null;
  #held: BidBatch[] = [];
  /** What the clock said in the step that is replayed; null when it is asked itself. */
  #toldTimes: number[] | null = null;

  /** @param nowMs monotonic time [ms] */
  constructor(market: Market, nowMs: () => number) {
    this.#market = market;
    this.#nowMs = nowMs;
    this.platforms = market.platforms;
  }

  /** The engine's clock: replayed, it says what it said. */
  nowMs(): number {
    const ms = this.#toldTimes === null ? this.#nowMs() : (this.#toldTimes.shift() ?? 0);
    this.#step.addTime(ms);
    return ms;
  }

  advance(tick: number): MarketNews {
    const news = this.#market.advance(tick);
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
    if (event.type === "engine.started") this.#started = event;
    if (isThreadLost(event)) throw threadLost();
    this.#step.addEvent(event);
  }

  /** The campaigns' totals, as the engine's ledger has them. */
  accounts(): AccountRow[] {
    if (this.#started === null) return [];
    const { campaigns, ledger } = this.#started;
    return campaigns.map(({ id }, slot) => {
      const { budgetMicros, spentMicros, reservedMicros } = ledger.view(slot);
      return {
        slot,
        campaign: id,
        budgetMicros,
        spentMicros,
        reservedMicros,
        disputedMicros: ledger.disputedMicros(slot),
      };
    });
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

  /** Lets `act` read off the clock what it read when the step was written; the market inside must say by itself what it said (JM2). */
  replay(step: Step, act: () => void): void {
    this.#toldTimes = [...step.times];
    try {
      act();
    } finally {
      this.#toldTimes = null;
    }
  }
}

/** True when a thread has died: its campaigns would go on from their last good state, which the log knows nothing of. */
function isThreadLost(event: EngineEvent): boolean {
  const isSupervisors = event.type === "supervisor.restarted" || event.type === "supervisor.stopped";
  return isSupervisors && event.supervisor.startsWith("thread:");
}

function threadLost(): EngineError {
  return new EngineError("CE_STATE_INTERRUPTED", "A worker thread has died; the run ends with what its log says.", {
    hint: "Started again with the same --state, it goes on where the log ends.",
  });
}
