import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyActorRef } from "xstate";
import type { CampaignContext } from "../../machines/campaign.ts";
import type { EngineEvent } from "../../src/core/events.ts";
import type { ForecastBoard, ForecasterFactory } from "../../src/core/forecast/board.ts";
import { forecasterNamed } from "../../src/core/forecast/index.ts";
import type { PlatformMetrics } from "../../src/core/platform.ts";
import { uniformOf } from "../../src/core/random.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { RunObserver } from "../../src/observe/run-observer.ts";
import { renderHtmlReport } from "../../src/observe/html-report.ts";
import { renderTerminalReport } from "../../src/observe/terminal-report.ts";
import type { Market } from "../../src/platforms/market.ts";
import type { Engine, EngineConfig } from "../../src/runtime/engine.ts";
import type { ResolvedScenario } from "../../src/scenario/resolve.ts";
import { PlayedRun, played, scenarioOf } from "./played-run.ts";
import type { RunParts } from "./played-run.ts";

const LAGGED = { reportLag: "15m", conversionDelay: "20m" };
const SHOES = { count: 3, budget: 60, valuePerConversion: 35 };
const TWO_PORTFOLIOS = [
  { id: "left", portfolio: "left", ...SHOES },
  { id: "right", portfolio: "right", ...SHOES },
];
const NEVER = () => false;

interface Failures {
  readonly decides?: (id: string, tick: number) => boolean;
  readonly learns?: (id: string, tick: number) => boolean;
}

/** Gamma pacing that throws where it is told to. */
function failing({ decides = NEVER, learns = NEVER }: Failures): (name: string) => Policy {
  return (name) => {
    const policy = policyNamed(name);
    return {
      ...policy,
      decide(input, memory) {
        if (decides(input.spec.id, input.tick)) throw new RangeError("planted: decision");
        return policy.decide(input, memory);
      },
      learn(input, memory, ...rows) {
        if (learns(input.spec.id, input.tick)) throw new RangeError("planted: learning");
        return policy.learn(input, memory, ...rows);
      },
    };
  };
}

/** The same scenario with a supervisor of portfolios that throws whenever it is told to: reading its limits fails. */
function withFailingSupervisors(scenario: ResolvedScenario, fails: () => boolean): ResolvedScenario {
  const supervision = {
    ...scenario.supervision,
    get maxQuarantined(): number {
      if (fails()) throw new RangeError("planted: supervisor");
      return scenario.supervision.maxQuarantined;
    },
  };
  return { ...scenario, supervision };
}

/** The default forecaster, which throws where it is told to; `tick` is the one that it learns. */
function fragile(fails: (platform: number, tick: number) => boolean): Pick<EngineConfig, "forecasters"> {
  const create: ForecasterFactory = (board, platform, options) => {
    const forecaster = forecasterNamed("count-weighted")(board, platform, options);
    return {
      update(metrics, tick) {
        if (fails(platform, tick)) throw new RangeError("planted: forecaster");
        forecaster.update(metrics, tick);
      },
    };
  };
  return { forecasters: new Map([["count-weighted", create]]) };
}

/** Money is kept to the micro, whatever failed. */
function expectSoundMoney({ ledger }: Engine): void {
  for (let slot = 0; slot < ledger.size; slot += 1) {
    const { spentMicros, reservedMicros, availableMicros, budgetMicros } = ledger.view(slot);
    expect(spentMicros + reservedMicros + availableMicros).toBe(budgetMicros);
    expect(Math.min(spentMicros, reservedMicros, availableMicros)).toBeGreaterThanOrEqual(0);
    let open = 0;
    for (const [, , micros] of ledger.reservations(slot)) open += micros;
    expect(open).toBe(reservedMicros);
  }
}

/** Whatever forecasters did, what they left on their boards can be bid on (B1). */
function expectSoundBoards(boards: readonly ForecastBoard[]): void {
  for (const { cvr, cpcMicros, evidence, ageTicks } of boards) {
    for (const column of [cvr, cpcMicros, evidence, ageTicks]) {
      expect(column.every((figure) => figure >= 0 && figure < Number.POSITIVE_INFINITY)).toBe(true);
    }
  }
}

/** What the platforms invoiced is either spent or disputed: nothing is lost, nothing booked twice. */
function expectAllInvoicesBooked(run: PlayedRun): void {
  const { ledger } = run.engine;
  for (let slot = 0; slot < ledger.size; slot += 1) {
    expect(ledger.view(slot).spentMicros + ledger.disputedMicros(slot)).toBe(run.invoicedMicros(slot));
  }
}

