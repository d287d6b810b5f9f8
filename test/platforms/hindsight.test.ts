import { describe, expect, it } from "vitest";
import { LogLogisticLandscape } from "../../src/core/landscape.ts";
import type { Pricing } from "../../src/core/platform.ts";
import { hindsightCurve, hindsightOptimum } from "../../src/platforms/hindsight.ts";
import type { MarketPaths } from "../../src/platforms/paths.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";

const VALUE = 40_000_000;
const TICKS = 3;

/** Two platforms × three ticks. */
function tinyWorld(pricing: Pricing, floorMicros = 0): MarketPaths {
  const column = (...values: number[]): Float64Array => Float64Array.from(values);
  const platform = (id: string, k: number, volume: Float64Array, priceMicros: Float64Array, cvr: Float64Array) => ({
    spec: { id, pricing, control: "bid" as const, floorMicros, overDeliveryFactor: 1 },
    landscape: new LogLogisticLandscape(k),
    volume,
    priceMicros,
    cvr,
    isSilent: new Uint8Array(TICKS),
    impressionsPerClick: 1,
  });
  return {
    warmupTicks: 0,
    ticks: TICKS,
    platforms: [
      platform("a", 1.6, column(8, 12, 3), column(1e6, 1.3e6, 0.8e6), column(0.04, 0.03, 0.05)),
      platform("b", 2.5, column(5, 9, 20), column(0.7e6, 1e6, 1.5e6), column(0.015, 0.02, 0.045)),
    ],
    conversionDelayTicks: 0,
    reportLagTicks: 0,
    panelShare: 2,
  };
}

const exposure = { volumeShare: 1, cvrFactors: [1, 1] };

/** The best net value of all combinations of bids out of a grid, one bid per platform and tick, that keep the limits. */
function enumerated(paths: MarketPaths, budgetMicros: number, cpaTargetMicros = Number.POSITIVE_INFINITY): number {
  const cells = paths.platforms.flatMap(({ spec, landscape, volume, priceMicros, cvr }) =>
    Array.from(volume, (clicks, t) => {
      const options = [{ spend: 0, conversions: 0 }];
      for (let i = 0; i < 11; i += 1) {
        const u = ((VALUE * cvr[t]) / priceMicros[t]) * 0.1 * 1.26 ** i;
        const floor = spec.floorMicros / priceMicros[t];
        if (u < floor) continue;
        const won = landscape.winRate(u);
        const reserve = floor === 0 ? 0 : floor * landscape.winRate(floor) - landscape.costShare(floor);
        const paid = spec.pricing === "first-price" ? u * won : landscape.costShare(u) + reserve;
        options.push({ spend: clicks * priceMicros[t] * paid, conversions: clicks * cvr[t] * won });
      }
      return options;
    }),
  );
  let best = 0;
  const visit = (at: number, spend: number, conversions: number): void => {
    if (spend > budgetMicros) return;
    if (at === cells.length) {
      if (spend <= cpaTargetMicros * conversions) best = Math.max(best, VALUE * conversions - spend);
      return;
    }
    for (const option of cells[at]) visit(at + 1, spend + option.spend, conversions + option.conversions);
  };
  visit(0, 0, 0);
  return best;
}

function optimum(paths: MarketPaths, budgetMicros: number, cpaTargetMicros: number | null = null) {
  return hindsightOptimum({ paths, exposure, valuePerConversionMicros: VALUE, budgetMicros, cpaTargetMicros });
}

