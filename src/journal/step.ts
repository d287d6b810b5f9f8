/**
 * A step of the engine as an entry of the log: what it was told, by whom and by which clock, what it bid, and what became of money and orders.
 *
 * ST1 a step is all that its replay needs, and all that its bookkeeping needs without a replay; ST2 the same step is the same bytes.
 */
import type { EngineEvent } from "../core/events.ts";
import { METRICS_FIELDS } from "../core/platform.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import { BidBatch, REPORT_COLUMNS, ReportBatch } from "../core/reports.ts";
import { ByteReader, ByteWriter } from "./columns.ts";

/** What was said at one tick. */
export interface StepNews {
  readonly tick: number;
  readonly feed: readonly PlatformMetrics[];
  readonly reports: ReportBatch;
}

/** A fact about money or orders: an engine event without its time, or a report that was booked at other than its cost. */
export type Fact = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A step that was read. */
export interface Step {
  /** The order, the manifest, or null. */
  readonly head: unknown;
  /** The tick that the clock showed. */
  readonly shownTick: number;
  /** What the engine read off its clock [ms]. */
  readonly times: readonly number[];
  readonly news: readonly StepNews[];
  readonly bids: readonly BidBatch[];
  readonly facts: readonly Fact[];
}

/** Events that the log keeps: those about money, and about who ordered what. */
const KEPT: ReadonlySet<EngineEvent["type"]> = new Set([
  "campaign.created",
  "operator.acted",
  "campaign.held",
  "campaign.released",
  "campaign.restarted",
  "campaign.quarantined",
  "budget.toppedUp",
  "reservations.released",
  "reservation.expired",
  "charge.disputed",
  "report.refused",
  "bid.refused",
  "supervisor.restarted",
  "supervisor.stopped",
]);

/** Columns whose numbers are near one another. */
const RISING: ReadonlySet<string> = new Set(["campaign", "tick"]);

/** Collects a step while it happens. */
export class StepWriter {
  readonly #news = new ByteWriter();
  readonly #bids = new ByteWriter();
  readonly #all = new ByteWriter();
  #newsCount = 0;
  #bidsCount = 0;
  #facts: Fact[] = [];
  #times: number[] = [];

  addNews(tick: number, feed: readonly PlatformMetrics[], reports: ReportBatch): void {
    this.#newsCount += 1;
    this.#news.integer(tick);
    this.#news.integer(feed.length);
    for (const field of METRICS_FIELDS) {
      const values = feed.map((metrics) => metrics[field]);
      this.#news.column(values, feed.length);
    }
    this.#news.integer(reports.length);
    for (const field of REPORT_COLUMNS) this.#news.column(reports[field], reports.length, RISING.has(field));
  }

  addTime(ms: number): void {
    this.#times.push(ms);
  }

  addBids({ platform, tick, length, campaign, bidMicros, capMicros }: BidBatch): void {
    this.#bidsCount += 1;
    this.#bids.integer(platform);
    this.#bids.integer(tick);
    this.#bids.integer(length);
    this.#bids.column(campaign, length, true);
    this.#bids.column(bidMicros, length);
    this.#bids.column(capMicros, length);
  }

  /** Notes an event, if it is one that the log keeps. */
  addEvent(event: EngineEvent): void {
    if (event.type === "reports.booked") {
      const { batch, bookedMicros } = event;
      for (let row = 0; row < batch.length; row += 1) {
        if (bookedMicros[row] === batch.costMicros[row]) continue;
        const [slot, platform, bidTick] = [batch.campaign[row], batch.platform[row], batch.tick[row]];
        this.#facts.push({ type: "booked", slot, platform, bidTick, micros: bookedMicros[row] });
      }
    } else if (KEPT.has(event.type)) {
      const { timeMs: _, ...fact } = event;
      this.#facts.push(fact);
    }
  }

  /** The step's bytes; the next one begins. */
  take(head: unknown, shownTick: number): Uint8Array {
    const all = this.#all;
    all.text(head === null ? "" : JSON.stringify(head));
    all.integer(shownTick);
    all.integer(this.#times.length);
    all.column(this.#times, this.#times.length);
    all.integer(this.#newsCount);
    all.takeOver(this.#news);
    all.integer(this.#bidsCount);
    all.takeOver(this.#bids);
    all.text(this.#facts.length === 0 ? "" : JSON.stringify(this.#facts));
    this.#newsCount = 0;
    this.#bidsCount = 0;
    this.#facts = [];
    this.#times = [];
    return all.take();
  }
}

/** @throws EngineError CE_STATE_CORRUPT */
export function readStep(bytes: Uint8Array): Step {
  const reader = new ByteReader(bytes);
  const head = reader.text();
  const shownTick = reader.integer();
  const times = Array.from({ length: reader.integer() }, () => 0);
  reader.column(times, times.length);
  const news = Array.from({ length: reader.integer() }, () => readNews(reader));
  const bids = Array.from({ length: reader.integer() }, () => readBids(reader));
  const facts = reader.text();
  return {
    head: head === "" ? null : JSON.parse(head),
    shownTick,
    times,
    news,
    bids,
    facts: facts === "" ? [] : (JSON.parse(facts) as Fact[]),
  };
}

function readNews(reader: ByteReader): StepNews {
  const tick = reader.integer();
  const feed = Array.from(
    { length: reader.integer() },
    () => ({}) as { -readonly [K in keyof PlatformMetrics]: number },
  );
  for (const field of METRICS_FIELDS) {
    const values: number[] = [];
    reader.column(values, feed.length);
    for (const [i, metrics] of feed.entries()) metrics[field] = values[i];
  }
  const length = reader.integer();
  const reports = new ReportBatch(Math.max(1, length));
  for (const field of REPORT_COLUMNS) reader.column(reports[field], length);
  reports.length = length;
  return { tick, feed, reports };
}

function readBids(reader: ByteReader): BidBatch {
  const platform = reader.integer();
  const tick = reader.integer();
  const length = reader.integer();
  const bids = new BidBatch(platform, Math.max(1, length));
  bids.clear(tick);
  reader.column(bids.campaign, length);
  reader.column(bids.bidMicros, length);
  reader.column(bids.capMicros, length);
  bids.length = length;
  return bids;
}
