/**
 * The hindsight optimum: the most that any plan could have netted in a market whose paths are known, budgets and targets kept.
 *
 * It is the fluid Lagrangian bound: min over mu ≥ 0 of Σ_{t,p} max_b volume × (q V F(b) − (1 + mu) cost(b)) + mu B, which is one-dimensional in
 * gamma = V / (1 + mu), the marginal cost per conversion.
 *
 * H1 spend and conversions never fall as gamma rises; H2 without a CPA target, no plan's expected net value exceeds the optimum's;
 * H3 the CPA of a plan rises with gamma, so that a CPA target only ever lowers it.
 */
import type { Flight } from "../core/campaign.ts";
import { shadedBid } from "../core/landscape.ts";
import { secondPriceShare } from "./auction.ts";
import type { CampaignExposure, MarketPaths, PlatformPath } from "./paths.ts";

/** One campaign's stand in a market: where and when it may buy. */
export interface HindsightQuestion {
  readonly paths: MarketPaths;
  readonly exposure: CampaignExposure;
  /** Indices of the platforms allowed; absent: all. */
  readonly platforms?: readonly number[];
  /** Absent: all ticks of the paths. */
  readonly flight?: Flight;
}

/** What the campaign wants, besides. */
export interface HindsightLimits {
  readonly valuePerConversionMicros: number;
  readonly budgetMicros: number;
  readonly cpaTargetMicros: number | null;
}

/** What a constant marginal cost per conversion buys, in expectation. */
export interface HindsightPoint {
  readonly gammaMicros: number;
  readonly spendMicros: number;
  readonly conversions: number;
  readonly clicks: number;
}

/** The optimum. */
export interface Hindsight extends HindsightPoint {
  /** Most net value: conversions × value − spend [micros]. */
  readonly netMicros: number;
  /** Shadow price of the binding limit: gamma = value / (1 + mu). */
  readonly mu: number;
  readonly binding: "value" | "budget" | "cpa";
}

/** Bisection stops at this width of ln gamma. */
const TOLERANCE = 1e-7;

/** The hindsight optimum of one campaign. Bids of the campaign are taken as unlimited, so that no limit on them can beat it. */
export function hindsightOptimum(question: HindsightQuestion & HindsightLimits): Hindsight {
  const { valuePerConversionMicros: value, budgetMicros: budget, cpaTargetMicros: target } = question;
  const plan = new FluidPlan(question);
  let best = plan.at(value);
  let binding: Hindsight["binding"] = "value";
  if (best.spendMicros > budget) {
    best = lastBelow(plan, best, (point) => point.spendMicros - budget, budget);
    binding = "budget";
  }
  if (target !== null && best.spendMicros > target * best.conversions) {
    best = lastBelow(plan, best, (point) => point.spendMicros - target * point.conversions, best.spendMicros);
    binding = "cpa";
  }
  const mu = value / best.gammaMicros - 1;
  const unspent = binding === "budget" ? Math.max(0, budget - best.spendMicros) : 0;
  return { ...best, netMicros: value * best.conversions - best.spendMicros + mu * unspent, mu, binding };
}

/** The points that the given marginal costs per conversion [micros] buy: the Pareto frontier of spend and conversions. */
export function hindsightCurve(
  question: HindsightQuestion,
  gammasMicros: readonly number[],
): readonly HindsightPoint[] {
  const plan = new FluidPlan(question);
  return gammasMicros.map((gamma) => plan.at(gamma));
}

/** ln gamma relative to the value of a conversion, between which the frontier is searched for a spend, and in how many halvings. */
const LN_LEAST_GAMMA = -7;
const LN_MOST_GAMMA = 4;
const HALVINGS = 18;

/**
 * Conversions ÷ those that the frontier of hindsight has for the same spend: what neither under- nor overspending can improve. About 1 at most, since
 * the frontier is in expectation; 0 without spend.
 */
export function frontierEfficiency(
  question: HindsightQuestion,
  valueMicros: number,
  spendMicros: number,
  conversions: number,
): number {
  if (spendMicros <= 0) return 0;
  const plan = new FluidPlan(question);
  let low = Math.log(valueMicros) + LN_LEAST_GAMMA;
  let high = Math.log(valueMicros) + LN_MOST_GAMMA;
  let best = 0;
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    const point = plan.at(Math.exp(middle));
    best = point.conversions;
    if (point.spendMicros < spendMicros) low = middle;
    else high = middle;
  }
  return best > 0 ? conversions / best : 0;
}

