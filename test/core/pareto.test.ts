import { describe, expect, it } from "vitest";
import { GAMMA_SHARES, paretoCurve } from "../../src/core/pareto.ts";
import { gammaPacing } from "../../src/core/policy/gamma-pacing.ts";
import { gammaWorld, UNIT, type WorldChanges } from "./policy/gamma-world.ts";

function curveOf(changes: WorldChanges) {
  const input = gammaWorld(changes);
  return paretoCurve(input, gammaPacing.create(input.spec, input.platforms));
}

const WORLDS: [string, WorldChanges][] = [
  ["two platforms", { cvr: [0.08, 0.02] }],
  ["a first-price platform", { cvr: [0.05, 0.03], platform: (p) => (p === 0 ? { pricing: "first-price" } : {}) }],
  ["a tight budget", { spec: { budgetMicros: 300 * UNIT } }],
  ["waste aversion", { spec: { wasteAversion: 1 } }],
];

describe.each(WORLDS)("the Pareto curve with %s", (_, world) => {
  const { points, operating } = curveOf(world);

  it("never falls: more spend, more conversions, more waste (V1)", () => {
    expect(points).toHaveLength(GAMMA_SHARES.length);
    for (let i = 1; i < points.length; i += 1) {
      expect(points[i].spendMicros).toBeGreaterThanOrEqual(points[i - 1].spendMicros);
      expect(points[i].conversions).toBeGreaterThanOrEqual(points[i - 1].conversions);
      expect(points[i].wasteMicros).toBeGreaterThanOrEqual(points[i - 1].wasteMicros - 1e-6);
    }
  });

  it("buys each further conversion more dearly, about at gamma (V1)", () => {
    for (let i = 1; i < points.length; i += 1) {
      const conversions = points[i].conversions - points[i - 1].conversions;
      if (conversions < 1e-9) continue;
      const marginal = (points[i].spendMicros - points[i - 1].spendMicros) / conversions;
      expect(marginal).toBeGreaterThan(points[i - 1].gammaMicros * 0.97);
      expect(marginal).toBeLessThan(points[i].gammaMicros * 1.03);
    }
  });

  it("has the operating point on it", () => {
    const above = points.findIndex((point) => point.gammaMicros >= operating.gammaMicros);
    expect(operating.spendMicros).toBeLessThanOrEqual(points[above].spendMicros);
    if (above > 0) expect(operating.spendMicros).toBeGreaterThanOrEqual(points[above - 1].spendMicros);
  });

  it("nets value less spend, most of all where gamma is the value", () => {
    const value = 60 * UNIT;
    for (const point of points) {
      expect(point.netMicros).toBeCloseTo(value * point.conversions - point.spendMicros, 3);
      expect(point.wasteMicros).toBeLessThanOrEqual(point.spendMicros);
    }
    const best = points.reduce((a, b) => (b.netMicros > a.netMicros ? b : a));
    expect(best.gammaMicros).toBeGreaterThan(value * 0.85);
    expect(best.gammaMicros).toBeLessThan(value * 1.31);
  });
});

describe("the lines of the picture", () => {
  it("are the budget that is left and the CPA target", () => {
    const curve = curveOf({
      spec: { budgetMicros: 300 * UNIT, cpaTargetMicros: 20 * UNIT },
      account: { spentMicros: 100 * UNIT, availableMicros: 200 * UNIT },
    });
    expect(curve.budgetLeftMicros).toBe(200 * UNIT);
    expect(curve.cpaTargetMicros).toBe(20 * UNIT);
    expect(curve.operating.spendMicros).toBeLessThanOrEqual(200 * UNIT);
  });
});
