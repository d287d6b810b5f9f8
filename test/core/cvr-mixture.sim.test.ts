import { describe, expect, it } from "vitest";
import { createBoard } from "../../src/core/forecast/board.ts";
import { CountWeightedForecaster } from "../../src/core/forecast/count-weighted.ts";
import { CvrFilter, DRIFTING } from "../../src/core/forecast/cvr-filter.ts";
import { CvrMixture } from "../../src/core/forecast/cvr-mixture.ts";
import { RandomStream } from "../../src/core/random.ts";

const CLICKS = 20;
const DAY = 1440;

/** Square errors of ln rate on the third day, summed over platforms: of the mixture, and of the filter that expects drift. */
function errorsAgainst(rateAt: (tick: number) => number): { mixture: number; drifting: number } {
  const sums = { mixture: 0, drifting: 0 };
  for (let seed = 1; seed <= 6; seed += 1) addErrors(sums, seed, rateAt);
  return sums;
}

function addErrors(sums: { mixture: number; drifting: number }, seed: number, rateAt: (tick: number) => number): void {
  const mixture = new CvrMixture(60_000, DAY);
  const drifting = new CvrFilter(60_000, DAY, DRIFTING);
  const { next } = new RandomStream(seed, "test");
  for (let tick = 0; tick < 3 * DAY; tick += 1) {
    let conversions = 0;
    for (let click = 0; click < CLICKS; click += 1) if (next() < rateAt(tick)) conversions += 1;
    mixture.hear(tick, CLICKS, conversions, 0);
    drifting.hear(tick, CLICKS, conversions, 0);
    if (tick < 2 * DAY) continue;
    sums.mixture += Math.log(mixture.rateAt(tick + 1) / rateAt(tick + 1)) ** 2;
    sums.drifting += Math.log(drifting.rateAt(tick + 1) / rateAt(tick + 1)) ** 2;
  }
}

/** What a forecaster's board says after two days of a rate. */
function stillChanceAfter(rateAt: (tick: number) => number): number {
  const board = createBoard("count-weighted", 1, DAY);
  const forecaster = new CountWeightedForecaster(board, 0, { tickMs: 60_000, periodTicks: DAY });
  const { next } = new RandomStream(1, "test");
  for (let tick = 0; tick < 2 * DAY; tick += 1) {
    let conversions = 0;
    for (let click = 0; click < CLICKS; click += 1) if (next() < rateAt(tick)) conversions += 1;
    const metrics = { platform: 0, tick, impressions: 50 * CLICKS, clicks: CLICKS, cpcMicros: 1e6, conversions };
    forecaster.update({ ...metrics, conversionAgeTicks: 0 }, tick);
  }
  return board.stillChance[0];
}

describe("the mixture of a drifting and a still rate", () => {
  it("knows a rate that stands still twice as well as a filter that expects drift", () => {
    const { mixture, drifting } = errorsAgainst(() => 0.04);
    expect(mixture).toBeLessThan(drifting / 2);
  });

  it("follows a rate that drifts as well as that filter", () => {
    const { mixture, drifting } = errorsAgainst((tick) => 0.04 * Math.exp(0.4 * Math.sin(tick / 200)));
    expect(mixture).toBeLessThan(1.1 * drifting);
  });

  it("says on the board which of the two it is", () => {
    expect(stillChanceAfter(() => 0.04)).toBeGreaterThan(0.7);
    expect(stillChanceAfter((tick) => 0.04 * Math.exp(0.4 * Math.sin(tick / 200)))).toBeLessThan(0.05);
  });

  it("goes on from what it saved", () => {
    const mixture = new CvrMixture(60_000, DAY);
    for (let tick = 0; tick < 200; tick += 1) mixture.hear(tick, CLICKS, tick % 3 === 0 ? 2 : 0, 0);
    const other = new CvrMixture(60_000, DAY);
    other.restore(structuredClone(mixture.save()));
    expect(other.rateAt(200)).toBe(mixture.rateAt(200));
    expect(other.varianceAt(200)).toBe(mixture.varianceAt(200));
    expect(other.hear(200, CLICKS, 1, 0)).toBe(mixture.hear(200, CLICKS, 1, 0));
    expect(other.rateAt(201)).toBe(mixture.rateAt(201));
  });
});
