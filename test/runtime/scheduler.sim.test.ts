import { expect, it } from "vitest";
import type { EngineEvent } from "../../src/core/events.ts";
import { virtualClock, wallClock } from "../../src/runtime/clock.ts";
import { runEngine } from "../../src/runtime/scheduler.ts";
import { PlayedRun, scenarioOf } from "./played-run.ts";

const lastState = (run: PlayedRun) => run.of("engine.changed").at(-1)?.state;

it("an abort ends the run after its tick, drained and stopped", async () => {
  const run = new PlayedRun(scenarioOf({ market: { reportLag: "15m" } }));
  const abort = new AbortController();
  const onTick = (played: number) => {
    if (played === 30) abort.abort();
  };
  const outcome = await runEngine(run.engine, { clock: virtualClock(), signal: abort.signal, onTick });
  expect(outcome).toEqual({ isInterrupted: true, ticks: 30 });
  expect([0, 1, 2].map((slot) => run.engine.ledger.openReservations(slot))).toEqual([0, 0, 0]);
  expect(lastState(run)).toBe("stopped");
});

it("the wall clock keeps its period", async () => {
  const run = new PlayedRun(scenarioOf({ duration: "4m" }));
  const startedMs = performance.now();
  await runEngine(run.engine, { clock: wallClock(5) });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(14);
});

it("an observer that throws ends the run, and the engine is stopped", async () => {
  const observe = (event: EngineEvent) => {
    if (event.type === "tick.completed" && event.tick === 5) throw new RangeError("planted");
  };
  const run = new PlayedRun(scenarioOf(), { observers: [{ observe }] });
  await expect(runEngine(run.engine, { clock: virtualClock() })).rejects.toThrow("planted");
  expect(lastState(run)).toBe("stopped");
});
