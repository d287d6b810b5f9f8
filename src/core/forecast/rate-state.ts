/** The state of the conversion-rate filter and its algebra: a mean vector of log rates, its covariance, and what evidence does to them. */
import type { Savable } from "../saved.ts";

/** State vector: base, drift, sine, cosine, log rate of the young and of the old pending clicks. */
export const BASE = 0;
export const DRIFT = 1;
export const SINE = 2;
export const COSINE = 3;
export const YOUNG = 4;
export const OLD = 5;
export const SIZE = 6;

/** A sudden change, as it shows now. */
interface Jump {
  /** Rates of the clicks before it and since, and the step of the log rate of a click now. */
  readonly before: number;
  readonly now: number;
  readonly step: number;
  /** Share of either pool that was clicked since. */
  readonly freshYoung: number;
  readonly freshOld: number;
  /** Variance of the step. */
  readonly variance: number;
}

/** Mean and covariance of the state. */
export class RateState implements Savable<readonly Float64Array[]> {
  readonly state = new Float64Array(SIZE);
  readonly covariance = new Float64Array(SIZE * SIZE);
  /** A linear form of the state: scratch of whoever needs one. */
  readonly row = new Float64Array(SIZE);
  readonly #gain = new Float64Array(SIZE);

  save(): readonly Float64Array[] {
    return [this.state, this.covariance];
  }

  restore([state, covariance]: readonly Float64Array[]): void {
    this.state.set(state);
    this.covariance.set(covariance);
  }

  /** Replaces one state by a mean of others, whose derivatives by them are the row's. */
  replace(target: number, value: number): void {
    const { covariance, row } = this;
    const cross = this.#gain;
    let variance = 0;
    for (let i = 0; i < SIZE; i += 1) {
      let sum = 0;
      for (let j = 0; j < SIZE; j += 1) sum += row[j] * covariance[j * SIZE + i];
      cross[i] = sum;
    }
    for (let i = 0; i < SIZE; i += 1) variance += row[i] * cross[i];
    this.state[target] = value;
    for (let i = 0; i < SIZE; i += 1) {
      covariance[target * SIZE + i] = cross[i];
      covariance[i * SIZE + target] = cross[i];
    }
    covariance[target * SIZE + target] = variance;
  }

  /**
   * Learns a Poisson count of one pool. The pool's log rate of variance v is taken for a Gamma posterior with 1/v conversions behind it: conjugate, so that a
   * single conversion cannot throw the estimate off.
   */
  learn(pool: number, count: number, exposure: number): void {
    if (exposure <= 0) return;
    const { state, covariance } = this;
    const gain = this.#gain;
    const variance = Math.max(1e-9, covariance[pool * SIZE + pool]);
    const behind = 1 / variance;
    const expected = exposure * Math.exp(state[pool]);
    const step = Math.log((behind + count) / (behind + expected));
    const explained = (variance * expected) / (behind + expected);
    for (let i = 0; i < SIZE; i += 1) gain[i] = covariance[i * SIZE + pool] / variance;
    for (let i = 0; i < SIZE; i += 1) {
      state[i] += gain[i] * step;
      for (let j = 0; j < SIZE; j += 1) covariance[i * SIZE + j] -= gain[i] * gain[j] * explained;
    }
    this.#bound();
  }

  /** Follows a sudden change: the base takes all of its step, of each pool the clicks since do. */
  jump({ before, now, step, freshYoung, freshOld, variance }: Jump): void {
    const young = freshYoung * now + (1 - freshYoung) * before;
    const old = freshOld * now + (1 - freshOld) * before;
    this.state[BASE] += step;
    this.state[YOUNG] = Math.log(young);
    this.state[OLD] = Math.log(old);
    const { row } = this;
    row.fill(0);
    row[BASE] = 1;
    row[YOUNG] = (freshYoung * now) / young;
    row[OLD] = (freshOld * now) / old;
    for (let i = 0; i < SIZE; i += 1) {
      for (let j = 0; j < SIZE; j += 1) this.covariance[i * SIZE + j] += row[i] * row[j] * variance;
    }
    this.#bound();
  }

  /** Keeps the state in the range of rates: 1e-9 … 1, drift and wave within a factor e³. */
  #bound(): void {
    for (let i = 0; i < SIZE; i += 1) {
      const isRate = i === BASE || i >= YOUNG;
      const low = isRate ? -20.7 : -3;
      const high = isRate ? 0 : 3;
      this.state[i] = Math.min(high, Math.max(low, this.state[i]));
      if (this.covariance[i * SIZE + i] < 0) this.covariance[i * SIZE + i] = 0;
    }
  }
}
