/**
 * The statechart of one platform as seen from here: a circuit breaker fed by what its metrics feed does.
 *
 * H1 states are named as {@link Health}; H2 every threshold is counted in ticks from events: the machine has no timers;
 * H3 from down there is no way back to healthy but through probing.
 */
import { assign, setup } from "xstate";
import { Health } from "../src/core/forecast/board.ts";
import type { HealthCode } from "../src/core/forecast/board.ts";

/** When a platform counts as what. Consecutive ticks, all ≥ 1. */
export interface PlatformThresholds {
  /** Bad ticks (silent or refused) until degraded. */
  readonly degradedAfterTicks: number;
  /** Bad ticks until down; more than `degradedAfterTicks`. */
  readonly downAfterTicks: number;
  /** Ticks down until a probe is tried, although nothing is heard. */
  readonly probeAfterTicks: number;
  /** Ticks that a probe waits for an answer. */
  readonly probeTicks: number;
  /** Good ticks until a degraded or probing platform is healthy again. */
  readonly recoverAfterTicks: number;
}

/** Thresholds that suit one feed record a tick. */
export const DEFAULT_THRESHOLDS: PlatformThresholds = {
  degradedAfterTicks: 3,
  downAfterTicks: 10,
  probeAfterTicks: 15,
  probeTicks: 5,
  recoverAfterTicks: 2,
};

export interface PlatformContext {
  readonly id: string;
  readonly thresholds: PlatformThresholds;
  /** Consecutive ticks, until now, in which the feed was silent or refused. */
  readonly badTicks: number;
  /** Consecutive ticks, until now, in which the feed was heard. */
  readonly goodTicks: number;
  /** When the present state was entered. */
  readonly sinceTick: number;
  /** What led to the present state. */
  readonly why: string;
}

export interface PlatformInput {
  readonly id: string;
  readonly thresholds: PlatformThresholds;
}

/** One of the first three a tick; a probe's result when it is known. */
export type PlatformEvent =
  | { readonly type: "feed.heard"; readonly tick: number }
  | { readonly type: "feed.silent"; readonly tick: number }
  | { readonly type: "feed.refused"; readonly tick: number; readonly why: string }
  | { readonly type: "probe.passed"; readonly tick: number }
  | { readonly type: "probe.failed"; readonly tick: number; readonly why: string };

const platformSetup = setup({
  types: { context: {} as PlatformContext, events: {} as PlatformEvent, input: {} as PlatformInput },
  actions: {
    countGood: assign({ goodTicks: ({ context }) => context.goodTicks + 1, badTicks: 0 }),
    countBad: assign({ badTicks: ({ context }) => context.badTicks + 1, goodTicks: 0 }),
    mark: assign(({ event }, { why }: { why: string }) => ({ sinceTick: event.tick, why })),
  },
  guards: {
    // This event is the one that fills the count: it is not counted yet.
    isRecovered: ({ context }) => context.goodTicks + 1 >= context.thresholds.recoverAfterTicks,
    isDegraded: ({ context }) => context.badTicks + 1 >= context.thresholds.degradedAfterTicks,
    isDown: ({ context }) => context.badTicks + 1 >= context.thresholds.downAfterTicks,
    isProbeDue: ({ context, event }) => event.tick - context.sinceTick >= context.thresholds.probeAfterTicks,
    isProbeOver: ({ context, event }) => event.tick - context.sinceTick >= context.thresholds.probeTicks,
  },
});

const toDegraded = {
  guard: "isDegraded",
  target: "degraded",
  actions: ["countBad", { type: "mark", params: { why: "too many bad ticks in a row" } }],
  description: "Too many bad ticks in a row.",
} as const;
const toDown = {
  guard: "isDown",
  target: "down",
  actions: ["countBad", { type: "mark", params: { why: "bad for too long" } }],
  description: "Bad for too long: no bids there any more.",
} as const;
const toProbing = {
  guard: "isProbeDue",
  target: "probing",
  actions: ["countBad", { type: "mark", params: { why: "time for a probe" } }],
  description: "Nothing to lose: a probe is tried.",
} as const;
const probeUnanswered = {
  guard: "isProbeOver",
  target: "down",
  actions: ["countBad", { type: "mark", params: { why: "probe unanswered" } }],
  description: "The probe was not answered in time.",
} as const;
const recovered = {
  guard: "isRecovered",
  target: "healthy",
  actions: ["countGood", { type: "mark", params: { why: "heard again" } }],
  description: "Heard for long enough.",
} as const;
const badTick = { actions: "countBad", description: "A bad tick; not yet enough to act on." } as const;
const goodTick = { actions: "countGood", description: "A good tick; the bad ones are forgotten." } as const;

/** The platform statechart. */
export const platformMachine = platformSetup.createMachine({
  id: "platform",
  description: "A circuit breaker around one ad platform.",
  context: ({ input: { id, thresholds } }) => ({
    id,
    thresholds,
    badTicks: 0,
    goodTicks: 0,
    sinceTick: 0,
    why: "start",
  }),
  initial: "healthy",
  states: {
    healthy: {
      description: "The feed is heard: bids as the policy likes.",
      on: { "feed.heard": goodTick, "feed.silent": [toDegraded, badTick], "feed.refused": [toDegraded, badTick] },
    },
    degraded: {
      description: "The feed is late or garbled: forecasts rest on old evidence.",
      on: {
        "feed.heard": [recovered, goodTick],
        "feed.silent": [toDown, badTick],
        "feed.refused": [toDown, badTick],
      },
    },
    down: {
      description: "Given up: no bids until something is heard, or a probe is due.",
      on: {
        "feed.heard": {
          target: "probing",
          actions: ["countGood", { type: "mark", params: { why: "heard again" } }],
          description: "A sign of life: trusted with probes first (H3).",
        },
        "feed.silent": [toProbing, badTick],
        "feed.refused": [toProbing, badTick],
      },
    },
    probing: {
      description: "Small probes only, until the platform has proved itself.",
      on: {
        "feed.heard": [recovered, goodTick],
        "feed.silent": [probeUnanswered, badTick],
        "feed.refused": [probeUnanswered, badTick],
        "probe.passed": {
          target: "healthy",
          actions: { type: "mark", params: { why: "probe passed" } },
          description: "The platform answered the probe.",
        },
        "probe.failed": {
          target: "down",
          actions: { type: "mark", params: { why: "probe failed" } },
          description: "The platform refused the probe.",
        },
      },
    },
  },
});

/** The health code of a platform in that state (H1). */
export function healthCode(state: keyof typeof Health): HealthCode {
  return Health[state];
}
