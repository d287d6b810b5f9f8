import { expect, it } from "vitest";
import type { Decision } from "../../src/core/decision.ts";
import type { EngineEvent } from "../../src/core/events.ts";
import { played, scenarioOf } from "../runtime/played-run.ts";

it.each([1, 2, 3])(
  "the log has one line for each decision, in the order in which they were taken (D1), seed %d",
  (seed) => {
    const taken: string[] = [];
    const observe = (event: EngineEvent) => {
      if (event.type === "decision") taken.push(`${event.tick} ${event.campaign.id} ${event.decision.reason}`);
    };
    const run = played(scenarioOf({ seed }), { observers: [{ observe }] });
    expect(taken.length).toBe(180);
    expect(run.decisions.map(({ tick, campaign, reason }) => `${tick} ${campaign} ${reason}`)).toEqual(taken);
    // Many times the log's buffer.
    expect(run.lines.join("\n").length).toBeGreaterThan(150_000);
  },
);

it("an observer that keeps decisions finds them as they were; one that keeps none changes no byte of the log", () => {
  const kept: Decision[] = [];
  const copies: Decision[] = [];
  const observe = (event: EngineEvent) => {
    if (event.type !== "decision") return;
    kept.push(event.decision);
    copies.push(structuredClone(event.decision));
  };
  const keeping = played(scenarioOf({ seed: 1 }), { observers: [{ observe }] });
  expect(kept).toEqual(copies);
  const alone = played(scenarioOf({ seed: 1 }), {
    observers: [{ observe: () => undefined, wantsDecisions: "fleeting" }],
  });
  expect(alone.lines).toEqual(keeping.lines);
});
