/** How a platform answers to what a click is worth: which bid, what it wins, what it costs; for either way to charge and any spread of the clearing prices. */
import { type Landscape, LnTable, LogLogisticLandscape, shadedBid } from "../landscape.ts";

/** Tables over ln r, r being what a click is worth in units of the mean clearing price. */
export interface Response {
  readonly isFirstPrice: boolean;
  /** The clearing prices, with mean 1. */
  readonly landscape: Landscape;
  /** Share of the volume won. */
  readonly wins: LnTable;
  /** Cost per unit of volume, in units of the mean clearing price. */
  readonly costs: LnTable;
  /** The bid for a click worth r, both in units of the mean clearing price. */
  readonly bid: (r: number) => number;
}

/** Prices as they are taken to be spread where it does not set the bid: the calibration on a campaign's own reports makes the level right. */
const PRIOR = new LogLogisticLandscape(2);

/** The response of a platform that charges the clearing price. */
export const PAY_PRICE: Response = {
  isFirstPrice: false,
  landscape: PRIOR,
  wins: new LnTable((r) => PRIOR.winRate(r)),
  costs: new LnTable((r) => PRIOR.costShare(r)),
  bid: (r) => r,
};

/** The response of a platform that charges the bid. */
export function payBid(landscape: Landscape): Response {
  const bid = (r: number) => shadedBid(landscape, r);
  return {
    isFirstPrice: true,
    landscape,
    wins: new LnTable((r) => landscape.winRate(bid(r))),
    costs: new LnTable((r) => bid(r) * landscape.winRate(bid(r))),
    bid,
  };
}
