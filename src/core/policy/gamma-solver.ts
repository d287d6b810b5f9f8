/**
 * The mathematics of one marginal cost: what a gamma would spend and convert on all platforms together, and the gamma that meets a limit.
 *
 * G1 spend, conversions and reach never fall as gamma or eta rises; G2 a solution lies within its bounds and keeps its limit, and is the
 * highest such to 0.1 %.
 */
import type { Response } from "./response.ts";

/** Precision of every solution, in ln. */
const TOLERANCE = 1e-3;
const MOST_STEPS = 64;

/** One platform, for the ticks that are left. */
export interface OutlookRow {
  /** Place in `spec.platforms`. */
  readonly row: number;
  /** Clicks to be had if every auction were won. */
  readonly clicks: number;
  /** Mean clearing price per click [micros]; > 0. */
  readonly priceMicros: number;
  /** What is charged, relative to the table's prediction at that price. */
  readonly priceFactor: number;
  /** Conversions per click. */
  readonly cvr: number;
  /** Highest value per click that will be bid for [micros]; Infinity where there is no limit. */
  readonly mostMicros: number;
  /** What the reach goal counts per click. */
  readonly reachPerClick: number;
  /** Probability that its CVR stands still. */
  readonly stillChance: number;
  /** How the platform answers to what a click is worth. */
  readonly response: Response;
}

/** The market of the ticks that are left, as a campaign expects it, by platform. Reused from decision to decision: `clear`, `add` …, `aim`, read. */
export class Outlook {
  length = 0;
  readonly #rows: number[] = [];
  readonly #priceMicros: number[] = [];
  readonly #cvr: number[] = [];
  readonly #reachPerClick: number[] = [];
  readonly #stillChance: number[] = [];
  readonly #responses: Response[] = [];
  /** Spend [micros], conversions and reach if every auction were won at the mean price. */
  readonly #spendMicros: number[] = [];
  readonly #conversions: number[] = [];
  readonly #reach: number[] = [];
  /** ln(cvr ÷ price): ln r = ln gamma + this. */
  readonly #lnWorth: number[] = [];
  /** Highest ln r that will be bid for. */
  readonly #lnMost: number[] = [];
  /** ln r at the present aim. */
  readonly #lnAim: number[] = [];

  clear(): void {
    this.length = 0;
  }

  add({
    row,
    clicks,
    priceMicros,
    priceFactor,
    cvr,
    mostMicros,
    reachPerClick,
    stillChance,
    response,
  }: OutlookRow): void {
    const i = this.length;
    this.#rows[i] = row;
    this.#priceMicros[i] = priceMicros;
    this.#cvr[i] = cvr;
    this.#reachPerClick[i] = reachPerClick;
    this.#stillChance[i] = stillChance;
    this.#responses[i] = response;
    this.#spendMicros[i] = clicks * priceMicros * priceFactor;
    this.#conversions[i] = clicks * cvr;
    this.#reach[i] = clicks * reachPerClick;
    this.#lnWorth[i] = Math.log(cvr / priceMicros);
    this.#lnMost[i] = Math.log(mostMicros / priceMicros);
    this.#lnAim[i] = Number.NEGATIVE_INFINITY;
    this.length = i + 1;
  }

  /** Place in `spec.platforms` of the i-th platform added. */
  rowAt(i: number): number {
    return this.#rows[i];
  }

  /** Probability that the CVR of the i-th platform added stands still. */
  stillChanceAt(i: number): number {
    return this.#stillChance[i];
  }

