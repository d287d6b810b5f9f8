/**
 * The timeline of a run: figures per tick, added up in at most 288 bins, for plots.
 *
 * T1 the sum over all bins of spend and conversions, `lateConversions` included, is what was booked; T2 memory does not grow with the length of the run.
 */
import { CAMPAIGN_STATES } from "../core/events.ts";
import type { EngineStarted, ReportsBooked, ReservationExpired, TickCompleted } from "../core/events.ts";
import { ReportKind } from "../core/reports.ts";

const MOST_BINS = 288;

/** A series over the bins; null where nothing is known. */
export type Series = readonly (number | null)[];

/** A run over time: plain JSON. The outer index of a table is the platform (or the state), the inner one the bin. */
export interface RunTimeline {
  readonly tickMs: number;
  readonly binTicks: number;
  /** Beginning of each bin [ms since the epoch, simulated]. */
  readonly timeMs: readonly number[];
  /** Spend of the bin's bids, by platform [micros]. */
  readonly spendMicros: readonly (readonly number[])[];
  /** Spend by the end of the bin if every budget were spent evenly over its flight, all campaigns [micros]. */
  readonly planMicros: readonly number[];
  /** Conversions reported in the bin. */
  readonly conversions: readonly number[];
  /** Conversions reported after the last bin. */
  readonly lateConversions: number;
  /** Mean number of campaigns by state, in the order of `CAMPAIGN_STATES`. */
  readonly states: readonly Series[];
  /** Forecast ROI per click, by platform: CVR × mean value − CPC [micros]. */
  readonly roiMicros: readonly Series[];
  /** Conversions per click as forecast, by platform. */
  readonly forecastCvr: readonly Series[];
  /** Conversions that arrived ÷ clicks in the feed, by platform. */
  readonly feedCvr: readonly Series[];
  /** Price per click as forecast, by platform [micros]. */
  readonly forecastCpcMicros: readonly Series[];
  /** Mean price per click in the feed, by platform [micros]. */
  readonly feedCpcMicros: readonly Series[];
}

/** A table of sums: rows × bins. */
class Sums {
  readonly #rows: Float64Array[];

  constructor(rows: number, bins: number) {
    this.#rows = Array.from({ length: rows }, () => new Float64Array(bins));
  }

  add(row: number, bin: number, amount: number): void {
    this.#rows[row][bin] += amount;
  }

  totals(): number[][] {
    return this.#rows.map((row) => Array.from(row));
  }

  /** Row by row, this ÷ `other`; null where `other` is 0. */
  dividedBy(other: Sums): (number | null)[][] {
    return this.#rows.map((row, at) =>
      Array.from(row, (sum, bin) => (other.#rows[at][bin] === 0 ? null : sum / other.#rows[at][bin])),
    );
  }
}

/** Collects a {@link RunTimeline}. */
export class Timeline {
  readonly #started: EngineStarted;
  readonly #binTicks: number;
  readonly #bins: number;
  readonly #meanValueMicros: number;
  readonly #spend: Sums;
  readonly #conversions: Sums;
  readonly #states: Sums;
  readonly #stateTicks: Sums;
  readonly #forecasts: Sums;
  readonly #roi: Sums;
  readonly #forecastCvr: Sums;
  readonly #forecastCpc: Sums;
  readonly #feedConversions: Sums;
  readonly #feedClicks: Sums;
  readonly #feedCost: Sums;
  #lateConversions = 0;

  constructor(started: EngineStarted) {
    const platforms = started.platforms.length;
    this.#started = started;
    this.#binTicks = Math.max(1, Math.ceil(started.ticks / MOST_BINS));
    this.#bins = Math.ceil(started.ticks / this.#binTicks);
    const values = started.campaigns.map((spec) => spec.valuePerConversionMicros);
    this.#meanValueMicros = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const table = (rows = platforms) => new Sums(rows, this.#bins);
    this.#spend = table();
    this.#conversions = table(1);
    this.#states = table(CAMPAIGN_STATES.length);
    this.#stateTicks = table(CAMPAIGN_STATES.length);
    this.#forecasts = table();
    this.#roi = table();
    this.#forecastCvr = table();
    this.#forecastCpc = table();
    this.#feedConversions = table();
    this.#feedClicks = table();
    this.#feedCost = table();
  }

