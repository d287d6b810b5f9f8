/**
 * The statechart of the engine: the root of the supervision tree, engine → platforms, feeds, threads and portfolios → campaigns.
 *
 * G1 ids are stable: `platform:<id>`, `feed:<platform>`, `thread:<n>`, `portfolio:<id>`; G2 supervision goes on in every state but the last; G3 a supervisor that fails, by
 * throwing or by escalating, is restarted at once, a portfolio from its campaigns' last good states and with no quarantine left; after more
 * failures in the window than allowed it is given up alone, and the engine drains with the last portfolio; G4 once draining, there is no way
 * back: only to stopped; G5 whatever a failed supervisor held is stopped before its successor starts: no orphan.
 */
import { assign, enqueueActions, fromCallback, setup } from "xstate";
import type { AnyActorLogic, AnyActorRef } from "xstate";
import type { PlatformInput } from "./platform.ts";
import type { PortfolioInput, PortfolioOutput } from "./portfolio.ts";
import type { StagesInput } from "./stages.ts";

/** How often the engine restarts one supervisor. */
export interface RestartIntensity {
  /** Restarts of one supervisor in the window before it is given up. */
  readonly maxRestarts: number;
  /** Length of that window [ticks]. */
  readonly windowTicks: number;
}

/** Three restarts a day of minutes. */
export const DEFAULT_INTENSITY: RestartIntensity = { maxRestarts: 3, windowTicks: 1440 };

/** A supervisor under the engine. */
export type Supervised = {
  readonly ref: AnyActorRef;
  /** Ticks of its restarts within the window, ascending. */
  readonly restartTicks: readonly number[];
} & (
  | { readonly kind: "platform"; readonly input: PlatformInput }
  | { readonly kind: "feed"; readonly input: StagesInput }
  | { readonly kind: "thread"; readonly input: ThreadInput }
  | { readonly kind: "portfolio"; readonly input: PortfolioInput }
);

/** A worker thread that campaigns live in, from 1. */
export interface ThreadInput {
  readonly thread: number;
}

export interface EngineContext {
  readonly intensity: RestartIntensity;
  /** Supervisors that are not given up, by actor id: platforms first, each kind in the order given. */
  readonly supervised: ReadonlyMap<string, Supervised>;
  /** Actor ids of the supervisors that were given up. */
  readonly givenUp: readonly string[];
  /** The last tick told; -1 before the first. */
  readonly tick: number;
  /** What led to the present state. */
  readonly why: string;
}

export interface EngineInput {
  readonly platforms: readonly PlatformInput[];
  /** One per platform. */
  readonly feeds: readonly StagesInput[];
  /** Worker threads, where campaigns do not live in the engine's own. */
  readonly threads?: readonly ThreadInput[];
  readonly portfolios: readonly PortfolioInput[];
  readonly intensity: RestartIntensity;
}

export type EngineMachineEvent =
  | { readonly type: "begin" }
  | { readonly type: "tick"; readonly tick: number }
  | { readonly type: "pause"; readonly why: string }
  | { readonly type: "resume" }
  | { readonly type: "drain"; readonly why: string }
  | { readonly type: "drained"; readonly openReservations: number }
  | { readonly type: "stop"; readonly why: string }
  | { readonly type: `xstate.done.actor.${string}`; readonly actorId: string; readonly output: SupervisorOutput }
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown };

/** How a supervisor ended, where it did so by itself. */
export type SupervisorOutput = Pick<PortfolioOutput, "isEscalated" | "why">;

/** What the engine did about a supervisor that ended; `supervisor` is its actor id. */
export type EngineFact =
  | {
      readonly type: "supervisor.restarted";
      readonly supervisor: string;
      /** Its restarts in the window, this one included. */
      readonly restarts: number;
      readonly error: string;
    }
  | { readonly type: "supervisor.stopped"; readonly supervisor: string; readonly error: string };

/** Restarts that still count, seen from the engine's present tick. */
function recentRestarts({ intensity, tick }: EngineContext, { restartTicks }: Supervised): readonly number[] {
  return restartTicks.filter((at) => at > tick - intensity.windowTicks);
}

/** Why a supervisor ended; null where it ended in order. */
function failureOf(event: EngineMachineEvent): string | null {
  if ("error" in event) return event.error instanceof Error ? event.error.message : String(event.error);
  if (!("output" in event) || !event.output.isEscalated) return null;
  return `escalated: ${event.output.why}`;
}

/** The pool of a portfolio, where it lived long enough to have one. */
function poolOf({ ref, kind }: Supervised): AnyActorRef | null {
  const { context } = ref.getSnapshot() as { context?: { pool?: AnyActorRef } };
  return kind === "portfolio" ? (context?.pool ?? null) : null;
}

