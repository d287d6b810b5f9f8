import { describe, expect, it } from "vitest";
import { EXPECTATIONS, ExpectationCheck, wordsOf } from "../../src/core/expectation.ts";
import type { Verdict } from "../../src/core/expectation.ts";
import type { Decision } from "../../src/core/decision.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { played, scenarioOf } from "../runtime/played-run.ts";
import type { PlayedRun, RunParts } from "../runtime/played-run.ts";

function judged(
  expectations: readonly object[],
  parts: RunParts = {},
): { run: PlayedRun; verdicts: readonly Verdict[] } {
  const scenario = scenarioOf({ expect: expectations });
  const check = new ExpectationCheck(scenario.expectations);
  const run = played(scenario, { ...parts, observers: [check] });
  return { run, verdicts: check.verdicts() };
}

describe("an expectation", () => {
  it("has every figure that the ledger and the decisions have", () => {
    const each = { campaigns: ["shoes-0001"] };
    const { run, verdicts } = judged([
      { ...each, maxBid: 1000, maxSpend: 1000, minSpendShare: 0, maxFallbackShare: 1, maxRestarts: 9 },
      { maxQuarantined: 0, minConversions: 0, maxCpa: 1000, minNet: -1000 },
    ]);
    const of = (name: string) => verdicts.find(({ expectation }) => expectation.name === name)!.figure;
    const own = run.decisions.filter(({ campaign }) => campaign === "shoes-0001");
    const { spentMicros, budgetMicros } = run.engine.ledger.view(0);
    expect(verdicts.map(({ expectation }) => expectation.name).toSorted()).toEqual(
      Object.keys(EXPECTATIONS).toSorted(),
    );
    expect(verdicts.every(({ isMet }) => isMet)).toBe(true);
    expect(of("maxBid")).toBe(Math.max(...own.flatMap(({ bids }) => bids.map(({ bidMicros }) => bidMicros))));
    expect(of("maxSpend")).toBe(spentMicros);
    expect(of("minSpendShare")).toBe(spentMicros / budgetMicros);
    expect(of("maxFallbackShare")).toBe(own.filter(({ state }) => state === "fallback").length / own.length);
    const conversions = of("minConversions")!;
    const total = [0, 1, 2].reduce((sum, slot) => sum + run.engine.ledger.view(slot).spentMicros, 0);
    expect(of("maxCpa")).toBeCloseTo(total / conversions);
  });

  it("about each campaign is judged by the worst, and counts who breaks it (X1)", () => {
    const { run, verdicts } = judged([
      { campaigns: ["*"], maxSpend: 0.01 },
      { campaigns: ["shoes"], minSpendShare: 0.01 },
    ]);
    const spends = [0, 1, 2].map((slot) => run.engine.ledger.view(slot).spentMicros);
    expect(verdicts[0]).toMatchObject({ isMet: false, figure: Math.max(...spends), breaches: 3 });
    expect(verdicts[0].slot).toBe(spends.indexOf(Math.max(...spends)));
    expect(verdicts[1]).toMatchObject({ isMet: true, breaches: 0 });
    expect(wordsOf(verdicts[0], ["a", "b", "c"], "EUR").wanted).toBe("a, b, c: spend at most 0.01 EUR");
  });

  it("about restarts and quarantine counts failures", () => {
    const policyOf = (name: string) => {
      const policy = policyNamed(name);
      const decide: typeof policy.decide = (input, memory) => {
        if (input.spec.id === "shoes-0002") throw new RangeError("planted");
        return policy.decide(input, memory);
      };
      return { ...policy, decide };
    };
    const { verdicts } = judged([{ campaigns: ["*"], maxRestarts: 0, maxQuarantined: 0 }, { maxRestarts: 50 }], {
      policyOf,
    });
    expect(verdicts.map(({ isMet, slot }) => [isMet, slot])).toEqual([
      [false, 1],
      [false, 1],
      [true, null],
    ]);
  });

  it("is broken by money spent without a conversion, not by nothing at all (X2)", () => {
    // Bids on hope alone where next to nobody buys.
    const hope: Policy = {
      name: "hope",
      description: "",
      create: () => null,
      learn: () => null,
      decide: ({ tick, platforms }) => {
        const about = { platform: 0, cvr: 0, cvrRelSd: 0, cpcMicros: 0, roiMicros: 0, marginalMicros: 0 } as const;
        const isOpen = tick < 5 && platforms[0].floorMicros < 1_000_000;
        const bid = { ...about, bidMicros: 900_000, capMicros: 1_000_000, verdict: "bid" } as const;
        const rest = { tick, binding: "none", gammaMicros: 0, candidates: isOpen ? [bid] : [] } as const;
        const decision: Decision = isOpen
          ? { ...rest, kind: "bid", reason: "bid.placed" }
          : { ...rest, kind: "hold", reason: "hold.unprofitable" };
        return { decision, memory: null };
      },
    };
    const campaigns = [{ id: "vain", budget: 20, valuePerConversion: 30 }];
    const check = (floor: number) => {
      const platforms = [{ id: "only", cvr: 0.0001, cpc: 0.5, floor }];
      const scenario = scenarioOf({ platforms, campaigns, expect: [{ maxCpa: 1 }] });
      const judge = new ExpectationCheck(scenario.expectations);
      const run = played(scenario, { observers: [judge], policyOf: () => hope });
      return { verdict: judge.verdicts()[0], spentMicros: run.engine.ledger.view(0).spentMicros };
    };
    const idle = check(1_000_000);
    expect(idle).toMatchObject({ spentMicros: 0, verdict: { isMet: true, figure: null } });
    const vain = check(0);
    expect(vain.spentMicros).toBeGreaterThan(0);
    expect(vain.verdict).toMatchObject({ isMet: false, figure: null, breaches: 1 });
  });

  it("about bids or spend is broken as soon as it is (X3)", () => {
    const scenario = scenarioOf({ expect: [{ campaigns: ["*"], maxBid: 0.01 }, { minConversions: 1_000_000 }] });
    const check = new ExpectationCheck(scenario.expectations);
    let brokenAt = -1;
    const watch = {
      observe: ({ tick }: { tick: number }) => {
        if (brokenAt < 0 && check.brokenLimit() !== null) brokenAt = tick;
      },
    };
    played(scenario, { observers: [check, watch] });
    expect(brokenAt).toBeGreaterThanOrEqual(0);
    expect(brokenAt).toBeLessThan(10);
    expect(check.brokenLimit()?.expectation.field).toBe("expect[0].maxBid");
  });
});

