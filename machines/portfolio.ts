/**
 * The statechart of a portfolio: it supervises the campaigns that its pool holds.
 *
 * S6 a failed campaign is restarted after a backoff that doubles with every failure in a row, less a jitter; a failure is in a row with the one
 * before where the campaign did not run steadily between them; S7 after more failures in a row, or more in all, in the window than allowed it is
 * quarantined, until released; S8 with more quarantined than allowed the portfolio escalates: its
 * pool stops, then it ends with output; S9 every deadline is a tick in the context, and the jitter a function of seed, campaign and failure: the
 * same failures at the same ticks give the same restarts. (S1–S5: the pool.)
 */
import { assertEvent, assign, enqueueActions, fromCallback, setup } from "xstate";
import type { AnyActorLogic, AnyActorRef } from "xstate";
import { uniformOf } from "../src/core/random.ts";

/** How much failure a portfolio bears. */
export interface SupervisionLimits {
  /** Restarts of one campaign in a row in the window before it is quarantined. */
  readonly maxRestarts: number;
  /** Failures of one campaign in the window, in a row or not, before it is quarantined. */
  readonly maxFailures: number;
  /** How long a restarted campaign must run for its next failure to be none in a row [ticks], ≥ 1. */
  readonly steadyTicks: number;
  /** Length of that window [ticks]. */
  readonly windowTicks: number;
  /** Delay of the first restart in a window [ticks], ≥ 1; it doubles with every further one. */
  readonly backoffTicks: number;
  /** Longest such delay [ticks]. */
  readonly maxBackoffTicks: number;
  /** Largest share of a delay that chance takes off, 0..1: campaigns that failed together do not come back together. */
  readonly jitter: number;
  /** Quarantined campaigns that the portfolio bears; with one more it escalates. */
  readonly maxQuarantined: number;
}

/** Limits that suit ticks of minutes: five restarts in a row or twenty failures an hour. */
export const DEFAULT_LIMITS: SupervisionLimits = {
  maxRestarts: 5,
  maxFailures: 20,
  steadyTicks: 1,
  windowTicks: 60,
  backoffTicks: 1,
  maxBackoffTicks: 16,
  jitter: 0.2,
  maxQuarantined: 3,
};

/** A campaign that failed lately. */
export interface Trouble {
  readonly slot: number;
  /** Message of the last failure. */
  readonly error: string;
  /** Ticks of its failures within the window, ascending. */
  readonly failedTicks: readonly number[];
  /** Failures in a row up to the last, since it last ran steadily, was quiet for a whole window, or released. */
  readonly failures: number;
  /** When it was last restarted; null before the first time. */
  readonly restartedTick: number | null;
  /** Restarts since it last was quiet for a whole window. */
  readonly restarts: number;
  /** When it is to be restarted; null while it runs, or is quarantined. */
  readonly dueTick: number | null;
  readonly isQuarantined: boolean;
}

/** Failures since the last tick, newest first: a list that grows at no cost when thousands fail in one tick. */
interface Failures {
  readonly slot: number;
  /** Actor id. */
  readonly id: string;
  readonly error: string;
  readonly tick: number;
  readonly earlier: Failures | null;
}

export interface PortfolioContext {
  readonly id: string;
  readonly limits: SupervisionLimits;
  readonly seed: number;
  /** The actor that holds the campaigns. */
  readonly pool: AnyActorRef;
  /** The last tick judged; -1 before the first. */
  readonly tick: number;
  readonly failures: Failures | null;
  /** Campaigns in trouble, by slot. */
  readonly troubles: ReadonlyMap<number, Trouble>;
  readonly quarantined: number;
  /** The last failure that counted against the portfolio itself: a quarantine, or its pool's. */
  readonly why: string;
}

export interface PortfolioInput {
  readonly id: string;
  readonly limits: SupervisionLimits;
  /** Seed of the jitter. */
  readonly seed: number;
  /** Input of the pool. */
  readonly pool: object;
}

/** `child.failed` comes from the pool, the rest from the engine and its operator. */
export type PortfolioEvent =
  | { readonly type: "child.failed"; readonly slot: number; readonly id: string; readonly error: unknown }
  | { readonly type: "tick"; readonly tick: number }
  | { readonly type: "release"; readonly slot: number }
  | { readonly type: "stop" }
  | { readonly type: "xstate.error.actor.pool"; readonly error: unknown };

