import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/core/decision.ts";
import { DecisionDraft, REASONS } from "../../../src/core/decision.ts";
import { policies } from "../../../src/core/policy/index.ts";
import type { PolicyInput } from "../../../src/core/policy/policy.ts";
import { inputArbitrary, reportsArbitrary } from "../arbitraries.ts";

/** An input, and what the reports on the decision bring. */
const episodes = inputArbitrary().chain((input) => fc.tuple(fc.constant(input), reportsArbitrary(input)));
const runs = { numRuns: 250 };

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFrozen);
    Object.freeze(value);
  }
  return value;
}

function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

function assertSound(input: PolicyInput, decision: Decision): void {
  const { spec, platforms, account } = input;
  expect(decision.candidates.map((each) => each.platform)).toEqual(spec.platforms);
  expect(REASONS).toHaveProperty([decision.reason]);
  expect(decision.reason.startsWith(`${decision.kind}.`)).toBe(true);
  expect(numbersIn(decision).every(Number.isFinite)).toBe(true);
  let mostChargedMicros = 0;
  let bids = 0;
  for (const { platform, bidMicros, capMicros, verdict } of decision.candidates) {
    const isBid = verdict === "bid" || verdict === "probe";
    expect(bidMicros > 0).toBe(isBid);
    expect(capMicros > 0).toBe(isBid);
    if (!isBid) continue;
    bids += 1;
    expect(Number.isSafeInteger(bidMicros) && Number.isSafeInteger(capMicros)).toBe(true);
    expect(bidMicros).toBeGreaterThanOrEqual(Math.max(platforms[platform].floorMicros, spec.minBidMicros));
    expect(bidMicros).toBeLessThanOrEqual(spec.maxBidMicros);
    expect(capMicros).toBeGreaterThanOrEqual(bidMicros);
    mostChargedMicros += Math.ceil(capMicros * platforms[platform].overDeliveryFactor);
  }
  expect(mostChargedMicros).toBeLessThanOrEqual(account.availableMicros);
  if (decision.kind === "bid") expect(bids).toBeGreaterThan(0);
  if (decision.kind === "hold" || decision.kind === "exhausted") expect(bids).toBe(0);
  if (decision.kind === "exhausted") expect(account.reservedMicros).toBe(0);
}

describe.each([...policies.values()])("$name", (policy) => {
  it("decides within account and limits, in finite numbers, with a reason and a candidate per platform (P1, P2)", () => {
    fc.assert(
      fc.property(episodes, ([input, batch]) => {
        let memory = policy.create(input.spec, input.platforms);
        for (let round = 0; round < 3; round += 1) {
          const outcome = policy.decide(input, memory);
          assertSound(input, outcome.decision);
          memory = policy.learn(input, outcome.memory, batch, 0, batch.length);
          expect(numbersIn(memory).every(Number.isFinite)).toBe(true);
        }
      }),
      runs,
    );
  });

  it("gives the same decision for the same input, from memory read back as JSON too (P3)", () => {
    fc.assert(
      fc.property(episodes, inputArbitrary(), ([input, batch], other) => {
        const first = policy.decide(input, policy.create(input.spec, input.platforms));
        const memory = policy.learn(input, first.memory, batch, 0, batch.length);
        const again = policy.decide(input, memory);
        policy.decide(other, policy.create(other.spec, other.platforms));
        expect(policy.decide(input, JSON.parse(JSON.stringify(memory)))).toEqual(again);
      }),
      { numRuns: 100 },
    );
  });

  it("decides and remembers the same where it may write into a spare and a draft, and changes nothing but those (P4)", () => {
    const draft = new DecisionDraft();
    fc.assert(
      fc.property(fc.array(episodes, { minLength: 4, maxLength: 6 }), ([[first], ...rest]) => {
        let plain = policy.create(first.spec, first.platforms);
        let [memory, spare]: unknown[] = [structuredClone(plain), null];
        for (const [other, batch] of rest) {
          const input = { ...other, spec: first.spec, platforms: first.platforms, board: first.board };
          const before = structuredClone(memory);
          const decided = policy.decide(input, memory, spare, draft);
          expect(memory).toEqual(before);
          const expected = policy.decide(input, plain);
          expect(decided).toEqual(expected);
          const learnt = policy.learn(input, decided.memory, batch, 0, batch.length, memory);
          expect(decided.memory).toEqual(expected.memory);
          plain = policy.learn(input, expected.memory, batch, 0, batch.length);
          expect(learnt).toEqual(plain);
          [memory, spare] = [learnt, decided.memory];
        }
      }),
      { numRuns: 60 },
    );
  });

  it("replaces its memory and never changes it (P4)", () => {
    fc.assert(
      fc.property(episodes, ([input, batch]) => {
        const created = deepFrozen(policy.create(input.spec, input.platforms));
        const decided = deepFrozen(policy.decide(input, created).memory);
        const learnt = deepFrozen(policy.learn(input, decided, batch, 0, batch.length));
        policy.decide(input, learnt);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the random worlds", () => {
  it("bring about bids, and every way of not bidding that the shared rules know", () => {
    const dual = policies.get("dual-descent")!;
    const reasons = fc
      .sample(inputArbitrary(), { numRuns: 1500, seed: 1 })
      .map((input) => dual.decide(input, dual.create(input.spec, input.platforms)).decision.reason);
    expect(reasons.filter((each) => each.startsWith("bid.")).length).toBeGreaterThan(100);
    expect(reasons).toEqual(
      expect.arrayContaining([
        "bid.capped",
        "hold.unprofitable",
        "hold.unaffordable",
        "hold.no-evidence",
        "fallback.no-platform",
        "fallback.stale-feed",
        "exhausted.budget",
        "exhausted.daily-budget",
      ]),
    );
  });
});

describe("greedy-roi", () => {
  it("bids on no platform but the one of highest ROI among those it could bid on", () => {
    const greedy = policies.get("greedy-roi")!;
    fc.assert(
      fc.property(inputArbitrary(), (input) => {
        const { candidates } = greedy.decide(input, greedy.create(input.spec, input.platforms)).decision;
        const bids = candidates.filter((each) => each.verdict === "bid" || each.verdict === "probe");
        expect(bids.length).toBeLessThanOrEqual(1);
        for (const { roiMicros } of candidates.filter((each) => each.verdict === "not-best")) {
          expect(bids.length).toBe(1);
          expect(roiMicros).toBeLessThanOrEqual(bids[0].roiMicros);
        }
        for (const { roiMicros } of bids) expect(roiMicros).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
