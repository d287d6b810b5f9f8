/** The registry of statecharts: model tests, lockstep tests, inspector and command line iterate it. */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate";
import { createBoard } from "../src/core/forecast/board.ts";
import type { CampaignSpec } from "../src/core/campaign.ts";
import type { Decision } from "../src/core/decision.ts";
import type { Policy } from "../src/core/policy/policy.ts";
import { ReportBatch } from "../src/core/reports.ts";
import type { World } from "../src/core/world.ts";
import { campaignMachine } from "./campaign.ts";
import type { CampaignEvent, CampaignInput } from "./campaign.ts";
import { engineMachine } from "./engine.ts";
import type { EngineContext, EngineInput, EngineMachineEvent } from "./engine.ts";
import { loadMachine } from "./load.ts";
import type { LoadContext, LoadEvent, LoadInput } from "./load.ts";
import { platformMachine } from "./platform.ts";
import type { PlatformContext, PlatformEvent, PlatformInput } from "./platform.ts";
import { portfolioMachine } from "./portfolio.ts";
import type { PortfolioContext, PortfolioEvent, PortfolioInput } from "./portfolio.ts";

import { stagesMachine } from "./stages.ts";
import type { StagesContext, StagesEvent, StagesInput } from "./stages.ts";

export { campaignMachine, engineMachine, loadMachine, platformMachine, portfolioMachine, stagesMachine };

/** A statechart with all that is needed to walk it. */
export interface RegisteredMachine {
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** What it is for, and how it runs. */
  readonly notes: string;
  /** True where it is flat and has no children: it can run compiled. */
  readonly isFlat: boolean;
  /** A new input to create it with. */
  readonly sampleInput: () => object;
  /** Events that reach every transition from a state, given often enough. */
  readonly sampleEvents: (snapshot: AnyMachineSnapshot) => readonly EventObject[];
  /** Events on which the sample input makes it fail: for tests of supervision. */
  readonly failingEvents: () => readonly EventObject[];
  /** A key of finitely many values, that holds what the future depends on. */
  readonly abstraction: (snapshot: AnyMachineSnapshot) => string;
}

/** What the sample policy decides, by the first `evidence` figure of its board. */
const SAMPLE_KINDS: readonly Decision["kind"][] = ["hold", "bid", "fallback", "exhausted"];

const samplePolicy: Policy<{ readonly heard: number }> = {
  name: "sample",
  description: "Does what its board's first evidence figure says; fails where that names nothing.",
  create: () => ({ heard: 0 }),
  decide: ({ tick, board }, memory) => {
    const kind = SAMPLE_KINDS.at(board.evidence[0]);
    if (kind === undefined) throw new RangeError("The sample policy was told to fail.");
    const decision = { tick, kind, reason: "bid.placed", binding: "none", gammaMicros: 0, candidates: [] } as const;
    return { decision, memory };
  },
  learn: ({ board }, memory) => {
    if (board.evidence[0] >= SAMPLE_KINDS.length) throw new RangeError("The sample policy was told to fail.");
    return { heard: memory.heard + 1 };
  },
};

const sampleCampaign: CampaignSpec = {
  id: "sample",
  portfolio: "sample",
  budgetMicros: 100,
  dailyBudgetMicros: 50,
  flight: { startTick: 1, endTick: 3 },
  valuePerConversionMicros: 10,
  goals: { impressions: null, clicks: null, conversions: null },
  cpaTargetMicros: null,
  platforms: [0],
  minBidMicros: 1,
  maxBidMicros: 10,
  policy: "sample",
  forecaster: "sample",
  wasteAversion: 0,
  wasteAllowance: 0,
};

function sampleWorld(tick: number, orders: number, availableMicros: number, reservedMicros: number): World {
  const board = createBoard("sample", 1, 24);
  board.evidence[0] = orders;
  const account = { budgetMicros: 100, spentMicros: 50, reservedMicros, availableMicros, isDailyBound: true };
  return {
    tick,
    tickMs: 60_000,
    timeMs: tick * 60_000,
    day: { startTick: 0, endTick: 24 },
    platforms: [],
    boards: new Map([["sample", board]]),
    account: () => account,
  };
}

