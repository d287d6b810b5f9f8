import { describe, expect, it } from "vitest";
import type { CampaignSpec } from "../../../src/core/campaign.ts";
import { Health, createBoard } from "../../../src/core/forecast/board.ts";
import type { PlatformSpec } from "../../../src/core/platform.ts";
import { allocate, wishesFor } from "../../../src/core/policy/allocation.ts";
import { policies, policyNamed } from "../../../src/core/policy/index.ts";
import type { AccountView, PolicyInput } from "../../../src/core/policy/policy.ts";
import { ReportBatch, ReportKind } from "../../../src/core/reports.ts";

const platform: PlatformSpec = {
  id: "search",
  pricing: "second-price",
  control: "bid",
  floorMicros: 10_000,
  overDeliveryFactor: 1,
};

interface World {
  spec?: Partial<CampaignSpec>;
  account?: Partial<AccountView>;
  platforms?: Partial<PlatformSpec>[];
  tick?: number;
}

/** Two healthy platforms: ROI 1.0 and 1.5 per click at a CPC of 0.5; 100 of budget left. */
function world({ spec, account, platforms = [{}, {}], tick = 0 }: World = {}): PolicyInput {
  const board = createBoard("count-weighted", platforms.length, 24);
  board.cvr.set(platforms.map((_, i) => 0.03 + 0.01 * i));
  board.cpcMicros.fill(500_000);
  board.evidence.fill(50);
  for (const { profile, cumulative } of board.traffic) {
    profile.fill(100);
    cumulative.forEach((_, i) => (cumulative[i] = 100 * i));
  }
  const budgetMicros = account?.budgetMicros ?? 100_000_000;
  return {
    tick,
    tickMs: 60_000,
    day: { startTick: 0, endTick: 24 },
    board,
    platforms: platforms.map((each) => ({ ...platform, ...each })),
    account: {
      budgetMicros,
      spentMicros: 0,
      reservedMicros: 0,
      availableMicros: budgetMicros,
      isDailyBound: false,
      ...account,
    },
    spec: {
      id: "c",
      portfolio: "main",
      budgetMicros,
      dailyBudgetMicros: null,
      flight: { startTick: 0, endTick: 100 },
      valuePerConversionMicros: 50_000_000,
      goals: { impressions: null, clicks: null, conversions: null },
      cpaTargetMicros: null,
      platforms: platforms.map((_, i) => i),
      minBidMicros: 0,
      maxBidMicros: Number.MAX_SAFE_INTEGER,
      policy: "greedy-roi",
      forecaster: "count-weighted",
      wasteAversion: 0,
      wasteAllowance: 0,
      ...spec,
    },
  };
}

function decide(name: string, input: PolicyInput) {
  const policy = policyNamed(name);
  return policy.decide(input, policy.create(input.spec, input.platforms)).decision;
}

/** Wishes of 1.0 per click everywhere, and so much expected spend. */
function wish(input: PolicyInput, ...expectedSpendMicros: number[]) {
  const wishes = wishesFor(input);
  for (let i = 0; i < wishes.length; i += 1) {
    wishes.bidMicros[i] = 1_000_000;
    wishes.marginalMicros[i] = 1_000_000;
    wishes.expectedSpendMicros[i] = expectedSpendMicros[i];
  }
  return wishes;
}

const plain = { gammaMicros: 1, binding: "value" } as const;
const verdicts = (decision: { candidates: readonly { verdict: string }[] }) =>
  decision.candidates.map((each) => each.verdict);
const caps = (decision: { candidates: readonly { capMicros: number }[] }) =>
  decision.candidates.map((each) => each.capMicros);

