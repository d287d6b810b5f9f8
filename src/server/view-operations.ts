/** Operations that read: state, lists, decisions, bids, and their streams. */
import type { PlacedBids } from "../platforms/live-market.ts";
import type { ParetoFrame } from "../observe/frames.ts";
import type { LiveRun } from "./live-run.ts";
import { operation } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { bidQuery, campaignPath, campaignQuery, decisionQuery, decisionStreamQuery, platformPath } from "./schemas.ts";
import { streamed } from "./streams.ts";
import type { Message } from "./streams.ts";

/** Most bids of one message: what takes a few milliseconds to write. */
const BIDS_A_MESSAGE = 1_000;
/** Most decisions that a stream sends at once; a viewer that falls further behind misses some. */
const BURST = 200;

/** The state of time: what a sender of records has to know. */
export interface ClockAnswer {
  /** The tick that lasts now. */
  readonly tick: number;
  /** Simulated time of that tick [ms since the epoch]. */
  readonly timeMs: number;
  readonly tickMs: number;
  /** Wall-clock time between two ticks [ms]. */
  readonly everyMs: number;
  readonly isDemo: boolean;
}

/** One platform's bids of one tick. */
export interface BidsAnswer {
  readonly tick: number;
  readonly platform: string;
  readonly bids: readonly { readonly campaign: string; readonly bidMicros: number; readonly capMicros: number }[];
}

