/**
 * Bid landscapes: what a bid wins and what it costs, as a function of u = bid ÷ mean clearing price.
 *
 * D1 winRate and costShare never fall as u rises, winRate ≤ 1; D2 costShare(u) ≤ u × winRate(u), with costShare → 1: the mean price is 1.
 */

/** A distribution of the clearing price with mean 1. */
export interface Landscape {
  /** F(u): share of the volume won by bidding u. */
  winRate(u: number): number;
  /** C(u) = ∫₀ᵘ x dF(x): what the clicks won cost in a second-price auction, per unit of volume, in units of the mean clearing price. */
  costShare(u: number): number;
}

/** Number of grid points of every table. */
const POINTS = 640;
const LN_LOW = -6.4;
const STEPS_PER_LN = 50;

/** A function of x > 0 on an even grid in ln x, linear in between and constant outside: from e^-6.4 to e^6.38. */
export class LnTable {
  readonly #values: Float64Array;

  constructor(f: (x: number) => number) {
    this.#values = Float64Array.from({ length: POINTS }, (_, i) => f(gridPoint(i)));
  }

  /** The value at x = e^lnX. */
  at(lnX: number): number {
    const place = (lnX - LN_LOW) * STEPS_PER_LN;
    if (!(place > 0)) return this.#values[0];
    if (place >= POINTS - 1) return this.#values[POINTS - 1];
    const i = place | 0;
    const low = this.#values[i];
    return low + (place - i) * (this.#values[i + 1] - low);
  }
}

function gridPoint(i: number): number {
  return Math.exp(LN_LOW + i / STEPS_PER_LN);
}

function isOnGrid(lnX: number): boolean {
  return lnX >= LN_LOW && lnX <= LN_LOW + (POINTS - 1) / STEPS_PER_LN;
}

/** Log-logistic prices with mean 1: F(u) = 1 / (1 + (alpha/u)^k), alpha = sin(π/k) / (π/k). Real auctions have k of 1.4 to 2.8. */
export class LogLogisticLandscape implements Landscape {
  readonly #shape: number;
  readonly #scale: number;
  readonly #wins: LnTable;
  readonly #costs: LnTable;
  /** What was asked about last, and its logarithm: the share won and its cost are asked for together. */
  #lastU = Number.NaN;
  #lnLastU = Number.NaN;

  /** @param shape k > 1: the tail index. @throws RangeError where the mean price would be infinite. */
  constructor(shape: number) {
    if (!(shape > 1 && shape < Number.POSITIVE_INFINITY)) throw new RangeError(`a log-logistic shape of ${shape}`);
    this.#shape = shape;
    this.#scale = Math.sin(Math.PI / shape) / (Math.PI / shape);
    this.#wins = new LnTable((u) => this.#winRate(u));
    let below = 0;
    let cost = this.#costBelow(Math.exp(LN_LOW));
    this.#costs = new LnTable((u) => {
      if (below > 0) cost += this.#costBetween(Math.log(below), Math.log(u));
      below = u;
      return Math.min(cost, 1);
    });
  }

  winRate(u: number): number {
    if (!(u > 0)) return 0;
    const lnU = this.#ln(u);
    return isOnGrid(lnU) ? this.#wins.at(lnU) : this.#winRate(u);
  }

  costShare(u: number): number {
    if (!(u > 0)) return 0;
    const lnU = this.#ln(u);
    if (isOnGrid(lnU)) return this.#costs.at(lnU);
    return u < 1 ? this.#costBelow(u) : Math.max(this.#costs.at(lnU), this.#costAbove(u));
  }

  #ln(u: number): number {
    if (u !== this.#lastU) {
      this.#lastU = u;
      this.#lnLastU = Math.log(u);
    }
    return this.#lnLastU;
  }

  #winRate(u: number): number {
    return 1 / (1 + (this.#scale / u) ** this.#shape);
  }

  /** C(u) for u ≪ alpha, where F is a power of u. */
  #costBelow(u: number): number {
    return (this.#shape / (this.#shape + 1)) * u * this.#winRate(u);
  }

  /** C(u) for u ≫ alpha, where 1 − F is a power of u. */
  #costAbove(u: number): number {
    return 1 - (this.#shape / (this.#shape - 1)) * u * (this.#scale / u) ** this.#shape;
  }

  /** ∫ x dF between two points, by Simpson's rule in y = ln x: x dF = k e^y F (1 − F) dy. */
  #costBetween(fromLn: number, toLn: number): number {
    const density = (y: number) => {
      const won = this.#winRate(Math.exp(y));
      return this.#shape * Math.exp(y) * won * (1 - won);
    };
    return ((toLn - fromLn) / 6) * (density(fromLn) + 4 * density((fromLn + toLn) / 2) + density(toLn));
  }
}

