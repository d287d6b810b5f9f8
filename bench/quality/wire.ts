/**
 * The wire between market and engines: the public messages as rows of figures on one sheet of shared memory, and whose turn it is to write.
 *
 * WI1 a message is its public fields and nothing else: what is read and written again gives the same figures; WI2 the sheet belongs to one side
 * at a time.
 */
import { METRICS_FIELDS } from "../../src/core/platform.ts";
import type { PlatformMetrics } from "../../src/core/platform.ts";
import { REPORT_COLUMNS } from "../../src/core/reports.ts";
import type { BidBatch, ReportBatch } from "../../src/core/reports.ts";
import type { ReportRow } from "../../src/core/reports.ts";

/** Fields of a bid. */
export const BID_FIELDS = ["campaign", "bidMicros", "capMicros"] as const satisfies readonly (keyof BidBatch)[];

/** Figures written one after the other, and read in the same order. */
export class Sheet {
  readonly figures: Float64Array;
  /** Figures written or read since the last {@link rewind}. */
  length = 0;

  constructor(figures: Float64Array) {
    this.figures = figures;
  }

  rewind(): void {
    this.length = 0;
  }

  /** @throws RangeError when the sheet is full */
  put(figure: number): void {
    if (this.length === this.figures.length) throw new RangeError("The message is longer than its sheet.");
    this.figures[this.length++] = figure;
  }

  take(): number {
    return this.figures[this.length++];
  }
}

/** Writes one tick's feed. */
export function writeFeed(sheet: Sheet, feed: readonly PlatformMetrics[]): void {
  sheet.put(feed.length);
  for (const metrics of feed) for (const field of METRICS_FIELDS) sheet.put(metrics[field]);
}

/** Reads what {@link writeFeed} wrote. */
export function readFeed(sheet: Sheet): PlatformMetrics[] {
  const rows = sheet.take();
  return Array.from({ length: rows }, () => {
    const metrics = {} as { -readonly [field in keyof PlatformMetrics]: number };
    for (const field of METRICS_FIELDS) metrics[field] = sheet.take();
    return metrics;
  });
}

/** Writes one flight's reports of a tick. */
export function writeReports(sheet: Sheet, reports: ReportBatch): void {
  sheet.put(reports.length);
  for (let row = 0; row < reports.length; row += 1) for (const field of REPORT_COLUMNS) sheet.put(reports[field][row]);
}

/** Reads what {@link writeReports} wrote into `reports`. */
export function readReports(sheet: Sheet, reports: ReportBatch): void {
  const rows = sheet.take();
  reports.clear();
  for (let row = 0; row < rows; row += 1) {
    const report = {} as { -readonly [field in keyof ReportRow]: number };
    for (const field of REPORT_COLUMNS) report[field] = sheet.take();
    reports.push(report as ReportRow);
  }
}

/** Writes one flight's bids of a tick, a batch per platform that has any. */
export function writeBids(sheet: Sheet, batches: readonly BidBatch[]): void {
  sheet.put(batches.length);
  for (const bids of batches) {
    sheet.put(bids.platform);
    sheet.put(bids.tick);
    sheet.put(bids.length);
    for (let row = 0; row < bids.length; row += 1) for (const field of BID_FIELDS) sheet.put(bids[field][row]);
  }
}

/** Reads what {@link writeBids} wrote and hands each batch to `place`; `batches` (by platform) are filled for the purpose. */
export function readBids(sheet: Sheet, batches: readonly BidBatch[], place: (bids: BidBatch) => void): void {
  for (let left = sheet.take(); left > 0; left -= 1) {
    const bids = batches[sheet.take()];
    bids.clear(sheet.take());
    for (let rows = sheet.take(); rows > 0; rows -= 1) bids.push(sheet.take(), sheet.take(), sheet.take());
    place(bids);
  }
}

/** Figures that the longest message between a market and so many flights, of one campaign each, can have. */
export function sheetCapacity(platforms: number, flights: number): number {
  const news = 1 + platforms * METRICS_FIELDS.length + flights * (2 + 2 * platforms * REPORT_COLUMNS.length);
  const bids = flights * (1 + platforms * (3 + BID_FIELDS.length));
  return Math.max(news, bids);
}

/** Who may write on the sheet. */
export const Side = { engines: 0, market: 1 } as const;
type SideCode = (typeof Side)[keyof typeof Side];

/** One end of the wire between two threads. The engines have the first word. */
export class Wire {
  readonly sheet: Sheet;
  readonly #turn: Int32Array;
  readonly #side: SideCode;

  /** @param memory from {@link Wire.memory}, the same at both ends */
  constructor(memory: SharedArrayBuffer, side: SideCode) {
    this.#turn = new Int32Array(memory, 0, 1);
    this.sheet = new Sheet(new Float64Array(memory, Float64Array.BYTES_PER_ELEMENT));
    this.#side = side;
  }

  /** Memory for messages of up to `capacity` figures. */
  static memory(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer((1 + capacity) * Float64Array.BYTES_PER_ELEMENT);
  }

  /** Hands the sheet to the other end (WI2). */
  pass(): void {
    Atomics.store(this.#turn, 0, 1 - this.#side);
    Atomics.notify(this.#turn, 0);
  }

  /** Sleeps until the sheet is at this end. */
  await(): void {
    // A notice may be of an earlier turn: the other end is quick enough to be back before it is given.
    while (Atomics.load(this.#turn, 0) !== this.#side) Atomics.wait(this.#turn, 0, 1 - this.#side);
    this.sheet.rewind();
  }
}
