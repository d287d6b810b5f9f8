import { describe, expect, it } from "vitest";
import { createActor, createMachine } from "xstate";
import type { AnyActorRef } from "xstate";
import { ActorCensus, allCoverage } from "../../src/proof/census.ts";

const leaf = createMachine({
  id: "campaign",
  initial: "idle",
  states: { idle: { on: { end: "ended" } }, ended: { type: "final" } },
});

/** A parent that lives, and its census. */
function family(): { readonly census: ActorCensus; readonly parent: AnyActorRef } {
  const census = new ActorCensus();
  const parent = createActor(createMachine({ id: "pool" }), { id: "pool", inspect: census.inspect }).start();
  return { census, parent };
}

function child(parent: AnyActorRef, id: string): AnyActorRef {
  return createActor(leaf, { id, parent }).start();
}

describe("the census", () => {
  it("counts the living, and forgets the dead (I3)", () => {
    const { census, parent } = family();
    const first = child(parent, "campaign:a");
    child(parent, "campaign:b");
    expect(census.countLiving()).toBe(2);
    first.send({ type: "end" });
    child(parent, "campaign:a");
    expect(census.faults()).toEqual([]);
    expect(census.countLiving()).toBe(2);
  });

  it("finds two live actors of one campaign (I3)", () => {
    const { census, parent } = family();
    child(parent, "campaign:a");
    child(parent, "campaign:a");
    expect(census.faults()).toEqual(["two live actors are campaign:a"]);
  });

  it("finds a campaign whose parent lives no more (I3)", () => {
    const { census, parent } = family();
    child(parent, "campaign:a");
    parent.stop();
    expect(census.faults()).toEqual(["campaign:a lives on under pool, which does not"]);
  });

  it("knows every state and transition of the statecharts", () => {
    const { states, transitions } = allCoverage();
    expect(states).toContain("campaign.bidding");
    expect([...transitions].some((name) => name.startsWith("portfolio.supervising on always → escalated"))).toBe(true);
  });
});
