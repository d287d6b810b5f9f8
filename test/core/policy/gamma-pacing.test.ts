import { describe, expect, it } from "vitest";
import { Health } from "../../../src/core/forecast/board.ts";
import {
  cvrFactor,
  type GammaMemory,
  OPEN_WIDTH,
  OWN_CLICKS,
  OWN_EXPECTED_CLICKS,
} from "../../../src/core/policy/gamma-calibration.ts";
import { gammaPacing } from "../../../src/core/policy/gamma-pacing.ts";
import type { PolicyInput } from "../../../src/core/policy/policy.ts";
import { gammaWorld, reports, UNIT } from "./gamma-world.ts";

const fresh = (input: PolicyInput): GammaMemory => gammaPacing.create(input.spec, input.platforms);
const decide = (input: PolicyInput, memory = fresh(input)) => gammaPacing.decide(input, memory);

/** Plays ticks in which every bid wins `clicks` clicks at `priceMicros`, and as many conversions as given. */
function play(
  ticks: number,
  world: Parameters<typeof gammaWorld>[0],
  clicks: number,
  priceMicros: number,
  conversions: number,
) {
  let memory = fresh(gammaWorld(world));
  for (let tick = 0; tick < ticks; tick += 1) {
    const input = gammaWorld({ ...world, tick });
    const outcome = gammaPacing.decide(input, memory);
    const rows = outcome.decision.candidates.map(({ platform }) => ({
      platform,
      tick,
      clicks,
      costMicros: clicks * priceMicros,
      conversions,
    }));
    memory = gammaPacing.learn({ ...input, tick: tick + 1 }, outcome.memory, reports(...rows), 0, rows.length);
  }
  return gammaPacing.decide(gammaWorld({ ...world, tick: ticks }), memory);
}

describe("gamma", () => {
  it("is the value of a conversion while money is no object", () => {
    const { decision } = decide(gammaWorld());
    expect(decision).toMatchObject({ kind: "bid", reason: "bid.placed", binding: "value" });
    expect(decision.gammaMicros).toBeCloseTo(60 * UNIT, -1);
    for (const { bidMicros } of decision.candidates) expect(Math.abs(bidMicros - 3 * UNIT)).toBeLessThanOrEqual(1);
  });

  it("falls until the budget lasts to the end of the flight", () => {
    const spare = decide(gammaWorld({ spec: { budgetMicros: 600 * UNIT } })).decision;
    const tight = decide(gammaWorld({ spec: { budgetMicros: 300 * UNIT } })).decision;
    expect(tight.binding).toBe("budget");
    expect(tight.gammaMicros).toBeLessThan(spare.gammaMicros);
    expect(spare.gammaMicros).toBeLessThan(60 * UNIT);
  });

  it("rises when half the flight is gone and the money is still there", () => {
    const spec = { budgetMicros: 300 * UNIT };
    const early = decide(gammaWorld({ spec })).decision;
    const late = decide(gammaWorld({ spec, tick: 50 })).decision;
    expect(late.gammaMicros).toBeGreaterThan(early.gammaMicros * 1.1);
  });

  it("keeps the CPA target, above which it stands itself", () => {
    const { decision } = decide(gammaWorld({ spec: { cpaTargetMicros: 12 * UNIT } }));
    expect(decision.binding).toBe("cpa");
    expect(decision.gammaMicros).toBeGreaterThan(12 * UNIT);
    expect(decision.gammaMicros).toBeLessThan(60 * UNIT);
  });

  it("makes the day's budget last through the day", () => {
    const spec = { budgetMicros: 1000 * UNIT, flight: { startTick: 0, endTick: 300 } };
    const account = { availableMicros: 100 * UNIT, isDailyBound: true };
    const free = decide(gammaWorld({ spec })).decision;
    const bound = decide(gammaWorld({ spec, account })).decision;
    expect(bound.gammaMicros).toBeLessThan(free.gammaMicros / 1.5);
    expect(bound.binding).toBe("budget");
    const short = decide({ ...gammaWorld({ spec, account }), day: { startTick: -50, endTick: 50 } }).decision;
    expect(short.gammaMicros).toBeGreaterThan(bound.gammaMicros * 1.2);
  });

  it("is one for all platforms: bids stand in the ratio of CVR", () => {
    const { decision } = decide(gammaWorld({ cvr: [0.08, 0.02], spec: { budgetMicros: 300 * UNIT } }));
    const [first, second] = decision.candidates;
    expect(first.bidMicros / second.bidMicros).toBeCloseTo(4, 3);
  });
});

