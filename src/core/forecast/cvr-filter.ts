/**
 * The conversion-rate filter: a Bayesian estimate of conversions per click from counts that arrive late.
 *
 * The model. The log rate is `base + drift + a sin(2πt/day) + b cos(2πt/day)`: a slow random walk, an Ornstein-Uhlenbeck process,
 * and a daily wave. A click converts after a geometric delay, so that conversions arrive as a Poisson number with mean
 * `exposure × rate`, where `exposure = pending clicks / (1 + mean delay)` and `rate` is the mean rate of the *pending* clicks: it lags the
 * present one. Both are states of one extended Kalman filter, whose covariance knows how much an old conversion says
 * about now. Pending clicks stand in two pools, young and old, between which each moves with probability 1 − e^(−1/κ) a
 * tick; an arrival of age `a` came from the young pool with probability e^(−a/κ), and Poisson thinning keeps the two counts independent.
 *
 * V1 the rate is in (0, 1] and its variance positive and finite whatever finite counts are fed;
 * V2 silence is no evidence: clicks under way mature, and no new ones come, as the traffic plan has it too.
 */
import { lnGamma } from "../ln-gamma.ts";
import type { Savable } from "../saved.ts";
import { ChangeTest } from "./change-test.ts";
import type { ChangeTestState } from "./change-test.ts";
import { BASE, COSINE, DRIFT, OLD, RateState, SINE, SIZE, YOUNG } from "./rate-state.ts";

/** Prior of the base: a rate of 2 %, give or take a factor e². */
const PRIOR_LOG_RATE = Math.log(0.02);
const PRIOR_VARIANCE = 4;
/** How a rate moves. */
export interface Movement {
  /** Standard deviation of the drift. */
  readonly driftSd: number;
  /** Random walk of the base, standard deviation after a day. */
  readonly walkSdPerDay: number;
}

/** A rate that drifts through the day, and one that stands as good as still. */
export const DRIFTING: Movement = { driftSd: 0.2, walkSdPerDay: 0.1 };
export const STILL: Movement = { driftSd: 0.02, walkSdPerDay: 0.03 };
/** Correlation time of the drift. */
const DRIFT_MINUTES = 300;
/** Standard deviation of each of the daily wave's two amplitudes. */
const WAVE_SD = 0.1;
/** A day of fewer ticks is no wave. */
const WAVE_MIN_TICKS = 6;
/** Mean time in the young pool, if no conversion comes before. */
const YOUNG_MINUTES = 30;

/** Conversions heard before the change test may speak, and before the mean delay is believed. */
const LEARNED_CONVERSIONS = 20;
/** Largest factor by which a change is followed at once. */
const MOST_CHANGE = 16;
/** At so many conversions, the delay's counters are halved. */
const DELAY_MEMORY = 4000;

/** Conversions expected of a tick, fewer than which are no test of anything. */
const LEAST_EXPECTED = 1e-9;

const MINUTE_MS = 60_000;

/** What a filter knows. */
export interface CvrFilterState {
  readonly rates: readonly Float64Array[];
  readonly change: ChangeTestState;
  readonly figures: readonly number[];
}

/** Estimates one platform's conversion rate, tick by tick. */
export class CvrFilter implements Savable<CvrFilterState> {
  readonly #rates = new RateState();
  readonly #state = this.#rates.state;
  readonly #covariance = this.#rates.covariance;
  readonly #row = this.#rates.row;
  readonly #periodTicks: number;
  readonly #driftKeep: number;
  readonly #driftVariance: number;
  readonly #walkVariance: number;
  readonly #youngTicks: number;
  readonly #ageing: number;
  #pendingYoung = 0;
  #pendingOld = 0;
  #ages = 0;
  #aged = 0;
  #conversions = 0;
  #unheardTicks = 0;
  /** Clicks that matured in them. */
  #unheardExposure = 0;
  readonly #change: ChangeTest;

