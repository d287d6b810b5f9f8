import { describe, expect, it } from "vitest";
import { Inspection } from "../../src/inspect/inspection.ts";
import { PlayedRun, scenarioOf } from "../runtime/played-run.ts";

const scenario = scenarioOf({ campaigns: [{ id: "shoes", count: 3, budget: 60, valuePerConversion: 35 }] });

describe("a watched campaign", () => {
  it("shows its own last decision and what it knows, without scratch memory", () => {
    const run = new PlayedRun(scenario);
    const { engine } = run;
    engine.start();
    const inspection = new Inspection(engine);
    const detach = inspection.attach();
    const watch = inspection.watch("campaign:shoes-0002");
    for (let tick = 0; tick < 3; tick += 1) engine.tick();
    const { state, context, messages } = watch.frame()!;
    const known = JSON.parse(context);
    const decided = run.finish().decisions.findLast(({ campaign }) => campaign === "shoes-0002")!;
    expect(state).toBe(decided.state);
    expect(known).toMatchObject({ lastTick: 2, reason: decided.reason, decision: { tick: 2, reason: decided.reason } });
    expect(known.decision.gammaMicros).toBeCloseTo(decided.gammaMicros, 2);
    expect(known).not.toHaveProperty("spare");
    expect(messages.map(({ event }) => event)).toEqual(["tick", "reports", "tick", "reports", "tick"]);
    expect(messages.at(-1)?.detail).toBe("{}");
    watch.stop();
    detach();
    engine.stop();
  });
});