describe("bids", () => {
  it("are shaded on a first-price platform", () => {
    const { decision } = decide(gammaWorld({ platform: (p) => (p === 0 ? { pricing: "first-price" } : {}) }));
    const [first, second] = decision.candidates;
    expect(first.marginalMicros).toBe(second.marginalMicros);
    expect(first.bidMicros).toBeLessThan(second.bidMicros * 0.6);
  });

  it("of a platform steered by its budget have the expected spend as cap", () => {
    const { decision } = decide(gammaWorld({ platform: (p) => (p === 0 ? { control: "budget" } : {}) }));
    const [steered, other] = decision.candidates;
    expect(steered.capMicros).toBeGreaterThan(UNIT);
    expect(steered.capMicros).toBeLessThan(20 * UNIT);
    expect(other.capMicros).toBeGreaterThan(1000 * UNIT);
  });

  it("are lower under waste aversion, where the CVR is uncertain", () => {
    const plain = decide(gammaWorld()).decision;
    const averse = decide(gammaWorld({ spec: { wasteAversion: 2 } })).decision;
    expect(averse.candidates[0].bidMicros / plain.candidates[0].bidMicros).toBeCloseTo(0.8, 3);
  });

  it("hold when no platform reaches its floor (item 9 iv)", () => {
    const { decision } = decide(gammaWorld({ platform: () => ({ floorMicros: 4 * UNIT }) }));
    expect(decision).toMatchObject({ kind: "hold", reason: "hold.unprofitable" });
  });
});

describe("calibration", () => {
  it("raises the CVR of a campaign that converts better than the platform", () => {
    const { memory, decision } = play(60, {}, 10, UNIT, 2);
    expect(cvrFactor(memory, 0)).toBeGreaterThan(2.5);
    expect(decision.candidates[0].cvr).toBeGreaterThan(0.125);
  });

  it("lowers gamma when reports show more clicks than the feed promised", () => {
    const world = { spec: { budgetMicros: 900 * UNIT } };
    expect(play(20, world, 20, UNIT, 1).decision.gammaMicros).toBeLessThan(
      play(20, world, 5, UNIT, 0.25).decision.gammaMicros * 0.8,
    );
  });

  it("takes nothing from a sample that its cap cut short (K2)", () => {
    const input = gammaWorld({ spec: { budgetMicros: 40 * UNIT } });
    const { decision, memory } = decide(input);
    const { capMicros } = decision.candidates[0];
    const learn = (costMicros: number) =>
      gammaPacing.learn(input, memory, reports({ clicks: 5, costMicros }), 0, 1).own[OWN_EXPECTED_CLICKS];
    expect(learn(capMicros - 1)).toBe(0);
    expect(learn(capMicros / 10)).toBeGreaterThan(0);
  });

  it("learns how late reports are, and pays for bids in flight", () => {
    const input = gammaWorld();
    let memory = fresh(input);
    for (let tick = 0; tick < 8; tick += 1) {
      memory = decide(gammaWorld({ tick }), memory).memory;
    }
    expect(memory.open).toHaveLength(16 * OPEN_WIDTH);
    memory = gammaPacing.learn(
      gammaWorld({ tick: 8 }),
      memory,
      reports({ tick: 0, clicks: 1, costMicros: UNIT }),
      0,
      1,
    );
    expect(memory.open).toHaveLength(15 * OPEN_WIDTH);
    expect(memory.lagTicks).toBe(7);
  });

  it("forgets bids whose reports never came", () => {
    let memory = fresh(gammaWorld());
    for (let tick = 0; tick < 200; tick += 1) memory = decide(gammaWorld({ tick }), memory).memory;
    expect(memory.open.length).toBeLessThanOrEqual(2 * 66 * OPEN_WIDTH);
  });

  it("leaves the old memory as it was, and plain (P4, K3)", () => {
    const input = gammaWorld();
    const { memory } = decide(input);
    const before = structuredClone(memory);
    gammaPacing.learn(input, memory, reports({ clicks: 3, costMicros: 3 * UNIT, conversions: 1 }), 0, 1);
    decide(gammaWorld({ tick: 1 }), memory);
    expect(memory).toEqual(before);
    expect(JSON.parse(JSON.stringify(memory))).toEqual(memory);
  });
});

