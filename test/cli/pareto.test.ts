import { describe, expect, it } from "vitest";
import { ParetoWatch } from "../../src/cli/pareto.ts";
import { play, withPolicy } from "../../src/cli/run.ts";
import type { RunPlan } from "../../src/cli/run.ts";
import type { EngineObserver } from "../../src/core/events.ts";
import { GAMMA_SHARES } from "../../src/core/pareto.ts";
import { meanEfficiency } from "../../src/observe/html-report.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import { loadScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";

function planOf(preset: string): RunPlan {
  const { scenario, source } = loadScenario(preset);
  const { market, exposures, ...config } = resolveScenario(scenario, source.locate);
  return { config, exposures, paths: simulatePaths(market) };
}

const playQuietly = (plan: RunPlan, observers: readonly EngineObserver[] = []) =>
  play(plan, {
    observers,
    label: "test",
    logLevel: "changes",
    signal: new AbortController().signal,
    hasProgress: false,
  });

async function watched(plan: RunPlan) {
  const watch = new ParetoWatch(plan);
  const run = await playQuietly(plan, [watch]);
  return { run, sections: watch.sections(run.truth) };
}

describe("the Pareto sections of a storm", async () => {
  const plan = planOf("storm");
  const { run, sections } = await watched(plan);

  it("are of the 20 biggest campaigns, the biggest first", () => {
    const budgets = plan.config.campaigns.map(({ budgetMicros }) => budgetMicros).sort((a, b) => b - a);
    expect(sections.map(({ budgetMicros }) => budgetMicros)).toEqual(budgets.slice(0, 20));
  });

  it("have curves that never fall, expected and in hindsight (V1, H1)", () => {
    for (const { points, hindsight } of sections) {
      expect(points).toHaveLength(GAMMA_SHARES.length);
      for (const curve of [points, hindsight!]) {
        expect(curve[0].conversions).toBeGreaterThan(0);
        for (let i = 1; i < curve.length; i += 1) {
          expect(curve[i].spendMicros).toBeGreaterThanOrEqual(curve[i - 1].spendMicros);
          expect(curve[i].conversions).toBeGreaterThanOrEqual(curve[i - 1].conversions);
        }
      }
    }
  });

  it("have an operating point within the budget, as the market's account has it", () => {
    const platforms = plan.paths.platforms.length;
    for (const { campaign, operating, budgetMicros } of sections) {
      expect(operating.spendMicros).toBeGreaterThan(0);
      expect(operating.spendMicros).toBeLessThanOrEqual(budgetMicros);
      const slot = plan.config.campaigns.findIndex(({ id }) => id === campaign);
      const cells = run.truth.costMicros.subarray(slot * platforms, (slot + 1) * platforms);
      expect(operating.spendMicros).toBeCloseTo(
        cells.reduce((sum, cost) => sum + cost, 0),
        0,
      );
    }
  });

  it("have the point where gamma is the value between the curve's points around it", () => {
    for (const { points, valuePoint } of sections) {
      const above = GAMMA_SHARES.findIndex((share) => share >= 1);
      for (const key of ["spendMicros", "conversions"] as const) {
        expect(valuePoint[key]).toBeGreaterThanOrEqual(points[above - 1][key]);
        expect(valuePoint[key]).toBeLessThanOrEqual(points[above][key]);
      }
    }
  });

  it("say how near to hindsight the campaign came: above 0, and hardly above 1", () => {
    const shares = sections.map(({ frontierEfficiency }) => frontierEfficiency!);
    for (const share of shares) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThanOrEqual(1.2);
    }
    const mean = meanEfficiency(sections)!;
    expect(mean).toBeGreaterThanOrEqual(Math.min(...shares));
    expect(mean).toBeLessThanOrEqual(Math.max(...shares));
  });

  it("are plain JSON", () => {
    expect(JSON.parse(JSON.stringify(sections))).toEqual(sections);
  });
});

describe("the watch", () => {
  it("changes nothing about the run", async () => {
    const plan = planOf("calm-day");
    const { run } = await watched(plan);
    expect(run.truth).toEqual((await playQuietly(plan)).truth);
  });

  it("has no sections without gamma pacing, and so no mean", async () => {
    const { sections } = await watched(withPolicy(planOf("calm-day"), "uniform"));
    expect(sections).toEqual([]);
    expect(meanEfficiency(sections)).toBeNull();
  });
});