const engineSetup = setup({
  types: {
    context: {} as EngineContext,
    events: {} as EngineMachineEvent,
    input: {} as EngineInput,
    emitted: {} as EngineFact,
  },
  // Inert where none is provided, so that the statechart alone can be walked.
  actors: {
    platform: fromCallback(() => undefined) as AnyActorLogic,
    feed: fromCallback(() => undefined) as AnyActorLogic,
    thread: fromCallback(() => undefined) as AnyActorLogic,
    portfolio: fromCallback(() => undefined) as AnyActorLogic,
  },
  guards: {
    mayRestart: ({ context, event }) => {
      const ended = "actorId" in event ? context.supervised.get(event.actorId) : undefined;
      if (ended === undefined || failureOf(event) === null) return false;
      return recentRestarts(context, ended).length < context.intensity.maxRestarts;
    },
    isLastPortfolio: ({ context, event }) => {
      if (!("actorId" in event) || context.supervised.get(event.actorId)?.kind !== "portfolio") return false;
      return [...context.supervised].every(([id, { kind }]) => kind !== "portfolio" || id === event.actorId);
    },
    isSettled: ({ event }) => event.type === "drained" && event.openReservations === 0,
  },
  actions: {
    superviseAll: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "tick") return;
      enqueue.assign({ tick: event.tick });
      for (const { kind, ref } of context.supervised.values()) if (kind === "portfolio") enqueue.sendTo(ref, event);
    }),
    because: assign((_, { why }: { why: string }) => ({ why })),
    bury: enqueueActions(({ context, event, enqueue }) => {
      const dead = "actorId" in event ? context.supervised.get(event.actorId) : undefined;
      if (dead === undefined) return;
      const pool = poolOf(dead);
      // A statechart that throws does not stop its children: this is the stop that they would have had from it (G5).
      if (pool?.getSnapshot().status === "active") enqueue.sendTo(pool, { type: "xstate.stop" });
      enqueue.stopChild(dead.ref);
    }),
    restart: enqueueActions(({ context, event, enqueue }) => {
      const dead = "actorId" in event ? context.supervised.get(event.actorId) : undefined;
      if (dead === undefined) return;
      const { id } = dead.ref;
      const restartTicks = [...recentRestarts(context, dead), context.tick];
      enqueue.assign(({ spawn }) => {
        const successor = poolOf(dead)?.getSnapshot().successor as (() => object) | undefined;
        const input = successor === undefined ? dead.input : { ...dead.input, pool: successor() };
        const ref = spawn(dead.kind, { id, input });
        const reborn = { kind: dead.kind, input, ref, restartTicks } as Supervised;
        return { supervised: new Map(context.supervised).set(id, reborn) };
      });
      const error = failureOf(event) ?? "";
      enqueue.emit({ type: "supervisor.restarted", supervisor: id, restarts: restartTicks.length, error });
    }),
    giveUp: enqueueActions(({ context, event, enqueue }) => {
      if (!("actorId" in event) || !context.supervised.has(event.actorId)) return;
      const supervised = new Map(context.supervised);
      supervised.delete(event.actorId);
      enqueue.assign({ supervised, givenUp: [...context.givenUp, event.actorId] });
      const error = failureOf(event) ?? "stopped in order";
      enqueue.emit({ type: "supervisor.stopped", supervisor: event.actorId, error });
    }),
  },
});

const drain = {
  target: "draining",
  actions: { type: "because", params: ({ event }: { event: { why: string } }) => ({ why: event.why }) },
  description: "The run is over, or the operator ends it: no more bids.",
} as const;

/** What becomes of a supervisor that ended. */
const ended = [
  {
    guard: "mayRestart",
    actions: ["bury", "restart"],
    description: "A supervisor failed: it is restarted with what it last knew to be good (G3).",
  },
  {
    guard: "isLastPortfolio",
    target: ".draining",
    actions: ["bury", "giveUp", { type: "because", params: { why: "the last portfolio ended" } }],
    description: "The last portfolio ended for good: nothing is left to run (G3).",
  },
  {
    actions: ["bury", "giveUp"],
    description: "It ended in order, or failed too often: given up, the others go on (G3).",
  },
] as const;

/** The engine statechart. Provide `platform`, `feed`, `portfolio`, and `thread` where there are any: the logics of its children. */
export const engineMachine = engineSetup.createMachine({
  id: "engine",
  description: "The life of an engine, and the root of its supervision tree.",
  context: ({ input, spawn }) => {
    const supervised = new Map<string, Supervised>();
    for (const platform of input.platforms) {
      const ref = spawn("platform", { id: `platform:${platform.id}`, input: platform });
      supervised.set(ref.id, { kind: "platform", input: platform, ref, restartTicks: [] });
    }
    for (const feed of input.feeds) {
      const ref = spawn("feed", { id: `feed:${feed.id}`, input: feed });
      supervised.set(ref.id, { kind: "feed", input: feed, ref, restartTicks: [] });
    }
    for (const thread of input.threads ?? []) {
      const ref = spawn("thread", { id: `thread:${thread.thread}`, input: thread });
      supervised.set(ref.id, { kind: "thread", input: thread, ref, restartTicks: [] });
    }
    for (const portfolio of input.portfolios) {
      const ref = spawn("portfolio", { id: `portfolio:${portfolio.id}`, input: portfolio });
      supervised.set(ref.id, { kind: "portfolio", input: portfolio, ref, restartTicks: [] });
    }
    return { intensity: input.intensity, supervised, givenUp: [], tick: -1, why: "start" };
  },
  initial: "starting",
  on: {
    tick: { actions: "superviseAll", description: "Every portfolio judges its failures (G2)." },
    "xstate.done.actor.*": ended,
    "xstate.error.actor.*": ended,
    stop: {
      target: ".stopped",
      actions: { type: "because", params: ({ event }) => ({ why: event.why }) },
      description: "Stopped at once, settled or not.",
    },
  },
  states: {
    starting: {
      description: "Actors are up; forecasts are being warmed.",
      on: { begin: { target: "running", description: "The forecasts are warm." }, drain },
    },
    running: {
      description: "Campaigns are told every tick.",
      on: {
        pause: {
          target: "paused",
          actions: { type: "because", params: ({ event }) => ({ why: event.why }) },
          description: "The operator pauses all bidding.",
        },
        drain,
      },
    },
    paused: {
      description: "No campaign is told of ticks; reports are still booked.",
      on: { resume: { target: "running", description: "The operator lets the engine go on." }, drain },
    },
    draining: {
      description: "Nothing new is bid; outstanding reports are awaited (G4).",
      on: {
        drained: { guard: "isSettled", target: "stopped", description: "No reservation is open any more." },
      },
    },
    stopped: { type: "final", description: "The end: all actors are stopped." },
  },
});