/** One platform's ticks, as the campaign meets them. */
interface Stretch {
  readonly path: PlatformPath;
  readonly cvrFactor: number;
  readonly isFirstPrice: boolean;
}

/** All that the campaign could buy. */
class FluidPlan {
  readonly #stretches: readonly Stretch[];
  readonly #volumeShare: number;
  readonly #from: number;
  readonly #until: number;

  constructor({ paths, exposure, platforms, flight }: HindsightQuestion) {
    const allowed = platforms ?? paths.platforms.map((_, index) => index);
    this.#stretches = allowed.map((index) => {
      const path = paths.platforms[index];
      return { path, cvrFactor: exposure.cvrFactors[index], isFirstPrice: path.spec.pricing === "first-price" };
    });
    this.#volumeShare = exposure.volumeShare;
    this.#from = paths.warmupTicks + Math.max(0, flight?.startTick ?? 0);
    this.#until = paths.warmupTicks + Math.min(paths.ticks, flight?.endTick ?? paths.ticks);
  }

  /** Bids that are optimal when a conversion is worth `gammaMicros`. */
  at(gammaMicros: number): HindsightPoint {
    let spendMicros = 0;
    let conversions = 0;
    let clicks = 0;
    for (const { path, cvrFactor, isFirstPrice } of this.#stretches) {
      const { landscape, volume, priceMicros, cvr, isSilent, spec } = path;
      for (let i = this.#from; i < this.#until; i += 1) {
        if (isSilent[i] === 1) continue;
        const price = priceMicros[i];
        const q = Math.min(1, cvr[i] * cvrFactor);
        const worth = (gammaMicros * q) / price;
        const floor = spec.floorMicros / price;
        if (worth <= floor) continue;
        const bid = isFirstPrice ? Math.max(floor, shadedBid(landscape, worth)) : worth;
        const won = volume[i] * landscape.winRate(bid);
        conversions += won * q;
        clicks += won;
        spendMicros += price * (isFirstPrice ? won * bid : volume[i] * secondPriceShare(landscape, bid, floor));
      }
    }
    return {
      gammaMicros,
      spendMicros: spendMicros * this.#volumeShare,
      conversions: conversions * this.#volumeShare,
      clicks: clicks * this.#volumeShare,
    };
  }
}

/**
 * The point with the highest gamma whose `excess` is not above 0, given one above it. `excess` changes sign once (H1, H3). Regula falsi
 * (Illinois) in ln gamma, every third step a bisection, since first-price spend may jump.
 */
function lastBelow(
  plan: FluidPlan,
  above: HindsightPoint,
  excess: (point: HindsightPoint) => number,
  scale: number,
): HindsightPoint {
  let high = Math.log(above.gammaMicros);
  let highExcess = excess(above);
  let span = 0.5;
  let below = plan.at(Math.exp(high - span));
  while (excess(below) > 0 && span < LARGEST_SPAN) {
    high -= span;
    highExcess = excess(below);
    span *= 2;
    below = plan.at(Math.exp(high - span));
  }
  let low = high - span;
  let lowExcess = excess(below);
  let slack = -lowExcess;
  let side = 0;
  for (let step = 1; high - low > TOLERANCE && slack > scale * 1e-9; step += 1) {
    const secant = high - (highExcess * (high - low)) / (highExcess - lowExcess);
    const isInside = secant > low && secant < high;
    const middle = step % 3 === 0 || !isInside ? (low + high) / 2 : secant;
    const point = plan.at(Math.exp(middle));
    const found = excess(point);
    if (found > 0) {
      high = middle;
      highExcess = found;
      if (side > 0) lowExcess /= 2;
      side = 1;
    } else {
      low = middle;
      lowExcess = found;
      slack = -found;
      below = point;
      if (side < 0) highExcess /= 2;
      side = -1;
    }
  }
  return below;
}

/** e^-700 is as near to bidding nothing as a double gets. */
const LARGEST_SPAN = 700;
