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
  /** By shape: Σ n ln F(u), Σ A F(u), and the probability of the shape. */
  readonly lnWins: readonly number[];
  readonly offered: readonly number[];
  readonly weights: readonly number[];
}

/** Nothing won yet. */
export const UNKNOWN_SHAPE: PriceShape = {
  clicks: 0,
  lnWins: LANDSCAPES.map(() => 0),
  offered: LANDSCAPES.map(() => 0),
  weights: LANDSCAPES.map(() => 1 / LANDSCAPES.length),
};

/** The shape once a bid of `u` mean prices has won so many of the clicks in the feed. */
export function learnShape(shape: PriceShape, u: number, won: number, feedClicks: number): PriceShape {
  if (!(u > 0)) return shape;
  const clicks = shape.clicks + won;
  const wins = LANDSCAPES.map((landscape) => landscape.winRate(u));
  const lnWins = shape.lnWins.map((sum, i) => sum + (won > 0 ? won * Math.log(Math.max(1e-9, wins[i])) : 0));
  const offered = shape.offered.map((sum, i) => sum + feedClicks * wins[i]);
  const logs = lnWins.map((sum, i) => sum - (PRIOR_WON + clicks) * Math.log(PRIOR_CLICKS + offered[i]));
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { clicks, lnWins, offered, weights: weights.map((weight) => weight / total) };
}

/** How the platform answers: as one with the expected shape would. */
export function shapedResponse({ weights }: PriceShape): Response {
  let place = 0;
  for (let i = 0; i < SHAPES.length; i += 1) place += weights[i] * i;
  return RESPONSES[Math.round(place)];
}
