/**
 * The statechart of one campaign: idle → evaluating → bidding → idle, with fallback and exhausted.
 *
 * C1 a campaign evaluates at most once a tick, only in its flight and while not held; C2 a decision is given once, in the reply to its
 * tick, and not kept: no successor can place it again; C3 reports are learned from in every state; C4 exhausted is left only by a top-up or a new day with money;
 * C5 what a policy throws fails the actor before anything changed: its last context is good to resume from.
 */
import { and, assign, setup } from "xstate";
import type { CampaignSpec } from "../src/core/campaign.ts";
import { assertDecision } from "../src/core/decision.ts";
import type { Decision, Reply } from "../src/core/decision.ts";
import { EngineError } from "../src/core/errors.ts";
import type { PlatformSpec } from "../src/core/platform.ts";
import type { Policy, PolicyInput } from "../src/core/policy/policy.ts";
import type { ReportBatch } from "../src/core/reports.ts";
import type { World } from "../src/core/world.ts";

/** Who a campaign actor is: the same for life, and for its successors. */
export interface CampaignIdentity {
  readonly spec: CampaignSpec;
  readonly slot: number;
  readonly policy: Policy;
  readonly platforms: readonly PlatformSpec[];
}

/** What a campaign actor carries; replaced, never changed. */
export interface CampaignContext {
  readonly campaign: CampaignIdentity;
  /** The policy's own memory: plain data. */
  readonly memory: unknown;
  /** The memory before it, which the policy may write the next one into (P4); null before there is one. */
  readonly spare: unknown;
  /** What the last decision was, and why; null before the first. Its bids went out in the reply to the tick (C2). */
  readonly kind: Decision["kind"] | null;
  readonly reason: Decision["reason"] | null;
  /** Tick of the last evaluation; -1 before the first. */
  readonly lastTick: number;
  /** Evaluations since the campaign began, restarts included. */
  readonly evaluations: number;
  /** Why the operator holds the campaign, or null. */
  readonly heldBecause: string | null;
}

/** What a campaign actor is created with; `resume` is the last good context of the actor that it replaces. */
export interface CampaignInput extends CampaignIdentity {
  readonly resume?: CampaignContext;
}

/** What a campaign can be told. One `tick` object is shared by all campaigns. */
export type CampaignEvent =
  | { readonly type: "tick"; readonly world: World; readonly reply?: Reply }
  /** Rows `from` ≤ i < `to` of the batch, all of this campaign; sent after the ledger booked them. */
  | {
      readonly type: "reports";
      readonly batch: ReportBatch;
      readonly from: number;
      readonly to: number;
      readonly world: World;
    }
  | { readonly type: "budget.toppedUp"; readonly micros: number }
  /** Sent after the ledger began its new day. */
  | { readonly type: "day.started"; readonly tick: number; readonly world: World }
  | { readonly type: "hold"; readonly why: string }
  | { readonly type: "resume" }
  /** Sent to the successor of an actor that was exhausted, where nothing has come since that would have ended it. */
  | { readonly type: "budget.exhausted" };

/** The event, which is of this type: actions and guards are asked about no other. XState's own assertion costs several times as much. */
function only<Type extends CampaignEvent["type"]>(
  event: CampaignEvent,
  type: Type,
): Extract<CampaignEvent, { type: Type }> {
  if (event.type === type) return event as Extract<CampaignEvent, { type: Type }>;
  throw new EngineError("CE_ENGINE_INVARIANT", `A campaign takes ${event.type} for ${type}.`);
}

/** What a campaign's policy is asked with, in a world. */
export function policyInput(context: CampaignContext, world: World): PolicyInput {
  const { spec, slot, platforms } = context.campaign;
  const board = world.boards.get(spec.forecaster);
  if (board === undefined) {
    throw new EngineError("CE_ENGINE_INVARIANT", `Campaign ${spec.id} has no board of forecaster ${spec.forecaster}.`);
  }
  const { tick, tickMs, day } = world;
  return { tick, tickMs, day, spec, platforms, board, account: world.account(slot) };
}

/** What a campaign knows that has not heard anything yet. */
export function freshContext(campaign: CampaignIdentity): CampaignContext {
  const { spec, policy, platforms } = campaign;
  const memory = policy.create(spec, platforms);
  // All in one literal: an object put together otherwise takes up more room.
  return {
    campaign,
    memory,
    spare: null,
    kind: null,
    reason: null,
    lastTick: -1,
    evaluations: 0,
    heldBecause: null,
  };
}

/** All that a campaign knows, by name: for compiled actors, whose contexts take turns. */
export const CONTEXT_KEYS = Object.keys({
  campaign: true,
  memory: true,
  spare: true,
  kind: true,
  reason: true,
  lastTick: true,
  evaluations: true,
  heldBecause: true,
} satisfies Record<keyof CampaignContext, true>) as (keyof CampaignContext)[];

