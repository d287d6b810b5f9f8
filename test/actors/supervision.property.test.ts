import fc from "fast-check";
import { expect, it } from "vitest";
import { assign, createActor, createMachine } from "xstate";
import type { AnyActorRef } from "xstate";
import { portfolioMachine } from "../../machines/portfolio.ts";
import type { PortfolioFact, SupervisionLimits } from "../../machines/portfolio.ts";
import { createPool } from "../../src/actors/pool.ts";
import type { PoolSnapshot } from "../../src/actors/pool.ts";

const CHILDREN = 4;

interface Child {
  /** Ticks survived, earlier lives included. */
  readonly ticks: number;
}

/** What becomes of a tick for one child. */
type Fate = "lives" | "fails" | "ordered";

/** A portfolio of children that count ticks and fail when told to; every child ever made is kept in sight. */
function supervised(limits: SupervisionLimits) {
  const child = createMachine({
    types: {} as { context: Child; input: { resume?: Child } },
    context: ({ input }) => ({ ticks: input.resume?.ticks ?? 0 }),
    on: {
      tick: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) },
      fail: {
        actions: assign(() => {
          throw new RangeError("planted");
        }),
      },
    },
  });
  const members = Array.from({ length: CHILDREN }, (_, slot) => ({ slot, id: `child:${slot}`, input: {} }));
  const machine = portfolioMachine.provide({ actors: { pool: createPool(child) } });
  const actor = createActor(machine, { input: { id: "p", limits, seed: 1, pool: { members } } });
  let facts: string[] = [];
  actor.on("*", ({ type, slot }: PortfolioFact) => facts.push(`${type.split(".")[1]} ${slot}`));
  actor.start();
  const { pool } = actor.getSnapshot().context;
  const made = members.map(() => new Set<AnyActorRef>());
  const look = () => {
    const { children } = pool.getSnapshot() as PoolSnapshot;
    for (const [slot, refs] of made.entries()) refs.add(children[slot]);
    return children;
  };
  look();
  return {
    actor,
    live: (slot: number) => [...made[slot]].filter((ref) => ref.getSnapshot().status === "active"),
    isSupervising: () => actor.getSnapshot().value === "supervising",
    survived: (slot: number) => (look()[slot].getSnapshot().context as Child).ticks,
    order: (slot: number) => {
      pool.send({ type: "children.restart", slots: [slot] });
      look();
    },
    judge: (tick: number): string[] => {
      facts = [];
      actor.send({ type: "tick", tick });
      look();
      return facts.toSorted();
    },
  };
}

/** The rules S6 to S8 once more, from all failures ever seen. */
class Rules {
  readonly failures: number[][] = Array.from({ length: CHILDREN }, () => []);
  /** Failures since the child last ran steadily, or was quiet for a whole window. */
  readonly inARow: number[] = Array<number>(CHILDREN).fill(0);
  readonly ticks: number[] = Array<number>(CHILDREN).fill(0);
  readonly due: (number | null)[] = Array<number | null>(CHILDREN).fill(null);
  readonly restarted: number[] = Array<number>(CHILDREN).fill(Number.POSITIVE_INFINITY);
  readonly quarantined = new Set<number>();
  readonly limits: SupervisionLimits;

  constructor(limits: SupervisionLimits) {
    this.limits = limits;
  }

  isLive(slot: number): boolean {
    return this.due[slot] === null && !this.quarantined.has(slot);
  }

  fail(slot: number, tick: number): void {
    this.failures[slot].push(tick);
    const isSteady = tick - this.restarted[slot] >= this.limits.steadyTicks;
    this.inARow[slot] = isSteady ? 1 : this.inARow[slot] + 1;
    const { backoffTicks, maxBackoffTicks } = this.limits;
    let delay = backoffTicks;
    for (let nth = 1; nth < this.inARow[slot]; nth += 1) delay *= 2;
    this.due[slot] = tick + Math.min(delay, maxBackoffTicks);
  }

  judge(tick: number): string[] {
    const facts: string[] = [];
    for (const [slot, due] of this.due.entries()) {
      if (this.quarantined.has(slot)) continue;
      const last = this.failures[slot].at(-1) ?? Number.NEGATIVE_INFINITY;
      if (due === null) {
        if (last <= tick - this.limits.windowTicks) {
          this.inARow[slot] = 0;
          this.restarted[slot] = Number.POSITIVE_INFINITY;
        }
        continue;
      }
      const lately = this.failures[slot].filter((at) => at > last - this.limits.windowTicks).length;
      const { maxRestarts, maxFailures } = this.limits;
      if (Math.min(lately, this.inARow[slot]) > maxRestarts || lately > maxFailures) {
        this.quarantined.add(slot);
        facts.push(`quarantined ${slot}`);
      } else if (due <= tick) {
        this.due[slot] = null;
        this.restarted[slot] = tick;
        facts.push(`restarted ${slot}`);
      }
    }
    return facts.toSorted();
  }
}

const limitsArbitrary = fc.record({
  maxRestarts: fc.integer({ min: 1, max: 4 }),
  maxFailures: fc.integer({ min: 2, max: 8 }),
  steadyTicks: fc.integer({ min: 1, max: 6 }),
  windowTicks: fc.integer({ min: 1, max: 20 }),
  backoffTicks: fc.integer({ min: 1, max: 3 }),
  maxBackoffTicks: fc.integer({ min: 3, max: 12 }),
  // Chance is tested where the formula is.
  jitter: fc.constant(0),
  maxQuarantined: fc.integer({ min: 0, max: 2 }),
});
const fate = fc.constantFrom<Fate[]>("lives", "lives", "lives", "lives", "lives", "lives", "fails", "ordered");
const fates = fc.array(fc.tuple(...Array.from({ length: CHILDREN }, () => fate)), { size: "max", maxLength: 60 });

it("any failures give the restarts, quarantines and escalation that the rules ask for (S1–S4, S6–S8)", () => {
  let [restarts, quarantines, escalations] = [0, 0, 0];
  fc.assert(
    fc.property(limitsArbitrary, fates, (limits, history) => {
      const rules = new Rules(limits);
      const { actor, live, order, isSupervising, survived, judge } = supervised(limits);
      for (const [tick, row] of history.entries()) {
        const expected = rules.judge(tick);
        expect(judge(tick)).toEqual(expected);
        restarts += expected.filter((fact) => fact.startsWith("restarted")).length;
        quarantines += expected.length;
        expect(isSupervising(), "S8").toBe(rules.quarantined.size <= limits.maxQuarantined);
        if (!isSupervising()) break;
        for (const [slot, what] of row.entries()) {
          if (!rules.isLive(slot)) continue;
          // A restart of a live child changes nothing (S2).
          if (what === "ordered") order(slot);
          live(slot)[0].send({ type: what === "fails" ? "fail" : "tick" });
          if (what === "fails") rules.fail(slot, tick);
          else rules.ticks[slot] += 1;
        }
        for (const [slot, ticks] of rules.ticks.entries()) {
          expect(live(slot).length, "S1, S2").toBe(rules.isLive(slot) ? 1 : 0);
          expect(survived(slot), "S3").toBe(ticks);
        }
      }
      if (isSupervising()) actor.send({ type: "stop" });
      else escalations += 1;
      for (let slot = 0; slot < CHILDREN; slot += 1) expect(live(slot), "S4").toEqual([]);
    }),
    { numRuns: 200 },
  );
  expect(Math.min(restarts, quarantines, escalations)).toBeGreaterThan(20);
});