/** Facts emitted while a tick is judged. */
export type PortfolioFact =
  | { readonly type: "campaign.restarted"; readonly slot: number; readonly restarts: number; readonly error: string }
  | { readonly type: "campaign.quarantined"; readonly slot: number; readonly error: string };

/** How a portfolio ended. */
export interface PortfolioOutput {
  readonly id: string;
  readonly isEscalated: boolean;
  readonly quarantined: number;
  /** What made it escalate. */
  readonly why: string;
}

/** What supervision makes of a tick. Pure: the statechart carries it out. */
interface Judgement {
  readonly troubles: ReadonlyMap<number, Trouble>;
  readonly restart: readonly Trouble[];
  readonly quarantine: readonly Trouble[];
}

function judge(context: PortfolioContext, tick: number): Judgement {
  const { limits } = context;
  const troubles = new Map(context.troubles);
  const restart: Trouble[] = [];
  const quarantine: Trouble[] = [];
  for (const failure of inOrder(context.failures)) {
    const before = troubles.get(failure.slot);
    const failedTicks = (before?.failedTicks ?? []).filter((at) => at > failure.tick - limits.windowTicks);
    failedTicks.push(failure.tick);
    const steadySince = before?.restartedTick ?? null;
    const isInRow = steadySince === null || failure.tick - steadySince < limits.steadyTicks;
    const failures = isInRow ? (before?.failures ?? 0) + 1 : 1;
    const inRow = Math.min(failures, failedTicks.length);
    const isQuarantined = inRow > limits.maxRestarts || failedTicks.length > limits.maxFailures;
    const after = {
      slot: failure.slot,
      error: failure.error,
      failedTicks,
      failures,
      restarts: before?.restarts ?? 0,
      restartedTick: steadySince,
      dueTick: isQuarantined
        ? null
        : failure.tick + backoffTicks(limits, failures, uniformOf(context.seed, `backoff:${failure.id}:${failures}`)),
      isQuarantined,
    };
    troubles.set(failure.slot, after);
    if (isQuarantined) quarantine.push(after);
  }
  for (const trouble of troubles.values()) {
    if (trouble.dueTick !== null && trouble.dueTick <= tick) {
      const after = { ...trouble, dueTick: null, restarts: trouble.restarts + 1, restartedTick: tick };
      troubles.set(trouble.slot, after);
      restart.push(after);
    } else if (isQuiet(trouble, tick - limits.windowTicks)) {
      troubles.delete(trouble.slot);
    }
  }
  return { troubles, restart, quarantine };
}

/**
 * Delay before the restart after the nth failure in a row (n ≥ 1): min(max, base · 2^(n−1)) · (1 − jitter · u), in whole ticks, at least 1.
 * @param u what chance has drawn, 0..1
 */
export function backoffTicks(limits: BackoffLimits, nth: number, u: number): number {
  const full = Math.min(limits.maxBackoffTicks, limits.backoffTicks * 2 ** (nth - 1));
  return Math.max(1, Math.round(full * (1 - limits.jitter * u)));
}

/** The part of the limits that sets a delay. */
export type BackoffLimits = Pick<SupervisionLimits, "backoffTicks" | "maxBackoffTicks" | "jitter">;

function isQuiet({ failedTicks, dueTick, isQuarantined }: Trouble, sinceTick: number): boolean {
  return dueTick === null && !isQuarantined && (failedTicks.at(-1) ?? sinceTick) <= sinceTick;
}

function inOrder(newest: Failures | null): Failures[] {
  const list: Failures[] = [];
  for (let at = newest; at !== null; at = at.earlier) list.push(at);
  return list.toReversed();
}

function countQuarantined(troubles: ReadonlyMap<number, Trouble>): number {
  let count = 0;
  for (const trouble of troubles.values()) if (trouble.isQuarantined) count += 1;
  return count;
}

