import { describe, expect, it } from "vitest";
import { machines } from "../../machines/index.ts";
import type { EngineObserver } from "../../src/core/events.ts";
import { LOAD_LEVELS } from "../../src/core/load.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import type { Market } from "../../src/platforms/market.ts";
import { InvariantCheck } from "../../src/proof/invariants.ts";
import { dayStartTicks } from "../../src/runtime/calendar.ts";
import { PlayedRun, scenarioOf } from "./played-run.ts";

const CAMPAIGNS = 10;
const TICKS = 180;
/** A decision takes so long until this tick, and a tenth of it from then on [ms]. */
const SLOW_MS = 20;
const SLOW_UNTIL_TICK = 40;
const PERIOD_MS = 100;

/** Ten campaigns whose decisions take their time on a clock of their own; every invariant is checked at every tick. */
function overloaded() {
  const resolved = scenarioOf({
    duration: `${TICKS}m`,
    market: { reportLag: "5m", conversionDelay: "20m" },
    campaigns: [
      { id: "shoes", count: CAMPAIGNS, spread: { budget: 0.5, value: 0.2 }, budget: 60, valuePerConversion: 35 },
    ],
  });
  const { campaigns, startMs, tickMs, ticks, timeZone } = resolved;
  let nowMs = 0;
  const greedy = policyNamed("greedy-roi");
  const slow: Policy = {
    ...greedy,
    decide(input, memory) {
      nowMs += input.tick < SLOW_UNTIL_TICK ? SLOW_MS : SLOW_MS / 10;
      return greedy.decide(input, memory);
    },
  };
  const checks: InvariantCheck[] = [];
  const wrap = (market: Market) => {
    checks.push(new InvariantCheck({ campaigns, dayStarts: dayStartTicks(startMs, tickMs, ticks, timeZone), market }));
    return checks[0].market;
  };
  const made: { tick: number; slot: number }[] = [];
  const observers: EngineObserver[] = [
    { observe: (event) => checks[0].observe(event) },
    {
      observe: (event) => {
        if (event.type === "decision") made.push({ tick: event.tick, slot: event.slot });
      },
    },
  ];
  const parts = { wrap, observers, periodMs: PERIOD_MS, nowMs: () => nowMs, policyOf: () => slow };
  const leftMicros: number[] = [];
  const run = new PlayedRun(resolved, parts).play((tick, { ledger }) => {
    if (tick !== 12) return;
    for (let slot = 0; slot < CAMPAIGNS; slot += 1)
      leftMicros.push(ledger.view(slot).budgetMicros - ledger.view(slot).spentMicros);
  });
  checks[0].close();
  return { run, made, leftMicros, violations: checks[0].violations };
}

describe("an engine whose ticks take longer than their period", () => {
  const { run, made, leftMicros, violations } = overloaded();
  const madeIn = (tick: number) => made.filter((one) => one.tick === tick).map(({ slot }) => slot);

  it("does less in the declared order, and more again, a step at a time (LD1, LD2)", () => {
    const steps = run.facts.filter(({ type }) => type === "engine.overloaded" || type === "engine.relieved");
    expect(steps.map((fact) => ("from" in fact ? [fact.type, fact.tick, fact.from, fact.state] : []))).toEqual([
      ["engine.overloaded", 2, "full", "log-sampled"],
      ["engine.overloaded", 5, "log-sampled", "every-2nd"],
      ["engine.overloaded", 8, "every-2nd", "every-4th"],
      ["engine.overloaded", 11, "every-4th", "every-8th"],
      ["engine.relieved", 69, "every-8th", "every-4th"],
      ["engine.relieved", 99, "every-4th", "every-2nd"],
      ["engine.relieved", 129, "every-2nd", "log-sampled"],
      ["engine.relieved", 159, "log-sampled", "full"],
    ]);
    for (const { tookMs, periodMs } of run.of("engine.overloaded")) expect(tookMs).toBeGreaterThan(periodMs);
  });

  it("lets the half with the least money per tick evaluate by turns, all others in every tick (LS1)", () => {
    expect(madeIn(4)).toHaveLength(CAMPAIGNS);
    const perTick = Array.from({ length: 16 }, (_, i) => madeIn(12 + i));
    const times = [...Array(CAMPAIGNS).keys()].map((slot) => perTick.filter((slots) => slots.includes(slot)).length);
    const urgent = times.flatMap((count, slot) => (count === 16 ? [slot] : []));
    expect(urgent).toHaveLength(CAMPAIGNS / 2);
    expect(times.filter((count) => count === 2)).toHaveLength(CAMPAIGNS / 2);
    const patient = times.flatMap((count, slot) => (count === 16 ? [] : [slot]));
    const least = Math.min(...urgent.map((slot) => leftMicros[slot]));
    expect(least).toBeGreaterThan(Math.max(...patient.map((slot) => leftMicros[slot])));
  });

  it("leaves decisions out of the log, and no fact (LO1)", () => {
    const logged = run.decisions.filter(({ tick }) => tick > 20 && tick < 60);
    const decided = made.filter(({ tick }) => tick > 20 && tick < 60);
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.length).toBeLessThan(decided.length / 5);
    expect(run.decisions.filter(({ tick }) => tick > 165)).toHaveLength(CAMPAIGNS * (TICKS - 166));
    expect(run.lines.filter((line) => /"engine\.(overloaded|relieved)"/.test(line))).toHaveLength(8);
  });

  it("keeps every budget and every invariant (L1, L2)", () => {
    expect(violations).toEqual([]);
    for (let slot = 0; slot < CAMPAIGNS; slot += 1) {
      expect(run.engine.ledger.view(slot)).toMatchObject({ spentMicros: run.invoicedMicros(slot), reservedMicros: 0 });
    }
  });
});

describe("load", () => {
  it("has the states that are declared (LD1)", () => {
    const { machine } = machines.find(({ name }) => name === "load")!;
    expect(Object.keys(machine.states)).toEqual(Object.keys(LOAD_LEVELS));
  });

  it("has no say where ticks have no period", () => {
    const slow = played({ nowMs: ticking() });
    expect(slow).toEqual(played({}));
  });

  it("never comes to two ticks at once (E11)", () => {
    const run: PlayedRun = new PlayedRun(scenarioOf(), {
      observers: [
        {
          observe: (event) => {
            if (event.type === "decision") run.engine.tick();
          },
        },
      ],
    });
    expect(() => run.play()).toThrow(/E11/);
  });
});

function played(parts: object): readonly string[] {
  return new PlayedRun(scenarioOf(), parts).play().lines;
}

/** A clock on which an hour passes whenever it is looked at. */
function ticking(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 3_600_000;
    return nowMs;
  };
}