describe("allocation", () => {
  it("shares what is available in proportion to expected spend", () => {
    const input = world();
    const decision = allocate(input, wish(input, 3_000_000, 1_000_000), plain);
    expect(decision).toMatchObject({ kind: "bid", reason: "bid.placed", binding: "value" });
    expect(caps(decision)).toEqual([75_000_000, 25_000_000]);
  });

  it("lowers the cap by the over-delivery factor (P1)", () => {
    const input = world({ platforms: [{ overDeliveryFactor: 2 }, {}] });
    expect(caps(allocate(input, wish(input, 1e6, 1e6), plain))).toEqual([25_000_000, 50_000_000]);
  });

  it("bounds the cap under report lag, so that reservations in flight do not starve later ticks", () => {
    const input = world();
    const decision = allocate(input, wish(input, 6e6, 6e6), { ...plain, reportLagTicks: 4 });
    expect(caps(decision)).toEqual([18_000_000, 18_000_000]);
  });

  it("gives the share of a platform that could not buy a click to the others (A3)", () => {
    const input = world({ account: { reservedMicros: 1, availableMicros: 1_500_000 } });
    const decision = allocate(input, wish(input, 1e6, 9e5), plain);
    expect(verdicts(decision)).toEqual(["bid", "unaffordable"]);
    expect(caps(decision)).toEqual([1_500_000, 0]);
  });

  it("lowers the bid to the last money when nothing is reserved, and holds when something is", () => {
    const last = world({ account: { availableMicros: 400_000 } });
    expect(allocate(last, wish(last, 1e6, 1e6), plain).candidates[0]).toMatchObject({ bidMicros: 400_000 });
    const waiting = world({ account: { availableMicros: 400_000, reservedMicros: 1 } });
    expect(allocate(waiting, wish(waiting, 1e6, 1e6), plain)).toMatchObject({
      kind: "hold",
      reason: "hold.unaffordable",
    });
  });

  it("names what binds: cap, pacing, max-bid, min-bid", () => {
    const short = world({ account: { availableMicros: 5_000_000 } });
    expect(allocate(short, wish(short, 9e6, 9e6), plain)).toMatchObject({ reason: "bid.capped", binding: "cap" });
    const paced = allocate(world(), wish(world(), 9e6, 9e6), { ...plain, limitMicros: 4_000_000 });
    expect(paced).toMatchObject({ reason: "bid.capped", binding: "pacing" });
    const ceiling = world({ spec: { maxBidMicros: 700_000 } });
    expect(allocate(ceiling, wish(ceiling, 1e6, 1e6), plain)).toMatchObject({ kind: "bid", binding: "max-bid" });
    const floor = world({ spec: { minBidMicros: 2_000_000 } });
    expect(allocate(floor, wish(floor, 1e6, 1e6), plain)).toMatchObject({
      reason: "hold.unprofitable",
      binding: "min-bid",
    });
  });

  it("holds as paced when only the tick's limit forbids a click", () => {
    const input = world();
    const decision = allocate(input, wish(input, 1e6, 1e6), { ...plain, limitMicros: 999_999 });
    expect(decision).toMatchObject({ kind: "hold", reason: "hold.paced", binding: "pacing" });
    expect(verdicts(decision)).toEqual(["paced", "paced"]);
  });

  it("is exhausted only when nothing is reserved and no click could be paid any more", () => {
    const gone = (account: Partial<AccountView>) => {
      const input = world({ account });
      const { kind, reason } = allocate(input, wish(input, 1e6, 1e6), plain);
      return [kind, reason];
    };
    expect(gone({ availableMicros: 49_999 })).toEqual(["exhausted", "exhausted.budget"]);
    expect(gone({ availableMicros: 49_999, isDailyBound: true })).toEqual(["exhausted", "exhausted.daily-budget"]);
    expect(gone({ availableMicros: 49_999, reservedMicros: 1 })).toEqual(["hold", "hold.unaffordable"]);
    expect(gone({ availableMicros: 50_000 })).toEqual(["bid", "bid.capped"]);
    expect(gone({ budgetMicros: 0 })).toEqual(["exhausted", "exhausted.budget"]);
  });

  it("goes on with the others when one platform is down, and falls back when all are", () => {
    const input = world();
    input.board.health[0] = Health.down;
    expect(verdicts(allocate(input, wish(input, 1e6, 1e6), plain))).toEqual(["down", "bid"]);
    input.board.health[1] = Health.down;
    expect(allocate(input, wish(input, 1e6, 1e6), plain)).toMatchObject({
      kind: "fallback",
      reason: "fallback.no-platform",
    });
  });

  it("falls back when the only useful platforms are stale", () => {
    const input = world();
    input.board.ageTicks.fill(76);
    expect(allocate(input, wish(input, 1e6, 1e6), plain)).toMatchObject({
      kind: "fallback",
      reason: "fallback.stale-feed",
    });
    input.board.ageTicks[1] = 75;
    expect(verdicts(allocate(input, wish(input, 1e6, 1e6), plain))).toEqual(["stale", "bid"]);
  });

  it("holds without evidence", () => {
    const input = world();
    input.board.evidence.fill(0);
    expect(allocate(input, wish(input, 1e6, 1e6), plain)).toMatchObject({ kind: "hold", reason: "hold.no-evidence" });
  });

  it("caps a probe at one click and counts probes alone as a fallback", () => {
    const input = world({ platforms: [{ overDeliveryFactor: 2 }, {}] });
    input.board.health[0] = Health.probing;
    const mixed = allocate(input, wish(input, 1e6, 1e6), plain);
    expect(mixed.kind).toBe("bid");
    expect(caps(mixed)).toEqual([1_000_000, 98_000_000]);
    input.board.health[1] = Health.down;
    expect(allocate(input, wish(input, 1e6, 1e6), plain).kind).toBe("fallback");
  });

  it("never grants two probes the same money (P1)", () => {
    const input = world({ account: { availableMicros: 1_500_000 } });
    input.board.health.fill(Health.probing);
    expect(caps(allocate(input, wish(input, 1e6, 1e6), plain))).toEqual([1_000_000, 0]);
  });

  it("buys on a budget-controlled platform only above the mean price, which is what it will pay", () => {
    const input = world({ platforms: [{ control: "budget" }, {}] });
    input.board.cpcMicros.fill(1_100_000);
    expect(verdicts(allocate(input, wish(input, 1e6, 1e6), plain))).toEqual(["below-price", "bid"]);
  });
});

