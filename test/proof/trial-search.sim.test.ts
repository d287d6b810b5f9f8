import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/core/decision.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy, PolicyInput } from "../../src/core/policy/policy.ts";
import { allCoverage } from "../../src/proof/census.ts";
import { walkMachines } from "../../src/proof/machine-walk.ts";
import { playTrial, subjectOf } from "../../src/proof/trial.ts";
import { searchTrials } from "../../src/proof/trial-search.ts";
import type { SearchOutcome } from "../../src/proof/trial-search.ts";
import steadyBids from "../../src/scenario/examples/steady-bids.ts";
import { scenarioOf } from "../runtime/played-run.ts";

const CAMPAIGNS = [
  { id: "shoes", budget: 60, valuePerConversion: 35 },
  { id: "hats", budget: 40, dailyBudget: 10, valuePerConversion: 35, maxBid: 0.9 },
];
const LIMITS = { runs: 150, seed: 1, maxEvents: 30, without: [] } as const;

function subject(policy: Policy | null, fields: object = {}) {
  const scenario = scenarioOf({ duration: "1h", warmup: "1h", campaigns: CAMPAIGNS, ...fields });
  return subjectOf(scenario, { campaigns: 5, ticks: 60 }, policy);
}

/** A policy that decides like the example but for this change. */
function changed(change: (decision: Decision, input: PolicyInput) => Decision): Policy {
  const decide: Policy["decide"] = (input, memory) => {
    const { decision } = steadyBids.decide(input, null);
    return { decision: change(decision, input), memory };
  };
  return { ...(steadyBids as Policy), name: "changed", decide };
}

/** The same decision with another figure in every bid. */
function withBids(decision: Decision, figures: (bidMicros: number) => object): Decision {
  const candidates = decision.candidates.map((one) => ({
    ...one,
    ...(one.bidMicros > 0 ? figures(one.bidMicros) : {}),
  }));
  return { ...decision, candidates };
}

/** Needs two things at once: more budget than declared, and a platform that is not healthy. */
const fragile = changed((decision, { spec, account, board }) => {
  if (account.budgetMicros > spec.budgetMicros && board.health.some((code) => code !== 0))
    throw new RangeError("never thought of this");
  return decision;
});

function found(outcome: SearchOutcome) {
  expect(outcome.counterexample).not.toBeNull();
  return outcome.counterexample!;
}

describe("the search", () => {
  it.each([
    ["gamma-pacing", null],
    ["the example policy", steadyBids as Policy],
  ])("breaks nothing with %s", (_, policy) => {
    expect(walkMachines(subject(policy)).broken).toBeNull();
    expect(searchTrials(subject(policy), { ...LIMITS, runs: 16 })).toMatchObject({ runs: 16, counterexample: null });
  });

  it("takes every transition of every statechart", () => {
    const walked = walkMachines(subject(null)).coverage;
    const played = searchTrials(subject(null), { ...LIMITS, runs: 1 }).coverage;
    const { states, transitions } = allCoverage();
    expect([...transitions].filter((name) => !walked.transitions.has(name) && !played.transitions.has(name))).toEqual(
      [],
    );
    expect([...states].filter((name) => !walked.states.has(name) && !played.states.has(name))).toEqual([]);
  });

  it("shrinks to the events without which nothing breaks, the same for a seed (V3, V4)", () => {
    const { plan, breach } = found(searchTrials(subject(fragile), LIMITS));
    expect(breach).toMatchObject({ rule: "policy", text: "It throws RangeError: never thought of this" });
    const kinds = plan.events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== "play").toSorted()).toEqual(
      kinds.includes("silence") ? ["silence", "top-up"] : ["garbage", "top-up"],
    );
    expect(playTrial(subject(fragile), plan).breach).toEqual(breach);
    for (const at of plan.events.keys()) {
      expect(playTrial(subject(fragile), { ...plan, events: plan.events.toSpliced(at, 1) }).breach).toBeNull();
    }
    expect(found(searchTrials(subject(fragile), LIMITS))).toMatchObject({ plan, breach });
  });

  it("finds the top-up with which a campaign spends more than expected", () => {
    const campaigns = [{ id: "shoes", budget: 10, valuePerConversion: 35 }];
    const expected = subject(null, { campaigns, expect: [{ campaigns: ["shoes"], maxSpend: 10.2 }] });
    const { plan, breach } = found(searchTrials(expected, LIMITS));
    expect(breach).toMatchObject({ rule: "expect[0].maxSpend", campaign: "shoes" });
    expect(plan.events.map(({ kind }) => kind)).toContain("top-up");
  });

  let calls = 0;
  const mutable = { memory: 0 };
  it.each<[string, Policy, RegExp]>([
    ["bids no number", changed((one) => withBids(one, () => ({ bidMicros: Number.NaN }))), /bids NaN/],
    ["bids above maxBid", changed((one) => withBids(one, (bid) => ({ bidMicros: bid * 9 }))), /at most 0.90 EUR/],
    [
      "forgets what it has spent",
      changed((one, { spec }) => withBids(one, () => ({ capMicros: spec.budgetMicros }))),
      /commits .* EUR. Expected: at most the .* EUR available/,
    ],
    ["is not a function of its input", changed((one) => ({ ...one, gammaMicros: (calls += 1) })), /\(P3\)/],
    [
      "changes its memory",
      {
        ...policyNamed("uniform"),
        name: "changing",
        create: () => mutable,
        decide: (input) => {
          mutable.memory += 1;
          return { decision: steadyBids.decide(input, null).decision, memory: mutable };
        },
        learn: () => mutable,
      },
      /\(P4\)/,
    ],
    ["decides nothing", { ...(steadyBids as Policy), name: "none", decide: () => undefined as never }, /gives no/],
    [
      "gives a reason nobody knows",
      changed((one) => ({ ...one, reason: "because" as never })),
      /gives the reason "because"/,
    ],
  ])("catches a policy that %s", (_, policy, text) => {
    const { breach, plan } = found(searchTrials(subject(policy), LIMITS));
    expect(breach.text).toMatch(text);
    expect(plan.events.length).toBeLessThanOrEqual(2);
  });

  it("leaves out the kinds of events that it is told to", () => {
    const without = ["top-up"] as const;
    expect(searchTrials(subject(fragile), { ...LIMITS, runs: 40, without }).counterexample).toBeNull();
  });
});

describe("a walk of the campaign's statechart", () => {
  it("tells the shortest way to a decision that no policy may make", () => {
    const { broken } = walkMachines(
      subject(
        changed((decision, { account }) => {
          if (account.availableMicros === 0) throw new RangeError("nothing left");
          return decision;
        }),
      ),
    );
    expect(broken).toMatchObject({
      machine: "campaign",
      campaign: "shoes",
      text: "It throws RangeError: nothing left",
    });
    expect(broken?.steps).toHaveLength(1);
  });
});
