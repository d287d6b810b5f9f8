import { afterEach, expect, it } from "vitest";
import { Bout } from "../../bench/quality/bout.ts";
import { playFlight } from "../../bench/quality/one-thread.ts";
import { qualityWorld } from "../../bench/quality/worlds.ts";

const contender = (policy: string, forecaster = "count-weighted") => ({ label: policy, policy, forecaster });
const contenders = [contender("gamma-pacing"), contender("greedy-roi", "ols-30")];
const short = { ticks: 200 };
let bout: Bout | null = null;
afterEach(() => bout?.stop());

it("scores a flight over the wire as it scores one without (WI1)", { timeout: 30_000 }, async () => {
  bout = new Bout({ contenders, world: short, recordings: [] });
  for (const scenario of ["S5", "S12"] as const) {
    const alone = contenders.map((each) => playFlight(qualityWorld(scenario, 10_001, short), each));
    expect(await bout.play({ scenario, seed: 10_001 })).toEqual(alone);
  }
});

it("ends with the error of the engines' thread", { timeout: 30_000 }, async () => {
  bout = new Bout({ contenders: [contender("no such policy")], world: short, recordings: [] });
  await expect(bout.play({ scenario: "S2", seed: 1 })).rejects.toThrow("no such policy");
});

it("ends with the error of the market's thread", { timeout: 30_000 }, async () => {
  bout = new Bout({ contenders, world: { ticks: -5000 }, recordings: [] });
  await expect(bout.play({ scenario: "S2", seed: 1 })).rejects.toThrow(RangeError);
});
