/**
 * Bid landscapes: what a bid wins and what it costs, as a function of u = bid ÷ mean clearing price.
 */

/** A distribution of the clearing price with mean 1. */
export interface Landscape {
  /** F(u): share of the volume won by bidding u. */
  winRate(u: number): number;
  /** C(u) = ∫₀ᵘ x dF(x): what the clicks won cost in a second-price auction, per unit of volume, in units of the mean clearing price. */
  costShare(u: number): number;
}
