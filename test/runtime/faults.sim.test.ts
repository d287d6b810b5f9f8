import { describe, expect, it } from "vitest";
import { FAULT_KINDS, Faults } from "../../src/core/faults.ts";
import type { FaultKind } from "../../src/core/faults.ts";
import type { EngineEvent } from "../../src/core/events.ts";
import { RunObserver } from "../../src/observe/run-observer.ts";
import { PlayedRun, played, scenarioOf } from "./played-run.ts";

const KINDS = Object.keys(FAULT_KINDS) as FaultKind[];
const LAGGED = { market: { reportLag: "3m", conversionDelay: "10m", settlementTimeout: "20m" } };
const TWO_PORTFOLIOS = {
  duration: "2h",
  campaigns: ["left", "right"].map((portfolio) => {
    return { id: portfolio, portfolio, count: 3, spread: { budget: 0.5 }, budget: 90, valuePerConversion: 35 };
  }),
};

function faulty(faults: object, fields: object = {}): PlayedRun {
  return run(scenarioOf({ ...TWO_PORTFOLIOS, ...LAGGED, ...fields, faults }));
}

/** Plays, and checks at every tick what no fault may break. */
function run(scenario: ReturnType<typeof scenarioOf>): PlayedRun {
  const decided = new Set<string>();
  const broken: string[] = [];
  const check = (event: EngineEvent) => {
    if (event.type === "decision") {
      const key = `${event.slot} at ${event.tick}`;
      if (decided.has(key)) broken.push(`${key} decided twice`);
      decided.add(key);
      for (const { bidMicros, capMicros, cvr } of event.decision.candidates) {
        if (!Number.isSafeInteger(bidMicros) || !Number.isSafeInteger(capMicros) || !Number.isFinite(cvr)) {
          broken.push(`${key} bids ${bidMicros}, ${capMicros} at a CVR of ${cvr}`);
        }
      }
    } else if (event.type === "tick.completed") {
      for (let slot = 0; slot < subject.engine.ledger.size; slot += 1) {
        const { spentMicros, reservedMicros, budgetMicros } = subject.engine.ledger.view(slot);
        if (!(spentMicros + reservedMicros <= budgetMicros)) broken.push(`${slot} overspends at ${event.tick}`);
      }
      const ids = subject.engine.actors.map(({ id }) => id).filter((id) => id.startsWith("campaign:"));
      if (new Set(ids).size < ids.length) broken.push(`two actors of one campaign at ${event.tick}`);
    }
  };
  const subject: PlayedRun = new PlayedRun(scenario, { observers: [{ observe: check }] });
  subject.play();
  expect(broken).toEqual([]);
  expect(decided.size).toBeGreaterThan(100);
  // JSON writes null for what is no number.
  expect(subject.lines.filter((line) => line.includes('"event":"decision"') && line.includes(":null"))).toEqual([]);
  return subject;
}

/** What the ledger says of a campaign's money, and what the platforms do. */
function booksOf({ engine, faulty: market, ...rest }: PlayedRun, slot: number) {
  const { facts } = rest;
  const mine = facts.filter((fact) => "slot" in fact && fact.slot === slot);
  const sumOf = (amount: (fact: EngineEvent) => number) => mine.reduce((sum, fact) => sum + amount(fact), 0);
  const { spentMicros } = engine.ledger.view(slot);
  return {
    booked: spentMicros + engine.ledger.disputedMicros(slot),
    invoiced: market!.invoicedMicros(slot),
    expired: sumOf((fact) => (fact.type === "reservation.expired" ? fact.bookedMicros : 0)),
    cameAfter: sumOf((fact) => (fact.type === "report.refused" && fact.why === "expired" ? fact.costMicros : 0)),
  };
}

const total = (column: Float64Array) => column.reduce((sum, micros) => sum + micros, 0);
const EACH: [FaultKind, number][] = KINDS.map((kind) => {
  if (kind === "supervisor-throws") return [kind, 0.02];
  return [kind, kind.startsWith("platform") || kind === "clock-jump" || kind === "decision-throws" ? 0.04 : 0.1];
});

describe("each kind of fault", () => {
  it.each(EACH)("%s strikes at its rate, is logged, and breaks no invariant (FI2, FM2, E8, E9)", (kind, rate) => {
    const outcome = faulty({ [kind]: rate, longest: "5m" });
    const struck = outcome.of("fault.injected");
    expect(struck.length).toBeGreaterThan(0);
    expect(new Set(struck.map((fact) => fact.kind))).toEqual(new Set([kind]));
    expect(outcome.lines.filter((line) => line.includes('"fault.injected"'))).toHaveLength(struck.length);
    for (let slot = 0; slot < outcome.engine.ledger.size; slot += 1) {
      expect(outcome.engine.ledger.openReservations(slot)).toBe(0);
      const { booked, invoiced, expired, cameAfter } = booksOf(outcome, slot);
      expect(booked).toBe(invoiced + expired - cameAfter);
    }
    const { invoicedMicros, lostMicros, overDeliveredMicros } = outcome.faulty!.invoices;
    expect(total(invoicedMicros) + total(lostMicros)).toBe(
      total(outcome.market.truth.costMicros) + total(overDeliveredMicros),
    );
  });

  it.each(KINDS)("%s has as many chances struck as its rate says", (kind) => {
    const faults = new Faults(5, { rates: { [kind]: 0.05 }, fromTick: 0, toTick: 20_000, longestTicks: 10 });
    let struck = 0;
    for (let tick = 0; tick < 20_000; tick += 1) if (faults.strikes(kind, tick, "shoes-0001", 3)) struck += 1;
    expect(struck / 20_000).toBeCloseTo(0.05, 2);
    expect(faults.strikes(kind, -1, "shoes-0001", 3)).toBe(false);
  });
});

