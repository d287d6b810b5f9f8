import { describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { campaignMachine } from "../../machines/campaign.ts";
import type { CampaignContext, CampaignEvent, CampaignInput } from "../../machines/campaign.ts";
import type { Reply } from "../../src/core/decision.ts";
import { machines } from "../../machines/index.ts";

const { sampleInput } = machines.find(({ name }) => name === "campaign")!;
const offered = machines.find(({ name }) => name === "campaign")!.sampleEvents({} as never) as readonly CampaignEvent[];

/** The sample tick that makes the sample policy bid, moved to another tick. */
function tickAt(tick: number): CampaignEvent {
  const bid = offered[1] as Extract<CampaignEvent, { type: "tick" }>;
  return { type: "tick", world: { ...bid.world, tick } };
}

function dayWith(availableMicros: number): CampaignEvent {
  const { world } = tickAt(2) as Extract<CampaignEvent, { type: "tick" }>;
  const account = { ...world.account(0), availableMicros };
  return { type: "day.started", tick: 2, world: { ...world, account: () => account } };
}

function campaign(resume?: CampaignContext) {
  const actor = createActor(campaignMachine, { input: { ...(sampleInput() as CampaignInput), resume } }).start();
  return (...events: CampaignEvent[]) => {
    for (const event of events) actor.send(event);
    return actor.getSnapshot();
  };
}

const isExhaustedBy = offered[3];

describe("a campaign", () => {
  it("evaluates from the first tick of its flight to the one before its end (C1)", () => {
    const send = campaign();
    const states = [0, 1, 2, 3].map((tick) => send(tickAt(tick)).value);
    expect(states).toEqual(["idle", "bidding", "bidding", "idle"]);
    expect(send().context).toMatchObject({ evaluations: 2, lastTick: 2 });
  });

  it("does not evaluate while it is held, and goes on afterwards (C1)", () => {
    const send = campaign();
    expect(send(tickAt(1), { type: "hold", why: "test" }).value).toBe("bidding");
    expect(send(tickAt(2))).toMatchObject({ value: "idle", context: { evaluations: 1, heldBecause: "test" } });
    expect(send(tickAt(2))).toMatchObject({ value: "idle", context: { evaluations: 1 } });
    expect(send({ type: "resume" }, tickAt(2))).toMatchObject({ value: "bidding", context: { heldBecause: null } });
  });

  it("gives its decision in the reply to the tick, and to nobody afterwards (C2)", () => {
    const send = campaign();
    const reply: Reply = { decision: null, draft: null };
    const bid = { ...tickAt(1), reply } as CampaignEvent;
    expect(send(bid).context).toMatchObject({ kind: "bid", reason: "bid.placed" });
    expect(reply.decision).toMatchObject({ tick: 1, kind: "bid" });
    reply.decision = null;
    send(tickAt(3), { type: "hold", why: "test" }, bid);
    expect(reply.decision).toBeNull();
  });

  it("resumes idle, with all that the actor that failed knew (C5)", () => {
    const before = campaign()(tickAt(1)).context;
    expect(campaign(before)()).toMatchObject({ value: "idle", context: before });
  });

  it("leaves exhausted only by a top-up or by a day with money (C4)", () => {
    const send = campaign();
    expect(send(isExhaustedBy, tickAt(2), dayWith(0)).value).toBe("exhausted");
    expect(send(dayWith(1)).value).toBe("idle");
    expect(send(isExhaustedBy, { type: "budget.toppedUp", micros: 1 }).value).toBe("idle");
  });

  it("learns from reports in every state (C3)", () => {
    const reports = offered.find(({ type }) => type === "reports")!;
    for (const order of [0, 1, 2, 3]) expect(campaign()(offered[order], reports).context.memory).toEqual({ heard: 1 });
  });
});