describe("policies", () => {
  it("are found by name, and an unknown name lists them", () => {
    expect([...policies.keys()]).toEqual(
      expect.arrayContaining(["greedy-roi", "greedy-cpc", "uniform", "pid", "ortb", "dual-descent", "equal-split"]),
    );
    expect(() => policyNamed("best")).toThrowError(
      expect.objectContaining({
        code: "CE_POLICY_UNKNOWN",
        place: expect.objectContaining({ hint: expect.stringContaining("dual-descent") }),
      }),
    );
  });

  it("greedy-roi bids the predicted value on the best platform, greedy-cpc its predicted price", () => {
    const input = world();
    expect(decide("greedy-roi", input).candidates).toMatchObject([
      { verdict: "not-best", roiMicros: 1_000_000 },
      { verdict: "bid", roiMicros: 1_500_000, bidMicros: 2_000_000 },
    ]);
    expect(decide("greedy-cpc", input).candidates[1].bidMicros).toBe(500_000);
  });

  it("greedy-roi holds when every click costs more than it is worth", () => {
    const input = world({ spec: { valuePerConversionMicros: 12_500_000 } });
    expect(decide("greedy-roi", input)).toMatchObject({ kind: "hold", reason: "hold.unprofitable" });
    expect(verdicts(decide("greedy-roi", input))).toEqual(["below-price", "below-price"]);
  });

  it("uniform keeps spent and reserved under the even line (U1)", () => {
    const input = world({ tick: 9, account: { spentMicros: 4_000_000, availableMicros: 96_000_000 } });
    expect(caps(decide("uniform", input))).toEqual([0, 6_000_000]);
    const ahead = world({ tick: 9, account: { spentMicros: 9_000_000, availableMicros: 91_000_000 } });
    expect(decide("uniform", ahead).reason).toBe("hold.paced");
  });

  it("equal-split gives every platform the same line, less what it has cost", () => {
    const input = world({ tick: 9, account: { spentMicros: 2_000_000, availableMicros: 98_000_000 } });
    const policy = policyNamed("equal-split");
    const batch = new ReportBatch();
    batch.push({ ...report, platform: 0, tick: 8, costMicros: 2_000_000 });
    const memory = policy.learn(input, policy.create(input.spec, input.platforms), batch, 0, 1);
    expect(caps(policy.decide(input, memory).decision)).toEqual([3_000_000, 5_000_000]);
  });

  it("pid never bids under a twentieth of value, however far ahead of plan (C1)", () => {
    const input = world({ account: { spentMicros: 90_000_000, availableMicros: 10_000_000 } });
    expect(decide("pid", input)).toMatchObject({ kind: "bid", binding: "pacing", gammaMicros: 2_500_000 });
  });

  it("dual-descent shades bids where the bid is the price", () => {
    const [first, second] = decide("dual-descent", world({ platforms: [{ pricing: "first-price" }, {}] })).candidates;
    expect(first.bidMicros).toBeLessThan(first.marginalMicros / 2);
    expect(second.bidMicros).toBe(2_000_000);
  });

  it("dual-descent keeps the marginal cost near the CPA target while clicks convert too rarely", () => {
    const input = world({ spec: { cpaTargetMicros: 10_000_000 }, account: { budgetMicros: 1e12 } });
    const policy = policyNamed("dual-descent");
    let memory = policy.create(input.spec, input.platforms);
    const batch = new ReportBatch();
    batch.push({ ...report, costMicros: 9_000_000 });
    let decision = policy.decide(input, memory).decision;
    for (let round = 0; round < 400; round += 1) {
      memory = policy.learn(input, memory, batch, 0, 1);
      ({ decision, memory } = policy.decide(input, memory));
    }
    expect(decision.binding).toBe("cpa");
    expect(decision.gammaMicros).toBeLessThan(11_000_000);
  });

  it("learns the report lag at once and forgets it slowly", () => {
    const input = world({ tick: 21 });
    const policy = policyNamed("greedy-roi");
    const batch = new ReportBatch();
    batch.push({ ...report, tick: 15 });
    batch.push({ ...report, tick: 20 });
    const late = policy.learn(input, policy.create(input.spec, input.platforms), batch, 0, 1);
    expect(late).toBe(5);
    expect(policy.learn(input, late, batch, 1, 2)).toBeCloseTo(4.9);
  });
});

