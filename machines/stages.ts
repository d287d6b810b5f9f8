/**
 * The statechart over one platform's stages, its metrics feed and the forecasters that live on it: rest-for-one supervision.
 *
 * S10 a stage that fails is away, and with it every stage that needs it; the others go on; S11 it is restarted, with those that need it, at the tick
 * at which its backoff (S6) is over; S12 after more failures in the window than allowed a stage is given up, and the others go on; S13 when the first stage is given up nothing is left to supervise: the statechart ends with output, escalating.
 */
import { setup } from "xstate";
import { uniformOf } from "../src/core/random.ts";
import { backoffTicks } from "./portfolio.ts";
import type { SupervisionLimits } from "./portfolio.ts";

/** A stage and what it lives on. */
export interface Stage {
  readonly name: string;
  /** Index of an earlier stage without which it cannot work; null where there is none. */
  readonly needs: number | null;
}

/** How one stage is. */
export interface StageHealth {
  /** Ticks of its failures within the window, ascending. */
  readonly failedTicks: readonly number[];
  /** Failures since it last was quiet for a whole window. */
  readonly failures: number;
  /** When it is to be restarted; null while it runs, or was given up. */
  readonly dueTick: number | null;
  readonly isGivenUp: boolean;
}

export interface StagesContext extends StagesInput {
  /** By stage. */
  readonly health: readonly StageHealth[];
  /** Stages restarted by the last tick that restarted any. */
  readonly restarted: readonly number[];
  /** Message of the last failure. */
  readonly why: string;
}

export interface StagesInput {
  /** Of the platform. */
  readonly id: string;
  /** In order: each needs none but earlier ones. */
  readonly stages: readonly Stage[];
  readonly limits: Omit<SupervisionLimits, "maxQuarantined">;
  /** Seed of the jitter. */
  readonly seed: number;
}

/** Ticks matter while something is away only. */
export type StagesEvent =
  | { readonly type: "stage.failed"; readonly stage: number; readonly tick: number; readonly error: string }
  | { readonly type: "tick"; readonly tick: number };

/** What the statechart orders; `restarted` asks the owner of the stages to put new ones in their place, at once. */
export type StagesFact =
  | { readonly type: "stages.restarted"; readonly stages: readonly number[] }
  | { readonly type: "stage.stopped"; readonly stage: number; readonly error: string };

const WELL: StageHealth = { failedTicks: [], failures: 0, dueTick: null, isGivenUp: false };

function unawaited(health: StageHealth): StageHealth {
  return { ...health, dueTick: null };
}

/** True where neither the stage nor any that it needs is away. */
function isUp({ stages, health }: Pick<StagesContext, "stages" | "health">, stage: number): boolean {
  for (let at: number | null = stage; at !== null; at = stages[at].needs) {
    if (health[at].dueTick !== null || health[at].isGivenUp) return false;
  }
  return true;
}

/** Stages whose time has come, what they need being there; with all that needs them, but for those given up. */
function dueStages({ stages, health }: StagesContext, tick: number): number[] {
  const due: number[] = [];
  for (const [stage, { needs }] of stages.entries()) {
    const { dueTick, isGivenUp } = health[stage];
    const isFollowing = needs !== null && due.includes(needs);
    const isServed = needs === null || isFollowing || isUp({ stages, health }, needs);
    const isDue = dueTick !== null && dueTick <= tick && isServed;
    if (!isGivenUp && (isFollowing || isDue)) due.push(stage);
  }
  return due;
}

function failedTicks({ limits, health }: StagesContext, stage: number, tick: number): readonly number[] {
  return [...health[stage].failedTicks.filter((at) => at > tick - limits.windowTicks), tick];
}

const stagesSetup = setup({
  types: {
    context: {} as StagesContext,
    events: {} as StagesEvent,
    input: {} as StagesInput,
    emitted: {} as StagesFact,
  },
  guards: {
    isAwayAlready: ({ context, event }) => event.type === "stage.failed" && !isUp(context, event.stage),
    isTooMuch: ({ context, event }) =>
      event.type === "stage.failed" &&
      failedTicks(context, event.stage, event.tick).length > context.limits.maxRestarts,
    isAnyDue: ({ context, event }) => event.type === "tick" && dueStages(context, event.tick).length > 0,
    isAnyAwaited: ({ context }) => context.health.some(({ dueTick }) => dueTick !== null),
    isNoneAwaited: ({ context }) => context.health.every(({ dueTick }) => dueTick === null),
    isFirstGivenUp: ({ context }) => context.health[0].isGivenUp,
  },
});