  /** @param tickMs length of a tick [ms]. @param periodTicks ticks in a day. */
  constructor(tickMs: number, periodTicks: number, { driftSd, walkSdPerDay }: Movement) {
    const minutes = tickMs / MINUTE_MS;
    this.#periodTicks = periodTicks;
    this.#change = new ChangeTest(tickMs);
    this.#driftKeep = Math.exp(-minutes / DRIFT_MINUTES);
    this.#driftVariance = driftSd ** 2 * (1 - this.#driftKeep ** 2);
    this.#walkVariance = (walkSdPerDay ** 2 * minutes) / 1440;
    this.#youngTicks = YOUNG_MINUTES / minutes;
    this.#ageing = 1 - Math.exp(-1 / this.#youngTicks);
    for (const i of [BASE, YOUNG, OLD]) {
      this.#state[i] = PRIOR_LOG_RATE;
      for (const j of [BASE, YOUNG, OLD]) this.#covariance[i * SIZE + j] = PRIOR_VARIANCE;
    }
    this.#covariance[DRIFT * SIZE + DRIFT] = driftSd ** 2;
    const waveVariance = periodTicks >= WAVE_MIN_TICKS ? WAVE_SD ** 2 : 0;
    this.#covariance[SINE * SIZE + SINE] = waveVariance;
    this.#covariance[COSINE * SIZE + COSINE] = waveVariance;
  }

  /** Conversions heard in all. */
  get conversions(): number {
    return this.#conversions;
  }

  /** Mean delay from click to conversion [ticks]; 0 until 20 conversions are known. */
  get delayTicks(): number {
    return this.#aged > LEARNED_CONVERSIONS ? this.#ages / this.#aged : 0;
  }

