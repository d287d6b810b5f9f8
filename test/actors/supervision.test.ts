import { describe, expect, it } from "vitest";
import { createActor, fromTransition } from "xstate";
import type { AnyActorLogic, AnyActorRef } from "xstate";
import { campaignMachine } from "../../machines/campaign.ts";
import type { CampaignContext, CampaignEvent, CampaignInput } from "../../machines/campaign.ts";
import { machines } from "../../machines/index.ts";
import { portfolioMachine } from "../../machines/portfolio.ts";
import type { PortfolioFact, SupervisionLimits } from "../../machines/portfolio.ts";
import { compile } from "../../src/actors/compiled.ts";
import { createPool } from "../../src/actors/pool.ts";
import type { PoolSnapshot } from "../../src/actors/pool.ts";
import { createBoard } from "../../src/core/forecast/board.ts";
import type { Policy } from "../../src/core/policy/policy.ts";

const { sampleInput } = machines.find(({ name }) => name === "campaign")!;
const limits: SupervisionLimits = {
  maxRestarts: 2,
  maxFailures: 1000,
  steadyTicks: 1000,
  windowTicks: 20,
  backoffTicks: 1,
  maxBackoffTicks: 4,
  jitter: 0,
  maxQuarantined: 1,
};

interface Options {
  readonly logic: AnyActorLogic;
  readonly campaigns?: number;
  /** True where the policy is to throw. */
  readonly fails: (slot: number, tick: number) => boolean;
  readonly failsAtBirth?: (slot: number) => boolean;
}

/** A portfolio of campaigns that count their decisions, on a pool, with all that it says. */
function portfolio({ logic, campaigns = 3, fails, failsAtBirth = () => false }: Options) {
  const policyOf = (slot: number): Policy<number> => ({
    name: "counting",
    description: "Counts its decisions.",
    create: () => {
      if (failsAtBirth(slot)) throw new RangeError(`campaign ${slot} cannot be created`);
      return 0;
    },
    decide: ({ tick }, memory) => {
      if (fails(slot, tick)) throw new RangeError(`campaign ${slot} fails at ${tick}`);
      const decision = {
        tick,
        kind: "bid",
        reason: "bid.placed",
        binding: "none",
        gammaMicros: 0,
        candidates: [],
      } as const;
      return { decision, memory: memory + 1 };
    },
    learn: (_, memory) => memory,
  });
  const base = sampleInput() as CampaignInput;
  const spec = { ...base.spec, flight: { startTick: 0, endTick: 1_000 } };
  const members = Array.from({ length: campaigns }, (_, slot) => ({
    slot,
    id: `campaign:${slot}`,
    input: { ...base, spec, slot, policy: policyOf(slot) },
  }));
  const provided = portfolioMachine.provide({ actors: { pool: createPool(logic) } });
  const actor = createActor(provided, { input: { id: "p", limits, seed: 0, pool: { members } } });
  const facts: string[] = [];
  actor.on("*", (fact: PortfolioFact) => facts.push(`${actor.getSnapshot().context.tick} ${fact.type} ${fact.slot}`));
  actor.start();
  const pool = (): PoolSnapshot => actor.getSnapshot().context.pool.getSnapshot();
  const boards = new Map([["sample", createBoard("sample", 1, 24)]]);
  const account = { budgetMicros: 9, spentMicros: 0, reservedMicros: 1, availableMicros: 8, isDailyBound: false };
  const tick = (at: number) => {
    actor.send({ type: "tick", tick: at });
    const world = {
      tick: at,
      tickMs: 1,
      timeMs: at,
      day: { startTick: 0, endTick: 24 },
      platforms: [],
      boards,
      account: () => account,
    };
    const event: CampaignEvent = { type: "tick", world };
    for (const slot of pool().slots) {
      const ref = pool().children[slot];
      if (ref.getSnapshot().status === "active") ref.send(event);
    }
  };
  const run = (from: number, to: number) => {
    for (let at = from; at < to && actor.getSnapshot().status === "active"; at += 1) tick(at);
  };
  return { actor, facts, pool, run };
}

function stateOf(ref: AnyActorRef) {
  const { status, value, context } = ref.getSnapshot() as { status: string; value: string; context: CampaignContext };
  return { status, value, memory: context.memory, evaluations: context.evaluations };
}

const logics = [
  { how: "interpreted", logic: campaignMachine as AnyActorLogic },
  { how: "compiled", logic: compile(campaignMachine) as AnyActorLogic },
];