function sampleReports(world: World): CampaignEvent {
  return { type: "reports", batch: new ReportBatch(1), from: 0, to: 0, world };
}

const sampleThresholds = {
  degradedAfterTicks: 2,
  downAfterTicks: 3,
  probeAfterTicks: 2,
  probeTicks: 2,
  recoverAfterTicks: 2,
};

const sampleLimits = {
  maxRestarts: 1,
  maxFailures: 1000,
  steadyTicks: 1000,
  windowTicks: 4,
  backoffTicks: 1,
  maxBackoffTicks: 2,
  jitter: 0,
  maxQuarantined: 1,
};

const sampleStages = (): StagesInput => ({
  id: "p",
  stages: [
    { name: "feed", needs: null },
    { name: "a", needs: 0 },
    { name: "b", needs: 0 },
  ],
  limits: sampleLimits,
  seed: 0,
});

/** All statecharts, leaves first. */
export const machines: readonly RegisteredMachine[] = [
  {
    name: "campaign",
    machine: campaignMachine,
    notes: "One per campaign, held by its portfolio's pool; runs compiled.",
    isFlat: true,
    sampleInput: (): CampaignInput => ({ spec: sampleCampaign, slot: 0, policy: samplePolicy, platforms: [] }),
    sampleEvents: (): readonly CampaignEvent[] => [
      ...SAMPLE_KINDS.map((_, orders): CampaignEvent => ({ type: "tick", world: sampleWorld(1, orders, 50, 0) })),
      { type: "tick", world: sampleWorld(0, 1, 50, 0) },
      { type: "tick", world: sampleWorld(3, 1, 50, 0) },
      sampleReports(sampleWorld(1, 1, 20, 30)),
      sampleReports(sampleWorld(1, 1, 20, 0)),
      sampleReports(sampleWorld(1, 1, 0, 0)),
      { type: "budget.toppedUp", micros: 10 },
      { type: "day.started", tick: 2, world: sampleWorld(2, 1, 0, 0) },
      { type: "day.started", tick: 2, world: sampleWorld(2, 1, 50, 0) },
      { type: "hold", why: "sample" },
      { type: "resume" },
      { type: "budget.exhausted" },
    ],
    failingEvents: (): readonly CampaignEvent[] => [
      { type: "tick", world: sampleWorld(1, SAMPLE_KINDS.length, 50, 0) },
      sampleReports(sampleWorld(1, SAMPLE_KINDS.length, 20, 30)),
    ],
    abstraction: ({ value, context }) => `${value} ${context.heldBecause !== null}`,
  },
  {
    name: "platform",
    machine: platformMachine,
    notes: "One per platform: decides what its feed is worth. Interpreted.",
    isFlat: true,
    sampleInput: (): PlatformInput => ({ id: "sample", thresholds: sampleThresholds }),
    sampleEvents: ({ context }): readonly PlatformEvent[] => {
      const soon = (context as PlatformContext).sinceTick + 1;
      const later = soon + 9;
      return [
        { type: "feed.heard", tick: soon },
        ...[soon, later].map((tick): PlatformEvent => ({ type: "feed.silent", tick })),
        ...[soon, later].map((tick): PlatformEvent => ({ type: "feed.refused", tick, why: "sample" })),
        { type: "probe.passed", tick: soon },
        { type: "probe.failed", tick: soon, why: "sample" },
      ];
    },
    failingEvents: () => [],
    abstraction: ({ value, context: { badTicks, goodTicks } }) =>
      `${value} ${Math.min(badTicks, 5)} ${Math.min(goodTicks, 2)}`,
  },
  {
    name: "load",
    machine: loadMachine,
    notes: "One per engine in real time: how much is done in a tick. Interpreted.",
    isFlat: true,
    sampleInput: (): LoadInput => ({ limits: { slowTicks: 2, quickTicks: 2, quickShare: 0.5 } }),
    sampleEvents: () => [1, 4, 9].map((tookMs): LoadEvent => ({ type: "tick.timed", tookMs, periodMs: 6 })),
    failingEvents: () => [],
    abstraction: ({ value, context }) => {
      const { slow, quick } = context as LoadContext;
      return `${value} ${slow} ${quick}`;
    },
  },
  {
    name: "stages",
    machine: stagesMachine,
    notes: "One per platform: keeps its feed and forecasters going. Interpreted.",
    isFlat: true,
    sampleInput: sampleStages,
    sampleEvents: ({ context }): readonly StagesEvent[] => {
      const { health } = context as StagesContext;
      const now = Math.max(0, ...health.flatMap(({ failedTicks, dueTick }) => failedTicks.concat(dueTick ?? 0)));
      return [
        ...[0, 1, 2].map((stage): StagesEvent => ({ type: "stage.failed", stage, tick: now, error: "sample" })),
        { type: "stage.failed", stage: 1, tick: now + 9, error: "sample" },
        { type: "tick", tick: now - 1 },
        { type: "tick", tick: now + 9 },
      ];
    },
    failingEvents: () => [],
    abstraction: ({ value, context }) => {
      const known = (context as StagesContext).health.map(({ failedTicks, dueTick, isGivenUp }) =>
        [Math.min(failedTicks.length, 2), dueTick !== null, isGivenUp].join(" "),
      );
      return [value, ...known].join(" | ");
    },
  },
  {
    name: "portfolio",
    machine: portfolioMachine,
    notes: "One per portfolio: supervises its campaigns through a pool. Interpreted.",
    isFlat: false,
    sampleInput: (): PortfolioInput => ({ id: "sample", limits: sampleLimits, seed: 0, pool: { members: [] } }),
    sampleEvents: ({ context }): readonly PortfolioEvent[] => [
      { type: "child.failed", slot: 0, id: "campaign:a", error: new Error("sample") },
      { type: "child.failed", slot: 1, id: "campaign:b", error: new Error("sample") },
      { type: "tick", tick: (context as PortfolioContext).tick + 1 },
      { type: "release", slot: 0 },
      { type: "stop" },
      { type: "xstate.error.actor.pool", error: new Error("sample") },
    ],
    failingEvents: () => [],
    abstraction: ({ value, context }) => {
      const { failures, troubles, quarantined } = context as PortfolioContext;
      const known = [...troubles.values()].map(({ slot, failedTicks, dueTick, isQuarantined }) =>
        [slot, Math.min(failedTicks.length, 2), dueTick !== null, isQuarantined].join(" "),
      );
      return [value, failures?.slot ?? "-", quarantined, ...known.toSorted()].join(" | ");
    },
  },
  {
    name: "engine",
    machine: engineMachine,
    notes: "The root: one per engine. Interpreted.",
    isFlat: false,
    sampleInput: (): EngineInput => ({
      platforms: [{ id: "p", thresholds: sampleThresholds }],
      feeds: [sampleStages()],
      portfolios: ["a", "b"].map((id) => ({ id, limits: sampleLimits, seed: 0, pool: { members: [] } })),
      intensity: { maxRestarts: 1, windowTicks: 4 },
    }),
    sampleEvents: ({ context }): readonly EngineMachineEvent[] => [
      { type: "begin" },
      { type: "tick", tick: 1 },
      { type: "pause", why: "sample" },
      { type: "resume" },
      { type: "drain", why: "sample" },
      { type: "drained", openReservations: 1 },
      { type: "drained", openReservations: 0 },
      { type: "stop", why: "sample" },
      ...[...(context as EngineContext).supervised.values()].flatMap(({ ref: { id } }) => [
        ended(id, id === "portfolio:a"),
        { type: `xstate.error.actor.${id}`, actorId: id, error: new Error("sample") } as const,
      ]),
    ],
    failingEvents: () => [],
    abstraction: ({ value, context }) => {
      const { supervised, givenUp } = context as EngineContext;
      const known = [...supervised].map(([id, { restartTicks }]) => `${id} ${restartTicks.length}`);
      return [value, ...known.toSorted(), ...givenUp.toSorted()].join(" | ");
    },
  },
];

function ended(actorId: string, isEscalated: boolean): EngineMachineEvent {
  return { type: `xstate.done.actor.${actorId}`, actorId, output: { isEscalated, why: "sample" } };
}