const portfolioSetup = setup({
  types: {
    context: {} as PortfolioContext,
    events: {} as PortfolioEvent,
    input: {} as PortfolioInput,
    output: {} as PortfolioOutput,
    emitted: {} as PortfolioFact,
  },
  // Inert where none is provided, so that the statechart alone can be walked.
  actors: { pool: fromCallback(() => undefined) as AnyActorLogic },
  guards: {
    isTooMuchQuarantined: ({ context }) => context.quarantined > context.limits.maxQuarantined,
    isQuarantined: ({ context, event }) => {
      assertEvent(event, "release");
      return context.troubles.get(event.slot)?.isQuarantined === true;
    },
  },
  actions: {
    noteFailure: assign(({ context, event }) => {
      assertEvent(event, "child.failed");
      return {
        failures: {
          slot: event.slot,
          id: event.id,
          error: messageOf(event.error),
          tick: context.tick,
          earlier: context.failures,
        },
      };
    }),
    judgeFailures: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, "tick");
      if (context.failures === null && context.troubles.size === 0) {
        enqueue.assign({ tick: event.tick });
        return;
      }
      const { troubles, restart, quarantine } = judge(context, event.tick);
      const quarantined = countQuarantined(troubles);
      const last = quarantine.at(-1);
      const why =
        last === undefined ? context.why : `${quarantined} campaigns in quarantine, the last for: ${last.error}`;
      enqueue.assign({ tick: event.tick, failures: null, troubles, quarantined, why });
      for (const { slot, error } of quarantine) enqueue.emit({ type: "campaign.quarantined", slot, error });
      if (restart.length === 0) return;
      enqueue.sendTo(context.pool, { type: "children.restart", slots: restart.map(({ slot }) => slot) });
      for (const { slot, restarts, error } of restart) {
        enqueue.emit({ type: "campaign.restarted", slot, restarts, error });
      }
    }),
    giveAnotherTry: assign(({ context, event }) => {
      assertEvent(event, "release");
      const troubles = new Map(context.troubles);
      const trouble = troubles.get(event.slot)!;
      troubles.set(event.slot, {
        ...trouble,
        isQuarantined: false,
        failedTicks: [],
        failures: 0,
        dueTick: context.tick,
      });
      return { troubles, quarantined: countQuarantined(troubles) };
    }),
    noteWhy: assign(({ event }) => {
      assertEvent(event, "xstate.error.actor.pool");
      return { why: messageOf(event.error) };
    }),
  },
});

/** The portfolio statechart. Provide `pool`: the logic of an actor that takes `children.restart` and reports `child.failed`. */
export const portfolioMachine = portfolioSetup.createMachine({
  id: "portfolio",
  description: "Supervises campaigns: restarts with backoff, quarantines, escalates.",
  context: ({ input, spawn }) => ({
    id: input.id,
    limits: input.limits,
    seed: input.seed,
    pool: spawn("pool", { id: "pool", input: input.pool }),
    tick: -1,
    failures: null,
    troubles: new Map(),
    quarantined: 0,
    why: "",
  }),
  initial: "supervising",
  states: {
    supervising: {
      description: "Campaigns run; failures are noted as they come and judged at the tick.",
      always: {
        guard: "isTooMuchQuarantined",
        target: "escalated",
        description: "More campaigns are quarantined than the portfolio bears (S8).",
      },
      on: {
        "child.failed": {
          description: "A campaign failed: noted for the next judgement.",
          actions: "noteFailure",
        },
        tick: {
          description: "Failures since the last tick are judged; restarts that are due are ordered (S6, S7).",
          actions: "judgeFailures",
        },
        release: {
          guard: "isQuarantined",
          description: "The operator lets a quarantined campaign try again, with a clean record.",
          actions: "giveAnotherTry",
        },
        stop: { target: "stopped", description: "The engine is done." },
        "xstate.error.actor.pool": {
          target: "escalated",
          actions: "noteWhy",
          description: "The pool itself failed; it has stopped its campaigns (S4).",
        },
      },
    },
    escalated: {
      type: "final",
      description: "Too much failed: the pool and its campaigns are stopped.",
      output: ({ context }) => ({
        id: context.id,
        isEscalated: true,
        quarantined: context.quarantined,
        why: context.why,
      }),
    },
    stopped: {
      type: "final",
      description: "Stopped in order; the pool and its campaigns are stopped.",
      output: ({ context }) => ({
        id: context.id,
        isEscalated: false,
        quarantined: context.quarantined,
        why: context.why,
      }),
    },
  },
  output: ({ event }) => event.output as PortfolioOutput,
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