  /** The rate without drift and daily wave: what it will return to. */
  get base(): number {
    return Math.min(1, Math.exp(this.#state[BASE]));
  }

  /** The rate forecast for `tick`, 0 < rate ≤ 1. */
  rateAt(tick: number): number {
    this.#observeAt(tick);
    let log = 0;
    for (let i = 0; i < YOUNG; i += 1) log += this.#row[i] * this.#state[i];
    return Math.min(1, Math.exp(log));
  }

  /** Variance of the logarithm of that rate: the square of its relative standard deviation. */
  varianceAt(tick: number): number {
    this.#observeAt(tick);
    let variance = 0;
    for (let i = 0; i < YOUNG; i += 1) {
      for (let j = 0; j < YOUNG; j += 1) variance += this.#row[i] * this.#row[j] * this.#covariance[i * SIZE + j];
    }
    return Math.max(1e-6, variance);
  }

  /**
   * Learns the clicks of a tick and the conversions that arrived in it, with the sum of their ages [ticks].
   * @returns ln of how probable so many conversions were, up to what is the same for every filter
   */
  hear(tick: number, clicks: number, conversions: number, ageTicks: number): number {
    this.#conversions += conversions;
    this.#learnDelay(conversions, ageTicks);
    const share = 1 / (1 + this.delayTicks);
    this.#pendingYoung += clicks;
    if (this.#unheardTicks >= this.#change.blockTicks) this.#change.restart();
    const exposureYoung = share * this.#pendingYoung;
    const exposureOld = share * this.#pendingOld + this.#heldExposure(conversions, share);
    this.#advance(tick, clicks);
    if (this.#conversions > LEARNED_CONVERSIONS) this.#change.click(clicks, this.rateAt(tick), this.delayTicks);
    const lnProbability = this.#lnProbability(conversions, exposureYoung, exposureOld);
    if (exposureYoung + exposureOld > 0) {
      const young = conversions * youngShare(conversions, ageTicks / this.#youngTicks);
      this.#rates.learn(YOUNG, young, exposureYoung);
      this.#rates.learn(OLD, conversions - young, exposureOld);
    }
    this.#mature(exposureYoung, share * this.#pendingOld);
    this.#change.arrive(conversions, ageTicks);
    this.#followChange(tick);
    return lnProbability;
  }

  /** A tick of which nothing was heard (V2). */
  miss(tick: number): void {
    const share = 1 / (1 + this.delayTicks);
    const exposureYoung = share * this.#pendingYoung;
    const exposureOld = share * this.#pendingOld;
    this.#unheardTicks += 1;
    this.#unheardExposure += exposureYoung + exposureOld;
    this.#advance(tick, 0);
    this.#mature(exposureYoung, exposureOld);
    this.#change.click(0, 0, this.delayTicks);
  }

  save(): CvrFilterState {
    return {
      rates: this.#rates.save(),
      change: this.#change.save(),
      figures: [
        this.#pendingYoung,
        this.#pendingOld,
        this.#ages,
        this.#aged,
        this.#conversions,
        this.#unheardTicks,
        this.#unheardExposure,
      ],
    };
  }

  restore({ rates, change, figures }: CvrFilterState): void {
    this.#rates.restore(rates);
    this.#change.restore(change);
    [this.#pendingYoung, this.#pendingOld, this.#ages, this.#aged, this.#conversions] = figures;
    [this.#unheardTicks, this.#unheardExposure] = figures.slice(5);
  }

  /**
   * Exposure of a silence that just ended, if its conversions are told now. They may as well be lost: of the two Poisson means, E with and
   * e without them, E is the likelier from (E − e) / ln(E / e) conversions on.
   */
  #heldExposure(conversions: number, share: number): number {
    const held = this.#unheardExposure;
    this.#unheardTicks = 0;
    this.#unheardExposure = 0;
    if (held === 0) return 0;
    const present = share * (this.#pendingYoung + this.#pendingOld);
    const rate = Math.exp(this.#state[OLD]);
    return conversions > (held * rate) / Math.log1p(held / present) ? held : 0;
  }

  /** A Poisson count whose mean has a Gamma posterior is negative binomial: with r = 1 / relative variance, Γ(r + k) / Γ(r) × r^r E^k / (r + E)^(r + k). */
  #lnProbability(count: number, exposureYoung: number, exposureOld: number): number {
    const covariance = this.#covariance;
    const young = exposureYoung * Math.exp(this.#state[YOUNG]);
    const old = exposureOld * Math.exp(this.#state[OLD]);
    const expected = young + old;
    if (!(expected > LEAST_EXPECTED)) return 0;
    const share = young / expected;
    const variance =
      share * share * covariance[YOUNG * SIZE + YOUNG] +
      2 * share * (1 - share) * covariance[YOUNG * SIZE + OLD] +
      (1 - share) * (1 - share) * covariance[OLD * SIZE + OLD];
    const behind = 1 / Math.max(1e-9, variance);
    const ratio = expected / behind;
    return lnRising(behind, count) + count * Math.log(ratio) - (behind + count) * Math.log1p(ratio);
  }

  #learnDelay(conversions: number, ageTicks: number): void {
    this.#aged += conversions;
    this.#ages += ageTicks;
    if (this.#aged > DELAY_MEMORY) {
      this.#aged /= 2;
      this.#ages /= 2;
    }
  }

  /** Writes into the row how the log rate of a click at `tick` follows from the state. */
  #observeAt(tick: number): void {
    const angle = (2 * Math.PI * (tick % this.#periodTicks)) / this.#periodTicks;
    const row = this.#row;
    row[BASE] = 1;
    row[DRIFT] = 1;
    row[SINE] = Math.sin(angle);
    row[COSINE] = Math.cos(angle);
    row[YOUNG] = 0;
    row[OLD] = 0;
  }

  /** Moves the state one tick on, and mixes the new clicks into the young pool. */
  #advance(tick: number, clicks: number): void {
    const covariance = this.#covariance;
    this.#state[DRIFT] *= this.#driftKeep;
    for (let i = 0; i < SIZE; i += 1) covariance[DRIFT * SIZE + i] *= this.#driftKeep;
    for (let i = 0; i < SIZE; i += 1) covariance[i * SIZE + DRIFT] *= this.#driftKeep;
    covariance[DRIFT * SIZE + DRIFT] += this.#driftVariance;
    covariance[BASE * SIZE + BASE] += this.#walkVariance;
    if (clicks <= 0) return;
    const share = clicks / this.#pendingYoung;
    const fresh = share * this.rateAt(tick);
    const mean = fresh + (1 - share) * Math.exp(this.#state[YOUNG]);
    // rateAt has left the row of a click at this tick.
    for (let i = 0; i < YOUNG; i += 1) this.#row[i] *= fresh / mean;
    this.#row[YOUNG] = 1 - fresh / mean;
    this.#rates.replace(YOUNG, Math.log(mean));
  }

  /**
   * Where the change test speaks, the rate since the change is its forecast × (K + 1) / (E + 1), with a relative variance of 1 / (K + 1). The base takes
   * all of the step; of each pool, the clicks since the change do.
   */
  #followChange(tick: number): void {
    const change = this.#change.find();
    if (change === null) return;
    const factor = Math.min(MOST_CHANGE, Math.max(1 / MOST_CHANGE, (change.arrived + 1) / (change.expected + 1)));
    const before = change.promised / change.clicks;
    const now = Math.min(1, before * factor);
    const step = Math.log(now / this.rateAt(tick));
    const youngTicks = 1 / (1 / this.#youngTicks + 1 / (1e-9 + this.delayTicks));
    const freshYoung = 1 - Math.exp(-change.ageTicks / youngTicks);
    const pendingOld = Math.max(0, change.pending - freshYoung * this.#pendingYoung);
    const freshOld = Math.min(1, pendingOld / Math.max(1e-9, this.#pendingOld));
    this.#rates.jump({ before, now, step, freshYoung, freshOld, variance: 1 / (change.arrived + 1) });
    this.#change.settle(change, factor);
  }

  /** Takes what has matured out of the pools, and lets the young grow old. */
  #mature(exposureYoung: number, exposureOld: number): void {
    this.#pendingOld -= exposureOld;
    this.#pendingYoung -= exposureYoung;
    const moving = this.#ageing * this.#pendingYoung;
    this.#pendingYoung -= moving;
    this.#pendingOld += moving;
    // Without delay nothing is left pending but rounding.
    if (moving <= 1e-9) return;
    const share = moving / this.#pendingOld;
    const fresh = share * Math.exp(this.#state[YOUNG]);
    const mean = fresh + (1 - share) * Math.exp(this.#state[OLD]);
    this.#row.fill(0);
    this.#row[YOUNG] = fresh / mean;
    this.#row[OLD] = 1 - fresh / mean;
    this.#rates.replace(OLD, Math.log(mean));
  }
}

/** ln of Γ(x + n) / Γ(x), x > 0. */
function lnRising(x: number, n: number): number {
  if (n <= 8) {
    let product = 1;
    for (let i = 0; i < n; i += 1) product *= x + i;
    return Math.log(product);
  }
  return lnGamma(x + n) - lnGamma(x + 2) + Math.log(x * (x + 1));
}

/**
 * The share of `count` arrivals that came from the young pool, when all that is known of their ages is the sum (in units of κ): the mean of
 * e^(−age) over exponential ages with that sum, which is ₁F₁(1; count; −sum). M₁ = e^(−s), Mₙ₊₁ = n (1 − Mₙ) / s.
 */
function youngShare(count: number, sum: number): number {
  if (count <= 0 || sum <= 0) return 1;
  // The recursion loses digits with every step, more so where the sum is small; the limit form is within 3 % there.
  if (count > 6 || sum < count / 2) return count / (count + sum);
  let share = Math.exp(-sum);
  for (let n = 1; n < count; n += 1) share = (n * (1 - share)) / sum;
  return Math.min(1, Math.max(0, share));
}
