import { describe, expect, it } from "vitest";
import { EmpiricalLandscape, type Landscape, LogLogisticLandscape, shadedBid } from "../../src/core/landscape.ts";

const SHAPES = [1.4, 2, 2.8];
const BIDS = [0.0005, 0.01, 0.2, 0.5, 0.9, 1, 1.3, 2, 5, 20, 300];

function exactWinRate(k: number, u: number): number {
  const alpha = Math.sin(Math.PI / k) / (Math.PI / k);
  return 1 / (1 + (alpha / u) ** k);
}

/** ∫₀ᵘ x dF by the midpoint rule in F: x = alpha (F / (1 − F))^(1/k). */
function integratedCost(k: number, u: number): number {
  const alpha = Math.sin(Math.PI / k) / (Math.PI / k);
  const steps = 400_000;
  const low = -60;
  const width = (Math.log(u) - low) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i += 1) {
    const x = Math.exp(low + (i + 0.5) * width);
    const f = 1 / (1 + (alpha / x) ** k);
    sum += x * k * f * (1 - f) * width;
  }
  return sum;
}

describe("a log-logistic landscape", () => {
  it.each(SHAPES)("agrees with direct integration for shape %d", (k) => {
    const landscape = new LogLogisticLandscape(k);
    for (const u of BIDS) {
      expect(landscape.winRate(u), `F(${u})`).toBeCloseTo(exactWinRate(k, u), 4);
      expect(landscape.costShare(u), `C(${u})`).toBeCloseTo(integratedCost(k, u), 3);
      expect(landscape.costShare(u) / integratedCost(k, u), `relative C(${u})`).toBeCloseTo(1, 2);
    }
  });

  it("has mean price 1 (D2)", () => {
    for (const k of SHAPES) expect(new LogLogisticLandscape(k).costShare(1e12)).toBeCloseTo(1, 3);
  });

  it("is refused without a finite mean", () => {
    for (const k of [1, 0, -2, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new LogLogisticLandscape(k)).toThrow(RangeError);
    }
  });

  it("wins nothing for nothing", () => {
    const landscape = new LogLogisticLandscape(2);
    for (const u of [0, -1, Number.NaN]) {
      expect(landscape.winRate(u)).toBe(0);
      expect(landscape.costShare(u)).toBe(0);
      expect(shadedBid(landscape, u)).toBe(0);
    }
  });
});

describe("an empirical landscape", () => {
  const counts = [0, 5, 0, 20, 40, 25, 8, 0, 0, 2];
  const mean = counts.reduce((sum, n, price) => sum + n * price, 0) / 100;
  const landscape = new EmpiricalLandscape(counts);

  it("wins the recorded share of the auctions", () => {
    expect(landscape.winRate(3.5 / mean)).toBeCloseTo(0.25, 12);
    expect(landscape.winRate(4 / mean)).toBeCloseTo(0.45, 12);
    expect(landscape.winRate(100)).toBe(1);
  });

  it("costs what the auctions won cleared at", () => {
    expect(landscape.costShare(3.5 / mean)).toBeCloseTo((5 * 1 + 20 * 3) / 100 / mean, 12);
    expect(landscape.costShare(100)).toBe(1);
  });

  it("is refused without prices", () => {
    for (const bad of [[], [0, 0], [1, -1], [Number.NaN]])
      expect(() => new EmpiricalLandscape(bad)).toThrow(RangeError);
  });
});

describe.each<[string, Landscape]>([
  ["log-logistic 1.4", new LogLogisticLandscape(1.4)],
  ["log-logistic 2.8", new LogLogisticLandscape(2.8)],
  ["empirical", new EmpiricalLandscape([3, 5, 0, 20, 40, 25, 8, 0, 0, 2, 0, 0, 0, 7])],
])("every landscape (%s)", (_, landscape) => {
  const grid = Array.from({ length: 4000 }, (_unused, i) => Math.exp(-9 + i * 0.0045));

  it("never loses by bidding more, and costs at most its bids (D1, D2)", () => {
    let won = 0;
    let cost = 0;
    for (const u of grid) {
      const wins = landscape.winRate(u);
      const costs = landscape.costShare(u);
      expect(wins).toBeGreaterThanOrEqual(won);
      expect(wins).toBeLessThanOrEqual(1);
      expect(costs).toBeGreaterThanOrEqual(cost - 1e-12);
      expect(costs).toBeLessThanOrEqual(u * wins + 1e-6);
      won = wins;
      cost = costs;
    }
  });

  it("is shaded to the bid that gains most", () => {
    for (const r of [0.05, 0.3, 0.8, 1, 1.7, 4, 12]) {
      const bid = shadedBid(landscape, r);
      const gain = landscape.winRate(bid) * (r - bid);
      const best = Math.max(...grid.filter((u) => u < r).map((u) => landscape.winRate(u) * (r - u)));
      expect(bid).toBeLessThanOrEqual(r);
      expect(gain).toBeGreaterThanOrEqual(best * 0.998 - 1e-6);
    }
  });

  it("is bid higher for a click worth more", () => {
    let below = 0;
    for (const r of grid) {
      const bid = shadedBid(landscape, r);
      expect(bid).toBeGreaterThanOrEqual(below - 1e-9);
      below = bid;
    }
  });
});
