/** The engine's end of the wire: a market of which nothing is here but the messages that came, and the bids that wait to be sent. */
import type { PlatformMetrics, PlatformSpec } from "../../src/core/platform.ts";
import { ReportBatch } from "../../src/core/reports.ts";
import type { BidBatch } from "../../src/core/reports.ts";
import type { Market, MarketNews } from "../../src/platforms/market.ts";
import { readReports, writeBids } from "./wire.ts";
import type { Sheet } from "./wire.ts";

/** News as they came: they may come well before the engine asks for them. */
interface Letter extends MarketNews {
  readonly tick: number;
  readonly isSettled: boolean;
}

/** One flight's market, heard over a wire. */
export class RemoteMarket implements Market {
  readonly platforms: readonly PlatformSpec[];
  readonly #letters: Letter[] = [];
  #placed: BidBatch[] = [];
  #read: Letter | null = null;
  #isSettled = true;
  /** A batch that was read and is free to be filled again. */
  #spare: ReportBatch | null = null;

  constructor(platforms: readonly PlatformSpec[]) {
    this.platforms = platforms;
  }

  /** True when the last news that came say that nothing is outstanding. */
  get hasHeardAll(): boolean {
    return this.#letters.at(-1)?.isSettled ?? this.#isSettled;
  }

  /** Takes in a warm-up tick: feed only. */
  hearFeed(tick: number, feed: readonly PlatformMetrics[]): void {
    this.#letters.push({ tick, feed, reports: NO_REPORTS, isSettled: true });
  }

  /** Takes in the news of a tick, of which the feed is everyone's and was read before. */
  hear(tick: number, feed: readonly PlatformMetrics[], sheet: Sheet): void {
    const isSettled = sheet.take() === 1;
    const reports = this.#spare ?? new ReportBatch();
    this.#spare = null;
    readReports(sheet, reports);
    this.#letters.push({ tick, feed, reports, isSettled });
  }

  /** Writes the bids placed since the last time. */
  tell(sheet: Sheet): void {
    writeBids(sheet, this.#placed);
    this.#placed = [];
  }

  advance(tick: number): MarketNews {
    if (this.#read !== null && this.#read.reports !== NO_REPORTS) this.#spare = this.#read.reports;
    const letter = this.#letters.shift();
    if (letter === undefined || letter.tick !== tick) throw new Error(`No news of tick ${tick} have come.`);
    this.#read = letter;
    this.#isSettled = letter.isSettled;
    return letter;
  }

  place(bids: BidBatch): void {
    this.#placed.push(bids);
    this.#isSettled = false;
  }

  isSettled(): boolean {
    return this.#isSettled;
  }
}

const NO_REPORTS = new ReportBatch(0);