describe.each(logics)("supervision of $how campaigns", ({ logic }) => {
  it("restarts a campaign that throws from its last good state, without touching its siblings (S1, S3)", () => {
    const { facts, pool, run } = portfolio({ logic, fails: (slot, tick) => slot === 1 && tick === 3 });
    run(0, 3);
    const [before, , alsoBefore] = [...pool().children];
    const dead = pool().children[1];
    run(3, 4);
    expect(stateOf(dead)).toEqual({ status: "error", value: "bidding", memory: 3, evaluations: 3 });
    run(4, 5);
    expect(facts).toEqual(["4 campaign.restarted 1"]);
    expect(pool().children[1]).not.toBe(dead);
    expect(stateOf(pool().children[1])).toEqual({ status: "active", value: "bidding", memory: 4, evaluations: 4 });
    expect(pool().children[0]).toBe(before);
    expect(pool().children[2]).toBe(alsoBefore);
    expect(stateOf(before)).toEqual({ status: "active", value: "bidding", memory: 5, evaluations: 5 });
  });

  it("keeps one live actor per campaign, whatever is ordered (S2)", () => {
    const { actor, pool, run } = portfolio({ logic, fails: () => false });
    run(0, 2);
    const before = [...pool().children];
    actor.getSnapshot().context.pool.send({ type: "children.restart", slots: [0, 1, 99] });
    expect(pool().children).toEqual(before);
  });

  it("backs off, doubling, then quarantines (S6, S7), and lets a released campaign try again", () => {
    let isBroken = true;
    const { actor, facts, pool, run } = portfolio({ logic, fails: (slot) => slot === 2 && isBroken });
    run(0, 10);
    expect(facts).toEqual(["1 campaign.restarted 2", "3 campaign.restarted 2", "4 campaign.quarantined 2"]);
    expect(stateOf(pool().children[2]).status).toBe("error");
    isBroken = false;
    actor.send({ type: "release", slot: 2 });
    run(10, 12);
    expect(facts.at(-1)).toBe("10 campaign.restarted 2");
    expect(stateOf(pool().children[2])).toMatchObject({ status: "active", evaluations: 2 });
    expect(actor.getSnapshot().context.quarantined).toBe(0);
  });

  it("counts only the failures within the window (S7)", () => {
    const { facts, run } = portfolio({ logic, fails: (slot, tick) => slot === 0 && tick % 15 === 5 });
    run(0, 100);
    expect(facts.filter((fact) => fact.includes("quarantined"))).toEqual([]);
    expect(facts.filter((fact) => fact.includes("restarted"))).toHaveLength(7);
  });

  it("gives a released campaign a clean record (S7)", () => {
    const { actor, facts, run } = portfolio({ logic, fails: (slot, tick) => slot === 2 && tick <= 10 });
    run(0, 10);
    actor.send({ type: "release", slot: 2 });
    run(10, 13);
    expect(facts.slice(2)).toEqual(["4 campaign.quarantined 2", "10 campaign.restarted 2", "11 campaign.restarted 2"]);
  });

  it("forgets failures after a quiet window", () => {
    const { actor, facts, run } = portfolio({ logic, fails: (slot, tick) => slot === 0 && tick % 25 === 5 });
    run(0, 160);
    expect(facts.filter((fact) => fact.includes("restarted"))).toHaveLength(7);
    expect(facts.filter((fact) => fact.includes("quarantined"))).toEqual([]);
    expect(actor.getSnapshot().context.troubles.size).toBe(1);
  });

  it("escalates when too many are quarantined, and leaves no campaign running (S4, S8)", () => {
    const { actor, pool, run } = portfolio({ logic, campaigns: 5, fails: (slot) => slot < 2 });
    const poolRef = actor.getSnapshot().context.pool;
    run(0, 6);
    expect(actor.getSnapshot()).toMatchObject({
      value: "escalated",
      status: "done",
      output: { id: "p", isEscalated: true, quarantined: 2 },
    });
    expect(poolRef.getSnapshot().status).toBe("stopped");
    expect(pool().children.map((ref) => stateOf(ref).status)).toEqual([
      "error",
      "error",
      "stopped",
      "stopped",
      "stopped",
    ]);
  });

  it("leaves no campaign running when it is stopped (S4)", () => {
    const { actor, pool, run } = portfolio({ logic, fails: () => false });
    run(0, 1);
    actor.send({ type: "stop" });
    expect(pool().children.map((ref) => stateOf(ref).status)).toEqual(["stopped", "stopped", "stopped"]);
    expect(actor.getSnapshot().output).toMatchObject({ isEscalated: false });
  });

  it("treats a campaign that cannot be created like any other failure", () => {
    let isBroken = true;
    const { facts, pool, run } = portfolio({
      logic,
      fails: () => false,
      failsAtBirth: (slot) => slot === 1 && isBroken,
    });
    run(0, 1);
    expect(facts).toEqual(["0 campaign.restarted 1"]);
    isBroken = false;
    // The restart failed as well: the next one is two ticks later.
    run(1, 4);
    expect(stateOf(pool().children[1])).toMatchObject({ status: "active", evaluations: 2 });
    expect(stateOf(pool().children[0]).evaluations).toBe(4);
  });

  it("gives the same restarts for the same failures (S9)", () => {
    const play = () => {
      const one = portfolio({ logic, campaigns: 20, fails: (slot, tick) => (slot * 7 + tick * 3) % 41 === 0 });
      one.run(0, 100);
      return [one.facts, one.pool().children.map(stateOf)];
    };
    expect(play()).toEqual(play());
  });
});

describe("a pool", () => {
  it("starts, fails and restarts ten thousand campaigns at once in a second or two", () => {
    const startedMs = performance.now();
    const fails = (_: number, tick: number) => tick === 1;
    const { facts, pool, run } = portfolio({ logic: compile(campaignMachine), campaigns: 10_000, fails });
    run(0, 3);
    expect(facts).toHaveLength(10_000);
    expect(pool().children.every((ref) => stateOf(ref).evaluations === 2)).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it("ignores the end of a child, and events that are not its own", () => {
    const child = fromTransition((state: object) => state, {});
    const pool = createActor(createPool(child), { input: { members: [{ slot: 4, id: "four", input: {} }] } }).start();
    const before = pool.getSnapshot().children[4];
    pool.send({ type: "xstate.done.actor.four" } as never);
    pool.send({ type: "xstate.error.actor.stranger", actorId: "stranger" } as never);
    expect(pool.getSnapshot()).toMatchObject({ status: "active", slots: [4] });
    expect(pool.getSnapshot().children[4]).toBe(before);
  });
});
