import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Forecaster, ForecasterFactory } from "../../src/core/forecast/board.ts";
import { forecasterNamed } from "../../src/core/forecast/index.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { uniformOf } from "../../src/core/random.ts";
import type { PathMarketState } from "../../src/platforms/path-market.ts";
import type { Engine, EngineState } from "../../src/runtime/engine.ts";
import { FIVE_PLATFORMS, PlayedRun, scenarioOf } from "./played-run.ts";
import type { RunParts } from "./played-run.ts";

/** A policy that now and then throws, by slot and tick alone. */
function shaky(name: string, chance: number): Policy {
  const policy = policyNamed(name);
  return {
    ...policy,
    decide: (input, memory) => {
      if (uniformOf(5, `${input.spec.id}:${input.tick}`) < chance) throw new Error("shaky");
      return policy.decide(input, memory);
    },
  };
}

/** A forecaster that throws at some ticks. */
const shakyForecaster: ForecasterFactory = (board, platform, options) => {
  const inner = forecasterNamed("count-weighted")(board, platform, options) as Required<Forecaster>;
  return {
    update: (metrics, tick) => {
      if (tick > 0 && uniformOf(6, `${platform}:${tick}`) < 0.02) throw new Error("shaky");
      inner.update(metrics, tick);
    },
    save: () => inner.save(),
    restore: (state) => inner.restore(state),
  };
};

const CAMPAIGN = {
  count: 4,
  spread: { budget: 0.5, value: 0.2 },
  budget: 12,
  valuePerConversion: 35,
};
const scenario = scenarioOf({
  duration: "2h",
  warmup: "30m",
  start: "2026-01-05T23:00:00Z",
  platforms: FIVE_PLATFORMS.with(2, Object.assign({ outages: [{ from: "20m", to: "50m" }] }, FIVE_PLATFORMS[2])),
  market: { conversionDelay: "20m", reportLag: "2m" },
  campaigns: [
    { id: "shoes", ...CAMPAIGN, dailyBudget: 6 },
    { id: "hats", ...CAMPAIGN, portfolio: "other", policy: "pid", forecaster: "ols-30" },
    { id: "socks", ...CAMPAIGN, portfolio: "third", policy: "greedy-roi" },
  ],
  supervision: { maxRestarts: 2, maxFailures: 4, maxQuarantined: 2, within: "1h" },
  operator: [
    { at: "15m", campaigns: "shoes", do: "hold" },
    { at: "70m", campaigns: "shoes", do: "release" },
    { at: "40m", campaigns: "hats", do: "top-up", amount: 3 },
  ],
});

/** With room for the campaign that joins. */
const roomy = { ...scenario, exposures: [...scenario.exposures, scenario.exposures[0]] };

/** What the operator orders beside the scenario's orders. */
function orders(tick: number, engine: Engine): void {
  const signature = { by: "a test", why: "it must be kept", atMs: 0 };
  if (tick === 10) {
    const campaign = { ...scenario.campaigns[0], id: "late", budgetMicros: 9_000_000 };
    engine.obey({ action: "campaign.create", campaign }, signature);
  }
  if (tick === 25) engine.obey({ action: "platform.close", platform: 1 }, signature);
  if (tick === 80) engine.obey({ action: "platform.open", platform: 1 }, signature);
  if (tick === 33) engine.obey({ action: "campaign.end", slot: 2 }, signature);
  if (tick === 45) engine.obey({ action: "engine.pause" }, signature);
  if (tick === 49) engine.obey({ action: "engine.resume" }, signature);
}

interface Saved {
  readonly engine: EngineState;
  readonly market: PathMarketState;
}

/** As bytes: who saves goes on, and who goes on from them takes them over. */
function savedOf(run: PlayedRun): Uint8Array {
  return serialize({ engine: run.engine.save(), market: run.market.save() } satisfies Saved);
}

function read(bytes: Uint8Array | null): Saved {
  return deserialize(bytes!) as Saved;
}

