/**
 * The own-CVR factors theta: how a campaign's conversions per click differ from the platforms', learned across its platforms (empirical Bayes).
 *
 * Two hypotheses, spike and slab: the campaign converts as the platforms do, up to the errors of their forecasts, or it is its own. Under
 * either, each platform's theta is Gamma distributed with mean 1 and variance v, so that K conversions out of E expected are negative
 * binomial: Π Γ(kappa + K) / Γ(kappa) × kappa^kappa / (kappa + E)^(kappa + K) over platforms, kappa = 1 / v, without what is the same for both; theta is
 * then (kappa + K) / (kappa + E). The counts of all platforms say which hypothesis holds, and theta is the mean over both. One variance
 * estimated in between would see differences where there are none, and be slow to follow those that there are.
 *
 * What is not known is worth finding out. Where spend on a platform goes with (gamma theta)^epsilon, the most conversions that a budget buys go with
 * (Σ a theta^epsilon)^(1 / epsilon). To second order, knowing ln theta, which is now known up to a variance w, wins (epsilon − 1) s (1 − s) w / 2 of the N
 * conversions that are left to buy, s being the platform's share of them. A conversion that a click is expected to bring lowers w = 1 / (kappa + E) by
 * 1 / (kappa + E)²; since theta is the mean over both hypotheses, only own × theirs reaches it, and own² of that variance is learned. Conversions bought
 * so far foretell those that are left: N s ≈ E left / gone. For its news, a conversion is thus worth
 * (epsilon − 1) (1 − s) / 2 × left / gone × own² / (kappa + E) conversions more, and nothing where the campaign converts as the platforms do. E here includes what
 * clicks bought are still to convert: their news is paid for. What stands before own² / (kappa + E) is kept as a constant times the share of the flight that is
 * left, which is finite at its beginning.
 *
 * N1 news is worth at least nothing; less the more is expected of the clicks bought, and the less of the flight is left.
 */
import { lnGamma } from "../ln-gamma.ts";

/** 1 / v: forecasts that are off by 3 % in the mean over a flight, and campaigns whose rates are 60 % up or down on the platforms'. */
const KAPPA_SAME = 1000;
const KAPPA_OWN = 2.8;
/** Probability that a campaign is its own, before anything is known. */
export const PRIOR_OWN = 0.3;

/**
 * Conversions that a conversion's news is worth at the beginning of a flight, × (kappa + E) / own². Not derived but measured, in worlds made for tuning: it is also what
 * makes a campaign buy early from platforms that it has found to be good for it, before they change.
 */
const NEWS = 4;

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

/**
 * What a conversion is worth for its news, in conversions (N1). ≥ 0
 * @param own probability that the campaign is its own
 * @param expected conversions that all clicks bought on the platform have brought or will bring, at the platform's CVR
 * @param leftShare share of the flight that is left, 0..1
 */
export function worthOfNews(own: number, expected: number, leftShare: number): number {
  return (NEWS * own * own * leftShare) / (KAPPA_OWN + expected);
}

function lnLikelihood(kappa: number, { received, matured }: Counts): number {
  return (
    lnGamma(kappa + received) -
    lnGamma(kappa) +
    kappa * Math.log(kappa) -
    (kappa + received) * Math.log(kappa + matured)
  );
}