/** Ids of the campaigns that have a live actor, each as often as it has one. */
function liveCampaigns(engine: Engine): string[] {
  return engine.actors.filter(({ id }) => id.startsWith("campaign:")).map(({ id }) => id.slice("campaign:".length));
}

/** Watches an engine for actors that live on outside of its tree. */
function orphanWatch(): (engine: Engine) => string[] {
  const seen = new Set<AnyActorRef>();
  return ({ actors }) => {
    for (const actor of actors) seen.add(actor);
    const inTree = new Set(actors);
    return [...seen].filter((one) => one.getSnapshot().status === "active" && !inTree.has(one)).map(({ id }) => id);
  };
}

describe("a quarantined campaign", () => {
  const sick = "shoes-0002";
  const fields = { market: LAGGED, campaigns: [{ id: "shoes", ...SHOES }], supervision: { maxRestarts: 2 } };
  const parts = { policyOf: failing({ decides: (id, tick) => id === sick && tick >= 20 && tick < 40 }) };

  it("has its reservations released, and late charges booked all the same (E6, L7)", () => {
    const run = new PlayedRun(scenarioOf(fields), parts);
    run.play((_, engine) => {
      expectSoundMoney(engine);
      if (run.of("campaign.quarantined").length > 0) expect(engine.ledger.openReservations(1)).toBe(0);
    });
    const [{ tick }] = run.of("campaign.quarantined");
    const [released] = run.of("reservations.released");
    expect(released).toMatchObject({ tick, slot: 1, why: "quarantined" });
    expect(released.micros).toBeGreaterThan(0);
    expectAllInvoicesBooked(run);
    expect(run.engine.ledger.disputedMicros(1)).toBe(0);
    expect(run.engine.ledger.view(1).spentMicros).toBeGreaterThan(0);
  });

  it("goes on after the operator has released it, with a clean record, and held ones alike", () => {
    const operator = [
      { at: "10m", campaigns: "shoes-0001", do: "hold", why: "stock is out" },
      { at: "45m", campaigns: ["shoes"], do: "release", why: "mended" },
      { at: "50m", campaigns: "shoes-0003", do: "top-up", amount: 5 },
    ];
    const observer = new RunObserver();
    const run = played(scenarioOf({ ...fields, operator }), { ...parts, observers: [observer] });
    const ticksOf = (id: string) => run.decisions.filter(({ campaign }) => campaign === id).map(({ tick }) => tick);
    expect(ticksOf("shoes-0001").filter((tick) => tick >= 10 && tick < 45)).toEqual([]);
    expect(ticksOf("shoes-0001")).toContain(45);
    expect(ticksOf(sick)).toContain(45);
    expect(run.lines.filter((line) => /"campaign\.(held|released)"|"budget\.toppedUp"/.test(line))).toHaveLength(5);
    expect(run.engine.ledger.view(2).budgetMicros).toBe(65_000_000);
    expectAllInvoicesBooked(run);
    const summary = observer.summary();
    expect(summary).toMatchObject({ quarantined: 0, stopped: 0, incidentCount: 4 });
    expect(summary.incidents[0]).toMatchObject({ event: "campaign.quarantined", subject: sick });
    expect(renderTerminalReport(summary, observer.timeline(), { color: false })).toContain(
      `${sick} quarantined: planted: decision`,
    );
    expect(renderHtmlReport(summary, observer.timeline())).toContain("planted: decision");
  });

  it("stays held through restarts of its actor and of its portfolio (E7)", () => {
    const policyOf = failing({ decides: (id, tick) => id === sick && tick === 20 });
    let calls = 0;
    const scenario = withFailingSupervisors(scenarioOf(fields), () => (calls += 1) === 60);
    const run = new PlayedRun(scenario, { policyOf }).play((tick, engine) => {
      // Its actor is away: it failed in the tick before.
      if (tick === 21) engine.hold(1, "stock is out");
    });
    expect(run.of("supervisor.restarted")).toHaveLength(1);
    const ticks = run.decisions.filter(({ campaign }) => campaign === sick).map(({ tick }) => tick);
    expect(ticks).toEqual([...Array(20).keys()]);
  });
});

