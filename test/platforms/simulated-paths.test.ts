import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/core/random.ts";
import { parseDayShapes, shapeAt, syntheticDayShape } from "../../src/platforms/day-shape.ts";
import { drawValuePerConversion, simulatePaths } from "../../src/platforms/simulated-paths.ts";
import type { SimulatedMarketSpec, SimulatedPlatformSpec } from "../../src/platforms/simulated-paths.ts";

const TRAFFIC = join(process.env.CAMPAIGN_ENGINE_DATA ?? "../shared/data", "traffic_share.csv");

function platform(id: string, changes: Partial<SimulatedPlatformSpec> = {}): SimulatedPlatformSpec {
  return { id, pricing: "second-price", control: "bid", floorMicros: 0, overDeliveryFactor: 1, ...changes };
}

function market(platforms: SimulatedPlatformSpec[], changes: Partial<SimulatedMarketSpec> = {}): SimulatedMarketSpec {
  return { seed: 1, tickMs: 60_000, ticks: 1440, platforms, ...changes };
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const sd = (values: ArrayLike<number>): number => {
  const middle = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - middle) ** 2)));
};
const logs = (values: ArrayLike<number>): number[] => Array.from(values, Math.log);

describe("simulatePaths", () => {
  it("gives the same paths to the same spec and others to another seed", () => {
    const price = (seed: number): Float64Array =>
      simulatePaths(market([platform("a")], { seed })).platforms[0].priceMicros;
    expect(price(1)).toEqual(price(1));
    expect(price(1)).not.toEqual(price(2));
  });

  it("leaves the other platforms untouched when one changes, joins or moves (SP1)", () => {
    const base = simulatePaths(market([platform("a"), platform("b")]));
    const changed = platform("a", { cvr: 0.5, drift: false, outages: [{ startTick: 0, endTick: 9 }] });
    const other = simulatePaths(market([platform("c"), platform("b"), changed]));
    const columns = ({ volume, priceMicros, cvr, isSilent }: (typeof base.platforms)[0]) => ({
      volume,
      priceMicros,
      cvr,
      isSilent,
    });
    expect(columns(other.platforms[1])).toEqual(columns(base.platforms[1]));
    expect(other.platforms[2].priceMicros).not.toEqual(base.platforms[0].priceMicros);
  });

  it("shows nothing of a shock before its tick, and its factors after it (SP2)", () => {
    const shock = { tick: 700, endTick: 800, priceFactor: 1.8, cvrFactor: 0.15, volumeFactor: 2 };
    const [calm] = simulatePaths(market([platform("a")])).platforms;
    const [shocked] = simulatePaths(market([platform("a", { shocks: [shock] })])).platforms;
    for (const [tick, price, cvr, volume] of [
      [699, 1, 1, 1],
      [700, 1.8, 0.15, 2],
      [799, 1.8, 0.15, 2],
      [800, 1, 1, 1],
    ]) {
      const at = 1440 + tick;
      expect(shocked.priceMicros[at] / calm.priceMicros[at]).toBeCloseTo(price, 12);
      expect(shocked.cvr[at] / calm.cvr[at]).toBeCloseTo(cvr, 12);
      expect(shocked.volume[at] / calm.volume[at]).toBeCloseTo(volume, 12);
    }
  });

  it("draws base levels with the medians and spreads of the standard world", () => {
    const platforms = Array.from({ length: 2000 }, (_, i) =>
      platform(`p${i}`, { drift: false, cvrDayAmplitude: 0, dayAmplitude: 0 }),
    );
    const paths = simulatePaths(market(platforms, { ticks: 1, warmupTicks: 0 })).platforms;
    const levels = (of: (path: (typeof paths)[0]) => number) => logs(paths.map(of));
    for (const [values, median, spread] of [
      [levels((path) => path.priceMicros[0]), 1e6, 0.35],
      [levels((path) => path.cvr[0]), 0.04, 0.4],
      [levels((path) => path.volume[0]), 8, 0.5],
    ] as const) {
      expect(mean(values)).toBeCloseTo(Math.log(median), 1);
      expect(sd(values) / spread).toBeCloseTo(1, 1);
    }
  });

  it("drifts with the set spread and memory, in time rather than in ticks", () => {
    for (const tickMs of [60_000, 600_000]) {
      const fixed = { baseCpcMicros: 1e6, cvr: 0.04, clicksPerTick: 8, cvrDayAmplitude: 0, dayAmplitude: 0 };
      const [path] = simulatePaths(
        market([platform("a", fixed)], { tickMs, ticks: 200_000, warmupTicks: 0 }),
      ).platforms;
      for (const [values, level, spread, minutes] of [
        [path.priceMicros, 1e6, 0.15, 200],
        [path.cvr, 0.04, 0.2, 300],
        [path.volume, 8, 0.1, 100],
      ] as const) {
        const deviations = logs(values).map((value) => value - Math.log(level));
        expect(sd(deviations) / spread).toBeCloseTo(1, 0.5);
        const lag = (minutes * 60_000) / tickMs;
        const covariance = mean(deviations.slice(lag).map((value, i) => value * deviations[i]));
        expect(covariance / spread ** 2).toBeGreaterThan(0.2);
        expect(covariance / spread ** 2).toBeLessThan(0.55);
      }
    }
  });

  it("stands still without drift and day, and is silent in outages only", () => {
    const still = platform("a", {
      drift: false,
      cvrDayAmplitude: 0,
      dayAmplitude: 0,
      outages: [{ startTick: 10, endTick: 12 }],
    });
    const [path] = simulatePaths(market([still])).platforms;
    for (const column of [path.priceMicros, path.cvr, path.volume]) expect(new Set(column).size).toBe(1);
    expect([...path.isSilent.keys()].filter((i) => path.isSilent[i] === 1)).toEqual([1450, 1451]);
  });

  it("keeps volumes at their base over a day, and follows the time of day of its first tick", () => {
    const fixed = platform("a", { drift: false, clicksPerTick: 8 });
    const [day] = simulatePaths(market([fixed], { warmupTicks: 0 })).platforms;
    expect(mean(day.volume)).toBeCloseTo(8, 9);
    expect(sd(day.volume)).toBeGreaterThan(2);
    const [later] = simulatePaths(market([fixed], { warmupTicks: 0, dayOffsetTicks: 600 })).platforms;
    expect(later.volume[0]).toBe(day.volume[600]);
  });
});

