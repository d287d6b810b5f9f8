import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../../src/core/events.ts";
import type { Ledger } from "../../src/core/ledger.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { AccountView, Policy } from "../../src/core/policy/policy.ts";
import { ReportBatch } from "../../src/core/reports.ts";
import type { Market } from "../../src/platforms/market.ts";
import { InvariantCheck } from "../../src/proof/invariants.ts";
import { dayStartTicks } from "../../src/runtime/calendar.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { FIVE_PLATFORMS, PlayedRun, scenarioOf } from "../runtime/played-run.ts";
import type { RunParts } from "../runtime/played-run.ts";

const THIN = {
  duration: "2h",
  market: { reportLag: "7m", conversionDelay: "10m" },
  platforms: FIVE_PLATFORMS.map((one) => Object.assign({}, one, { overDelivery: 1.5 })),
  campaigns: [
    { id: "thin", budget: 4, valuePerConversion: 35 },
    { id: "daily", budget: 60, dailyBudget: 5, valuePerConversion: 35, policy: "greedy-roi" },
  ],
};

interface CheckedParts extends RunParts {
  /** Stands between the engine and the check, where the check cannot see it. */
  readonly lie?: (market: Market) => Market;
  /** Changes what the check is told. */
  readonly tamper?: (event: EngineEvent) => EngineEvent;
}

/** The invariants that break in a checked run. */
function checked(
  fields: object,
  { lie = (market) => market, tamper = (event) => event, ...parts }: CheckedParts = {},
  before?: (tick: number, engine: Engine, check: InvariantCheck) => void,
): readonly string[] {
  const scenario = scenarioOf(fields);
  const { campaigns, startMs, tickMs, ticks, timeZone } = scenario;
  let check: InvariantCheck | null = null;
  const run = new PlayedRun(scenario, {
    ...parts,
    keepsLines: false,
    observers: [{ observe: (event) => check?.observe(tamper(event)) }],
    wrap: (market) => {
      const dayStarts = dayStartTicks(startMs, tickMs, ticks, timeZone);
      check = new InvariantCheck({ campaigns, dayStarts, market });
      return lie(check.market);
    },
  });
  run.play((tick, engine) => before?.(tick, engine, check!));
  check!.close();
  return check!.violations.map(({ invariant }) => invariant);
}

/** The news, with its reports changed on their way. */
function reporting(market: Market, alter: (heard: ReportBatch, batch: ReportBatch, row: number) => void): Market {
  return {
    platforms: market.platforms,
    place: (bids) => market.place(bids),
    isSettled: () => market.isSettled(),
    advance: (tick) => {
      const { feed, reports } = market.advance(tick);
      const heard = new ReportBatch();
      for (let row = 0; row < reports.length; row += 1) alter(heard, reports, row);
      return { feed, reports: heard };
    },
  };
}

/** Balances as they are now: the ledger's own view is live, and its figures are not its own fields. */
function balances({
  budgetMicros,
  spentMicros,
  reservedMicros,
  availableMicros,
  isDailyBound,
}: AccountView): AccountView {
  return { budgetMicros, spentMicros, reservedMicros, availableMicros, isDailyBound };
}

function deciding(change: (name: string) => Partial<Policy>): (name: string) => Policy {
  return (name) => ({ ...policyNamed(name), ...change(name) });
}

describe("the invariants", () => {
  it.each([
    ["a plain run", {}],
    ["late reports, over-delivery and thin budgets", THIN],
  ])("hold of %s (I1 to I10)", (_, fields) => {
    expect(checked(fields)).toEqual([]);
  });

  it("find a ledger that spends beyond the budget (I1)", () => {
    const tamper = (event: EngineEvent): EngineEvent => {
      if (event.type !== "engine.started") return event;
      const ledger: Ledger = Object.create(event.ledger);
      ledger.view = (slot) => ({ ...balances(event.ledger.view(slot)), budgetMicros: 1 });
      ledger.reservations = (slot) => event.ledger.reservations(slot);
      ledger.disputedMicros = (slot) => event.ledger.disputedMicros(slot);
      return { ...event, ledger };
    };
    expect(checked({}, { tamper })).toContain("I1");
  });

  it("find an engine that hears less than was invoiced (I2)", () => {
    const lie = (market: Market) =>
      reporting(market, (heard, batch, row) => {
        const costMicros = Math.floor(batch.costMicros[row] / 2);
        heard.push({ ...batch.row(row), costMicros });
      });
    expect(checked({}, { lie })).toContain("I2");
  });

  it("find a settlement that was lost (I4)", () => {
    const lie = (market: Market) => reporting(market, (heard, batch, row) => row > 0 && heard.push(batch.row(row)));
    expect(checked({}, { lie })).toContain("I4");
  });

  it("find an exhausted campaign that goes on (I5)", () => {
    const policyOf = deciding((name) => ({
      decide(input, memory) {
        const outcome = policyNamed(name).decide(input, memory);
        if (input.tick !== 20) return outcome;
        return {
          ...outcome,
          decision: { ...outcome.decision, kind: "exhausted", reason: "exhausted.budget", candidates: [] },
        };
      },
    }));
    // The operator's word is what brings it back here: nothing that the check was told of.
    const topUp = (tick: number, engine: Engine) => tick === 30 && engine.topUp(0, 0);
    expect(checked({}, { policyOf })).toEqual([]);
    expect(checked({}, { policyOf }, topUp)).toContain("I5");
  });

  it("find a reason that does not fit (I6)", () => {
    const policyOf = deciding((name) => ({
      decide(input, memory) {
        const { decision, memory: next } = policyNamed(name).decide(input, memory);
        return { decision: { ...decision, kind: "hold" }, memory: next };
      },
    }));
    expect(checked({}, { policyOf })).toContain("I6");
  });

  it("find a tick that is told twice (I7)", () => {
    const tamper = (event: EngineEvent) =>
      event.type === "tick.completed" ? { ...event, tick: event.tick >> 1 } : event;
    expect(checked({}, { tamper })).toContain("I7");
  });

  it("find a campaign that decides while it is held (I8)", () => {
    const hold = (tick: number, engine: Engine) => tick === 20 && engine.hold(0, "test");
    const deaf = (tick: number, _: Engine, check: InvariantCheck) =>
      tick === 20 && check.observe({ type: "campaign.held", tick, timeMs: 0, slot: 0, why: "test" });
    expect(checked({}, {}, hold)).toEqual([]);
    expect(checked({}, {}, deaf)).toContain("I8");
  });

  it("find a figure that is no number (I9)", () => {
    const policyOf = deciding((name) => ({
      decide(input, memory) {
        const outcome = policyNamed(name).decide(input, memory);
        return { ...outcome, decision: { ...outcome.decision, gammaMicros: Number.NaN } };
      },
    }));
    expect(checked({}, { policyOf })).toContain("I9");
  });
});
