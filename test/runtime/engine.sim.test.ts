import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../../src/core/events.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { ReportBatch } from "../../src/core/reports.ts";
import type { Market, MarketNews } from "../../src/platforms/market.ts";
import { FIVE_PLATFORMS, PlayedRun, played, scenarioOf } from "./played-run.ts";

const LAGGED = { market: { reportLag: "15m", conversionDelay: "20m" } };
const OUTAGE = {
  duration: "2h",
  platforms: FIVE_PLATFORMS.map((one) =>
    one.id === "coral" ? { ...one, outages: [{ from: "20m", to: "75m" }] } : one,
  ),
};
/** A market whose news is changed on its way. */
function altered(market: Market, alter: (news: MarketNews, tick: number) => MarketNews): Market {
  return {
    platforms: market.platforms,
    advance: (tick) => alter(market.advance(tick), tick),
    place: (bids) => market.place(bids),
    isSettled: () => market.isSettled(),
  };
}

/** Gamma pacing that fails for one campaign at some ticks. */
function failing(id: string, ticks: readonly number[]): (name: string) => Policy {
  return (name) => {
    const policy = policyNamed(name);
    return {
      ...policy,
      decide(input, memory) {
        if (input.spec.id === id && ticks.includes(input.tick)) throw new RangeError("planted");
        return policy.decide(input, memory);
      },
    };
  };
}

/** Greedy, and exhausted once less than this is available. */
function exhaustedBelow(leastMicros: number): () => Policy {
  const policy = policyNamed("greedy-roi");
  return () => ({
    ...policy,
    decide(input, memory) {
      if (input.account.availableMicros >= leastMicros) return policy.decide(input, memory);
      const { decision } = policy.decide(input, memory);
      return { decision: { ...decision, kind: "exhausted", reason: "exhausted.budget", candidates: [] }, memory };
    },
  });
}

describe("a run", () => {
  it("gives the same bytes twice, with 1,000 campaigns on five platforms", () => {
    const campaigns = [
      { id: "c", count: 1000, spread: { budget: 0.5, value: 0.3 }, budget: 60, valuePerConversion: 35 },
    ];
    const hash = () => played(scenarioOf({ campaigns }), { keepsLines: false }).sha256;
    expect(hash()).toBe(hash());
  });

  it("gives the same bytes compiled and interpreted", () => {
    const scenario = scenarioOf({ ...LAGGED, ...OUTAGE });
    expect(played(scenario, { isInterpreted: true }).sha256).toBe(played(scenario).sha256);
  });

  it("gives the bytes it always gave", () => {
    expect(played(scenarioOf()).sha256).toMatchInlineSnapshot(
      `"9c4f1d162733008cac1cdf1233c4289505ade90a6a6842f47e364c38cb5348ba"`,
    );
    expect(played(scenarioOf({ ...LAGGED, ...OUTAGE, seed: 3 })).sha256).toMatchInlineSnapshot(
      `"48b0a1661ec2e941f243c88489a28d14106edd7649b9000e888f0cbb787b512a"`,
    );
  });

  it.each([
    ["reports at once", {}],
    ["late reports", LAGGED],
    [
      "platforms that spend twice their caps",
      { platforms: FIVE_PLATFORMS.map((one) => Object.assign({}, one, { overDelivery: 2 })) },
    ],
  ])("never overspends, settles all and books what was invoiced, with %s (L1, L2)", (_, fields) => {
    const run = played(scenarioOf(fields));
    expect(run.decisions.some(({ bids }) => bids.length > 0)).toBe(true);
    for (const { account } of run.decisions) {
      expect(account.spentMicros + account.reservedMicros).toBeLessThanOrEqual(account.budgetMicros);
    }
    for (let slot = 0; slot < run.engine.ledger.size; slot += 1) {
      expect(run.engine.ledger.openReservations(slot)).toBe(0);
      expect(run.engine.ledger.view(slot).reservedMicros).toBe(0);
      expect(run.engine.ledger.view(slot).spentMicros).toBe(run.invoicedMicros(slot));
    }
    expect(run.of("charge.disputed")).toEqual([]);
  });
});

describe("a campaign that does not evaluate", () => {
  it("decides and bids nothing, whatever the one before it has just decided (C2)", () => {
    const campaigns = ["first", "late"].map((id) => ({ id, budget: 20, valuePerConversion: 35 }));
    const run = played(
      scenarioOf({ campaigns: [campaigns[0], { ...campaigns[1], flight: { start: "30m", end: "50m" } }] }),
    );
    const ticksOf = (id: string) => run.decisions.filter(({ campaign }) => campaign === id).map(({ tick }) => tick);
    expect(ticksOf("first").slice(0, 30)).toEqual([...Array(30).keys()]);
    expect(ticksOf("late")[0]).toBe(30);
    expect(ticksOf("late").at(-1)).toBeLessThan(50);
  });
});

