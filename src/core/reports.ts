/**
 * The columns that cross between engine and platforms: bids out, spend and conversion reports in. Reused from tick to tick;
 * a reader that keeps a row copies it.
 */

/** One platform's bids of one tick. */
export class BidBatch {
  readonly platform: number;
  tick = 0;
  length = 0;
  /** Campaign slot of each row, ascending. */
  campaign: Int32Array;
  /** Bid per click [micros]. */
  bidMicros: Float64Array;
  /** Most that the platform may charge for the tick [micros]. */
  capMicros: Float64Array;

  constructor(platform: number, capacity = 16) {
    this.platform = platform;
    this.campaign = new Int32Array(capacity);
    this.bidMicros = new Float64Array(capacity);
    this.capMicros = new Float64Array(capacity);
  }

  clear(tick: number): void {
    this.tick = tick;
    this.length = 0;
  }

  push(campaign: number, bidMicros: number, capMicros: number): void {
    const row = this.length;
    if (row === this.campaign.length) {
      this.campaign = grown(this.campaign);
      this.bidMicros = grown(this.bidMicros);
      this.capMicros = grown(this.capMicros);
    }
    this.campaign[row] = campaign;
    this.bidMicros[row] = bidMicros;
    this.capMicros[row] = capMicros;
    this.length = row + 1;
  }
}

/**
 * A row of a {@link ReportBatch} is a spend report, which settles the reservation of its tick; late conversions; or the word that the bid of
 * its tick was refused, which releases the reservation.
 */
export const ReportKind = { spend: 0, conversions: 1, refusal: 2 } as const;

/** Reports to campaigns that became known together. Rows of one campaign stand together, ascending by slot. */
export class ReportBatch {
  length = 0;
  kind: Uint8Array;
  campaign: Int32Array;
  platform: Uint8Array;
  /** Tick of the bid that the row is about (spend, refusal), or of arrival (conversions). */
  tick: Int32Array;
  costMicros: Float64Array;
  impressions: Float64Array;
  clicks: Float64Array;
  /** Conversions that this row reports. */
  conversions: Float64Array;
  /** Sum of those conversions' ages [ticks]. */
  conversionAgeTicks: Float64Array;

  constructor(capacity = 16) {
    this.kind = new Uint8Array(capacity);
    this.campaign = new Int32Array(capacity);
    this.platform = new Uint8Array(capacity);
    this.tick = new Int32Array(capacity);
    this.costMicros = new Float64Array(capacity);
    this.impressions = new Float64Array(capacity);
    this.clicks = new Float64Array(capacity);
    this.conversions = new Float64Array(capacity);
    this.conversionAgeTicks = new Float64Array(capacity);
  }

  clear(): void {
    this.length = 0;
  }

  push(row: ReportRow): void {
    const at = this.length;
    if (at === this.kind.length) this.#grow();
    this.kind[at] = row.kind;
    this.campaign[at] = row.campaign;
    this.platform[at] = row.platform;
    this.tick[at] = row.tick;
    this.costMicros[at] = row.costMicros;
    this.impressions[at] = row.impressions;
    this.clicks[at] = row.clicks;
    this.conversions[at] = row.conversions;
    this.conversionAgeTicks[at] = row.conversionAgeTicks;
    this.length = at + 1;
  }

  /** Adds a spend report without late conversions: the row that there are most of, and an object for each would be felt. */
  pushSpend(
    campaign: number,
    platform: number,
    tick: number,
    costMicros: number,
    impressions: number,
    clicks: number,
    conversions: number,
  ): void {
    const at = this.length;
    if (at === this.kind.length) this.#grow();
    this.kind[at] = ReportKind.spend;
    this.campaign[at] = campaign;
    this.platform[at] = platform;
    this.tick[at] = tick;
    this.costMicros[at] = costMicros;
    this.impressions[at] = impressions;
    this.clicks[at] = clicks;
    this.conversions[at] = conversions;
    this.conversionAgeTicks[at] = 0;
    this.length = at + 1;
  }

  /** A copy of one row. */
  row(at: number): ReportRow {
    return {
      kind: this.kind[at] as ReportRow["kind"],
      campaign: this.campaign[at],
      platform: this.platform[at],
      tick: this.tick[at],
      costMicros: this.costMicros[at],
      impressions: this.impressions[at],
      clicks: this.clicks[at],
      conversions: this.conversions[at],
      conversionAgeTicks: this.conversionAgeTicks[at],
    };
  }

  #grow(): void {
    this.kind = grown(this.kind);
    this.campaign = grown(this.campaign);
    this.platform = grown(this.platform);
    this.tick = grown(this.tick);
    this.costMicros = grown(this.costMicros);
    this.impressions = grown(this.impressions);
    this.clicks = grown(this.clicks);
    this.conversions = grown(this.conversions);
    this.conversionAgeTicks = grown(this.conversionAgeTicks);
  }
}

/** One row of a {@link ReportBatch}. */
export interface ReportRow {
  readonly kind: (typeof ReportKind)[keyof typeof ReportKind];
  readonly campaign: number;
  readonly platform: number;
  readonly tick: number;
  readonly costMicros: number;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  readonly conversionAgeTicks: number;
}

/** Columns of a {@link ReportBatch}, in the order in which they are written down and sent. */
export const REPORT_COLUMNS = [
  "kind",
  "campaign",
  "platform",
  "tick",
  "costMicros",
  "impressions",
  "clicks",
  "conversions",
  "conversionAgeTicks",
] as const satisfies readonly (keyof ReportRow)[];

function grown<T extends Int32Array | Float64Array | Uint8Array>(column: T): T {
  const larger = new (column.constructor as new (length: number) => T)(column.length * 2);
  larger.set(column);
  return larger;
}