describe("drawValuePerConversion", () => {
  it("lies around 1.1 × the geometric mean of price ÷ CVR, and knows nothing of the flight (SP2)", () => {
    const fixed = { drift: false, cvrDayAmplitude: 0, cvr: 0.04, baseCpcMicros: 1e6 };
    const paths = simulatePaths(market([platform("a", fixed)]));
    const shocked = simulatePaths(market([platform("a", { ...fixed, shocks: [{ tick: 0, cvrFactor: 0.1 }] })]));
    const values = Array.from({ length: 3000 }, (_, seed) => drawValuePerConversion(paths, seed));
    expect(mean(logs(values))).toBeCloseTo(Math.log(1.1 * 25e6), 1);
    expect(sd(logs(values)) / 0.2).toBeCloseTo(1, 1);
    expect(drawValuePerConversion(shocked, 3)).toBe(drawValuePerConversion(paths, 3));
  });
});

describe("day shapes", () => {
  const table = (shares: readonly (number | string)[]): string =>
    ["region_id,dow,hour,traffic_share", ...shares.map((share, hour) => `7,1,${hour},${share}`)].join("\n");

  it("are smooth between hours and keep the mean 1", () => {
    const shape = syntheticDayShape(new RandomStream(4, "shape"));
    expect(mean(shape)).toBeCloseTo(1, 12);
    expect(mean(Array.from({ length: 1440 }, (_, i) => shapeAt(shape, (i + 0.5) / 1440)))).toBeCloseTo(1, 12);
    expect(shapeAt(shape, 0.5 / 24)).toBeCloseTo(shape[0], 12);
    expect(shapeAt(shape, 0)).toBeCloseTo((shape[0] + shape[23]) / 2, 12);
  });

  it("are read from a table, hour by hour", () => {
    const [shape] = parseDayShapes(table(Array.from({ length: 24 }, (_, hour) => (hour + 1) / 1000)));
    expect(shape[23] / shape[0]).toBeCloseTo(24, 9);
    expect(mean(shape)).toBeCloseTo(1, 12);
  });

  it.each([
    ["a missing hour", table(Array.from({ length: 23 }, () => 0.01)), /24 hours of day 7\/1/],
    ["a share that is no number", table([0.1, "x"]), /line 3: traffic_share/],
    ["an hour twice", `${table([0.1])}\n7,1,0,0.2`, /line 3: hour/],
    ["a missing column", "region_id,dow,hour\n1,1,1", /traffic_share/],
    ["an empty table", "region_id,dow,hour,traffic_share", /at least one day/],
    ["ragged rows", "region_id,dow,hour,traffic_share\n1,2", /not a CSV/],
  ])("refuse %s with its place", (_, text, message) => {
    expect(() => parseDayShapes(text)).toThrow(message);
    expect(() => parseDayShapes(text)).toThrow(expect.objectContaining({ code: "CE_DATA_INVALID" }));
  });

  it.skipIf(!existsSync(TRAFFIC))("resemble the real ones of traffic_share.csv", () => {
    const real = parseDayShapes(readFileSync(TRAFFIC, "utf8"));
    expect(real).toHaveLength(798);
    const synthetic = Array.from({ length: 798 }, (_, seed) => syntheticDayShape(new RandomStream(seed, "shape")));
    const profile = (shapes: readonly (readonly number[])[]) =>
      Array.from({ length: 24 }, (_, hour) => mean(shapes.map((shape) => shape[hour])));
    const [expected, found] = [profile(real), profile(synthetic)];
    for (let hour = 0; hour < 24; hour += 1) expect(Math.abs(found[hour] - expected[hour])).toBeLessThan(0.4);
    expect(Math.abs(mean(synthetic.map(sd)) - mean(real.map(sd)))).toBeLessThan(0.12);
  });
});
