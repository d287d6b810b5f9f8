/**
 * The own-CVR factors theta: how a campaign's conversions per click differ from the platforms', learned across its platforms (empirical Bayes).
 *
 * Two hypotheses, spike and slab: the campaign converts as the platforms do, up to the errors of their forecasts, or it is its own. Under
 * either, each platform's theta is Gamma distributed with mean 1 and variance v, so that K conversions out of E expected are negative
 * binomial: Π Γ(kappa + K) / Γ(kappa) × kappa^kappa / (kappa + E)^(kappa + K) over platforms, kappa = 1 / v, without what is the same for both; theta is
 * then (kappa + K) / (kappa + E). The counts of all platforms say which hypothesis holds, and theta is the mean over both. One variance
 * estimated in between would see differences where there are none, and be slow to follow those that there are.
 */
import { lnGamma } from "../ln-gamma.ts";

/** 1 / v: forecasts that are off by 3 % in the mean over a flight, and campaigns whose rates are 60 % up or down on the platforms'. */
const KAPPA_SAME = 1000;
const KAPPA_OWN = 2.8;
/** Probability that a campaign is its own, before anything is known. */
export const PRIOR_OWN = 0.3;

/** Conversions received, and those expected, of one platform. */
export interface Counts {
  readonly received: number;
  readonly matured: number;
}

/** Probability that the campaign is its own, given the counts of all platforms; in (0, 1). */
export function ownProbability(counts: readonly Counts[]): number {
  let lnOdds = Math.log(PRIOR_OWN / (1 - PRIOR_OWN));
  for (const platform of counts) lnOdds += lnLikelihood(KAPPA_OWN, platform) - lnLikelihood(KAPPA_SAME, platform);
  return 1 / (1 + Math.exp(-lnOdds));
}

/** theta: the campaign's CVR ÷ the platform's, expected. > 0 */
export function expectedFactor(own: number, received: number, matured: number): number {
  const same = (KAPPA_SAME + received) / (KAPPA_SAME + matured);
  return same + own * ((KAPPA_OWN + received) / (KAPPA_OWN + matured) - same);
}

function lnLikelihood(kappa: number, { received, matured }: Counts): number {
  return (
    lnGamma(kappa + received) -
    lnGamma(kappa) +
    kappa * Math.log(kappa) -
    (kappa + received) * Math.log(kappa + matured)
  );
}
