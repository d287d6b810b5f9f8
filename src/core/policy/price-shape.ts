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

/** What is known of the price shape of one platform, as a row of figures: clicks won, place of the expected shape, by shape Σ n ln F(u), by shape Σ A F(u). */
const CLICKS = 0;
const EXPECTED = 1;
const SUMS = 2;
/** Figures in a row. */
export const SHAPE_WIDTH = SUMS + 2 * SHAPES.length;

/** So many rows of platforms where nothing has been won yet. */
export function unknownShapes(rows: number): number[] {
  const figures = Array.from({ length: rows * SHAPE_WIDTH }, () => 0);
  const expected = expectedPlace(SHAPES.map(() => 1 / SHAPES.length));
  for (let at = 0; at < figures.length; at += SHAPE_WIDTH) figures[at + EXPECTED] = expected;
  return figures;
}

/** ln of the likelihood, then the probability, of every shape: scratch memory. */
const weights = new Float64Array(SHAPES.length);

/** Learns, in the row that begins at `at`, from a bid of `u` mean prices that has won so many of the clicks in the feed. */
export function learnShape(rows: number[], at: number, u: number, won: number, feedClicks: number): void {
  if (!(u > 0)) return;
  const clicks = rows[at + CLICKS] + won;
  rows[at + CLICKS] = clicks;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < SHAPES.length; i += 1) {
    const wins = LANDSCAPES[i].winRate(u);
    const seen = at + SUMS + i;
    if (won > 0) rows[seen] += won * Math.log(Math.max(1e-9, wins));
    rows[seen + SHAPES.length] += feedClicks * wins;
    weights[i] = rows[seen] - (PRIOR_WON + clicks) * Math.log(PRIOR_CLICKS + rows[seen + SHAPES.length]);
    most = Math.max(most, weights[i]);
  }
  let total = 0;
  for (let i = 0; i < SHAPES.length; i += 1) {
    weights[i] = Math.exp(weights[i] - most);
    total += weights[i];
  }
  for (let i = 0; i < SHAPES.length; i += 1) weights[i] /= total;
  rows[at + EXPECTED] = expectedPlace(weights);
}

/** Place of the expected shape among all. */
function expectedPlace(chances: ArrayLike<number>): number {
  let place = 0;
  for (let i = 0; i < SHAPES.length; i += 1) place += chances[i] * i;
  return Math.round(place);
}

/** How the platform of a row answers: as one with the expected shape would. */
export function shapedResponse(rows: readonly number[], at: number): Response {
  return RESPONSES[rows[at + EXPECTED]];
}
