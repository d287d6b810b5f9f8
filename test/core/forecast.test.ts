import { describe, expect, it } from "vitest";
import { trafficBetween } from "../../src/core/forecast/board.ts";
import { createForecasters } from "../../src/core/forecast/index.ts";
import type { PlatformMetrics } from "../../src/core/platform.ts";
import { RandomStream } from "../../src/core/random.ts";

const DAY = { tickMs: 60_000, periodTicks: 1440 };

/** Plays clicks with a true rate and a geometric delay, and returns the board after `ticks` ticks and the RMS log error of its second half. */
function play(
  name: string,
  world: {
    ticks: number;
    rate: (tick: number) => number;
    clicks?: (tick: number) => number;
    delayTicks?: number;
    seed?: number;
  },
) {
  const { board, forecasters } = createForecasters(name, 1, DAY);
  const random = new RandomStream(world.seed ?? 1, "forecast test");
  const arrivals = new Map<number, number[]>();
  let squares = 0;
  for (let tick = 0; tick < world.ticks; tick += 1) {
    const clicks = world.clicks?.(tick) ?? 16;
    for (let i = 0; i < clicks; i += 1) {
      if (random.next() >= world.rate(tick)) continue;
      const d = world.delayTicks ?? 0;
      const age = d === 0 ? 0 : Math.floor(Math.log(1 - random.next()) / Math.log(d / (1 + d)));
      arrivals.set(tick + age, [...(arrivals.get(tick + age) ?? []), age]);
    }
    const ages = arrivals.get(tick) ?? [];
    const metrics: PlatformMetrics = {
      platform: 0,
      tick,
      impressions: 20 * clicks,
      clicks,
      cpcMicros: clicks > 0 ? 2e6 : 0,
      conversions: ages.length,
      conversionAgeTicks: ages.reduce((sum, age) => sum + age, 0),
    };
    forecasters[0].update(metrics, tick);
    if (2 * tick >= world.ticks) squares += Math.log(Math.max(1e-4, board.cvr[0]) / world.rate(tick + 1)) ** 2;
  }
  return { board, forecasters, rmsLogError: Math.sqrt((2 * squares) / world.ticks) };
}

describe("count-weighted", () => {
  it("is within 15 % of a steady rate, where the regression on ratios is not within 60 %", () => {
    const world = { ticks: 1500, rate: () => 0.04 };
    expect(play("count-weighted", world).rmsLogError).toBeLessThan(0.15);
    expect(play("ols-30", world).rmsLogError).toBeGreaterThan(0.6);
  });

  it("does not take conversions under way for failures", () => {
    const { board, rmsLogError } = play("count-weighted", { ticks: 1500, rate: () => 0.04, delayTicks: 120 });
    expect(rmsLogError).toBeLessThan(0.2);
    expect(board.delayTicks[0]).toBeGreaterThan(80);
    expect(board.delayTicks[0]).toBeLessThan(150);
  });

  it("follows a collapse of the rate to 15 % within 90 ticks", () => {
    const { board } = play("count-weighted", { ticks: 1090, rate: (tick) => (tick < 1000 ? 0.06 : 0.009) });
    expect(board.cvr[0]).toBeLessThan(0.02);
  });

  it("plans the traffic flat on the first day, and by time of day after it (T1)", () => {
    const clicks = (tick: number) => (tick % 1440 < 720 ? 4 : 20);
    const first = play("count-weighted", { ticks: 1000, rate: () => 0.04, clicks }).board.traffic[0];
    expect(new Set(first.profile)).toEqual(new Set([1]));
    const second = play("count-weighted", { ticks: 1440, rate: () => 0.04, clicks }).board.traffic[0];
    expect(trafficBetween(second, 1440, 2160) / (4 * 720)).toBeCloseTo(1, 0);
    expect(trafficBetween(second, 2160, 2880) / (20 * 720)).toBeCloseTo(1, 0);
  });

  it("grows less sure in silence, and older", () => {
    const { board, forecasters } = play("count-weighted", { ticks: 500, rate: () => 0.04 });
    const [before, evidence] = [board.cvrRelSd[0], board.evidence[0]];
    for (let tick = 500; tick < 700; tick += 1) forecasters[0].update(null, tick);
    expect(board.ageTicks[0]).toBe(200);
    expect(board.cvrRelSd[0]).toBeGreaterThan(before);
    expect(board.evidence[0]).toBeLessThan(evidence);
    expect(board.cvr[0]).toBeGreaterThan(0.02);
  });
});

describe("ols-30", () => {
  it("reads its regression line one tick ahead, and never below 0", () => {
    const { board, forecasters } = createForecasters("ols-30", 1, DAY);
    const tell = (tick: number, conversions: number, cpcMicros: number) =>
      forecasters[0].update(
        { platform: 0, tick, impressions: 400, clicks: 100, conversions, cpcMicros, conversionAgeTicks: 0 },
        tick,
      );
    for (let tick = 0; tick < 30; tick += 1) tell(tick, tick, 1e6 + 1000 * tick);
    expect(board.cvr[0]).toBeCloseTo(0.3, 9);
    expect(board.cvrMean[0]).toBeCloseTo(0.145, 9);
    expect(board.cpcMicros[0]).toBeCloseTo(1_030_000, 3);
    expect(board.evidence[0]).toBeCloseTo(435, 6);
    for (let tick = 30; tick < 60; tick += 1) tell(tick, Math.max(0, 50 - tick) ** 2, 1e6);
    expect(board.cvr[0]).toBe(0);
  });
});
