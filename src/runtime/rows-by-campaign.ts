/** Where each campaign's rows are in a batch of reports, so that campaigns can be visited in the order of their slots. */
import type { ReportBatch } from "../core/reports.ts";

const NONE = -1;

/**
 * An index of one batch after another, by runs: rows of one campaign that stand together. A batch has one run for most campaigns, several where its market
 * delivered out of order; runs come in the order in which they stand.
 */
export class RowsByCampaign {
  /** By slot: where its first run begins. */
  #first = new Int32Array(0);
  /** By slot: where its last run begins. */
  #last = new Int32Array(0);
  /** By the row at which a run begins: where the campaign's next run begins, and where this one ends. */
  #next = new Int32Array(0);
  #end = new Int32Array(0);

  /** Reads a batch; `slots`: how many campaigns there are, all rows being of one of them. */
  index({ campaign, length }: ReportBatch, slots: number): void {
    if (this.#first.length < slots) {
      this.#first = new Int32Array(slots * 2);
      this.#last = new Int32Array(slots * 2);
    }
    if (this.#next.length < length) {
      this.#next = new Int32Array(length * 2);
      this.#end = new Int32Array(length * 2);
    }
    this.#first.fill(NONE, 0, slots);
    let from = 0;
    while (from < length) {
      const slot = campaign[from];
      let to = from + 1;
      while (to < length && campaign[to] === slot) to += 1;
      if (this.#first[slot] === NONE) this.#first[slot] = from;
      else this.#next[this.#last[slot]] = from;
      this.#last[slot] = from;
      this.#next[from] = NONE;
      this.#end[from] = to;
      from = to;
    }
  }

  /** The row at which a campaign's first run begins; −1 where it has none. */
  first(slot: number): number {
    return this.#first[slot];
  }

  /** The row at which the campaign's next run begins, after the one that begins at `from`; −1 where it was the last. */
  next(from: number): number {
    return this.#next[from];
  }

  /** The row after the run that begins at `from`. */
  end(from: number): number {
    return this.#end[from];
  }
}
