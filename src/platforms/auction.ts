/** Auction arithmetic beyond the landscape: reserve prices, and platforms that bid for themselves. */
import type { Landscape } from "../core/landscape.ts";

/**
 * What the clicks won by a bid of `u` cost on a second-price platform with a floor, per unit of volume: below the floor, the floor is the price.
 * @param floorShare floor ÷ mean clearing price; `u` must not lie under it.
 */
export function secondPriceShare(landscape: Landscape, u: number, floorShare: number): number {
  const lift = floorShare > 0 ? floorShare * landscape.winRate(floorShare) - landscape.costShare(floorShare) : 0;
  return landscape.costShare(u) + lift;
}

/** Highest bid that a platform bidding for itself considers, in units of the mean clearing price. */
const MAX_AUTOBID = 20;

/** The bid, in units of the mean clearing price, at which a platform expects to spend the cap: it buys the cheapest clicks that use it up. */
export function autobid(spendShare: (u: number) => number, capShare: number): number {
  if (spendShare(MAX_AUTOBID) <= capShare) return MAX_AUTOBID;
  let low = 0;
  let high = MAX_AUTOBID;
  for (let i = 0; i < 24; i += 1) {
    const middle = (low + high) / 2;
    if (spendShare(middle) > capShare) high = middle;
    else low = middle;
  }
  return low;
}
