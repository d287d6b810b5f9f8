import { expect, it } from "vitest";
import type { EngineEvent } from "../../src/core/events.ts";
import { virtualClock } from "../../src/runtime/clock.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { runEngine } from "../../src/runtime/scheduler.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import { scenarioOf } from "./played-run.ts";

it("10,000 campaigns all decide in every tick", async () => {
  const campaigns = [{ id: "c", count: 10_000, budget: 60, valuePerConversion: 35 }];
  const { market: paths, exposures, ...config } = scenarioOf({ campaigns, duration: "3m" });
  const valuesPerConversionMicros = config.campaigns.map((spec) => spec.valuePerConversionMicros);
  const market = new PathMarket({ paths: simulatePaths(paths), exposures, valuesPerConversionMicros, seed: 1 });
  const decided: number[] = [];
  const observe = (event: EngineEvent) => {
    if (event.type === "tick.completed") decided.push(event.decisions);
  };
  const observers = [{ observe, wantsDecisions: false }];
  await runEngine(new Engine(config, { market, observers, nowMs: () => 0 }), { clock: virtualClock() });
  expect(decided).toEqual([10_000, 10_000, 10_000]);
});