describe("hindsightOptimum", () => {
  it.each<[Pricing, number, number]>([
    ["second-price", 0, 8e6],
    ["second-price", 0, 20e6],
    ["second-price", 600_000, 8e6],
    ["first-price", 0, 8e6],
    ["first-price", 0, 1e9],
    ["cpc", 0, 14e6],
  ])(
    "bounds every combination of bids, closely (%s, floor %i, budget %i) (H2)",
    (pricing, floorMicros, budgetMicros) => {
      const paths = tinyWorld(pricing, floorMicros);
      const found = enumerated(paths, budgetMicros);
      const { netMicros } = optimum(paths, budgetMicros);
      expect(netMicros).toBeGreaterThanOrEqual(found * (1 - 1e-6));
      expect(netMicros).toBeLessThan(found * 1.03);
    },
  );

  it("keeps a CPA target and bounds every combination that keeps it (H3)", () => {
    const paths = tinyWorld("second-price");
    const target = 0.75 * (optimum(paths, 20e6).spendMicros / optimum(paths, 20e6).conversions);
    const found = enumerated(paths, 20e6, target);
    const result = optimum(paths, 20e6, target);
    expect(result.binding).toBe("cpa");
    expect(result.spendMicros / result.conversions).toBeCloseTo(target, 0);
    expect(result.netMicros).toBeGreaterThanOrEqual(found * (1 - 1e-6));
    expect(result.netMicros).toBeLessThan(found * 1.03);
  });

  it("spends the budget to seven digits where it binds, and bids the value where it does not", () => {
    const paths = tinyWorld("second-price");
    const tight = optimum(paths, 5e6);
    expect(tight.binding).toBe("budget");
    expect(Math.abs(tight.spendMicros / 5e6 - 1)).toBeLessThan(1e-6);
    expect(tight.gammaMicros).toBeCloseTo(VALUE / (1 + tight.mu), 0);
    const slack = optimum(paths, 1e12);
    expect(slack).toMatchObject({ binding: "value", gammaMicros: VALUE, mu: 0 });
    expect(slack.netMicros).toBeCloseTo(VALUE * slack.conversions - slack.spendMicros, 0);
  });

  it.each<Pricing>(["second-price", "first-price"])("never nets less with more budget (%s)", (pricing) => {
    const paths = tinyWorld(pricing);
    const nets = Array.from({ length: 30 }, (_, i) => optimum(paths, 1e5 * 1.3 ** i).netMicros);
    for (let i = 1; i < nets.length; i += 1) expect(nets[i]).toBeGreaterThanOrEqual(nets[i - 1]);
  });

  it("leaves out silent ticks, ticks outside the flight and platforms not allowed", () => {
    const paths = tinyWorld("second-price");
    const limits = { paths, exposure, valuePerConversionMicros: VALUE, budgetMicros: 1e12, cpaTargetMicros: null };
    const whole = hindsightOptimum(limits);
    const first = hindsightOptimum({ ...limits, flight: { startTick: 0, endTick: 1 } });
    const rest = hindsightOptimum({ ...limits, flight: { startTick: 1, endTick: 3 } });
    expect(first.netMicros + rest.netMicros).toBeCloseTo(whole.netMicros, 0);
    const a = hindsightOptimum({ ...limits, platforms: [0] });
    const b = hindsightOptimum({ ...limits, platforms: [1] });
    expect(a.netMicros + b.netMicros).toBeCloseTo(whole.netMicros, 0);
    const [first_, second] = paths.platforms;
    const dumb = { ...paths, platforms: [first_, { ...second, isSilent: Uint8Array.from([1, 1, 1]) }] };
    expect(hindsightOptimum({ ...limits, paths: dumb }).netMicros).toBeCloseTo(a.netMicros, 0);
  });

  it("bounds a plan that the budget cuts off at a floor, where spend jumps (H2)", () => {
    const whole = tinyWorld("second-price", 900_000);
    const [platform] = whole.platforms;
    const only = { ...platform, isSilent: Uint8Array.from([0, 1, 1]) };
    const budgetMicros = 100_000;
    const atFloor = (budgetMicros / 900_000) * platform.cvr[0] * VALUE - budgetMicros;
    const result = hindsightOptimum({
      paths: { ...whole, platforms: [only] },
      exposure,
      valuePerConversionMicros: VALUE,
      budgetMicros,
      cpaTargetMicros: null,
    });
    expect(atFloor).toBeGreaterThan(0);
    expect(result.netMicros / atFloor).toBeCloseTo(1, 5);
  });

  it("scales with money and with volume", () => {
    const paths = tinyWorld("second-price");
    const base = optimum(paths, 8e6);
    const larger = hindsightOptimum({
      paths,
      exposure: { ...exposure, volumeShare: 3 },
      valuePerConversionMicros: VALUE,
      budgetMicros: 24e6,
      cpaTargetMicros: null,
    });
    expect(larger.netMicros / base.netMicros).toBeCloseTo(3, 6);
    expect(larger.gammaMicros / base.gammaMicros).toBeCloseTo(1, 6);
  });

  it("finds the most conversions that a budget buys when the value is without bound", () => {
    const paths = tinyWorld("second-price");
    const most = hindsightOptimum({
      paths,
      exposure,
      valuePerConversionMicros: 1e15,
      budgetMicros: 8e6,
      cpaTargetMicros: null,
    });
    expect(most.spendMicros / 8e6).toBeCloseTo(1, 6);
    expect(most.conversions).toBeCloseTo(optimum(paths, 8e6).conversions, 5);
  });

  it("answers for a day of five platforms in milliseconds", () => {
    const platforms = ["a", "b", "c", "d", "e"].map((id, i) => ({
      id,
      pricing: i < 2 ? ("first-price" as const) : ("second-price" as const),
      control: "bid" as const,
      floorMicros: 0,
      overDeliveryFactor: 1,
    }));
    const paths = simulatePaths({ seed: 3, tickMs: 60_000, ticks: 1440, platforms });
    const question = { paths, exposure: { volumeShare: 1, cvrFactors: [1, 1, 1, 1, 1] } };
    const [open] = hindsightCurve(question, [VALUE]);
    const budgetMicros = Math.round(open.spendMicros * 0.3);
    const run = () =>
      hindsightOptimum({ ...question, valuePerConversionMicros: VALUE, budgetMicros, cpaTargetMicros: null });
    expect(run().spendMicros / budgetMicros).toBeCloseTo(1, 5);
    const begin = performance.now();
    for (let i = 0; i < 5; i += 1) run();
    expect((performance.now() - begin) / 5).toBeLessThan(100);
  });
});

describe("hindsightCurve", () => {
  it("rises in spend and conversions with gamma, at a falling rate of return (H1, H3)", () => {
    const gammas = Array.from({ length: 40 }, (_, i) => VALUE * 0.05 * 1.1 ** i);
    const curve = hindsightCurve({ paths: tinyWorld("second-price"), exposure }, gammas);
    for (let i = 1; i < curve.length; i += 1) {
      const spend = curve[i].spendMicros - curve[i - 1].spendMicros;
      const conversions = curve[i].conversions - curve[i - 1].conversions;
      expect(spend).toBeGreaterThan(0);
      expect(spend / conversions).toBeGreaterThan(curve[i - 1].gammaMicros * 0.999);
      expect(spend / conversions).toBeLessThan(curve[i].gammaMicros * 1.001);
      expect(curve[i].spendMicros / curve[i].conversions).toBeGreaterThan(
        curve[i - 1].spendMicros / curve[i - 1].conversions,
      );
    }
  });
});