describe("a portfolio", () => {
  const others = (run: PlayedRun) => run.lines.filter((line) => line.includes('"campaign":"right-'));
  const scenario = (supervision: object) => scenarioOf({ market: LAGGED, campaigns: TWO_PORTFOLIOS, supervision });
  const strict = { maxRestarts: 0, maxQuarantined: 0, maxPortfolioRestarts: 1 };

  it("that escalates is restarted, its campaigns resuming from their last good states (G3, S3)", () => {
    const evaluations: number[] = [];
    const policyOf = failing({ decides: (id, tick) => id === "left-0001" && tick === 30 });
    const run = new PlayedRun(scenario(strict), { policyOf }).play((tick, engine) => {
      expectSoundMoney(engine);
      const well = engine.actors.find(({ id }) => id === "campaign:left-0002")!;
      evaluations[tick] = (well.getSnapshot().context as CampaignContext).evaluations;
    });
    expect(run.of("supervisor.restarted")).toMatchObject([
      { tick: 31, supervisor: "portfolio:left", restarts: 1, error: expect.stringContaining("planted") },
    ]);
    expect(evaluations).toEqual([...Array(60).keys()]);
    expect(others(run)).toEqual(others(played(scenario(strict))));
    expect(liveCampaigns(run.engine)).toEqual([]);
    expectAllInvoicesBooked(run);
  });

  it("that escalates too often is given up with its reservations released, and the others go on (G3, E6)", () => {
    const policyOf = failing({ decides: (id, tick) => id === "left-0001" && tick >= 30 });
    const observer = new RunObserver();
    const run = new PlayedRun(scenario(strict), { policyOf, observers: [observer] }).play((tick, engine) => {
      expectSoundMoney(engine);
      if (tick >= 40) expect(liveCampaigns(engine)).toEqual(["right-0001", "right-0002", "right-0003"]);
    });
    expect(run.of("supervisor.stopped")).toMatchObject([{ supervisor: "portfolio:left" }]);
    const slots = run.of("reservations.released").map(({ slot }) => slot);
    expect(new Set(slots)).toEqual(new Set([0, 1, 2]));
    expect(others(run)).toEqual(others(played(scenario(strict))));
    expect(run.of("engine.changed").map(({ state }) => state)).toEqual(["starting", "running", "draining", "stopped"]);
    expect(observer.summary()).toMatchObject({ stopped: 3, quarantined: 0 });
    expectAllInvoicesBooked(run);
  });

  it("that is the last to be given up drains the engine (G3)", () => {
    const policyOf = failing({ decides: (_, tick) => tick >= 30 });
    const run = played(scenario(strict), { policyOf });
    expect(run.of("supervisor.stopped")).toHaveLength(2);
    expect(run.of("engine.changed").find(({ state }) => state === "draining")!.tick).toBeLessThan(40);
    expectAllInvoicesBooked(run);
  });

  it("whose supervisor throws leaves no orphan and is restarted (G5)", () => {
    let calls = 0;
    const orphans = orphanWatch();
    const run = new PlayedRun(withFailingSupervisors(scenario({}), () => (calls += 1) === 77)).play((_, engine) => {
      expect(orphans(engine)).toEqual([]);
      expect(new Set(liveCampaigns(engine)).size).toBe(6);
      expect(liveCampaigns(engine)).toHaveLength(6);
    });
    expect(run.of("supervisor.restarted")).toMatchObject([{ error: expect.stringContaining("planted: supervisor") }]);
    expectAllInvoicesBooked(run);
  });
});

describe("a platform's stages", () => {
  const campaigns = [{ id: "shoes", ...SHOES }];

  it("come back after a backoff, and the campaigns bid on meanwhile (S10, S11)", () => {
    const run = played(
      Object.assign(
        scenarioOf({ campaigns }),
        fragile((platform, tick) => platform === 1 && tick === 20),
      ),
    );
    expect(run.of("stage.failed")).toMatchObject([{ tick: 21, platform: 1, stage: "count-weighted" }]);
    expect(run.of("stages.restarted")).toMatchObject([{ tick: 22, platform: 1, stages: ["count-weighted"] }]);
    expect(run.lines.filter((line) => /"stages?\.(failed|restarted)"/.test(line))).toHaveLength(2);
    expect(run.of("platform.changed")).toEqual([]);
    for (let tick = 15; tick < 30; tick += 1) {
      expect(
        run.decisions.some((one) => one.tick === tick && one.bids.some(({ platform }) => platform === "beryl")),
      ).toBe(true);
    }
    expectAllInvoicesBooked(run);
  });

  it("are given up after too many failures: no evidence, no bids there, and the others go on (S12)", () => {
    const run = played(
      Object.assign(
        scenarioOf({ campaigns }),
        fragile((platform, tick) => platform === 1 && tick >= 20),
      ),
    );
    const [{ tick: end }] = run.of("stage.stopped");
    const later = run.decisions.filter(({ tick }) => tick > end);
    expect(later.some(({ bids }) => bids.length > 0)).toBe(true);
    expect(later.some(({ bids }) => bids.some(({ platform }) => platform === "beryl"))).toBe(false);
  });

  it("escalate when the feed itself fails, are restarted, then given up: the platform is down (S13, G3)", () => {
    const poison = (metrics: PlatformMetrics) =>
      Object.defineProperty({ ...metrics }, "clicks", {
        get: () => {
          throw new RangeError("planted: stream");
        },
      });
    const wrap = (market: Market): Market => ({
      platforms: market.platforms,
      advance: (tick) => {
        const { feed, reports } = market.advance(tick);
        return { reports, feed: tick < 10 ? feed : feed.map((one) => (one.platform === 1 ? poison(one) : one)) };
      },
      place: (bids) => market.place(bids),
      isSettled: () => market.isSettled(),
    });
    const supervision = { maxRestarts: 1, maxPortfolioRestarts: 1 };
    const run = played(scenarioOf({ campaigns, supervision }), { wrap });
    expect(run.of("stages.restarted")[0]).toMatchObject({ stages: ["feed", "count-weighted"] });
    expect(run.of("supervisor.restarted")).toMatchObject([{ supervisor: "feed:beryl", restarts: 1 }]);
    expect(run.of("supervisor.stopped")).toMatchObject([{ supervisor: "feed:beryl" }]);
    expect(run.of("platform.changed").map(({ platform, state }) => `${platform} ${state}`)).toContain("1 down");
    expect(run.decisions.filter(({ tick }) => tick > 40).some(({ bids }) => bids.length > 0)).toBe(true);
    expectAllInvoicesBooked(run);
  });
});

