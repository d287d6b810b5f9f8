import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../src/scenario/loader.ts";
import { resolveScenario } from "../../../src/scenario/resolve.ts";
import { PlayedRun, scenarioOf } from "../played-run.ts";

/** The storm, cut short. */
function storm() {
  const { scenario, source } = loadScenario("storm");
  return { ...resolveScenario(scenario, source.locate), ticks: 400 };
}

const FAULTS = {
  rates: {
    "decision-throws": 0.02,
    "action-throws": 0.02,
    "guard-throws": 0.02,
    "forecast-nan": 0.01,
    "supervisor-throws": 0.002,
    "report-twice": 0.02,
    "report-reordered": 0.05,
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