const campaignSetup = setup({
  types: {
    context: {} as CampaignContext,
    events: {} as CampaignEvent,
    input: {} as CampaignInput,
  },
  actions: {
    decide: assign(({ context, event }) => {
      const { world, reply } = only(event, "tick");
      const input = policyInput(context, world);
      const { decision, memory } = context.campaign.policy.decide(input, context.memory, context.spare, reply?.draft);
      assertDecision(decision, input);
      if (reply !== undefined) reply.decision = decision;
      const { kind, reason } = decision;
      const spare = context.memory;
      return { kind, reason, memory, spare, lastTick: world.tick, evaluations: context.evaluations + 1 };
    }),
    learn: assign(({ context, event }) => {
      const { batch, from, to, world } = only(event, "reports");
      const { campaign, memory, spare } = context;
      return {
        memory: campaign.policy.learn(policyInput(context, world), memory, batch, from, to, spare),
        spare: memory,
      };
    }),
    hold: assign(({ event }) => {
      return { heldBecause: only(event, "hold").why };
    }),
    unhold: assign({ heldBecause: null }),
  },
  guards: {
    mayEvaluate: ({ context, event }) => {
      const { startTick, endTick } = context.campaign.spec.flight;
      const { tick } = only(event, "tick").world;
      return context.heldBecause === null && tick >= startTick && tick < endTick;
    },
    isBid: ({ context }) => context.kind === "bid",
    isFallback: ({ context }) => context.kind === "fallback",
    isExhausted: ({ context }) => context.kind === "exhausted",
    isSettled: ({ context, event }) => {
      return only(event, "reports").world.account(context.campaign.slot).reservedMicros === 0;
    },
    hasNothingLeft: ({ context, event }) => {
      return only(event, "reports").world.account(context.campaign.slot).availableMicros === 0;
    },
    hasMoneyAgain: ({ context, event }) => {
      return only(event, "day.started").world.account(context.campaign.slot).availableMicros > 0;
    },
  },
});

/** What ends a state in which money may be reserved: the next tick, or the last report. */
const outstanding = {
  tick: [
    { guard: "mayEvaluate", target: "evaluating", description: "The next tick within the flight." },
    { target: "idle", description: "The flight is over, or the campaign is held." },
  ],
  reports: [
    {
      guard: and(["isSettled", "hasNothingLeft"]),
      target: "exhausted",
      actions: "learn",
      description: "The last reservation is settled and nothing is left.",
    },
    {
      guard: "isSettled",
      target: "idle",
      actions: "learn",
      description: "The last reservation is settled; money is left.",
    },
  ],
} as const;

/** The campaign statechart. */
export const campaignMachine = campaignSetup.createMachine({
  id: "campaign",
  description: "One campaign: evaluates once a tick, bids from its budget, learns from what comes back.",
  context: ({ input }) => input.resume ?? freshContext(input),
  initial: "idle",
  on: {
    reports: { actions: "learn", description: "Reports came in: the policy learns, nothing else changes." },
    hold: { actions: "hold", description: "The operator holds the campaign: no evaluation from the next tick on." },
    resume: { actions: "unhold", description: "The operator lets the campaign go on." },
  },
  states: {
    idle: {
      description: "Nothing is bid: before or after the flight, held, unprofitable, or settled.",
      on: {
        tick: {
          guard: "mayEvaluate",
          target: "evaluating",
          description: "A tick within the flight, and not held.",
        },
        "budget.exhausted": {
          target: "exhausted",
          description: "The actor that failed was exhausted: so is its successor (C4).",
        },
      },
    },
    evaluating: {
      description: "The policy decides about this tick; left in the same step.",
      entry: "decide",
      always: [
        { guard: "isBid", target: "bidding", description: "At least one platform is worth its price." },
        { guard: "isFallback", target: "fallback", description: "The regular rule cannot be trusted now." },
        { guard: "isExhausted", target: "exhausted", description: "The budget, or the day's, is spent." },
        { target: "idle", description: "No bid this tick, for the reason in the decision." },
      ],
    },
    bidding: {
      description: "Bids are out against a reservation.",
      on: outstanding,
    },
    fallback: {
      description: "Cautious bids, a probe or none, because feed, calibration or solver failed.",
      on: outstanding,
    },
    exhausted: {
      description: "The budget is spent; ticks are ignored (C4).",
      on: {
        "budget.toppedUp": { target: "idle", description: "The owner added to the budget." },
        "day.started": {
          guard: "hasMoneyAgain",
          target: "idle",
          description: "A new budget day, and the lifetime budget has money left.",
        },
      },
    },
  },
});
