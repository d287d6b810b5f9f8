import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createActor } from "xstate";
import type { AnyActorLogic } from "xstate";
import { campaignMachine, CONTEXT_KEYS } from "../../machines/campaign.ts";
import type { CampaignContext, CampaignEvent, CampaignInput } from "../../machines/campaign.ts";
import { machines } from "../../machines/index.ts";
import { compile } from "../../src/actors/compiled.ts";

const registered = machines.find(({ name }) => name === "campaign")!;
const offered = registered.sampleEvents({} as never) as readonly CampaignEvent[];
const walks = fc.array(fc.constantFrom(...offered), { size: "max", minLength: 1, maxLength: 40 });

interface Seen {
  readonly value: string;
  readonly context: CampaignContext;
}

const STATE_OF = { bid: "bidding", hold: "idle", fallback: "fallback", exhausted: "exhausted" } as const;

function heard({ context }: Seen): number {
  return (context.memory as { heard: number }).heard;
}

/** What must be true of every step, whatever came before it. */
function checkStep(before: Seen, event: CampaignEvent, after: Seen): void {
  const { campaign, heldBecause, evaluations, kind } = before.context;
  const { spec } = campaign;
  const isTick = event.type === "tick";
  const isInFlight = isTick && event.world.tick >= spec.flight.startTick && event.world.tick < spec.flight.endTick;
  const evaluates = isInFlight && heldBecause === null && before.value !== "exhausted";
  expect(after.context.evaluations, "C1").toBe(evaluations + (evaluates ? 1 : 0));
  if (evaluates) expect(after.value, "C2").toBe(STATE_OF[after.context.kind!]);
  else expect(after.context.kind, "C2").toBe(kind);
  expect(heard(after), "C3").toBe(heard(before) + (event.type === "reports" ? 1 : 0));
  if (before.value === "exhausted" && after.value !== "exhausted") {
    const hasMoney = event.type === "day.started" && event.world.account(0).availableMicros > 0;
    expect(event.type === "budget.toppedUp" || hasMoney, `C4: ${event.type}`).toBe(true);
  }
  if (event.type === "budget.toppedUp") expect(after.value, "C4").not.toBe("exhausted");
}

describe.each([
  ["interpreted", campaignMachine as AnyActorLogic],
  ["compiled", compile(campaignMachine) as AnyActorLogic],
  ["compiled and recycling", compile(campaignMachine, { contextKeys: CONTEXT_KEYS }) as AnyActorLogic],
])("any walk through the %s campaign statechart", (_, logic) => {
  const begin = (resume?: CampaignContext) =>
    createActor(logic, { input: { ...(registered.sampleInput() as CampaignInput), resume } }).start();

  it("keeps C1 to C4 at every step", () => {
    const visited = new Set<string>();
    fc.assert(
      fc.property(walks, (events) => {
        const actor = begin();
        for (const event of events) {
          const before = actor.getSnapshot() as Seen;
          actor.send(event);
          const after = actor.getSnapshot() as Seen;
          checkStep(before, event, after);
          visited.add(after.value);
        }
      }),
      { numRuns: 300 },
    );
    expect([...visited].toSorted()).toEqual(["bidding", "exhausted", "fallback", "idle"]);
  });

  it("can be resumed with all it knew (C5)", () => {
    fc.assert(
      fc.property(walks, fc.constantFrom(...(registered.failingEvents() as CampaignEvent[])), (events, failure) => {
        const actor = begin();
        actor.subscribe({ error: () => undefined });
        for (const event of events) actor.send(event);
        const { context } = actor.getSnapshot() as Seen;
        actor.send(failure);
        const last = (actor.getSnapshot() as Seen).context;
        expect({ ...last, heldBecause: null }).toEqual({ ...context, heldBecause: null });
        expect((begin(last).getSnapshot() as Seen).context).toEqual(context);
      }),
    );
  });
});
