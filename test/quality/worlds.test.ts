import { describe, expect, it } from "vitest";
import { qualityWorld, SCENARIOS } from "../../bench/quality/worlds.ts";

const prices = [0, 0, 5, 9, 12, 30, 22, 14, 8, 4, 2, 1, 1];

describe("qualityWorld", () => {
  it.each(SCENARIOS)("gives %s a budget, a value and a positive bound, the same each time (Q1)", (scenario) => {
    const options = { priceHistograms: { a: prices } };
    const world = qualityWorld(scenario, 3, options);
    expect(qualityWorld(scenario, 3, options)).toEqual(world);
    expect(world.bound.netMicros).toBeGreaterThan(0);
    const share = world.campaign.budgetMicros / world.unconstrainedSpendMicros;
    expect(share).toBeGreaterThan(scenario === "S9" ? 1.49 : 0.149);
    expect(share).toBeLessThan(scenario === "S9" ? 1.81 : 0.61);
    expect(world.bound.binding).toBe({ S7: "cpa", S9: "value" }[scenario as string] ?? "budget");
  });

  it("changes neither the past nor the value of a conversion by what happens later (Q2)", () => {
    const calm = qualityWorld("S2", 5);
    const collapse = qualityWorld("S3", 5);
    expect(collapse.campaign.valuePerConversionMicros).toBe(calm.campaign.valuePerConversionMicros);
    const untouched = 1440 + Math.floor(0.25 * 1440);
    for (const [index, path] of collapse.paths.platforms.entries()) {
      expect(path.cvr.slice(0, untouched)).toEqual(calm.paths.platforms[index].cvr.slice(0, untouched));
    }
    const hit = collapse.paths.platforms.filter(
      (path, i) => path.cvr.at(-1)! < calm.paths.platforms[i].cvr.at(-1)! * 0.2,
    );
    expect(hit).toHaveLength(1);
    expect(collapse.bound.netMicros).toBeLessThan(calm.bound.netMicros);
  });

  it("silences two platforms for 10–20 % of the flight each in S4", () => {
    const silent = qualityWorld("S4", 8).paths.platforms.map(
      ({ isSilent }) => isSilent.reduce((sum, bit) => sum + bit, 0) / 1440,
    );
    const hit = silent.filter((share) => share > 0);
    expect(hit).toHaveLength(2);
    for (const share of hit) expect(share).toBeGreaterThan(0.0999);
    for (const share of hit) expect(share).toBeLessThan(0.2001);
  });

  it("scales money and volume without changing the problem", () => {
    const base = qualityWorld("S8", 4);
    const rich = qualityWorld("S8", 4, { moneyScale: 100 });
    expect(rich.bound.netMicros / base.bound.netMicros).toBeCloseTo(100, 3);
    const busy = qualityWorld("S8", 4, { volumeScale: 4 });
    expect(busy.bound.conversions / base.bound.conversions).toBeCloseTo(4, 4);
  });

  it("sets goals that the allowance and the budget can, or no budget could, reach", () => {
    const conversions = qualityWorld("S13", 2);
    expect(conversions.campaign.goals.conversions).toBeGreaterThan(conversions.bound.conversions);
    expect(qualityWorld("S13", 3).campaign.goals.clicks).toBeGreaterThan(qualityWorld("S13", 3).bound.clicks);
    expect(qualityWorld("S14", 2).campaign.goals.conversions).toBeGreaterThan(
      qualityWorld("S14", 2).bound.conversions * 1.25,
    );
  });

  it.each([2, 10])("stands with %i platforms", (platforms) => {
    expect(qualityWorld("S12", 1, { platforms, ticks: 720 }).bound.netMicros).toBeGreaterThan(0);
  });
});
