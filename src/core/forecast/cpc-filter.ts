/**
 * The price filter: the mean price per click now, from tick means of more or fewer clicks.
 *
 * A local-level Kalman filter in relative terms: the price moves with variance `s² (1 − e^(−2Δ/τ))` a tick, and the mean of n clicks is
 * off by variance `r²/n`; r² is learned from the forecast errors. Quiet ticks thus weigh little and busy ones much.
 *
 * C1 prices are finite and ≥ 0 whatever finite prices ≥ 0 are fed.
 */
import type { Savable } from "../saved.ts";

/** Standard deviation of the log price about its long mean, and its correlation time. */
const DRIFT_SD = 0.15;
const DRIFT_MINUTES = 200;
/** Relative variance of one click's price: first guess, least and most. */
const NOISE_VARIANCE = 0.09;
const NOISE_RANGE = [0.01, 4] as const;
/** Ticks with clicks that the noise is averaged over, at least and at most. */
const NOISE_TICKS = [10, 500] as const;
/** Half-life of the long mean. */
const MEAN_MINUTES = 960;

/** Estimates one platform's price per click, tick by tick [micros]. */
export class CpcFilter implements Savable<readonly number[]> {
  readonly #driftVariance: number;
  readonly #keep: number;
  #price = 0;
  #variance = 0;
  #noise = NOISE_VARIANCE;
  #noiseTicks: number = NOISE_TICKS[0];
  #weight = 0;
  #mean = 0;

  /** @param tickMs length of a tick [ms]. */
  constructor(tickMs: number) {
    const minutes = tickMs / 60_000;
    this.#driftVariance = DRIFT_SD ** 2 * (1 - Math.exp((-2 * minutes) / DRIFT_MINUTES));
    this.#keep = 2 ** (-1 / Math.max(1, MEAN_MINUTES / minutes));
  }

  /** Price per click now [micros]; 0 before the first click. */
  get priceMicros(): number {
    return this.#price;
  }

  /** Its long-run, click-weighted mean (half-life 16 h) [micros]. */
  get meanMicros(): number {
    return this.#mean;
  }

  /** A tick passes, with so many clicks at this mean price; no clicks are no evidence. */
  update(clicks: number, priceMicros: number): void {
    this.#variance = Math.min(1, this.#variance + this.#driftVariance);
    if (clicks <= 0) return;
    if (this.#price === 0) {
      this.#price = priceMicros;
      this.#variance = this.#noise / clicks;
    } else {
      const error = Math.min(1, Math.abs(priceMicros / this.#price - 1));
      const gain = this.#variance / (this.#variance + this.#noise / clicks);
      this.#learnNoise(clicks * (error * error - this.#variance));
      this.#price += gain * (priceMicros - this.#price);
      this.#variance *= 1 - gain;
    }
    this.#weight = this.#keep * this.#weight + clicks;
    this.#mean += (clicks / this.#weight) * (priceMicros - this.#mean);
  }

  save(): readonly number[] {
    return [this.#price, this.#variance, this.#noise, this.#noiseTicks, this.#weight, this.#mean];
  }

  restore(state: readonly number[]): void {
    [this.#price, this.#variance, this.#noise, this.#noiseTicks, this.#weight, this.#mean] = state;
  }

  #learnNoise(sample: number): void {
    this.#noiseTicks = Math.min(NOISE_TICKS[1], this.#noiseTicks + 1);
    const noise = this.#noise + (sample - this.#noise) / this.#noiseTicks;
    this.#noise = Math.min(NOISE_RANGE[1], Math.max(NOISE_RANGE[0], noise));
  }
}