/** The operations that read. */
export const viewOperations: readonly Operation[] = [
  operation({
    method: "get",
    path: "/v1/status",
    summary: "The dashboard's frame now.",
    answer: "A DashboardFrame.",
    handle: (_, run) => run.frame().value,
  }),
  operation({
    method: "get",
    path: "/v1/frames",
    summary: "Dashboard frames as they change, at most four a second; slow viewers miss some.",
    answer: "Events named `frame`, each a DashboardFrame.",
    type: "text/event-stream",
    handle: (_, run, context) => {
      run.assertStarted();
      let shownMs = Number.NEGATIVE_INFINITY;
      return streamed(context, run, () => {
        const { madeMs, json } = run.frame();
        if (madeMs === shownMs) return [];
        shownMs = madeMs;
        return [{ event: "frame", data: json }];
      });
    },
  }),
  operation({
    method: "get",
    path: "/v1/clock",
    summary: "The tick that lasts now, and how long ticks last.",
    answer: "A ClockAnswer.",
    handle: (_, run): ClockAnswer => {
      const { tickMs } = run.frame().value;
      const tick = Math.max(0, run.market.tick);
      return { tick, timeMs: run.view.timeMs, tickMs, everyMs: run.everyMs, isDemo: run.isDemo };
    },
  }),
  operation({
    method: "get",
    path: "/v1/campaigns",
    summary: "Campaigns: filtered, sorted, one page.",
    query: campaignQuery,
    answer: "A page of CampaignRow.",
    handle: ({ query }, run) => {
      run.assertStarted();
      return run.view.campaigns(query);
    },
  }),
  operation({
    method: "get",
    path: "/v1/campaigns/{id}",
    summary: "One campaign with its recent states and decisions.",
    params: campaignPath,
    answer: "A CampaignDetail.",
    handle: ({ params }, run) => run.view.campaign(run.slotOf(params.id)),
  }),
  operation({
    method: "get",
    path: "/v1/campaigns/{id}/pareto",
    summary: "What each marginal cost per conversion would buy a campaign from here on, and where it stands.",
    params: campaignPath,
    answer: "A ParetoFrame, or null where the campaign's policy knows no such curve.",
    handle: async ({ params }, run): Promise<ParetoFrame | null> => {
      const slot = run.slotOf(params.id);
      await run.betweenTicks();
      return run.engine.pareto(slot);
    },
  }),
  operation({
    method: "get",
    path: "/v1/platforms",
    summary: "All platforms now.",
    answer: "A list of PlatformFrame.",
    handle: (_, run) => run.frame().value.platforms,
  }),
  operation({
    method: "get",
    path: "/v1/platforms/{id}/history",
    summary: "The last 600 ticks of a platform: what was forecast, and what came.",
    params: platformPath,
    answer: "A PlatformHistory.",
    handle: ({ params }, run) => run.view.platformHistory(run.platformOf(params.id)),
  }),
  operation({
    method: "get",
    path: "/v1/ticks",
    summary: "The last 600 ticks of the engine: how long each took, and how many decisions it made.",
    answer: "A list of TickPoint, oldest first.",
    handle: (_, run) => {
      run.assertStarted();
      return run.view.tickHistory();
    },
  }),
  operation({
    method: "get",
    path: "/v1/decisions",
    summary: "Decisions of all campaigns, oldest first; the newest 2,000 are kept.",
    query: decisionQuery,
    answer: "A list of DecisionFrame, and the id to go on after.",
    handle: ({ query }, run) => {
      run.assertStarted();
      const items = run.view.decisionsAfter(query.after, query.limit);
      return { items, next: items.at(-1)?.id ?? query.after, newest: run.view.lastDecisionId };
    },
  }),
  operation({
    method: "get",
    path: "/v1/decisions/stream",
    summary: "Decisions as they are made, from now on or after Last-Event-ID; slow viewers miss some.",
    query: decisionStreamQuery,
    answer: "Events named `decision`, each a DecisionFrame.",
    type: "text/event-stream",
    handle: ({ query }, run, context) => {
      if (query.campaign !== undefined) run.slotOf(query.campaign);
      let after = cursorOf(context.req.header("last-event-id")) ?? run.view.lastDecisionId;
      return streamed(context, run, () => {
        const all = run.view.decisionsAfter(after, Number.POSITIVE_INFINITY);
        after = all.at(-1)?.id ?? after;
        const wanted = all.filter(({ campaign }) => query.campaign === undefined || campaign === query.campaign);
        return wanted.slice(-BURST).map((one): Message => ({
          event: "decision",
          id: String(one.id),
          data: JSON.stringify(one),
        }));
      });
    },
  }),
  operation({
    method: "get",
    path: "/v1/bids",
    summary: "Bids for whoever places them: the newest, or those of up to ten ticks after a given one.",
    query: bidQuery,
    answer: "A list of BidsAnswer, oldest first.",
    handle: ({ query }, run) => {
      run.assertStarted();
      return run.market.bidsAfter(query.after ?? run.market.newestBids - 1).map((placed) => shownBids(placed, run));
    },
  }),
  operation({
    method: "get",
    path: "/v1/bids/stream",
    summary: "Bids as they are made, from now on or after Last-Event-ID, for whoever places them.",
    answer: "Events named `bids`, each a BidsAnswer with at most 1,000 bids.",
    type: "text/event-stream",
    handle: (_, run, context) => {
      run.assertStarted();
      let after = cursorOf(context.req.header("last-event-id")) ?? run.market.tick;
      return streamed(context, run, () => {
        const placed = run.market.bidsAfter(after);
        after = placed.at(-1)?.tick ?? after;
        return bidMessages(placed, run);
      });
    },
  }),
  operation({
    method: "get",
    path: "/v1/events",
    summary: "What happened lately: orders, restarts, quarantines, platforms, refusals; the newest 500.",
    answer: "A list of EventLine, newest last.",
    handle: (_, run) => {
      run.assertStarted();
      return run.view.events();
    },
  }),
];

/** Whoever is cut off in the middle of a tick's bids hears all of them again: only the last message of a tick has an id. */
function* bidMessages(placed: readonly PlacedBids[], run: LiveRun): Generator<Message> {
  for (const [at, bids] of placed.entries()) {
    for (let from = 0; from < bids.slots.length; from += BIDS_A_MESSAGE) {
      const isLast = from + BIDS_A_MESSAGE >= bids.slots.length && placed[at + 1]?.tick !== bids.tick;
      const data = JSON.stringify(shownBids(bids, run, from, from + BIDS_A_MESSAGE));
      yield { event: "bids", data, ...(isLast ? { id: String(bids.tick) } : {}) };
    }
  }
}

function shownBids(placed: PlacedBids, run: LiveRun, from = 0, to = placed.slots.length): BidsAnswer {
  const { tick, platform, bidMicros, capMicros } = placed;
  return {
    tick,
    platform: run.market.platforms[platform].id,
    bids: Array.from(placed.slots.subarray(from, to), (slot, row) => {
      return { campaign: run.view.idOf(slot), bidMicros: bidMicros[from + row], capMicros: capMicros[from + row] };
    }),
  };
}

function cursorOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
