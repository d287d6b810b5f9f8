/** What a platform sold in one tick and has not reported yet. */
import type { ReportBatch } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";

/** Sales as they stand: columns, cut to their length. */
export interface SalesState {
  readonly tick: number;
  readonly campaign: Int32Array;
  readonly columns: readonly Float64Array[];
}

/** One platform's sales of one tick, in the order of its bids. */
export class Sales implements Savable<SalesState> {
  tick = Number.NaN;
  length = 0;
  campaign = new Int32Array(16);
  #costMicros = new Float64Array(16);
  #impressions = new Float64Array(16);
  #clicks = new Float64Array(16);
  #conversions = new Float64Array(16);

  clear(tick: number): void {
    this.tick = tick;
    this.length = 0;
  }

  push(campaign: number, costMicros: number, impressions: number, clicks: number, conversions: number): void {
    const row = this.length;
    if (row === this.campaign.length) this.#grow();
    this.campaign[row] = campaign;
    this.#costMicros[row] = costMicros;
    this.#impressions[row] = impressions;
    this.#clicks[row] = clicks;
    this.#conversions[row] = conversions;
    this.length = row + 1;
  }

  save(): SalesState {
    const columns = [this.#costMicros, this.#impressions, this.#clicks, this.#conversions];
    return {
      tick: this.tick,
      campaign: this.campaign.slice(0, this.length),
      columns: columns.map((column) => column.slice(0, this.length)),
    };
  }

  restore({ tick, campaign, columns: [costs, impressions, clicks, conversions] }: SalesState): void {
    this.clear(tick);
    for (const [row, slot] of campaign.entries()) {
      this.push(slot, costs[row], impressions[row], clicks[row], conversions[row]);
    }
  }

  report(row: number, platform: number, batch: ReportBatch): void {
    batch.pushSpend(
      this.campaign[row],
      platform,
      this.tick,
      this.#costMicros[row],
      this.#impressions[row],
      this.#clicks[row],
      this.#conversions[row],
    );
  }

  #grow(): void {
    const doubled = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    const campaign = new Int32Array(this.campaign.length * 2);
    campaign.set(this.campaign);
    this.campaign = campaign;
    this.#costMicros = doubled(this.#costMicros);
    this.#impressions = doubled(this.#impressions);
    this.#clicks = doubled(this.#clicks);
    this.#conversions = doubled(this.#conversions);
  }
}
