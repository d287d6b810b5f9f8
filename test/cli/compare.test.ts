import { describe, expect, it } from "vitest";
import { compare } from "../../src/cli/compare.ts";
import { meanInterval } from "../../src/core/comparison.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import { loadScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";

describe("a mean's interval", () => {
  it("encloses the mean and shrinks to it where nothing varies", () => {
    const { mean, low, high } = meanInterval([1, 2, 3, 4, 5], 1);
    expect(mean).toBe(3);
    expect(low).toBeGreaterThan(1);
    expect(low).toBeLessThan(3);
    expect(high).toBeGreaterThan(3);
    expect(meanInterval([2, 2], 1)).toEqual({ mean: 2, low: 2, high: 2 });
  });

  it("is unknown for one value, and the same for the same seed", () => {
    expect(meanInterval([2], 1)).toEqual({ mean: 2, low: null, high: null });
    expect(meanInterval([1, 5, 9], 7)).toEqual(meanInterval([1, 5, 9], 7));
  });
});

describe("a comparison of policies", () => {
  const planOf = (seed: number) => {
    const { scenario, source } = loadScenario("calm-day");
    const { market, exposures, ...config } = resolveScenario({ ...scenario, seed }, source.locate);
    return { config, exposures, paths: simulatePaths(market) };
  };

  it("pairs every policy with the equal split on the same seeds", async () => {
    const { policies } = await compare(planOf, [1, 2], "gamma-pacing");
    expect(policies.map(({ policy }) => policy)).toEqual(["gamma-pacing", "equal-split", "greedy-roi"]);
    const [gamma, control] = policies;
    expect(control).toMatchObject({ overEqualSplit: null, beatsEqualSplit: null });
    expect(gamma.overEqualSplit?.mean).toBeCloseTo(gamma.meanNetMicros - control.meanNetMicros, 0);
    for (const { overEqualSplit, beatsEqualSplit } of policies) {
      if (overEqualSplit !== null) expect(beatsEqualSplit).toBe(overEqualSplit.low! > 0);
    }
  });
});