/** Prices as recorded: the count at integer price i is spread evenly over i ± ½, so that F is continuous. */
export class EmpiricalLandscape implements Landscape {
  /** F and C at the upper edge of each price's cell. */
  readonly #wins: Float64Array;
  readonly #costs: Float64Array;
  readonly #mean: number;

  /** @param counts number of auctions that cleared at price 0, 1, 2 … @throws RangeError where there is none, or a count is negative or no number. */
  constructor(counts: ArrayLike<number>) {
    let total = 0;
    let sum = 0;
    for (let price = 0; price < counts.length; price += 1) {
      if (!(counts[price] >= 0)) throw new RangeError(`a count of ${counts[price]} at price ${price}`);
      total += counts[price];
      sum += counts[price] * middle(price);
    }
    if (!(total > 0 && total < Number.POSITIVE_INFINITY)) throw new RangeError(`a histogram of ${total} prices`);
    this.#mean = sum / total;
    this.#wins = new Float64Array(counts.length);
    this.#costs = new Float64Array(counts.length);
    let won = 0;
    let cost = 0;
    for (let price = 0; price < counts.length; price += 1) {
      won += counts[price];
      cost += counts[price] * middle(price);
      this.#wins[price] = won / total;
      this.#costs[price] = cost / sum;
    }
  }

  winRate(u: number): number {
    if (!(u > 0)) return 0;
    const bid = u * this.#mean;
    const cell = Math.floor(bid + 0.5);
    if (cell >= this.#wins.length) return 1;
    const before = cell > 0 ? this.#wins[cell - 1] : 0;
    return before + (this.#wins[cell] - before) * shareOfCell(bid, cell);
  }

  costShare(u: number): number {
    if (!(u > 0)) return 0;
    const bid = u * this.#mean;
    const cell = Math.floor(bid + 0.5);
    if (cell >= this.#costs.length) return 1;
    const winsBefore = cell > 0 ? this.#wins[cell - 1] : 0;
    const costsBefore = cell > 0 ? this.#costs[cell - 1] : 0;
    const won = (this.#wins[cell] - winsBefore) * shareOfCell(bid, cell);
    return costsBefore + (won * (Math.max(0, cell - 0.5) + bid)) / 2 / this.#mean;
  }
}

/** Middle of a price's cell: that of price 0 is [0, ½). */
function middle(price: number): number {
  return price === 0 ? 0.25 : price;
}

function shareOfCell(bid: number, cell: number): number {
  return cell === 0 ? bid * 2 : bid - cell + 0.5;
}

const shadings = new WeakMap<Landscape, LnTable>();

/**
 * The best first-price bid for a click worth r: argmax_u F(u)(r − u), from a table; at most r. Both in units of the mean clearing price.
 */
export function shadedBid(landscape: Landscape, r: number): number {
  if (!(r > 0)) return 0;
  let shading = shadings.get(landscape);
  if (shading === undefined) {
    shading = shadingTable(landscape);
    shadings.set(landscape, shading);
  }
  // Under the grid the share of the value that is bid is constant, as F is a power there.
  return Math.min(r, shading.at(Math.log(r)) * Math.min(1, r / gridPoint(0)));
}

/** u*(r) over r. */
function shadingTable(landscape: Landscape): LnTable {
  const points = Float64Array.from({ length: POINTS }, (_, i) => gridPoint(i));
  const wins = points.map((u) => landscape.winRate(u));
  let from = 0;
  let below = 0;
  return new LnTable((r) => {
    let best = from;
    let bestGain = wins[best] * (r - points[best]);
    // u* never falls as r rises, so that the search goes on where it stood.
    for (let i = from + 1; i < POINTS && points[i] < r; i += 1) {
      const gain = wins[i] * (r - points[i]);
      if (gain > bestGain) {
        best = i;
        bestGain = gain;
      }
    }
    from = best;
    const gain = (u: number) => landscape.winRate(u) * (r - u);
    const low = best === 0 ? 0 : points[best - 1];
    below = Math.max(below, maximum(gain, low, Math.min(r, points[Math.min(best + 1, POINTS - 1)])));
    return below;
  });
}

/** Golden-section search for the maximum of f between two points. */
function maximum(f: (x: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = from;
  let high = to;
  for (let step = 0; step < 24; step += 1) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (f(left) < f(right)) low = left;
    else high = right;
  }
  return (low + high) / 2;
}
