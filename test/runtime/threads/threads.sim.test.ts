import { describe, expect, it } from "vitest";
import { policyNamed } from "../../../src/core/policy/index.ts";
import { loadScenario } from "../../../src/scenario/loader.ts";
import { resolveScenario } from "../../../src/scenario/resolve.ts";
import { PlayedRun, scenarioOf } from "../played-run.ts";

/** The storm, cut short. */
function storm() {
  const { scenario, source } = loadScenario("storm");
  return { ...resolveScenario(scenario, source.locate), ticks: 120 };
}

const FAULTS = {
  rates: {
    "decision-throws": 0.02,
    "action-throws": 0.02,
    "guard-throws": 0.1,
    "forecast-nan": 0.01,
    "supervisor-throws": 0.002,
    "report-twice": 0.02,
    "report-reordered": 0.2,
    "clock-jump": 0.01,
  },
};

describe("the decision log", () => {
  it.each([
    ["the storm", storm()],
    ["the storm with faults", { ...storm(), faults: { ...storm().faults, rates: FAULTS.rates } }],
    [
      "daily budgets and late reports",
      scenarioOf({ market: { reportLag: "15m", conversionDelay: "20m" }, duration: "3h" }),
    ],
  ])("is the same bytes for one, two and three threads: %s (TH1)", (_, scenario) => {
    const [one, two, three] = [1, 2, 3].map((threads) => new PlayedRun(scenario, { threads }).play());
    expect(one.lines.length).toBeGreaterThan(100);
    expect(two.lines).toEqual(one.lines);
    expect(three.sha256).toBe(one.sha256);
  });
});

describe("an engine with threads", () => {
  /** A run in which the operator does all there is to do, and looks at curves. */
  const operated = (threads: number) => {
    const scenario = scenarioOf({ campaigns: [{ id: "shoes", count: 3, budget: 60, valuePerConversion: 35 }] });
    const curves: unknown[] = [];
    const by = { by: "anna", why: "a test", atMs: 0 };
    const exposures = Array.from({ length: 80 }, () => scenario.exposures[0]);
    const run = new PlayedRun({ ...scenario, exposures }, { threads, marketCampaigns: 80 }).play((tick, engine) => {
      // More than there was room for at first.
      for (const late of tick === 5 ? Array(70).keys() : []) {
        engine.obey({ action: "campaign.create", campaign: { ...scenario.campaigns[0], id: `late-${late}` } }, by);
      }
      if (tick === 10) engine.obey({ action: "campaign.pause", slot: 1 }, by);
      if (tick === 20) engine.obey({ action: "campaign.resume", slot: 1 }, by);
      if (tick === 25) engine.obey({ action: "campaign.top-up", slot: 3, micros: 5_000_000 }, by);
      if (tick === 30) engine.obey({ action: "platform.close", platform: 0 }, by);
      if (tick === 35) engine.obey({ action: "campaign.end", slot: 2 }, by);
      if (tick % 15 === 14) curves.push(engine.pareto(tick % 4));
    });
    return { lines: run.lines, curves };
  };

  it("obeys and shows the same as without (TH1)", () => {
    const one = operated(1);
    expect(one.curves.filter((curve) => curve !== null).length).toBeGreaterThan(2);
    expect(one.lines.some((line) => line.includes('"decision"') && line.includes("late-69"))).toBe(true);
    expect(operated(3)).toEqual(one);
  });

  it("refuses what cannot cross to another thread", () => {
    const refusing = (parts: object) => () => new PlayedRun(scenarioOf(), { threads: 2, ...parts });
    const refused = expect.objectContaining({ code: "CE_THREADS_REFUSED" });
    expect(refusing({ policyOf: policyNamed })).toThrow(refused);
    expect(refusing({ inspect: () => undefined })).toThrow(refused);
    expect(refusing({ threads: 1.5 })).toThrow(refused);
  });
});
