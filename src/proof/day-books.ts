/** The day's money of every campaign, reckoned apart from the ledger: what the bids of this budget day were charged, and by how much above their reservations. */

/** By slot. A day's figures begin at nothing with the first question about it. */
export class DayBooks {
  readonly #dayStarts: readonly number[];
  readonly #day: Int32Array;
  readonly #spentMicros: Float64Array;
  readonly #overMicros: Float64Array;

  /** @param dayStarts ticks at which a budget day begins, ascending from 0 */
  constructor(campaigns: number, dayStarts: readonly number[]) {
    this.#dayStarts = dayStarts;
    this.#day = new Int32Array(campaigns);
    this.#spentMicros = new Float64Array(campaigns);
    this.#overMicros = new Float64Array(campaigns);
  }

  /** The tick at which the day of `tick` began. */
  startOf(tick: number): number {
    return this.#dayStarts.findLast((start) => start <= tick) ?? 0;
  }

  /** Books a charge heard at `tick` on a bid of `bidTick`; bids of earlier days count no more. */
  book(slot: number, tick: number, bidTick: number, bookedMicros: number, reservedMicros: number): void {
    const start = this.#turn(slot, tick);
    if (bidTick < start) return;
    this.#spentMicros[slot] += bookedMicros;
    this.#overMicros[slot] += Math.max(0, bookedMicros - reservedMicros);
  }

  /** Charged so far in the day of `tick` [micros]. */
  spentMicros(slot: number, tick: number): number {
    this.#turn(slot, tick);
    return this.#spentMicros[slot];
  }

  /** Of that, what lay above its reservations: the only way over a daily budget [micros]. */
  overMicros(slot: number, tick: number): number {
    this.#turn(slot, tick);
    return this.#overMicros[slot];
  }

  #turn(slot: number, tick: number): number {
    const start = this.startOf(tick);
    if (this.#day[slot] !== start) {
      this.#day[slot] = start;
      this.#spentMicros[slot] = 0;
      this.#overMicros[slot] = 0;
    }
    return start;
  }
}