  /** Values a conversion at gamma [micros], and a unit of reach at eta [micros]. */
  aim(lnGamma: number, etaMicros = 0): void {
    const gammaMicros = etaMicros > 0 ? Math.exp(lnGamma) : 0;
    for (let i = 0; i < this.length; i += 1) {
      let lnAim = lnGamma + this.#lnWorth[i];
      if (etaMicros > 0) {
        const valueMicros = gammaMicros * this.#cvr[i] + etaMicros * this.#reachPerClick[i];
        lnAim = Math.log(valueMicros / this.#priceMicros[i]);
      }
      this.#lnAim[i] = Math.min(lnAim, this.#lnMost[i]);
    }
  }

  /** Expected spend at the present aim [micros]. */
  get spendMicros(): number {
    let sum = 0;
    for (let i = 0; i < this.length; i += 1) sum += this.spendMicrosOf(i);
    return sum;
  }

  /** The same on the i-th platform added. */
  spendMicrosOf(i: number): number {
    return this.#spendMicros[i] * this.#responses[i].costs.at(this.#lnAim[i]);
  }

  /** Expected conversions at the present aim. */
  get conversions(): number {
    let sum = 0;
    for (let i = 0; i < this.length; i += 1) {
      sum += this.#conversions[i] * this.#responses[i].wins.at(this.#lnAim[i]);
    }
    return sum;
  }

  /** Expected reach at the present aim. */
  get reach(): number {
    let sum = 0;
    for (let i = 0; i < this.length; i += 1) sum += this.#reach[i] * this.#responses[i].wins.at(this.#lnAim[i]);
    return sum;
  }

  /**
   * Expected spend on clicks priced above their value at the present aim [micros]: a click of a row is worth `valueMicros` × cvr,
   * the CVR being uncertain by `relSd` (three-point quadrature of its posterior).
   */
  wasteMicros(row: number, valueMicros: number, relSd: number): number {
    const { costs, bid, isFirstPrice } = this.#responses[row];
    const lnAim = this.#lnAim[row];
    const spent = costs.at(lnAim);
    let wasted = 0;
    for (const [step, weight] of QUADRATURE) {
      const worth = (valueMicros * this.#cvr[row] * Math.max(0, 1 + step * relSd)) / this.#priceMicros[row];
      if (isFirstPrice) wasted += bid(Math.exp(lnAim)) > worth ? weight * spent : 0;
      else wasted += weight * Math.max(0, spent - (worth > 0 ? costs.at(Math.log(worth)) : 0));
    }
    return this.#spendMicros[row] * wasted;
  }
}

/** Nodes [standard deviations] and weights of a normal's three-point Gauss–Hermite rule. */
const QUADRATURE = [
  [-Math.sqrt(3), 1 / 6],
  [0, 2 / 3],
  [Math.sqrt(3), 1 / 6],
] as const;

/** A limit on what is left: spendWeight × spend + conversionWeight × conversions ≤ limit, at a given price of reach. */
interface Limit {
  readonly spendWeight: number;
  readonly conversionWeight: number;
  readonly limit: number;
}

/**
 * The highest ln gamma in [lnLow, lnHigh] that keeps a limit whose left side rises with gamma there; lnLow where none does; NaN where the
 * outlook is not made of numbers. (spend − cpa × conversions rises wherever gamma ≥ cpa.) Bisection that starts around `lnStart`.
 */
export function solveGamma(
  outlook: Outlook,
  limit: Limit,
  lnLow: number,
  lnHigh: number,
  lnStart: number,
  etaMicros = 0,
): number {
  const isWithin = (lnGamma: number) => excessAt(outlook, limit, lnGamma, etaMicros) <= 0;
  const excess = excessAt(outlook, limit, lnHigh, etaMicros);
  if (excess <= 0 || lnHigh <= lnLow) return lnHigh;
  if (Number.isNaN(excess)) return Number.NaN;
  // The solution moves little from tick to tick: widen around the last one until it is enclosed.
  let low = Math.min(Math.max(lnStart - TOLERANCE / 2, lnLow), lnHigh);
  let high = low;
  let stride = TOLERANCE;
  if (isWithin(low)) {
    high = Math.min(lnHigh, low + stride);
    while (isWithin(high)) {
      low = high;
      stride *= 4;
      high = Math.min(lnHigh, high + stride);
    }
  } else {
    do {
      if (low <= lnLow) return lnLow;
      high = low;
      low = Math.max(lnLow, low - stride);
      stride *= 4;
    } while (!isWithin(low));
  }
  for (let step = 0; high - low > TOLERANCE && step < MOST_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (isWithin(middle)) low = middle;
    else high = middle;
  }
  return high - low > TOLERANCE ? Number.NaN : low;
}

/** By how much a gamma exceeds a limit. */
function excessAt(
  outlook: Outlook,
  { spendWeight, conversionWeight, limit }: Limit,
  lnGamma: number,
  etaMicros: number,
): number {
  outlook.aim(lnGamma, etaMicros);
  let excess = -limit;
  if (spendWeight !== 0) excess += spendWeight * outlook.spendMicros;
  if (conversionWeight !== 0) excess += conversionWeight * outlook.conversions;
  return excess;
}

/** A unit of reach is priced between a thousandth of a micro and a million units of currency. */
const LN_LEAST_ETA = Math.log(1e-3);
const LN_MOST_ETA = Math.log(1e12);

/** What a reach goal asks for, and within which bounds. */
interface ReachProblem {
  /** Units of reach still missing. */
  readonly goal: number;
  /** What may be spent [micros]. */
  readonly limitMicros: number;
  /** Mean cost per conversion that may not be exceeded, 0 = none, and the excess already allowed or owed [micros]. */
  readonly cpaMicros: number;
  readonly cpaLimitMicros: number;
  /** Bounds of ln gamma: the upper one is the gamma without the goal. */
  readonly lnLow: number;
  readonly lnHigh: number;
}

/**
 * The least price eta of a unit of reach [micros] that meets the goal, and the gamma that pays for it out of the same money:
 * the multipliers of max Σ n (q V − price) with spend ≤ limit and reach ≥ goal, in which a click is worth gamma q + eta × reach.
 * Where no eta meets it, the highest affordable one, and `isMet` false.
 */
export function solveReach(
  outlook: Outlook,
  problem: ReachProblem,
): { lnGamma: number; etaMicros: number; isMet: boolean } {
  const { goal, limitMicros, cpaMicros, cpaLimitMicros, lnLow, lnHigh } = problem;
  outlook.aim(lnHigh);
  if (outlook.reach >= goal) return { lnGamma: lnHigh, etaMicros: 0, isMet: true };
  let best = { lnGamma: lnHigh, etaMicros: 0, isMet: false };
  const budget = { spendWeight: 1, conversionWeight: 0, limit: limitMicros };
  let low = LN_LEAST_ETA;
  let high = LN_MOST_ETA;
  for (let step = 0; high - low > TOLERANCE && step < MOST_STEPS; step += 1) {
    const middle = (low + high) / 2;
    const etaMicros = Math.exp(middle);
    const lnGamma = solveGamma(outlook, budget, lnLow, lnHigh, best.lnGamma, etaMicros);
    outlook.aim(lnGamma, etaMicros);
    const { spendMicros } = outlook;
    const isAffordable =
      spendMicros <= limitMicros &&
      (cpaMicros === 0 || spendMicros - cpaMicros * outlook.conversions <= cpaLimitMicros);
    const isMet = isAffordable && outlook.reach >= goal;
    // The last affordable try is the best so far: tries that met the goal shrink towards the least eta, the others grow.
    if (isAffordable && (isMet || !best.isMet)) best = { lnGamma, etaMicros, isMet };
    if (isMet || !isAffordable) high = middle;
    else low = middle;
  }
  return best;
}
