/**
 * The change test: has a platform's conversion rate jumped, and if so, when and by how much?
 *
 * A CUSUM of the log-likelihood ratio of "since tick s the rate is this factor of its forecast" (Page 1954), one for a fall and one for a rise,
 * maximised over s. A conversion counts for the tick of its *click*, and a click expects only what should have arrived of its conversions by
 * now: with delays of hours, the stragglers of older clicks would hide a fall from a test by arrival. For clicks since s with K conversions
 * arrived, E of them expected and a rate factor f, the ratio of the Poisson likelihoods is K ln f + E (1 − f). With a mean delay d, a click of rate q still
 * expects q ρ^age of its conversions, ρ = d / (1 + d).
 *
 * Clicks are kept in blocks of ticks, the candidates for s.
 */
import type { Savable } from "../saved.ts";

/** The changes that are tested for: a fall and a rise. */
const FALL_FACTOR = 0.25;
const RISE_FACTOR = 4;
/** Such a change is believed at this log-likelihood ratio: e^8 is about the odds against one starting in any given tick of two days. */
const ALARM_LOG_RATIO = 8;
/** Memory of the test. */
const BLOCKS = 64;
const BLOCK_MINUTES = 8;

const MINUTE_MS = 60_000;

/** A change that was found. */
export interface RateChange {
  /** Ticks since the change. */
  readonly ageTicks: number;
  /** Clicks since, their conversions expected by forecast, how many of these should have arrived by now, and how many have. */
  readonly clicks: number;
  readonly promised: number;
  readonly expected: number;
  readonly arrived: number;
  /** Clicks since whose conversions are still on their way. */
  readonly pending: number;
}

/** What a change test knows. */
export interface ChangeTestState {
  readonly columns: readonly Float64Array[];
  readonly newest: number;
  readonly filled: number;
  readonly ticksInNewest: number;
}

/** Tests one platform's conversions for a sudden change of their rate, tick by tick. */
export class ChangeTest implements Savable<ChangeTestState> {
  /** Ticks in a block: how exactly the time of a change is known. */
  readonly blockTicks: number;
  /** By block, newest at `#newest`: clicks, those still pending, conversions promised, those still pending, conversions arrived. */
  readonly #clicks = new Float64Array(BLOCKS);
  readonly #pendingClicks = new Float64Array(BLOCKS);
  readonly #promised = new Float64Array(BLOCKS);
  readonly #pending = new Float64Array(BLOCKS);
  readonly #arrived = new Float64Array(BLOCKS);
  #newest = 0;
  #filled = 0;
  #ticksInNewest = 0;

  /** @param tickMs length of a tick [ms]. */
  constructor(tickMs: number) {
    this.blockTicks = Math.max(1, Math.round((BLOCK_MINUTES * MINUTE_MS) / tickMs));
  }

  /** A tick with so many clicks, whose conversions are forecast to be `rate` a click after a mean delay. 0 clicks where nothing was heard. */
  click(clicks: number, rate: number, delayTicks: number): void {
    if (this.#ticksInNewest === this.blockTicks || this.#filled === 0) this.#open();
    this.#ticksInNewest += 1;
    const at = this.#newest;
    this.#clicks[at] += clicks;
    this.#pendingClicks[at] += clicks;
    this.#promised[at] += clicks * rate;
    this.#pending[at] += clicks * rate;
    if (delayTicks === 0) {
      this.#pendingClicks.fill(0);
      this.#pending.fill(0);
      return;
    }
    const keep = delayTicks / (1 + delayTicks);
    for (let i = 0; i < BLOCKS; i += 1) {
      this.#pendingClicks[i] *= keep;
      this.#pending[i] *= keep;
    }
  }

  /**
   * Conversions that arrived in the last tick, with the sum of their ages [ticks]. Of n exponential ages with that sum, each is Beta(1, n − 1) × sum: it is
   * below a with probability 1 − (1 − a / sum)^(n − 1). Clicks older than the memory get none.
   */
  arrive(conversions: number, ageTicks: number): void {
    if (conversions === 0) return;
    let below = 0;
    let untilTicks = this.#ticksInNewest;
    for (let i = 0; i < this.#filled && below < 1; i += 1) {
      const share = ageTicks < untilTicks ? 1 : 1 - (1 - untilTicks / ageTicks) ** (conversions - 1);
      this.#arrived[(this.#newest - i + BLOCKS) % BLOCKS] += conversions * (share - below);
      below = share;
      untilTicks += this.blockTicks;
    }
  }

  /** Forgets all clicks, and with them their conversions to come. */
  restart(): void {
    this.#filled = 0;
  }

  /** The change that the evidence is for, or null. */
  find(): RateChange | null {
    let expected = 0;
    let arrived = 0;
    let best = ALARM_LOG_RATIO;
    let age = -1;
    let at = this.#newest;
    for (let i = 0; i < this.#filled; i += 1) {
      expected += this.#promised[at] - this.#pending[at];
      arrived += this.#arrived[at];
      at = at === 0 ? BLOCKS - 1 : at - 1;
      const fall = arrived * LN_FALL + expected * (1 - FALL_FACTOR);
      const rise = arrived * LN_RISE + expected * (1 - RISE_FACTOR);
      const ratio = fall > rise ? fall : rise;
      // Conversions of clicks that were not heard of are no evidence about those that were.
      if (ratio <= best || expected <= 0) continue;
      best = ratio;
      age = i;
    }
    return age < 0 ? null : this.#since(age);
  }

  /** From now on, clicks since the change are judged by the rate that it led to: this many times the forecast. */
  settle({ ageTicks }: RateChange, factor: number): void {
    const blocks = Math.floor((ageTicks - this.#ticksInNewest) / this.blockTicks);
    for (let i = 0; i <= blocks; i += 1) {
      const at = (this.#newest - i + BLOCKS) % BLOCKS;
      this.#promised[at] *= factor;
      this.#pending[at] *= factor;
    }
  }

  save(): ChangeTestState {
    return {
      columns: this.#columns,
      newest: this.#newest,
      filled: this.#filled,
      ticksInNewest: this.#ticksInNewest,
    };
  }

  restore({ columns, newest, filled, ticksInNewest }: ChangeTestState): void {
    for (const [at, column] of this.#columns.entries()) column.set(columns[at]);
    this.#newest = newest;
    this.#filled = filled;
    this.#ticksInNewest = ticksInNewest;
  }

  get #columns(): readonly Float64Array[] {
    return [this.#clicks, this.#pendingClicks, this.#promised, this.#pending, this.#arrived];
  }

  #open(): void {
    this.#newest = (this.#newest + 1) % BLOCKS;
    this.#filled = Math.min(BLOCKS, this.#filled + 1);
    this.#ticksInNewest = 0;
    for (const column of this.#columns) column[this.#newest] = 0;
  }

  #since(age: number): RateChange {
    const sum = (column: Float64Array): number => {
      let total = 0;
      for (let i = 0; i <= age; i += 1) total += column[(this.#newest - i + BLOCKS) % BLOCKS];
      return total;
    };
    const promised = sum(this.#promised);
    return {
      ageTicks: this.#ticksInNewest + age * this.blockTicks,
      clicks: sum(this.#clicks),
      promised,
      expected: promised - sum(this.#pending),
      arrived: sum(this.#arrived),
      pending: sum(this.#pendingClicks),
    };
  }
}

const LN_FALL = Math.log(FALL_FACTOR);
const LN_RISE = Math.log(RISE_FACTOR);
