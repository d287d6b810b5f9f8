import { describe, expect, it } from "vitest";
import { binomialQuantile, geometricQuantile, normalQuantile, poissonQuantile } from "../../src/platforms/quantile.ts";

const POINTS = 100_000;

/** Mean and variance of a quantile function over an even grid of u. */
function moments(quantile: (u: number) => number): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < POINTS; i += 1) {
    const value = quantile((i + 0.5) / POINTS);
    sum += value;
    squares += value * value;
  }
  return { mean: sum / POINTS, variance: squares / POINTS - (sum / POINTS) ** 2 };
}

describe("quantiles", () => {
  it.each([0, 0.05, 0.8, 5, 29.9, 30.1, 100, 5000])("of the Poisson law have mean and variance %d", (mean) => {
    const found = moments((u) => poissonQuantile(u, mean));
    expect(Math.abs(found.mean - mean)).toBeLessThanOrEqual(mean * 1e-3);
    expect(Math.abs(found.variance - mean)).toBeLessThanOrEqual(mean * 1e-2);
  });

  it.each([
    [0, 0.5],
    [3, 0.04],
    [700, 0.04],
    [1000, 0.04],
    [50, 0.9],
    [5000, 0.5],
    [9, 1],
  ])("of the binomial law with %i trials of %d have its mean and variance and stay in range", (trials, p) => {
    const found = moments((u) => binomialQuantile(u, trials, p));
    expect(Math.abs(found.mean - trials * p)).toBeLessThanOrEqual(trials * p * 1e-3);
    expect(Math.abs(found.variance - trials * p * (1 - p))).toBeLessThanOrEqual(trials * p * (1 - p) * 1e-2 + 1e-6);
    expect(binomialQuantile(0, trials, p)).toBeGreaterThanOrEqual(0);
    expect(binomialQuantile(1 - 2 ** -53, trials, p)).toBeLessThanOrEqual(trials);
  });

  it("of the geometric law have its mean, and are 0 where the mean is", () => {
    expect(moments((u) => geometricQuantile(u, 120)).mean).toBeCloseTo(120, 0);
    expect(geometricQuantile(0.999, 0)).toBe(0);
  });

  it("of the normal law agree with its table and are finite at the ends", () => {
    for (const [u, z] of [
      [0.5, 0],
      [0.975, 1.959963985],
      [0.001, -3.090232306],
      [0.99, 2.326347874],
    ]) {
      expect(normalQuantile(u)).toBeCloseTo(z, 6);
    }
    expect(normalQuantile(0)).toBeLessThan(-8);
    expect(normalQuantile(1)).toBeGreaterThan(8);
    expect(Number.isFinite(normalQuantile(0) + normalQuantile(1))).toBe(true);
  });

  it("never fall as the mean rises: a higher bid buys no fewer clicks", () => {
    for (const u of [0.01, 0.3, 0.5, 0.9, 0.999]) {
      let before = 0;
      for (let mean = 0.1; mean < 60; mean *= 1.01) {
        const count = poissonQuantile(u, mean);
        expect(count).toBeGreaterThanOrEqual(before);
        before = count;
      }
    }
  });
});
