import { describe, expect, it } from "vitest";
import { FIVE_PLATFORMS, played, scenarioOf } from "./played-run.ts";
import type { PlayedRun } from "./played-run.ts";

/** Spend by platform id, of all campaigns. */
function spendByPlatform({ market }: PlayedRun): Record<string, number> {
  const spend: Record<string, number> = {};
  market.truth.costMicros.forEach((cost, cell) => {
    const { id } = market.platforms[cell % market.platforms.length];
    spend[id] = (spend[id] ?? 0) + cost;
  });
  return spend;
}

const POLICIES = ["gamma-pacing", "dual-descent", "greedy-roi"];

describe.each(POLICIES)("a run under %s", (policy) => {
  it("spends the same on each platform whatever the order in which the platforms are declared", () => {
    const straight = spendByPlatform(played(scenarioOf({ policy })));
    const shuffled = spendByPlatform(played(scenarioOf({ policy, platforms: FIVE_PLATFORMS.toReversed() })));
    expect(Object.values(straight).some((spend) => spend > 0)).toBe(true);
    for (const [id, spend] of Object.entries(straight)) {
      // Money is shared out row by row: rounding may go to another platform.
      expect(Math.abs(shuffled[id] - spend)).toBeLessThanOrEqual(Math.max(50, 0.002 * spend));
    }
  });

  it("bids a hundred times as much where all money is a hundred times as much", () => {
    const times = (factor: number) => ({
      policy,
      platforms: FIVE_PLATFORMS.map((platform) =>
        Object.assign({}, platform, { cpc: platform.cpc * factor, floor: (platform.floor ?? 0) * factor }),
      ),
      campaigns: [
        { id: "shoes", count: 3, spread: { cvr: 0.3 }, budget: 60 * factor, valuePerConversion: 35 * factor },
      ],
    });
    const one = played(scenarioOf(times(1))).decisions;
    const hundred = played(scenarioOf(times(100))).decisions;
    expect(hundred).toHaveLength(one.length);
    let bids = 0;
    one.forEach((decision, i) => {
      expect(hundred[i].bids.map(({ platform }) => platform)).toEqual(decision.bids.map(({ platform }) => platform));
      decision.bids.forEach(({ bidMicros }, at) => {
        bids += 1;
        // The solver stops at a thousandth of gamma.
        expect(Math.abs(hundred[i].bids[at].bidMicros / (100 * bidMicros) - 1)).toBeLessThan(0.002);
      });
    });
    expect(bids).toBeGreaterThan(20);
  });
});

describe("a daily budget", () => {
  it("is never exceeded by a day's bids, and the next day bids again (L6)", () => {
    const daily = 12;
    const run = played(
      scenarioOf({
        tick: "10m",
        duration: "3d",
        warmup: "1d",
        campaigns: [{ id: "shoes", budget: 60, dailyBudget: daily, valuePerConversion: 200 }],
      }),
    );
    const perDay = [0, 0, 0];
    for (const { tick, bids } of run.decisions) {
      perDay[Math.floor(tick / 144)] += bids.length;
    }
    for (const count of perDay) expect(count).toBeGreaterThan(10);
    const spent = run.engine.ledger.view(0).spentMicros;
    expect(spent).toBeLessThanOrEqual(3 * daily * 1_000_000);
    expect(spent).toBeGreaterThan(0.8 * 3 * daily * 1_000_000);
  });
});
