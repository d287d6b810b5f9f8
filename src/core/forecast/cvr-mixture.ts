/**
 * The conversion rate under two hypotheses: a platform's rate drifts through the day, or it stands as good as still.
 *
 * Each has its {@link CvrFilter}. What both expected of the conversions that then came says which is likelier (Bayes), and the forecast is the mean over
 * both: a filter that expects drift forgets, and pays for it with half its evidence where there is none. Platforms change their ways: probabilities
 * return to the prior's with a time constant of a week.
 *
 * V3 the forecast lies between those of the two, and its variance includes their disagreement.
 */
import type { Savable } from "../saved.ts";
import { CvrFilter, DRIFTING, STILL } from "./cvr-filter.ts";
import type { CvrFilterState } from "./cvr-filter.ts";

/** Probability that a platform stands still, before anything is known. */
const PRIOR_STILL = 0.2;
/** How long a platform keeps to its ways. */
const LASTING_MINUTES = 7 * 1440;

/** What a mixture knows. */
export interface CvrMixtureState {
  readonly drifting: CvrFilterState;
  readonly still: CvrFilterState;
  readonly stillChance: number;
}

/** Estimates one platform's conversion rate, tick by tick. */
export class CvrMixture implements Savable<CvrMixtureState> {
  readonly #drifting: CvrFilter;
  readonly #still: CvrFilter;
  readonly #change: number;
  #stillChance = PRIOR_STILL;

  /** @param tickMs length of a tick [ms]. @param periodTicks ticks in a day. */
  constructor(tickMs: number, periodTicks: number) {
    this.#drifting = new CvrFilter(tickMs, periodTicks, DRIFTING);
    this.#still = new CvrFilter(tickMs, periodTicks, STILL);
    this.#change = 1 - Math.exp(-tickMs / 60_000 / LASTING_MINUTES);
  }

  /** Conversions heard in all. */
  get conversions(): number {
    return this.#drifting.conversions;
  }

  /** Mean delay from click to conversion [ticks]; 0 until 20 conversions are known. */
  get delayTicks(): number {
    return this.#drifting.delayTicks;
  }

  /** Probability that the rate stands still. */
  get stillChance(): number {
    return this.#stillChance;
  }

  /** The rate without drift and daily wave: what it will return to. */
  get base(): number {
    return this.#mean(this.#drifting.base, this.#still.base);
  }

  /** The rate forecast for `tick`, 0 < rate ≤ 1. */
  rateAt(tick: number): number {
    return this.#mean(this.#drifting.rateAt(tick), this.#still.rateAt(tick));
  }

  /** Variance of the logarithm of that rate. */
  varianceAt(tick: number): number {
    const apart = Math.log(this.#drifting.rateAt(tick) / this.#still.rateAt(tick));
    const between = this.#stillChance * (1 - this.#stillChance) * apart * apart;
    return this.#mean(this.#drifting.varianceAt(tick), this.#still.varianceAt(tick)) + between;
  }

  /** Learns the clicks of a tick and the conversions that arrived in it, with the sum of their ages [ticks]. */
  hear(tick: number, clicks: number, conversions: number, ageTicks: number): void {
    const lnDrifting = this.#drifting.hear(tick, clicks, conversions, ageTicks);
    const lnStill = this.#still.hear(tick, clicks, conversions, ageTicks);
    const odds = ((1 - this.#stillChance) / this.#stillChance) * Math.exp(lnDrifting - lnStill);
    const stillChance = 1 / (1 + odds);
    this.#stillChance = stillChance + this.#change * (PRIOR_STILL - stillChance);
  }

  /** A tick of which nothing was heard. */
  miss(tick: number): void {
    this.#drifting.miss(tick);
    this.#still.miss(tick);
  }

  save(): CvrMixtureState {
    return { drifting: this.#drifting.save(), still: this.#still.save(), stillChance: this.#stillChance };
  }

  restore({ drifting, still, stillChance }: CvrMixtureState): void {
    this.#drifting.restore(drifting);
    this.#still.restore(still);
    this.#stillChance = stillChance;
  }

  #mean(drifting: number, still: number): number {
    return drifting + this.#stillChance * (still - drifting);
  }
}