const noteFailure = stagesSetup.assign(({ context, event }) => {
  if (event.type !== "stage.failed") return {};
  const { limits, seed, id, stages } = context;
  const { stage, tick, error } = event;
  const before = context.health[stage];
  const isQuiet = (before.failedTicks.at(-1) ?? Number.NEGATIVE_INFINITY) <= tick - limits.windowTicks;
  const failures = (isQuiet ? 0 : before.failures) + 1;
  const u = uniformOf(seed, `backoff:${id}:${stages[stage].name}:${failures}`);
  const dueTick = tick + backoffTicks(limits, failures, u);
  const after = { failedTicks: failedTicks(context, stage, tick), failures, dueTick, isGivenUp: false };
  return { health: context.health.with(stage, after), why: error };
});

const giveUp = stagesSetup.assign(({ context, event }) => {
  if (event.type !== "stage.failed") return {};
  const health = context.health.with(event.stage, { ...WELL, isGivenUp: true });
  // What needs it has nothing to wait for any more.
  const settled = health.map((one, stage) =>
    isUp({ ...context, health: health.with(stage, WELL) }, stage) ? one : unawaited(one),
  );
  return { health: settled, why: event.error };
});

const restart = stagesSetup.assign(({ context, event }) => {
  if (event.type !== "tick") return {};
  const restarted = dueStages(context, event.tick);
  const health = context.health.map((one, stage) => (restarted.includes(stage) ? unawaited(one) : one));
  return { health, restarted };
});

const failed = [
  { guard: "isAwayAlready", description: "It is away already, or what it needs is: it cannot fail again." },
  {
    guard: "isTooMuch",
    actions: [
      giveUp,
      stagesSetup.emit(({ event }) => {
        const { stage, error } = event as Extract<StagesEvent, { type: "stage.failed" }>;
        return { type: "stage.stopped", stage, error };
      }),
    ],
    description: "It failed too often in the window: given up (S12).",
  },
  { actions: noteFailure, description: "It failed: away, with what needs it, until its backoff is over (S10)." },
] as const;

/** The statechart of a platform's stages. */
export const stagesMachine = stagesSetup.createMachine({
  id: "stages",
  description: "Keeps a platform's feed and forecasters going: one that fails is restarted with the rest that need it.",
  context: ({ input }) => ({ ...input, health: input.stages.map(() => WELL), restarted: [], why: "" }),
  initial: "running",
  states: {
    running: {
      description: "Every stage works, but for those given up.",
      always: [
        {
          guard: "isFirstGivenUp",
          target: "escalated",
          description: "Without the first stage there is nothing (S13).",
        },
        { guard: "isAnyAwaited", target: "waiting", description: "A stage is away." },
      ],
      on: { "stage.failed": failed },
    },
    waiting: {
      description: "At least one stage is away until its backoff is over; the others work.",
      always: [
        {
          guard: "isFirstGivenUp",
          target: "escalated",
          description: "Without the first stage there is nothing (S13).",
        },
        { guard: "isNoneAwaited", target: "running", description: "All are back, or given up." },
      ],
      on: {
        "stage.failed": failed,
        tick: {
          guard: "isAnyDue",
          actions: [
            restart,
            stagesSetup.emit(({ context }) => ({ type: "stages.restarted", stages: context.restarted })),
          ],
          description: "A backoff is over: restarted, with what needs it (S11).",
        },
      },
    },
    escalated: {
      type: "final",
      description: "The first stage failed too often.",
      output: ({ context }) => ({
        isEscalated: true,
        why: `the stage ${context.stages[0].name} failed too often: ${context.why}`,
      }),
    },
  },
  output: ({ event }) => event.output as { readonly isEscalated: boolean; readonly why: string },
});
