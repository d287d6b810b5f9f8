/**
 * The statechart of a portfolio: it supervises the campaigns that its pool holds.
 *
 * S5 a failed campaign is restarted after a backoff that doubles with every failure in the window; S6 after more failures in the window than
 * allowed it is quarantined, until released; S7 with more quarantined than allowed the portfolio escalates: its pool stops, then it ends with output;
 * S8 every deadline is a tick in the context: the same failures at the same ticks give the same restarts. (S1–S4: the pool.)
 */
import { assign, enqueueActions, fromCallback, setup } from "xstate";
import type { AnyActorLogic, AnyActorRef } from "xstate";

/** How much failure a portfolio bears. */
export interface SupervisionLimits {
  /** Restarts of one campaign in the window before it is quarantined. */
  readonly maxRestarts: number;
  /** Length of that window [ticks]. */
  readonly windowTicks: number;
  /** Delay of the first restart in a window [ticks], ≥ 1; it doubles with every further one. */
  readonly backoffTicks: number;
  /** Longest such delay [ticks]. */
  readonly maxBackoffTicks: number;
  /** Quarantined campaigns that the portfolio bears; with one more it escalates. */
  readonly maxQuarantined: number;
}

/** Limits that suit ticks of minutes: five restarts an hour. */
export const DEFAULT_LIMITS: SupervisionLimits = {
  maxRestarts: 5,
  windowTicks: 60,
  backoffTicks: 1,
  maxBackoffTicks: 16,
  maxQuarantined: 3,
};

/** A campaign that failed lately. */
export interface Trouble {
  readonly slot: number;
  /** Message of the last failure. */
  readonly error: string;
  /** Ticks of its failures within the window, ascending. */
  readonly failedTicks: readonly number[];
  /** Restarts since it last was quiet for a whole window. */
  readonly restarts: number;
  /** When it is to be restarted; null while it runs, or is quarantined. */
  readonly dueTick: number | null;
  readonly isQuarantined: boolean;
}

/** Failures since the last tick, newest first: a list that grows at no cost when thousands fail in one tick. */
interface Failures {
  readonly slot: number;
  readonly error: string;
  readonly tick: number;
  readonly earlier: Failures | null;
}

export interface PortfolioContext {
  readonly id: string;
  readonly limits: SupervisionLimits;
  /** The actor that holds the campaigns. */
  readonly pool: AnyActorRef;
  /** The last tick judged; -1 before the first. */
  readonly tick: number;
  readonly failures: Failures | null;
  /** Campaigns in trouble, by slot. */
  readonly troubles: ReadonlyMap<number, Trouble>;
  readonly quarantined: number;
}

export interface PortfolioInput {
  readonly id: string;
  readonly limits: SupervisionLimits;
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
    const isQuarantined = failedTicks.length > limits.maxRestarts;
    const after = {
      slot: failure.slot,
      error: failure.error,
      failedTicks,
      restarts: before?.restarts ?? 0,
      dueTick: isQuarantined ? null : failure.tick + backoffTicks(limits, failedTicks.length),
      isQuarantined,
    };
    troubles.set(failure.slot, after);
    if (isQuarantined) quarantine.push(after);
  }
  for (const trouble of troubles.values()) {
    if (trouble.dueTick !== null && trouble.dueTick <= tick) {
      const after = { ...trouble, dueTick: null, restarts: trouble.restarts + 1 };
      troubles.set(trouble.slot, after);
      restart.push(after);
    } else if (isQuiet(trouble, tick - limits.windowTicks)) {
      troubles.delete(trouble.slot);
    }
  }
  return { troubles, restart, quarantine };
}

/** Delay before the nth restart in a window (n ≥ 1) [ticks]. */
function backoffTicks(limits: SupervisionLimits, nth: number): number {
  return Math.min(limits.maxBackoffTicks, limits.backoffTicks * 2 ** (nth - 1));
}

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
});

/** The portfolio statechart. Provide `pool`: the logic of an actor that takes `children.restart` and reports `child.failed`. */
export const portfolioMachine = portfolioSetup.createMachine({
  id: "portfolio",
  description: "Supervises campaigns: restarts with backoff, quarantines, escalates.",
  context: ({ input, spawn }) => ({
    id: input.id,
    limits: input.limits,
    pool: spawn("pool", { id: "pool", input: input.pool }),
    tick: -1,
    failures: null,
    troubles: new Map(),
    quarantined: 0,
  }),
  initial: "supervising",
  states: {
    supervising: {
      description: "Campaigns run; failures are noted as they come and judged at the tick.",
      always: {
        guard: ({ context }) => context.quarantined > context.limits.maxQuarantined,
        target: "escalated",
        description: "More campaigns are quarantined than the portfolio bears (S7).",
      },
      on: {
        "child.failed": {
          description: "A campaign failed: noted for the next judgement.",
          actions: assign(({ context, event }) => ({
            failures: {
              slot: event.slot,
              error: messageOf(event.error),
              tick: context.tick,
              earlier: context.failures,
            },
          })),
        },
        tick: {
          description: "Failures since the last tick are judged; restarts that are due are ordered (S5, S6).",
          actions: enqueueActions(({ context, event, enqueue }) => {
            if (context.failures === null && context.troubles.size === 0) {
              enqueue.assign({ tick: event.tick });
              return;
            }
            const { troubles, restart, quarantine } = judge(context, event.tick);
            enqueue.assign({ tick: event.tick, failures: null, troubles, quarantined: countQuarantined(troubles) });
            for (const { slot, error } of quarantine) enqueue.emit({ type: "campaign.quarantined", slot, error });
            if (restart.length === 0) return;
            enqueue.sendTo(context.pool, { type: "children.restart", slots: restart.map(({ slot }) => slot) });
            for (const { slot, restarts, error } of restart) {
              enqueue.emit({ type: "campaign.restarted", slot, restarts, error });
            }
          }),
        },
        release: {
          guard: ({ context, event }) => context.troubles.get(event.slot)?.isQuarantined === true,
          description: "The operator lets a quarantined campaign try again, with a clean record.",
          actions: assign(({ context, event }) => {
            const troubles = new Map(context.troubles);
            const trouble = troubles.get(event.slot)!;
            troubles.set(event.slot, { ...trouble, isQuarantined: false, failedTicks: [], dueTick: context.tick });
            return { troubles, quarantined: countQuarantined(troubles) };
          }),
        },
        stop: { target: "stopped", description: "The engine is done." },
        "xstate.error.actor.pool": { target: "escalated", description: "The pool itself failed." },
      },
    },
    escalated: {
      type: "final",
      description: "Too much failed: the pool and its campaigns are stopped.",
      output: ({ context }) => ({ id: context.id, isEscalated: true, quarantined: context.quarantined }),
    },
    stopped: {
      type: "final",
      description: "Stopped in order; the pool and its campaigns are stopped.",
      output: ({ context }) => ({ id: context.id, isEscalated: false, quarantined: context.quarantined }),
    },
  },
  output: ({ event }) => event.output as PortfolioOutput,
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
