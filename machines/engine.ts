/**
 * The statechart of the engine: the root of the supervision tree, engine → platforms and portfolios → campaigns.
 *
 * G1 ids are stable: `platform:<id>`, `portfolio:<id>`; G2 supervision goes on in every state but the last; G3 an escalated portfolio
 * ends alone, the engine drains with the last one; G4 once draining, there is no way back: only to stopped.
 */
import { assign, enqueueActions, fromCallback, setup } from "xstate";
import type { AnyActorLogic, AnyActorRef } from "xstate";
import type { PlatformInput } from "./platform.ts";
import type { PortfolioInput, PortfolioOutput } from "./portfolio.ts";

export interface EngineContext {
  /** Portfolios that have not ended, in the order given. */
  readonly portfolios: readonly AnyActorRef[];
  /** In the order of the platforms. */
  readonly platforms: readonly AnyActorRef[];
  /** Ids of the portfolios that escalated. */
  readonly escalated: readonly string[];
  /** What led to the present state. */
  readonly why: string;
}

export interface EngineInput {
  readonly platforms: readonly PlatformInput[];
  readonly portfolios: readonly PortfolioInput[];
}

export type EngineMachineEvent =
  | { readonly type: "begin" }
  | { readonly type: "tick"; readonly tick: number }
  | { readonly type: "pause"; readonly why: string }
  | { readonly type: "resume" }
  | { readonly type: "drain"; readonly why: string }
  | { readonly type: "drained"; readonly openReservations: number }
  | { readonly type: "stop"; readonly why: string }
  | { readonly type: `xstate.done.actor.${string}`; readonly actorId: string; readonly output: PortfolioOutput }
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown };

const engineSetup = setup({
  types: { context: {} as EngineContext, events: {} as EngineMachineEvent, input: {} as EngineInput },
  // Inert where none is provided, so that the statechart alone can be walked.
  actors: {
    platform: fromCallback(() => undefined) as AnyActorLogic,
    portfolio: fromCallback(() => undefined) as AnyActorLogic,
  },
  actions: {
    superviseAll: enqueueActions(({ context, event, enqueue }) => {
      for (const portfolio of context.portfolios) enqueue.sendTo(portfolio, event);
    }),
    because: assign((_, { why }: { why: string }) => ({ why })),
    dropPortfolio: assign(({ context, event }) => {
      if (!("actorId" in event)) return {};
      const hasEscalated = "output" in event && event.output.isEscalated;
      return {
        portfolios: context.portfolios.filter(({ id }) => id !== event.actorId),
        escalated: hasEscalated ? [...context.escalated, event.output.id] : context.escalated,
      };
    }),
  },
  guards: {
    isLastPortfolio: ({ context, event }) =>
      "actorId" in event && context.portfolios.every(({ id }) => id === event.actorId),
    isSettled: ({ event }) => event.type === "drained" && event.openReservations === 0,
  },
});

const drain = {
  target: "draining",
  actions: { type: "because", params: ({ event }: { event: { why: string } }) => ({ why: event.why }) },
  description: "The run is over, or the operator ends it: no more bids.",
} as const;

/** The engine statechart. Provide `platform` and `portfolio`: the logics of its children. */
export const engineMachine = engineSetup.createMachine({
  id: "engine",
  description: "The life of an engine, and the root of its supervision tree.",
  context: ({ input, spawn }) => ({
    platforms: input.platforms.map((platform) => spawn("platform", { id: `platform:${platform.id}`, input: platform })),
    portfolios: input.portfolios.map((one) => spawn("portfolio", { id: `portfolio:${one.id}`, input: one })),
    escalated: [],
    why: "start",
  }),
  initial: "starting",
  on: {
    tick: { actions: "superviseAll", description: "Every portfolio judges its failures (G2)." },
    "xstate.done.actor.*": [
      {
        guard: "isLastPortfolio",
        target: ".draining",
        actions: ["dropPortfolio", { type: "because", params: { why: "the last portfolio ended" } }],
        description: "The last portfolio ended: nothing is left to run (G3).",
      },
      { actions: "dropPortfolio", description: "One portfolio ended; the others go on (G3)." },
    ],
    "xstate.error.actor.*": {
      target: ".draining",
      actions: ["dropPortfolio", { type: "because", params: { why: "a platform or portfolio failed" } }],
      description: "A supervisor failed: what is out is settled, nothing new is bid.",
    },
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
