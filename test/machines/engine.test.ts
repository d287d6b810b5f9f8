import { describe, expect, it } from "vitest";
import { createActor, fromTransition } from "xstate";
import type { EventObject } from "xstate";
import { engineMachine } from "../../machines/engine.ts";
import { DEFAULT_THRESHOLDS, platformMachine } from "../../machines/platform.ts";
import { DEFAULT_LIMITS, portfolioMachine } from "../../machines/portfolio.ts";

const portfolios = ["a", "b"].map((id) => ({ id, limits: DEFAULT_LIMITS, pool: {} }));
const platforms = [{ id: "p", thresholds: DEFAULT_THRESHOLDS }];

function engine() {
  const pool = fromTransition((heard: readonly string[], { type }: EventObject) => [...heard, type], []);
  const provided = engineMachine.provide({
    actors: { platform: platformMachine, portfolio: portfolioMachine.provide({ actors: { pool } }) },
  });
  return createActor(provided, { input: { platforms, portfolios } }).start();
}

describe("the engine", () => {
  it("spawns platforms and portfolios under stable ids (G1)", () => {
    expect(Object.keys(engine().getSnapshot().children)).toEqual(["platform:p", "portfolio:a", "portfolio:b"]);
  });

  it("passes every tick on to every portfolio, paused or not (G2)", () => {
    const actor = engine();
    actor.send({ type: "begin" });
    actor.send({ type: "pause", why: "test" });
    actor.send({ type: "tick", tick: 7 });
    expect(actor.getSnapshot().value).toBe("paused");
    for (const portfolio of actor.getSnapshot().context.portfolios) {
      expect(portfolio.getSnapshot().context.tick).toBe(7);
    }
  });

  it("goes on when one portfolio escalates, and drains with the last (G3)", () => {
    const actor = engine();
    actor.send({ type: "begin" });
    const [first, second] = actor.getSnapshot().context.portfolios;
    first.send({ type: "xstate.error.actor.pool", error: new Error("test") });
    expect(actor.getSnapshot()).toMatchObject({ value: "running", context: { escalated: ["a"] } });
    second.send({ type: "stop" });
    expect(actor.getSnapshot()).toMatchObject({ value: "draining", context: { escalated: ["a"], portfolios: [] } });
  });

  it("does not leave draining but to stopped, when no reservation is open (G4)", () => {
    const actor = engine();
    actor.send({ type: "drain", why: "test" });
    actor.send({ type: "begin" });
    actor.send({ type: "resume" });
    actor.send({ type: "drained", openReservations: 1 });
    expect(actor.getSnapshot()).toMatchObject({ value: "draining", context: { why: "test" } });
    actor.send({ type: "drained", openReservations: 0 });
    expect(actor.getSnapshot()).toMatchObject({ value: "stopped", status: "done" });
  });
});