  /** Spend counts in the bin of its bid, conversions in the bin of their arrival (T1). */
  reportsBooked({ batch, bookedMicros, tick }: ReportsBooked): void {
    for (let row = 0; row < batch.length; row++) {
      if (batch.kind[row] === ReportKind.spend) {
        const bin = this.#bin(batch.tick[row]) ?? this.#bins - 1;
        this.#spend.add(batch.platform[row], bin, bookedMicros[row]);
      }
      const bin = this.#bin(tick);
      if (bin === null) this.#lateConversions += batch.conversions[row];
      else this.#conversions.add(0, bin, batch.conversions[row]);
    }
  }

  /** What expired counts as spend in the bin of its bid. */
  reservationExpired({ platform, bidTick, bookedMicros }: ReservationExpired): void {
    this.#spend.add(platform, this.#bin(bidTick) ?? this.#bins - 1, bookedMicros);
  }

  /** Forecasts count in the bin of the tick that they are for, the feed in that of the tick that it is about. */
  tickCompleted({ tick, feed, boards, states }: TickCompleted): void {
    const bin = this.#bin(tick);
    if (bin !== null) {
      states.forEach((count, state) => {
        this.#states.add(state, bin, count);
        this.#stateTicks.add(state, bin, 1);
      });
    }
    for (const metrics of feed) {
      const about = metrics === null ? null : this.#bin(metrics.tick);
      if (metrics === null || about === null) continue;
      this.#feedConversions.add(metrics.platform, about, metrics.conversions);
      this.#feedClicks.add(metrics.platform, about, metrics.clicks);
      this.#feedCost.add(metrics.platform, about, metrics.cpcMicros * metrics.clicks);
    }
    const board = boards[0];
    const target = board === undefined ? null : this.#bin(board.tick);
    if (target === null) return;
    board.evidence.forEach((evidence, platform) => {
      if (evidence === 0) return;
      this.#forecasts.add(platform, target, 1);
      this.#forecastCvr.add(platform, target, board.cvr[platform]);
      this.#forecastCpc.add(platform, target, board.cpcMicros[platform]);
      this.#roi.add(platform, target, board.cvr[platform] * this.#meanValueMicros - board.cpcMicros[platform]);
    });
  }

  /** What was collected so far. */
  result(): RunTimeline {
    const { tickMs, timeMs, tick } = this.#started;
    const bins = Array.from({ length: this.#bins }, (_, bin) => bin * this.#binTicks);
    return {
      tickMs,
      binTicks: this.#binTicks,
      timeMs: bins.map((start) => timeMs + (start - tick) * tickMs),
      spendMicros: this.#spend.totals(),
      planMicros: bins.map((start) => this.#plannedMicros(start + this.#binTicks)),
      conversions: this.#conversions.totals()[0],
      lateConversions: this.#lateConversions,
      states: this.#states.dividedBy(this.#stateTicks),
      roiMicros: this.#roi.dividedBy(this.#forecasts),
      forecastCvr: this.#forecastCvr.dividedBy(this.#forecasts),
      feedCvr: this.#feedConversions.dividedBy(this.#feedClicks),
      forecastCpcMicros: this.#forecastCpc.dividedBy(this.#forecasts),
      feedCpcMicros: this.#feedCost.dividedBy(this.#feedClicks),
    };
  }

  #bin(tick: number): number | null {
    const bin = Math.floor(tick / this.#binTicks);
    return bin >= 0 && bin < this.#bins ? bin : null;
  }

  #plannedMicros(untilTick: number): number {
    let planned = 0;
    for (const { budgetMicros, flight } of this.#started.campaigns) {
      const elapsed = (untilTick - flight.startTick) / (flight.endTick - flight.startTick);
      planned += budgetMicros * Math.min(1, Math.max(0, elapsed));
    }
    return Math.round(planned);
  }
}