describe("goals (item 8)", () => {
  const none = { impressions: null, clicks: null, conversions: null };

  it("that fall short raise gamma within the waste allowance", () => {
    const goals = { ...none, conversions: 97.5 };
    const strict = decide(gammaWorld({ spec: { goals } })).decision;
    const lenient = decide(gammaWorld({ spec: { goals, wasteAllowance: 1 } })).decision;
    expect(strict).toMatchObject({ binding: "value", gammaMicros: expect.closeTo(60 * UNIT, -1) });
    expect(lenient.binding).toBe("goal");
    expect(lenient.gammaMicros).toBeGreaterThan(61 * UNIT);
    expect(lenient.gammaMicros).toBeLessThan(120 * UNIT);
  });

  it("that are met anyway change nothing", () => {
    const goals = { ...none, conversions: 5 };
    const { decision } = decide(gammaWorld({ spec: { goals, wasteAllowance: 1 } }));
    expect(decision).toMatchObject({ binding: "value", gammaMicros: expect.closeTo(60 * UNIT, -1) });
  });

  it("that the budget cannot bear leave the budget binding", () => {
    const goals = { ...none, conversions: 1000 };
    const { decision } = decide(gammaWorld({ spec: { goals, wasteAllowance: 1, budgetMicros: 300 * UNIT } }));
    expect(decision.binding).toBe("budget");
  });

  it("of reach shift the bids to where reach is cheap", () => {
    const world = { cvr: [0.08, 0.02], cpcMicros: [UNIT, UNIT / 2], spec: { budgetMicros: 300 * UNIT } };
    const plain = decide(gammaWorld(world)).decision.candidates;
    const goals = { ...none, clicks: 1000 };
    const reaching = decide(gammaWorld({ ...world, spec: { ...world.spec, goals } })).decision.candidates;
    expect(reaching[1].bidMicros).toBeGreaterThan(plain[1].bidMicros);
    expect(reaching[0].bidMicros).toBeLessThan(plain[0].bidMicros);
  });
});

describe("the fallback ladder (item 9)", () => {
  it("bids with caution on an old feed, and probes a stale one once in a while", () => {
    const verdicts = new Set<string>();
    const input = gammaWorld();
    input.board.ageTicks[0] = 40;
    const [old, young] = decide(input).decision.candidates;
    expect(old.bidMicros / young.bidMicros).toBeCloseTo(0.9, 3);
    let probes = 0;
    for (let tick = 0; tick < 1000; tick += 1) {
      const stale = gammaWorld({ tick, spec: { flight: { startTick: 0, endTick: 2000 } } });
      stale.board.ageTicks[0] = 80;
      const [candidate] = decide(stale).decision.candidates;
      verdicts.add(candidate.verdict);
      if (candidate.verdict !== "probe") continue;
      probes += 1;
      expect(candidate.capMicros).toBe(candidate.bidMicros);
    }
    expect([...verdicts].sort()).toEqual(["probe", "stale"]);
    expect(probes).toBeGreaterThan(2);
    expect(probes).toBeLessThan(25);
  });

  it("steers by dual descent once predictions and spend have disagreed for half an hour", () => {
    const world = { tick: 46, spec: { budgetMicros: 50_000 * UNIT } };
    const { memory } = play(45, world, 4, UNIT, 0.2);
    const misfit = { ...memory, gammaMicros: 30 * UNIT, predictedMicros: 1e9, actualMicros: 0, freshCostMicros: 0 };
    const after = (misfitTicks: number, changes: Partial<GammaMemory> = {}) =>
      decide(gammaWorld(world), { ...misfit, misfitTicks, ...changes }).decision;
    expect(after(28).kind).toBe("bid");
    expect(after(29)).toMatchObject({ kind: "fallback", reason: "fallback.uncalibrated", binding: "pacing" });
    expect(after(29).gammaMicros).toBeGreaterThan(30 * UNIT);
    expect(after(29, { freshCostMicros: 1e12 }).gammaMicros).toBeLessThan(30 * UNIT);
    expect(after(29, { actualMicros: 1e9 }).kind).toBe("bid");
  });

  it("lowers the last gamma by a tenth when there is no solution", () => {
    const input = gammaWorld();
    const memory = { ...decide(input).memory, tick: 0 };
    const broken = {
      ...memory,
      gammaMicros: 40 * UNIT,
      own: memory.own.with(OWN_CLICKS, Number.NaN),
    };
    const { decision } = decide(gammaWorld({ tick: 1 }), broken);
    expect(decision).toMatchObject({ reason: "fallback.unsolved", gammaMicros: 36 * UNIT });
  });

  it("bids nowhere when every platform is down", () => {
    const input = gammaWorld();
    input.board.health.fill(Health.down);
    expect(decide(input).decision).toMatchObject({ kind: "fallback", reason: "fallback.no-platform" });
  });
});
