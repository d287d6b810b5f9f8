/**
 * The statechart of an engine's load: how much is done in a tick that must be over within its period.
 *
 * LD1 states are named as {@link LOAD_LEVELS}, and only neighbours follow each other; LD2 a single slow tick changes nothing, nor does a single
 * quick one; LD3 it counts in ticks: the time that a tick took comes in by the event.
 */
import { assign, setup } from "xstate";

/** When there is too much to do, and when there is little. */
export interface LoadLimits {
  /** Ticks in a row longer than their period until less is done, ≥ 1. */
  readonly slowTicks: number;
  /** Ticks in a row within `quickShare` of the period until more is done again, ≥ 1. */
  readonly quickTicks: number;
  /** Share of the period, 0..1. */
  readonly quickShare: number;
}

/** Less after three slow ticks; more again after thirty in half the time. */
export const DEFAULT_LOAD_LIMITS: LoadLimits = { slowTicks: 3, quickTicks: 30, quickShare: 0.5 };

export interface LoadContext {
  readonly limits: LoadLimits;
  /** Ticks in a row, until now, that were longer than their period. */
  readonly slow: number;
  /** Ticks in a row, until now, that were quick. */
  readonly quick: number;
}

export interface LoadInput {
  readonly limits: LoadLimits;
}

/** A tick is over. */
export interface LoadEvent {
  readonly type: "tick.timed";
  readonly tookMs: number;
  readonly periodMs: number;
}

const loadSetup = setup({
  types: { context: {} as LoadContext, events: {} as LoadEvent, input: {} as LoadInput },
  actions: {
    countSlow: assign({ slow: ({ context }) => context.slow + 1, quick: 0 }),
    countQuick: assign({ slow: 0, quick: ({ context }) => context.quick + 1 }),
    forget: assign({ slow: 0, quick: 0 }),
  },
  guards: {
    isSlow: ({ event }) => event.tookMs > event.periodMs,
    isQuick: ({ context, event }) => event.tookMs <= context.limits.quickShare * event.periodMs,
    // This event is the one that fills the count: it is not counted yet.
    isOverload: ({ context, event }) => event.tookMs > event.periodMs && context.slow + 1 >= context.limits.slowTicks,
    isRelief: ({ context, event }) =>
      event.tookMs <= context.limits.quickShare * event.periodMs && context.quick + 1 >= context.limits.quickTicks,
  },
});

const slow = {
  guard: "isSlow",
  actions: "countSlow",
  description: "Longer than the period, but not for long yet.",
} as const;
const quick = { guard: "isQuick", actions: "countQuick", description: "Time to spare, but not for long yet." } as const;
const neither = { actions: "forget", description: "Neither slow nor quick." } as const;
const less = <To extends string>(target: To) =>
  ({ guard: "isOverload", target, actions: "forget", description: "Slow for too long: less is done." }) as const;
const more = <To extends string>(target: To) =>
  ({
    guard: "isRelief",
    target,
    actions: "forget",
    description: "Time to spare for long: more is done again.",
  }) as const;

/** The load statechart. */
export const loadMachine = loadSetup.createMachine({
  id: "load",
  description: "How much is done in a tick of real time, and what is left undone under overload.",
  context: ({ input }) => ({ limits: input.limits, slow: 0, quick: 0 }),
  initial: "full",
  states: {
    full: {
      description: "Everything is done in every tick.",
      on: { "tick.timed": [less("log-sampled"), slow, neither] },
    },
    "log-sampled": {
      description: "One decision in ten is logged; all campaigns evaluate in every tick.",
      on: { "tick.timed": [less("every-2nd"), slow, more("full"), quick, neither] },
    },
    "every-2nd": {
      description: "The less urgent half of the campaigns evaluates in every second tick.",
      on: { "tick.timed": [less("every-4th"), slow, more("log-sampled"), quick, neither] },
    },
    "every-4th": {
      description: "The less urgent half evaluates in every fourth tick.",
      on: { "tick.timed": [less("every-8th"), slow, more("every-2nd"), quick, neither] },
    },
    "every-8th": {
      description: "The less urgent half evaluates in every eighth tick: no less is done than this.",
      on: {
        "tick.timed": [
          { guard: "isSlow", actions: "forget", description: "Slow all the same." },
          more("every-4th"),
          quick,
          neither,
        ],
      },
    },
  },
});