/** Steers one campaign through its flight in a market that sells clicks at prices spread evenly over 0 … 2 × mean. */
function spendThrough(name: string, budgetMicros: number): { spentMicros: number; byHalf: number } {
  const policy = policyNamed(name);
  const ticks = 600;
  const first = world({ spec: { flight: { startTick: 0, endTick: ticks } }, account: { budgetMicros } });
  let memory = policy.create(first.spec, first.platforms);
  let spentMicros = 0;
  let byHalf = 0;
  for (let tick = 0; tick < ticks; tick += 1) {
    const account = { ...first.account, spentMicros, availableMicros: budgetMicros - spentMicros };
    const input = { ...first, tick, account };
    const outcome = policy.decide(input, memory);
    const batch = new ReportBatch();
    for (const { platform: at, bidMicros, capMicros } of outcome.decision.candidates) {
      if (bidMicros === 0) continue;
      const won = Math.min(1, bidMicros / 1_000_000);
      const costMicros = Math.min(capMicros, Math.round((50 * won * Math.min(bidMicros, 1_000_000)) / 2));
      spentMicros += costMicros;
      batch.push({ ...report, platform: at, tick, costMicros, clicks: Math.round(50 * won) });
    }
    memory = policy.learn(input, outcome.memory, batch, 0, batch.length);
    if (tick === ticks / 2 - 1) byHalf = spentMicros;
  }
  return { spentMicros, byHalf: byHalf / budgetMicros };
}

describe("pacing", () => {
  it.each(["uniform", "pid", "ortb", "dual-descent", "equal-split"])("%s spends a scarce budget evenly", (name) => {
    // A third of what every click would cost.
    const budgetMicros = 10_000_000_000;
    const { spentMicros, byHalf } = spendThrough(name, budgetMicros);
    expect(spentMicros).toBeLessThanOrEqual(budgetMicros);
    expect(spentMicros / budgetMicros).toBeGreaterThan(0.97);
    expect(byHalf).toBeGreaterThan(0.42);
    expect(byHalf).toBeLessThan(0.58);
  });
});

const report = {
  kind: ReportKind.spend,
  campaign: 0,
  platform: 0,
  tick: 0,
  costMicros: 0,
  impressions: 0,
  clicks: 10,
  conversions: 0,
  conversionAgeTicks: 0,
};
