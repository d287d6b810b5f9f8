/**
 * The sliding window: the last entries of a series of weighted points, with their mean and regression line in O(1).
 *
 * W1 the figures are those of the last `capacity` entries and of nothing older;
 * W2 rounding does not drift: sums are taken about a moving origin and computed afresh every `capacity` pushes;
 * W3 a push allocates nothing, and costs the same whatever the capacity, averaged over `capacity` pushes.
 */
import type { Savable } from "./saved.ts";

/** What a window knows. */
export interface WindowState {
  readonly columns: readonly Float64Array[];
  readonly figures: readonly number[];
}

/** A ring of the last `capacity` points (x, y) with running sums. */
export class SlidingWindow implements Savable<WindowState> {
  readonly #capacity: number;
  readonly #xs: Float64Array;
  readonly #ys: Float64Array;
  readonly #weights: Float64Array;
  #next = 0;
  #length = 0;
  #untilRebase: number;
  /** The sums are of x − originX and y − originY: squares of large times or prices would cancel badly (W2). */
  #originX = 0;
  #originY = 0;
  #sumW = 0;
  #sumX = 0;
  #sumY = 0;
  #sumXY = 0;
  #sumXX = 0;
  #sumYY = 0;

  /** @param capacity entries kept, an integer ≥ 1. @throws RangeError on anything else. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`a window of ${capacity} entries`);
    this.#capacity = capacity;
    this.#untilRebase = capacity;
    this.#xs = new Float64Array(capacity);
    this.#ys = new Float64Array(capacity);
    this.#weights = new Float64Array(capacity);
  }

  /** Entries held: 0 … capacity. */
  get length(): number {
    return this.#length;
  }

  /** Sum of the weights held. */
  get weight(): number {
    return this.#sumW;
  }

  /** Weighted mean of y; 0 when empty. */
  get mean(): number {
    return this.#sumW > 0 ? this.#originY + this.#sumY / this.#sumW : 0;
  }

  /** Slope of the least-squares line of y on x [y per x]; 0 where it is not determined: fewer than two different x. */
  get slope(): number {
    const sxx = this.#spreadX();
    return sxx > 0 ? (this.#sumXY - (this.#sumX * this.#sumY) / this.#sumW) / sxx : 0;
  }

  /** Adds a point, and drops the oldest when full. Figures must be finite; `weight` > 0. */
  push(x: number, y: number, weight = 1): void {
    const at = this.#next;
    if (this.#length === 0) {
      this.#originX = x;
      this.#originY = y;
    }
    if (this.#length === this.#capacity) this.#add(this.#xs[at], this.#ys[at], -this.#weights[at]);
    else this.#length += 1;
    this.#xs[at] = x;
    this.#ys[at] = y;
    this.#weights[at] = weight;
    this.#next = at + 1 === this.#capacity ? 0 : at + 1;
    this.#add(x, y, weight);
    this.#untilRebase -= 1;
    if (this.#untilRebase === 0) this.#rebase(x);
  }

  /** The least-squares line at `x`: the mean when the slope is not determined, 0 when empty. */
  at(x: number): number {
    if (this.#sumW <= 0) return 0;
    return this.mean + this.slope * (x - this.#originX - this.#sumX / this.#sumW);
  }

  /** Root mean square of the weighted residuals about the line; 0 with fewer than three entries. */
  get residualSd(): number {
    if (this.#length < 3) return 0;
    const sxy = this.#sumXY - (this.#sumX * this.#sumY) / this.#sumW;
    const syy = this.#sumYY - (this.#sumY * this.#sumY) / this.#sumW;
    const sxx = this.#spreadX();
    const unexplained = sxx > 0 ? syy - (sxy * sxy) / sxx : syy;
    return Math.sqrt(Math.max(0, unexplained) / this.#sumW);
  }

  save(): WindowState {
    return {
      columns: [this.#xs, this.#ys, this.#weights],
      figures: [
        this.#next,
        this.#length,
        this.#untilRebase,
        this.#originX,
        this.#originY,
        this.#sumW,
        this.#sumX,
        this.#sumY,
        this.#sumXY,
        this.#sumXX,
        this.#sumYY,
      ],
    };
  }

  restore({ columns: [xs, ys, weights], figures }: WindowState): void {
    this.#xs.set(xs);
    this.#ys.set(ys);
    this.#weights.set(weights);
    [this.#next, this.#length, this.#untilRebase, this.#originX, this.#originY] = figures;
    [this.#sumW, this.#sumX, this.#sumY, this.#sumXY, this.#sumXX, this.#sumYY] = figures.slice(5);
  }

  #add(x: number, y: number, weight: number): void {
    const dx = x - this.#originX;
    const dy = y - this.#originY;
    this.#sumW += weight;
    this.#sumX += weight * dx;
    this.#sumY += weight * dy;
    this.#sumXY += weight * dx * dy;
    this.#sumXX += weight * dx * dx;
    this.#sumYY += weight * dy * dy;
  }

  #spreadX(): number {
    if (this.#length < 2) return 0;
    const sxx = this.#sumXX - (this.#sumX * this.#sumX) / this.#sumW;
    // Equal times leave a rounding residue here, and a slope out of nothing.
    return sxx > 1e-12 * this.#sumXX ? sxx : 0;
  }

  #rebase(latestX: number): void {
    this.#originX = latestX;
    this.#originY = this.mean;
    this.#sumW = 0;
    this.#sumX = 0;
    this.#sumY = 0;
    this.#sumXY = 0;
    this.#sumXX = 0;
    this.#sumYY = 0;
    for (let i = 0; i < this.#length; i += 1) this.#add(this.#xs[i], this.#ys[i], this.#weights[i]);
    this.#untilRebase = this.#capacity;
  }
}
