/**
 * The price shape of a first-price platform, learned from what a campaign's bids won there: how much to shade a bid is a matter of how quickly the win rate rises
 * around it, and thus of the spread of the clearing prices.
 *
 * The model: prices are log-logistic with one of a few shapes k, all equally likely at first. Of A clicks in the feed, a bid of u mean
 * prices wins n, Poisson with mean c A F_k(u); c, the campaign's share, is Gamma distributed, as if 10 clicks had been won of 20 expected. With c
 * integrated out, bids that won N clicks in all have the likelihood Π F_k(u)^n / (20 + Σ A F_k(u))^(10 + N), without what is the same for all k:
 * two sums per shape say it all. Bids are the best for the expected shape.
 */
import { LogLogisticLandscape } from "../landscape.ts";
import { payBid, type Response } from "./response.ts";

/** The range measured on real auctions, 1.4 to 2.8, in even steps of ln k. */
const SHAPES = [1.4, 1.54, 1.7, 1.88, 2.07, 2.29, 2.53, 2.8];
const LANDSCAPES = SHAPES.map((shape) => new LogLogisticLandscape(shape));
const RESPONSES = LANDSCAPES.map((landscape) => payBid(landscape));
/** Clicks won, out of those expected, that the share starts from. */
const PRIOR_WON = 10;
const PRIOR_CLICKS = 20;

/** What is known of the price shape of one platform. */
export interface PriceShape {
  /** Clicks won. */
  readonly clicks: number;
  /** By shape: Σ n ln F(u), then by shape: Σ A F(u). */
  readonly sums: readonly number[];
  /** Place of the expected shape. */
  readonly expected: number;
}

/** Nothing won yet. */
export const UNKNOWN_SHAPE: PriceShape = {
  clicks: 0,
  sums: Array.from({ length: 2 * SHAPES.length }, () => 0),
  expected: expectedPlace(SHAPES.map(() => 1 / SHAPES.length)),
};

/** ln of the likelihood, then the probability, of every shape: scratch memory. */
const weights = new Float64Array(SHAPES.length);

/** The shape once a bid of `u` mean prices has won so many of the clicks in the feed. */
export function learnShape(shape: PriceShape, u: number, won: number, feedClicks: number): PriceShape {
  if (!(u > 0)) return shape;
  const clicks = shape.clicks + won;
  const sums = shape.sums.slice();
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < SHAPES.length; i += 1) {
    const wins = LANDSCAPES[i].winRate(u);
    if (won > 0) sums[i] += won * Math.log(Math.max(1e-9, wins));
    sums[SHAPES.length + i] += feedClicks * wins;
    weights[i] = sums[i] - (PRIOR_WON + clicks) * Math.log(PRIOR_CLICKS + sums[SHAPES.length + i]);
    most = Math.max(most, weights[i]);
  }
  let total = 0;
  for (let i = 0; i < SHAPES.length; i += 1) {
    weights[i] = Math.exp(weights[i] - most);
    total += weights[i];
  }
  for (let i = 0; i < SHAPES.length; i += 1) weights[i] /= total;
  return { clicks, sums, expected: expectedPlace(weights) };
}

/** Place of the expected shape among all. */
function expectedPlace(chances: ArrayLike<number>): number {
  let place = 0;
  for (let i = 0; i < SHAPES.length; i += 1) place += chances[i] * i;
  return Math.round(place);
}

/** How the platform answers: as one with the expected shape would. */
export function shapedResponse({ expected }: PriceShape): Response {
  return RESPONSES[expected];
}
