import { describe, expect, it } from "vitest";
import { playFlight } from "../../bench/quality/one-thread.ts";
import { failures, isJudged, tabulate } from "../../bench/quality/gates.ts";
import { qualityWorld } from "../../bench/quality/worlds.ts";

const gamma = { label: "gamma-pacing/count-weighted", policy: "gamma-pacing", forecaster: "count-weighted" };
const greedy = { label: "greedy-roi/ols-30", policy: "greedy-roi", forecaster: "ols-30" };
const told = { label: "gamma-pacing/told", policy: "gamma-pacing", forecaster: "told" };

describe("a flight of the quality bench", () => {
  it.each(["S1", "S2", "S5", "S8", "S10", "S11"] as const)(
    "in %s earns most of the hindsight optimum under gamma pacing, without overspending",
    (scenario) => {
      for (const seed of [10_001, 10_002]) {
        const world = qualityWorld(scenario, seed);
        const score = playFlight(world, gamma);
        expect(score.net).toBeGreaterThan(0.94);
        // The bound is an expectation: luck may carry a flight a little above it.
        expect(score.net).toBeLessThan(1.03);
        expect(score.overspendMicros).toBe(0);
        expect(score.utilisation).toBeGreaterThan(0.97);
        expect(playFlight(world, greedy).net).toBeLessThan(0.7);
      }
    },
  );

  it("keeps to a CPA target", () => {
    const score = playFlight(qualityWorld("S7", 10_003), gamma);
    expect(score.cpaExcess).toBeLessThan(0.05);
    expect(score.net).toBeGreaterThan(0.85);
  });

  it.each(["S5", "S10"] as const)("is not worse in %s for being told the truth of the moment", (scenario) => {
    const worlds = [10_001, 10_002, 10_003].map((seed) => qualityWorld(scenario, seed));
    const net = (contender: typeof gamma) => worlds.reduce((sum, world) => sum + playFlight(world, contender).net, 0);
    expect(net(told)).toBeGreaterThan(net(gamma));
  });

  it("scores the same twice", () => {
    const world = qualityWorld("S6", 10_004, { ticks: 300 });
    expect(playFlight(world, gamma)).toEqual(playFlight(qualityWorld("S6", 10_004, { ticks: 300 }), gamma));
  });
});

describe("the gates", () => {
  const world = qualityWorld("S2", 10_001, { ticks: 60 });
  const score = playFlight(world, gamma);

  it("name every limit that a row breaks", () => {
    const [row] = tabulate([{ ...score, net: 0.5, utilisation: 0.5, waste: 0.2, overspendMicros: 3 }]);
    expect(failures(row).join("; ")).toMatch(/mean 50.*worst decile 50.*budget used 50.*waste 20.*overspend 3/);
  });

  it("let a row pass that keeps them all", () => {
    const [row] = tabulate([{ ...score, net: 0.99, utilisation: 1, waste: 0, overspendMicros: 0 }]);
    expect(failures(row)).toEqual([]);
  });

  it("are for gamma pacing on what it can know", () => {
    expect([gamma, greedy, told].map(({ label }) => isJudged(label))).toEqual([true, false, false]);
  });
});