describe("a whole engine under random failures", () => {
  it("keeps money exact, one actor a campaign at most, no orphan and no disturbed portfolio, at every tick (S1–S13, G3, G5)", () => {
    const rate = fc.constantFrom(0, 0.01, 0.1, 0.5);
    const rates = fc.record({
      decision: rate,
      learning: rate,
      supervisor: fc.constantFrom(0, 0.002, 0.02),
      forecaster: fc.constantFrom(0, 0.01, 0.2),
      seed: fc.nat(),
    });
    const clean = played(chaotic());
    const rightOf = (run: PlayedRun) => run.lines.filter((line) => line.includes('"campaign":"right-'));
    fc.assert(
      fc.property(rates, ({ decision, learning, supervisor, forecaster, seed }) => {
        const play = () => {
          const chance = (name: string) => uniformOf(seed, name);
          const parts: RunParts = {
            policyOf: failing({
              decides: (id, tick) => id.startsWith("left") && chance(`decide ${id} ${tick}`) < decision,
              learns: (id, tick) => id.startsWith("left") && chance(`learn ${id} ${tick}`) < learning,
            }),
          };
          let calls = 0;
          const scenario = Object.assign(
            withFailingSupervisors(chaotic(), () => chance(`supervise ${(calls += 1)}`) < supervisor),
            fragile((platform, tick) => tick >= 0 && chance(`forecast ${platform} ${tick}`) < forecaster),
          );
          const observe = (event: EngineEvent) => {
            if (event.type === "tick.completed") expectSoundBoards(event.boards);
          };
          const run = new PlayedRun(scenario, { ...parts, observers: [{ observe }] });
          const orphans = orphanWatch();
          return run.play((_, engine) => {
            expectSoundMoney(engine);
            expect(orphans(engine)).toEqual([]);
            const live = liveCampaigns(engine);
            expect(new Set(live).size).toBe(live.length);
            const stopped = run.of("supervisor.stopped").map((fact) => fact.supervisor);
            for (const name of ["left", "right"]) {
              if (stopped.includes(`portfolio:${name}`)) expect(live.filter((id) => id.startsWith(name))).toEqual([]);
            }
            for (const slot of quarantined(run)) expect(engine.ledger.openReservations(slot)).toBe(0);
          });
        };
        const run = play();
        expectAllInvoicesBooked(run);
        expect(liveCampaigns(run.engine)).toEqual([]);
        if (supervisor === 0 && forecaster === 0) expect(rightOf(run)).toEqual(rightOf(clean));
        expect(play().sha256).toBe(run.sha256);
      }),
      { numRuns: 12 },
    );
  });
});

/** Slots of the campaigns that are in quarantine now, or were when their portfolio, the left one, was given up. */
function quarantined(run: PlayedRun): ReadonlySet<number> {
  const slots = new Set<number>();
  for (const fact of run.facts) {
    if (fact.type === "campaign.quarantined") slots.add(fact.slot);
    if (fact.type === "supervisor.restarted" && fact.supervisor === "portfolio:left") slots.clear();
  }
  return slots;
}

function chaotic(): ResolvedScenario {
  const supervision = { maxRestarts: 2, within: "20m", maxQuarantined: 1, maxPortfolioRestarts: 2 };
  return scenarioOf({ market: LAGGED, campaigns: TWO_PORTFOLIOS, supervision });
}