describe("all faults at once", () => {
  const rates = Object.fromEntries(KINDS.map((kind) => [kind, kind === "supervisor-throws" ? 0.002 : 0.01]));

  it("give the same bytes twice", () => {
    expect(faulty(rates).sha256).toBe(faulty(rates).sha256);
  });

  it("leave the draws of one kind where they were (FI1)", () => {
    const of = (one: PlayedRun) =>
      one
        .of("fault.injected")
        .flatMap(({ kind, tick, platform }) => (kind === "feed-garbage" ? [`${tick} ${platform}`] : []));
    const alone = of(faulty({ "feed-garbage": 0.02 }));
    expect(alone.length).toBeGreaterThan(3);
    expect(of(faulty({ "feed-garbage": 0.02, "decision-throws": 0.05, "report-late": 0.1 }))).toEqual(alone);
  });

  it("change nothing at rates of 0, and nothing before or after their time (FI3)", () => {
    const scenario = scenarioOf({ ...TWO_PORTFOLIOS, ...LAGGED });
    const clean = played(scenario).sha256;
    expect(run(scenarioOf({ ...TWO_PORTFOLIOS, ...LAGGED, faults: { "report-lost": 0 } })).sha256).toBe(clean);
    const ticks = faulty({ ...rates, from: "30m", to: "60m" }).of("fault.injected");
    // A report is struck by the tick of its bid, and may come as late as the lag, an episode and a delay.
    expect(Math.min(...ticks.map(({ tick }) => tick))).toBeGreaterThanOrEqual(30);
    expect(Math.max(...ticks.map(({ tick }) => tick))).toBeLessThan(60 + 3 + 60);
  });

  it("show in the summary, whose spend is the ledger's (R1)", () => {
    const observer = new RunObserver();
    const fields = { ...TWO_PORTFOLIOS, ...LAGGED, faults: { ...rates, "report-lost": 0.1, "report-twice": 0.3 } };
    const { engine } = played(scenarioOf(fields), { observers: [observer] });
    const { total: bought, faults, expiredMicros, refusedBids } = observer.summary();
    let spentMicros = 0;
    for (let slot = 0; slot < engine.ledger.size; slot += 1) spentMicros += engine.ledger.view(slot).spentMicros;
    expect(bought.spendMicros).toBe(spentMicros);
    expect(faults.length).toBeGreaterThan(12);
    expect(expiredMicros).toBeGreaterThan(0);
    expect(refusedBids).toBeGreaterThan(0);
  });
});

describe("a bid", () => {
  it("that is refused gives its reservation back at the next tick, and charges nothing", () => {
    const outcome = faulty({ "platform-refusing": 1, to: "10m" });
    expect(outcome.of("bid.refused").length).toBeGreaterThan(0);
    for (const { tick, bidTick } of outcome.of("bid.refused")) expect(tick).toBe(bidTick + 1);
  });

  it("whose report is lost counts as spent when its time is out, no sooner (E9, L8)", () => {
    const outcome = faulty({ "report-lost": 0.2 });
    const expired = outcome.of("reservation.expired");
    expect(expired.length).toBeGreaterThan(0);
    for (const { tick, bidTick } of expired.filter((fact) => fact.tick < 120)) expect(tick).toBe(bidTick + 20);
  });

  it("whose report comes after that is refused, once for that reason (L8)", () => {
    const outcome = faulty({ "report-late": 0.3, "report-twice": 0.3, longest: "60m" });
    const late = outcome.of("report.refused").filter(({ why }) => why === "expired");
    expect(late.length).toBeGreaterThan(0);
    const bids = late.map(({ slot, platform, bidTick }) => `${slot} ${platform} ${bidTick}`);
    expect(new Set(bids).size).toBe(bids.length);
  });
});

describe("a clock that jumps", () => {
  it("forwards misses decisions but no news; backwards it repeats nothing (E8)", () => {
    const outcome = faulty({ "clock-jump": 0.05, longest: "5m" });
    const jumps = outcome.of("clock.jumped");
    expect(jumps.some(({ shownTick, expectedTick }) => shownTick > expectedTick)).toBe(true);
    expect(jumps.some(({ shownTick, expectedTick }) => shownTick < expectedTick)).toBe(true);
    const missed = new Set<number>();
    for (const { expectedTick, shownTick } of jumps) {
      for (let tick = expectedTick; tick < Math.min(shownTick, 119); tick += 1) missed.add(tick);
    }
    expect(outcome.decisions.filter(({ tick }) => missed.has(tick))).toEqual([]);
    expect(outcome.decisions.at(-1)?.tick).toBe(119);
  });
});

describe("a forecast that is no number", () => {
  it("is a failure of its forecaster, which is restarted or given up (B1)", () => {
    const outcome = faulty({ "forecast-nan": 0.005 });
    const failures = [
      ...outcome.of("stages.restarted"),
      ...outcome.of("stage.stopped"),
      ...outcome.of("supervisor.restarted"),
    ];
    expect(failures.length).toBe(outcome.of("fault.injected").length);
    for (const { stages } of outcome.of("stages.restarted")) expect(stages).toEqual(["count-weighted"]);
  });
});
