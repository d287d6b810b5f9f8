import { describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { platformMachine } from "../../machines/platform.ts";
import { Health } from "../../src/core/forecast/board.ts";

const thresholds = {
  degradedAfterTicks: 3,
  downAfterTicks: 6,
  probeAfterTicks: 4,
  probeTicks: 2,
  recoverAfterTicks: 2,
};

/** The states after each tick of a feed: `+` heard, `.` silent, `x` refused. */
function states(feed: string): string {
  const actor = createActor(platformMachine, { input: { id: "p", thresholds } }).start();
  return Array.from(feed, (sign, tick) => {
    if (sign === "+") actor.send({ type: "feed.heard", tick });
    else if (sign === ".") actor.send({ type: "feed.silent", tick });
    else actor.send({ type: "feed.refused", tick, why: "test" });
    return actor.getSnapshot().value[0];
  }).join("");
}

describe("a platform", () => {
  it("names its states as health codes (H1)", () => {
    expect(Object.keys(platformMachine.states)).toEqual(Object.keys(Health));
  });

  it("degrades and goes down after so many bad ticks in a row, silent or refused (H2)", () => {
    expect(states("+..+.x.x.x")).toBe("hhhhhhdddd");
    const actor = createActor(platformMachine, { input: { id: "p", thresholds } }).start();
    for (let tick = 0; tick < 6; tick += 1) actor.send({ type: "feed.silent", tick });
    expect(actor.getSnapshot()).toMatchObject({ value: "down", context: { sinceTick: 5, badTicks: 6 } });
  });

  it("recovers from degraded only when heard for long enough without a gap", () => {
    expect(states("...+.++")).toBe("hhddddh");
  });

  it("is probed after a while down, and given up again when no answer comes", () => {
    expect(states("............")).toBe("hhdddddddppd");
  });

  it("comes back from down through probing only (H3)", () => {
    expect(states("......++++")).toBe("hhddddphhh");
  });
});