describe("a scenario's expectations", () => {
  it("are about the copies of an entry, a campaign of its own, every one, or all together", () => {
    const { expectations } = scenarioOf({
      expect: [
        { campaigns: ["shoes"], maxBid: 1 },
        { campaigns: ["shoes-0003"], maxBid: "1.50 EUR" },
        { campaigns: ["*"], maxRestarts: 2 },
        { minNet: -5 },
      ],
    });
    expect(expectations.map(({ slots, isEach, limit, field }) => [slots.length, isEach, limit, field])).toEqual([
      [3, true, 1_000_000, "expect[0].maxBid"],
      [1, true, 1_500_000, "expect[1].maxBid"],
      [3, true, 2, "expect[2].maxRestarts"],
      [3, false, -5_000_000, "expect[3].minNet"],
    ]);
  });

  it.each([
    [[{ campaigns: ["shoos"], maxBid: 1 }], /no campaign "shoos"/],
    [[{ campaigns: ["shoes"] }], /expect\[0\]/],
    [[{ maxbid: 1 }], /no field "maxbid"/],
    [[{ maxFallbackShare: 40 }], /maxFallbackShare is 40/],
  ])("are refused where they say nothing sound: %j", (expectations, message) => {
    expect(() => scenarioOf({ expect: expectations })).toThrow(message);
  });
});