/** Plays a run whole, with snapshots at these ticks. */
function whole(parts: RunParts, ticks: readonly number[]): { lines: readonly string[]; saved: readonly Uint8Array[] } {
  const saved: Uint8Array[] = [];
  const run = new PlayedRun(roomy, { ...parts, marketCampaigns: 13 });
  run.play((tick, engine) => {
    if (ticks.includes(tick)) saved.push(savedOf(run));
    orders(tick, engine);
  });
  return { lines: run.lines, saved };
}

/** Plays what is left of a run, and takes a snapshot on the way. */
function rest(parts: RunParts, saved: Uint8Array, at = -1): { lines: readonly string[]; saved: Uint8Array | null } {
  const run = new PlayedRun(roomy, { ...parts, marketCampaigns: 13 });
  const { engine, market } = run;
  const from = read(saved);
  let later: Uint8Array | null = null;
  market.restore(from.market);
  engine.goOn(from.engine);
  while (engine.nextTick < engine.ticks) {
    if (engine.nextTick === at) later = savedOf(run);
    orders(engine.nextTick, engine);
    engine.tick();
  }
  engine.drain();
  engine.stop();
  const isTold = (line: string) => !/"event":"(engine.started|campaign.declared)"/.test(line);
  return { lines: run.finish().lines.filter(isTold), saved: later };
}

function since(lines: readonly string[], tick: number): string[] {
  return lines.filter((line) => (JSON.parse(line) as { tick: number }).tick >= tick);
}

const policies = new Map(
  ["gamma-pacing", "pid", "greedy-roi"].map((name) => [name, shaky(name, name === "pid" ? 0.2 : 0.03)]),
);
const forecasters = new Map([["count-weighted", shakyForecaster]]);
const rough: RunParts = { policyOf: (name) => policies.get(name)!, forecasters };

describe("what an engine saves", () => {
  it.each([
    ["with everything that can happen", rough],
    ["interpreted", { ...rough, isInterpreted: true }],
  ])("is all that it goes on from, at any tick, %s", (_name, parts) => {
    const ticks = Array.from({ length: 118 }, (_, at) => at + 1).filter((tick) => tick % 3 === 0 || tick < 60);
    const { lines, saved } = whole(parts, ticks);
    for (const event of ["campaign.restarted", "campaign.quarantined", "stage.failed", "supervisor.restarted"]) {
      expect(
        lines.some((line) => line.includes(`"event":"${event}"`)),
        event,
      ).toBe(true);
    }
    fc.assert(
      fc.property(fc.nat(ticks.length - 1), (at) => {
        expect(rest(parts, saved[at]).lines).toEqual(since(lines, ticks[at]));
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  it("is the same after another life", () => {
    const { saved } = whole(rough, [30, 90]);
    expect(read(rest(rough, saved[0], 90).saved)).toEqual(read(saved[1]));
  });

  it("is taken over by any number of threads", () => {
    const { lines, saved } = whole({ threads: 2 }, [40, 95]);
    expect(whole({}, []).lines).toEqual(lines);
    for (const threads of [1, 2, 3]) expect(rest({ threads }, saved[0]).lines).toEqual(since(lines, 40));
    expect(read(rest({ threads: 3 }, saved[0], 95).saved)).toEqual(read(saved[1]));
  });

  it("is nothing where something cannot be saved, which is said", () => {
    const bare: ForecasterFactory = (board, platform, options) => {
      const inner = forecasterNamed("count-weighted")(board, platform, options);
      return { update: (metrics, tick) => inner.update(metrics, tick) };
    };
    const run = new PlayedRun(scenario, { forecasters: new Map([["count-weighted", bare]]) });
    run.engine.start();
    expect(() => run.engine.save()).toThrow(expect.objectContaining({ code: "CE_STATE_UNSAVABLE" }));
    run.engine.stop();
    const faulty = new PlayedRun(scenarioOf({ faults: { "decision-throws": 0.1 } }));
    faulty.engine.start();
    expect(() => faulty.engine.save()).toThrow(expect.objectContaining({ code: "CE_STATE_UNSAVABLE" }));
    faulty.engine.stop();
  });
});
