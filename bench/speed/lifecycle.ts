/** A campaign's round, tick and reports, by four ways to run the same rules: how much the actor model costs. */
import { createActor, fromTransition } from "xstate";
import type { AnyActorLogic } from "xstate";
import { campaignMachine, freshContext } from "../../machines/campaign.ts";
import type { CampaignContext, CampaignEvent } from "../../machines/campaign.ts";
import { compile } from "../../src/actors/compiled.ts";
import { assertDecision } from "../../src/core/decision.ts";
import type { CampaignState } from "../../src/core/events.ts";
import type { PolicyInput } from "../../src/core/policy/policy.ts";
import type { World } from "../../src/core/world.ts";
import { reportsEvent, sampleInput, tickEvent } from "./sample.ts";
import { race } from "./timing.ts";
import type { Contestant, Figure, Sizes } from "./timing.ts";

/** Most that a compiled round may take [µs]. */
const MOST_COMPILED = 1.5;

interface Snapshot {
  readonly value: CampaignState;
  readonly context: CampaignContext;
}

/** The four ways; the floor is a `switch` that replaces plain objects. */
export function lifecycle({ campaigns, rounds, repeats }: Sizes): Figure[] {
  const turns = Math.max(1, Math.round(repeats / campaigns));
  return race(
    "lifecycle round",
    [
      switchContestant(campaigns, turns),
      actorContestant("fromTransition", fromTransition(step, birth(0)), campaigns, turns),
      {
        ...actorContestant("compiled statechart", compile(campaignMachine) as AnyActorLogic, campaigns, turns),
        goal: { most: MOST_COMPILED, ofRatio: false },
      },
      actorContestant("interpreted statechart", campaignMachine, campaigns, turns),
    ],
    rounds,
  );
}

function switchContestant(campaigns: number, turns: number): Contestant {
  const states = Array.from({ length: campaigns }, (_, slot) => birth(slot));
  return {
    subject: "immutable switch (floor)",
    operations: campaigns * turns,
    prepare: () => () => {
      for (let turn = 0; turn < turns; turn += 1) {
        for (const event of [tickEvent(turn), reportsEvent(turn)]) {
          for (let slot = 0; slot < campaigns; slot += 1) states[slot] = step(states[slot], event);
        }
      }
    },
  };
}

function actorContestant(subject: string, logic: AnyActorLogic, campaigns: number, turns: number): Contestant {
  const actors = Array.from({ length: campaigns }, (_, slot) => createActor(logic, { input: sampleInput(slot) }));
  for (const actor of actors) actor.start();
  return {
    subject,
    operations: campaigns * turns,
    prepare: () => () => {
      for (let turn = 0; turn < turns; turn += 1) {
        for (const event of [tickEvent(turn), reportsEvent(turn)]) for (const actor of actors) actor.send(event);
      }
    },
  };
}

function birth(slot: number): Snapshot {
  return { value: "idle", context: freshContext(sampleInput(slot)) };
}

function inputOf({ campaign }: CampaignContext, world: World): PolicyInput {
  const { spec, slot, platforms } = campaign;
  const { tick, tickMs, day } = world;
  return {
    tick,
    tickMs,
    day,
    spec,
    platforms,
    board: world.boards.get(spec.forecaster)!,
    account: world.account(slot),
  };
}

/** The statechart's rules for the two events, by hand. */
function step(snapshot: Snapshot, event: CampaignEvent): Snapshot {
  const { value, context } = snapshot;
  switch (event.type) {
    case "tick": {
      const { startTick, endTick } = context.campaign.spec.flight;
      const { tick } = event.world;
      if (value === "exhausted") return snapshot;
      if (context.heldBecause !== null || tick < startTick || tick >= endTick) return { value: "idle", context };
      const input = inputOf(context, event.world);
      const { decision, memory } = context.campaign.policy.decide(input, context.memory);
      assertDecision(decision, input);
      const { kind, reason } = decision;
      const evaluations = context.evaluations + 1;
      return {
        value: kind === "bid" ? "bidding" : kind === "hold" ? "idle" : kind,
        context: { ...context, kind, reason, memory, lastTick: tick, evaluations },
      };
    }
    case "reports": {
      const input = inputOf(context, event.world);
      const memory = context.campaign.policy.learn(input, context.memory, event.batch, event.from, event.to);
      const isSettled = value === "bidding" && input.account.reservedMicros === 0;
      const settled = input.account.availableMicros === 0 ? "exhausted" : "idle";
      return { value: isSettled ? settled : value, context: { ...context, memory } };
    }
    default:
      return snapshot;
  }
}
