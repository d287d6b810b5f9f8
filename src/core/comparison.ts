/** Paired comparison: what a mean difference is worth, given how it varies. */
import { RandomStream } from "./random.ts";

const RESAMPLES = 4000;

/** A mean with the ends of its 95 % confidence interval; null where one value alone says nothing of the spread. */
export interface MeanInterval {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Mean of at least one value; interval by percentile bootstrap (Efron, 1979), the same for the same seed. */
export function meanInterval(values: readonly number[], seed: number): MeanInterval {
  const size = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / size;
  if (size < 2) return { mean, low: null, high: null };
  const { next } = new RandomStream(seed, "comparison:bootstrap");
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < size; i += 1) sum += values[Math.floor(next() * size)];
    return sum / size;
  }).sort();
  return { mean, low: means[Math.round(0.025 * (RESAMPLES - 1))], high: means[Math.round(0.975 * (RESAMPLES - 1))] };
}
