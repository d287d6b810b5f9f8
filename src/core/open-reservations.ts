/**
 * The open reservations of all campaigns, by slot: of each its key and amount, oldest first, keys ascending.
 *
 * They stand in one piece of memory, in rows with room for as many as a campaign has in a tick: a hundred thousand lists would cost the processor a wait at
 * every visit. A campaign with more than that has a list of its own from then on.
 */

/** In front of a row: how many are open, and whether they stand in a list of their own (1) or here (0). */
const COUNT = 0;
const IS_APART = 1;
const HEAD = 2;

/** Key and amount [micros] of what is reserved and not yet settled. */
export class OpenReservations {
  readonly #width: number;
  readonly #stride: number;
  #rows: Float64Array = new Float64Array(0);
  /** By slot, of those that have one. */
  readonly #apart: Float64Array[] = [];

  /** @param width reservations that a row has room for */
  constructor(width: number) {
    this.#width = width;
    this.#stride = HEAD + 2 * width;
  }

  /** Makes room for the campaigns in slots below `slots`. */
  makeRoom(slots: number): void {
    if (slots * this.#stride <= this.#rows.length) return;
    const larger = new Float64Array(slots * this.#stride);
    larger.set(this.#rows);
    this.#rows = larger;
  }

  count(slot: number): number {
    return this.#rows[slot * this.#stride + COUNT];
  }

  /** Key of a campaign's i-th. */
  key(slot: number, i: number): number {
    return this.#pairs(slot)[this.#begin(slot) + 2 * i];
  }

  /** Amount of a campaign's i-th [micros]. */
  micros(slot: number, i: number): number {
    return this.#pairs(slot)[this.#begin(slot) + 2 * i + 1];
  }

  /** Adds one, whose key is above all others. */
  add(slot: number, key: number, micros: number): void {
    const count = this.count(slot);
    let pairs = this.#pairs(slot);
    if (count === (this.#isApart(slot) ? pairs.length / 2 : this.#width)) pairs = this.#moveApart(slot);
    const at = this.#begin(slot) + 2 * count;
    pairs[at] = key;
    pairs[at + 1] = micros;
    this.#rows[slot * this.#stride + COUNT] = count + 1;
  }

  /** Place of the one with this key, by bisection; −1 where there is none. */
  find(slot: number, key: number): number {
    const pairs = this.#pairs(slot);
    const begin = this.#begin(slot);
    const count = this.count(slot);
    // The oldest is mostly closed first.
    if (count > 0 && pairs[begin] === key) return 0;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[begin + 2 * middle] < key) low = middle + 1;
      else high = middle;
    }
    return low < count && pairs[begin + 2 * low] === key ? low : -1;
  }

  /** Takes a campaign's i-th out. */
  close(slot: number, i: number): void {
    const pairs = this.#pairs(slot);
    const begin = this.#begin(slot);
    const left = this.count(slot) - 1;
    for (let at = begin + 2 * i; at < begin + 2 * left; at += 1) pairs[at] = pairs[at + 2];
    this.#rows[slot * this.#stride + COUNT] = left;
  }

  /** Takes all of a campaign's out. */
  clear(slot: number): void {
    this.#rows[slot * this.#stride + COUNT] = 0;
  }

  #isApart(slot: number): boolean {
    return this.#rows[slot * this.#stride + IS_APART] === 1;
  }

  #pairs(slot: number): Float64Array {
    return this.#isApart(slot) ? this.#apart[slot] : this.#rows;
  }

  #begin(slot: number): number {
    return this.#isApart(slot) ? 0 : slot * this.#stride + HEAD;
  }

  /** Gives a campaign a list of its own, or a larger one, and returns it. */
  #moveApart(slot: number): Float64Array {
    const begin = this.#begin(slot);
    const length = 2 * this.count(slot);
    const larger = new Float64Array(2 * length);
    larger.set(this.#pairs(slot).subarray(begin, begin + length));
    this.#apart[slot] = larger;
    this.#rows[slot * this.#stride + IS_APART] = 1;
    return larger;
  }
}
