import { describe, expect, it } from "vitest";
import { createActor, fromTransition } from "xstate";
import type { AnyActorRef } from "xstate";
import { engineMachine } from "../../machines/engine.ts";
import { DEFAULT_THRESHOLDS, platformMachine } from "../../machines/platform.ts";
import { createPool } from "../../src/actors/pool.ts";
import { DEFAULT_LIMITS, portfolioMachine } from "../../machines/portfolio.ts";

const portfolios = ["a", "b"].map((id) => ({
  id,
  limits: DEFAULT_LIMITS,
  seed: 0,
  pool: { members: [{ slot: 0, id: "c", input: {} }] },
}));
const platforms = [{ id: "p", thresholds: DEFAULT_THRESHOLDS }];

/** A command without its slots, on which a pool fails. */
const UNKNOWN = { type: "children.restart" };
const intensity = { maxRestarts: 1, windowTicks: 10 };

/** An engine, with what it said. */
function engine() {
  const pool = createPool(fromTransition((state: object) => state, {}));
  const provided = engineMachine.provide({
    actors: { platform: platformMachine, portfolio: portfolioMachine.provide({ actors: { pool } }) },
  });
  const actor = createActor(provided, { input: { platforms, feeds: [], portfolios, intensity } });
  const facts: object[] = [];
  actor.on("*", (fact) => facts.push(fact));
  actor.start();
  const portfolio = (id: string): AnyActorRef => actor.getSnapshot().context.supervised.get(`portfolio:${id}`)!.ref;
  return { actor, facts, portfolio };
}

describe("the engine", () => {
  it("spawns platforms and portfolios under stable ids (G1)", () => {
    expect(Object.keys(engine().actor.getSnapshot().children)).toEqual(["platform:p", "portfolio:a", "portfolio:b"]);
  });

  it("passes every tick on to every portfolio, paused or not (G2)", () => {
    const { actor, portfolio } = engine();
    actor.send({ type: "begin" });
    actor.send({ type: "pause", why: "test" });
    actor.send({ type: "tick", tick: 7 });
    expect(actor.getSnapshot().value).toBe("paused");
    for (const id of ["a", "b"]) expect(portfolio(id).getSnapshot().context.tick).toBe(7);
  });

  it("restarts a portfolio that escalates, gives it up when it does so again in the window, and goes on (G3)", () => {
    const { actor, facts, portfolio } = engine();
    actor.send({ type: "begin" });
    actor.send({ type: "tick", tick: 5 });
    const first = portfolio("a");
    first.getSnapshot().context.pool.send(UNKNOWN);
    expect(portfolio("a")).not.toBe(first);
    expect(portfolio("a").getSnapshot()).toMatchObject({ status: "active", value: "supervising" });
    expect(Object.keys(actor.getSnapshot().children)).toEqual(["platform:p", "portfolio:b", "portfolio:a"]);
    portfolio("a").getSnapshot().context.pool.send(UNKNOWN);
    const error = "escalated: slots is not iterable";
    expect(facts).toEqual([
      { type: "supervisor.restarted", supervisor: "portfolio:a", restarts: 1, error },
      { type: "supervisor.stopped", supervisor: "portfolio:a", error },
    ]);
    expect(actor.getSnapshot()).toMatchObject({ value: "running", context: { givenUp: ["portfolio:a"] } });
    expect(Object.keys(actor.getSnapshot().children)).toEqual(["platform:p", "portfolio:b"]);
  });

  it("counts only the restarts within the window (G3)", () => {
    const { actor, facts, portfolio } = engine();
    for (const tick of [0, 10, 20]) {
      actor.send({ type: "tick", tick });
      portfolio("a").getSnapshot().context.pool.send(UNKNOWN);
    }
    expect(facts).toMatchObject(Array.from({ length: 3 }, () => ({ type: "supervisor.restarted", restarts: 1 })));
  });

  it("treats a platform's statechart that throws alike, and drains with the last portfolio alone (G3)", () => {
    const { actor, facts, portfolio } = engine();
    actor.send({ type: "begin" });
    const fail = () =>
      actor.send({ type: "xstate.error.actor.platform:p", actorId: "platform:p", error: new Error("planted") });
    fail();
    fail();
    expect(facts).toMatchObject([{ type: "supervisor.restarted" }, { type: "supervisor.stopped" }]);
    expect(actor.getSnapshot().value).toBe("running");
    portfolio("a").send({ type: "stop" });
    expect(actor.getSnapshot().value).toBe("running");
    portfolio("b").send({ type: "stop" });
    expect(actor.getSnapshot()).toMatchObject({ value: "draining", context: { why: "the last portfolio ended" } });
  });

  it("stops what a portfolio that threw held, before it is restarted (G5)", () => {
    const { actor, portfolio } = engine();
    const { pool } = portfolio("a").getSnapshot().context as { pool: AnyActorRef };
    const stopped: string[] = [];
    pool.subscribe({ complete: () => stopped.push(portfolio("a").getSnapshot().status) });
    // No tick at all: judging it throws.
    portfolio("a").send({ type: "child.failed", slot: 0, id: "x", error: new Error("planted") });
    portfolio("a").send({
      type: "tick",
      get tick(): number {
        throw new RangeError("planted");
      },
    });
    expect(pool.getSnapshot().status).toBe("stopped");
    expect(portfolio("a").getSnapshot().context.pool).not.toBe(pool);
    expect(stopped).toEqual(["active"]);
    expect(actor.getSnapshot().context.givenUp).toEqual([]);
  });

  it("does not leave draining but to stopped, when no reservation is open (G4)", () => {
    const { actor } = engine();
    actor.send({ type: "drain", why: "test" });
    actor.send({ type: "begin" });
    actor.send({ type: "resume" });
    actor.send({ type: "drained", openReservations: 1 });
    expect(actor.getSnapshot()).toMatchObject({ value: "draining", context: { why: "test" } });
    actor.send({ type: "drained", openReservations: 0 });
    expect(actor.getSnapshot()).toMatchObject({ value: "stopped", status: "done" });
  });
});