describe("a failing campaign", () => {
  const sick = "shoes-0002";
  const others = (run: PlayedRun) => run.lines.filter((line) => !line.includes(sick));

  it("restarts, disturbs no sibling and loses no money (S1, S3)", () => {
    const run = played(scenarioOf(), { policyOf: failing(sick, [20]) });
    expect(run.of("campaign.restarted").map(({ slot, restarts }) => [slot, restarts])).toEqual([[1, 1]]);
    expect(others(run)).toEqual(others(played(scenarioOf())));
    const ticks = run.decisions.filter(({ campaign }) => campaign === sick).map(({ tick }) => tick);
    expect(ticks).not.toContain(20);
    expect(ticks.at(-1)).toBe(59);
    expect(run.engine.ledger.view(1).spentMicros).toBe(run.invoicedMicros(1));
  });

  it("keeps its budget and its spend, whenever and however often it fails (S3, L2)", () => {
    const ticksOfFailure = fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(ticksOfFailure, (ticks) => {
        const run = played(scenarioOf(), { policyOf: failing(sick, ticks) });
        const told = run.decisions.filter(({ campaign }) => campaign === sick).map(({ account }) => account);
        for (const { budgetMicros, spentMicros, reservedMicros } of told) {
          expect(budgetMicros).toBe(told[0].budgetMicros);
          expect(spentMicros + reservedMicros).toBeLessThanOrEqual(budgetMicros);
        }
        expect(run.engine.ledger.view(1)).toMatchObject({ spentMicros: run.invoicedMicros(1), reservedMicros: 0 });
      }),
      { numRuns: 8 },
    );
  });

  it("is quarantined after too many failures (S7)", () => {
    const run = played(scenarioOf(), {
      policyOf: failing(
        sick,
        Array.from({ length: 60 }, (_, tick) => tick),
      ),
    });
    expect(run.of("campaign.quarantined").map(({ slot }) => slot)).toEqual([1]);
    expect(others(run)).toEqual(others(played(scenarioOf())));
  });
});

describe("a platform", () => {
  it("that is silent goes down, gets no bids, is probed and comes back", () => {
    const bidsWhileDown: number[] = [];
    const observe = (event: EngineEvent) => {
      if (event.type !== "decision" || event.board.health[2] !== 2) return;
      if (event.decision.candidates.some(({ platform, bidMicros }) => platform === 2 && bidMicros > 0)) {
        bidsWhileDown.push(event.tick);
      }
    };
    const run = played(scenarioOf(OUTAGE), { observers: [{ observe }] });
    const states = run.of("platform.changed").map(({ platform, state }) => `${platform} ${state}`);
    expect(states.slice(0, 3)).toEqual(["2 degraded", "2 down", "2 probing"]);
    expect(states.at(-1)).toBe("2 healthy");
    expect(bidsWhileDown).toEqual([]);
  });

  it("that talks garbage is refused, and decisions go on", () => {
    const wrap = (market: Market) =>
      altered(market, ({ feed, reports }, tick) => ({
        reports,
        feed: tick < 20 || tick > 25 ? feed : feed.map((one) => (one.platform === 0 ? { ...one, clicks: NaN } : one)),
      }));
    const run = played(scenarioOf(), { wrap });
    expect(run.of("feed.refused").map(({ tick, platform }) => [tick, platform])).toEqual(
      [20, 21, 22, 23, 24, 25].map((tick) => [tick, 0]),
    );
    expect(run.decisions).toHaveLength(180);
  });

  it("that repeats its spend reports changes nothing but the refusals (L4)", () => {
    const wrap = (market: Market) =>
      altered(market, ({ feed, reports }) => {
        const twice = new ReportBatch();
        for (let row = 0; row < reports.length; row += 1) {
          twice.push(reports.row(row));
          twice.push(reports.row(row));
        }
        return { feed, reports: twice };
      });
    const run = played(scenarioOf(), { wrap });
    expect(run.of("report.refused").length).toBeGreaterThan(0);
    const accepted = run.lines.filter((line) => !line.includes('"report.refused"'));
    expect(accepted).toEqual(played(scenarioOf()).lines);
  });
});

describe("an operator", () => {
  it("holds a campaign and lets it go on", () => {
    const run = new PlayedRun(scenarioOf()).play((tick, engine) => {
      if (tick === 10) engine.hold(0, "stock is out");
      if (tick === 20) engine.release(0);
    });
    const ticks = run.decisions.filter(({ campaign }) => campaign === "shoes-0001").map(({ tick }) => tick);
    expect(ticks).toEqual([...Array(60).keys()].filter((tick) => tick < 10 || tick >= 20));
  });

  it("tops an exhausted campaign up, and it bids again (C4)", () => {
    const scenario = scenarioOf({ campaigns: [{ id: "shoes", budget: 8, valuePerConversion: 35 }] });
    const run = new PlayedRun(scenario, { policyOf: exhaustedBelow(1_000_000) }).play((tick, engine) => {
      if (tick === 40) engine.topUp(0, 20_000_000);
    });
    const ticks = run.decisions.map(({ tick }) => tick);
    expect(run.of("campaign.changed").find(({ tick }) => tick === 40)).toMatchObject({
      from: "exhausted",
      why: "top-up",
    });
    expect(ticks.filter((tick) => tick >= 35 && tick < 40)).toEqual([]);
    expect(run.decisions.find(({ tick }) => tick === 40)?.bids).not.toEqual([]);
  });
});
