/**
 * Quantile functions: a random count from one uniform draw, rising with its mean, so that two runs which differ in one bid differ in nothing else.
 */

/** From this mean on, counts come from the normal law with its Cornish–Fisher terms for skewness, within 1e-3 of the exact one. */
const LARGE_MEAN = 30;

/** The Poisson count with distribution value `u` in [0, 1). `mean` ≥ 0. */
export function poissonQuantile(u: number, mean: number): number {
  if (mean >= LARGE_MEAN) return Math.max(0, Math.round(skewedQuantile(u, mean, Math.sqrt(mean), 1)));
  let mass = Math.exp(-mean);
  let below = mass;
  let count = 0;
  while (u >= below && count < 8 * LARGE_MEAN) {
    count += 1;
    mass *= mean / count;
    below += mass;
  }
  return count;
}

/** The binomial count of `trials` with probability `p` in [0, 1] at distribution value `u` in [0, 1). */
export function binomialQuantile(u: number, trials: number, p: number): number {
  if (trials === 0 || p <= 0) return 0;
  if (p > 0.5) return trials - binomialQuantile(1 - u, trials, 1 - p);
  const mean = trials * p;
  if (mean >= LARGE_MEAN) {
    const count = Math.round(skewedQuantile(u, mean, Math.sqrt(mean * (1 - p)), 1 - 2 * p));
    return Math.min(trials, Math.max(0, count));
  }
  const odds = p / (1 - p);
  let mass = Math.exp(trials * Math.log1p(-p));
  let below = mass;
  let count = 0;
  while (u >= below && count < trials && count < 8 * LARGE_MEAN) {
    mass *= (odds * (trials - count)) / (count + 1);
    count += 1;
    below += mass;
  }
  return count;
}

/** The geometric count 0, 1, 2, … with this mean at distribution value `u` in [0, 1). */
export function geometricQuantile(u: number, mean: number): number {
  return mean > 0 ? Math.floor(Math.log1p(-u) / Math.log(mean / (1 + mean))) : 0;
}

/** The standard normal quantile, to a relative error of 1.2e-9. Source: P. J. Acklam (2003). `u` outside (0, 1) counts as next to it. */
export function normalQuantile(u: number): number {
  const p = Math.min(1 - 2 ** -53, Math.max(2 ** -53, u));
  if (p > 0.97575) return -tailQuantile(1 - p);
  if (p < 0.02425) return tailQuantile(p);
  const q = p - 0.5;
  const r = q * q;
  return (
    (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
    (q /
      (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
        13.28068155288572) *
        r +
        1))
  );
}

function tailQuantile(p: number): number {
  const q = Math.sqrt(-2 * Math.log(p));
  return (
    (((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
      2.938163982698783) /
    ((((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
  );
}

/** `skew` × 1/sd is the skewness of the law. Rounding the result to a whole number is the continuity correction. */
function skewedQuantile(u: number, mean: number, sd: number, skew: number): number {
  const z = normalQuantile(u);
  return mean + sd * z + (skew * (z * z - 1)) / 6;
}
