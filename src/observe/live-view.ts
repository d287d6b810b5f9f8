/**
 * The live view: what the pages show of a running engine, kept up to date from its events and bounded in memory.
 *
 * V1 it reads and changes nothing; V2 a frame says only what is already true; V3 memory does not grow with the length of the run.
 */
import { createHistogram } from "node:perf_hooks";
import type { EngineEvent, EngineObserver, EngineStarted, OperatorActed } from "../core/events.ts";
import { EngineError } from "../core/errors.ts";
import type { Savable } from "../core/saved.ts";
import type {
  CampaignDetail,
  CampaignRow,
  DashboardFrame,
  DecisionFrame,
  EventLine,
  Page,
  PerformanceFrame,
  PlatformHistory,
  ProcessVitals,
  ShownState,
  TickPoint,
} from "./frames.ts";
import { lineOf } from "./event-lines.ts";
import { LiveCampaigns } from "./live-campaigns.ts";
import type { LiveCampaignsState } from "./live-campaigns.ts";
import { HISTORY_TICKS, LivePlatforms } from "./live-platforms.ts";
import { RecentDecisions, Ring } from "./recent-decisions.ts";
import { SpendHistory } from "./spend-history.ts";
import type { SpendHistoryState } from "./spend-history.ts";

/** What a list of campaigns is to contain, and in which order. */
export interface CampaignQuery {
  readonly state?: ShownState | undefined;
  readonly portfolio?: string | undefined;
  /** Part of the id, case-insensitive. */
  readonly search?: string | undefined;
  readonly sort: CampaignSort;
  readonly order: "asc" | "desc";
  readonly offset: number;
  readonly limit: number;
}

/** What a list of campaigns can be sorted by. */
export const CAMPAIGN_SORTS = [
  "id",
  "slot",
  "state",
  "budget",
  "spent",
  "pace",
  "conversions",
  "cpa",
  "restarts",
] as const;
export type CampaignSort = (typeof CAMPAIGN_SORTS)[number];

/** Event lines kept. */
const KEPT_LINES = 500;
const FRAME_LINES = 50;
const MOST_IN_MOSAIC = 100_000;
/** Ticks over which throughput is measured. */
const RATE_TICKS = 60;

/** Everything that is there once a run has started. */
interface Kept {
  readonly started: EngineStarted;
  readonly campaigns: LiveCampaigns;
  readonly platforms: LivePlatforms;
  readonly decisions: RecentDecisions;
  readonly spending: SpendHistory;
}

/** What a view shows, but for the decisions of late and the times that ticks took. */
export interface LiveViewState {
  readonly campaigns: LiveCampaignsState;
  readonly platforms: ReturnType<LivePlatforms["save"]>;
  readonly spending: SpendHistoryState;
  readonly lastDecisionId: number;
  readonly lines: readonly EventLine[];
  readonly lineId: number;
  readonly counts: {
    readonly decisions: number;
    readonly restarts: number;
    readonly refusedReports: number;
    readonly refusedFeeds: number;
    readonly lateTicks: number;
  };
  readonly stoppedBecause: string | null;
}

/** Listens to one engine. */
export class LiveView implements EngineObserver, Savable<LiveViewState> {
  readonly #lines = new Ring<EventLine>(KEPT_LINES);
  readonly #latencyMicroseconds = createHistogram();
  readonly #ticks = new Ring<TickPoint>(HISTORY_TICKS);
  #kept: Kept | null = null;
  #tick = 0;
  #timeMs = 0;
  #engine = "starting";
  #lineId = 0;
  #decisions = 0;
  #restarts = 0;
  #refusedReports = 0;
  #refusedFeeds = 0;
  #lateTicks = 0;
  #stoppedBecause: string | null = null;
  /** What to show from the engine's start on. */
  #saved: LiveViewState | null = null;

  /** Counts what was heard: while it stands still, a frame would be the same but for the process. */
  revision = 0;

  observe(event: EngineEvent): void {
    this.revision += 1;
    if (event.type === "engine.started") this.#start(event);
    if (this.#kept === null) return;
    const { campaigns, platforms, decisions, spending, started } = this.#kept;
    switch (event.type) {
      case "decision":
        decisions.add(event);
        campaigns.enter(event.slot, event.state, event.tick);
        return;
      case "campaign.changed":
        campaigns.enter(event.slot, event.state, event.tick);
        return;
      case "campaign.created":
        campaigns.add(event.campaign.id);
        break;
      case "reports.booked":
        campaigns.booked(event);
        platforms.booked(event);
        return;
      case "reservation.expired":
        campaigns.charged(event.slot, event.platform, event.bookedMicros);
        platforms.charged(event.platform, event.bookedMicros);
        break;
      case "report.refused":
        this.#refusedReports += 1;
        break;
      case "feed.refused":
        this.#refusedFeeds += 1;
        break;
      case "campaign.restarted":
        this.#restarts += 1;
        campaigns.restarted(event.slot);
        if (campaigns.shown(event.slot) === "quarantined") campaigns.hinder(event.slot, null, null, event.tick);
        break;
      case "campaign.quarantined":
        campaigns.hinder(event.slot, "quarantined", event.error, event.tick);
        break;
      case "supervisor.restarted":
        campaigns.free(event.supervisor, event.tick);
        break;
      case "supervisor.stopped":
        campaigns.abandon(event.supervisor, event.error, event.tick);
        break;
      case "campaign.held":
        campaigns.hinder(event.slot, "paused", event.why, event.tick);
        break;
      case "campaign.released":
        campaigns.hinder(event.slot, null, null, event.tick);
        break;
      case "operator.acted":
        this.#obey(event);
        break;
      case "engine.changed":
        this.#engine = event.state;
        break;
      case "tick.completed":
        this.#tick = event.tick;
        this.#timeMs = event.timeMs;
        this.#decisions += event.decisions;
        this.#latencyMicroseconds.record(Math.max(1, Math.round(event.latencyMs * 1000)));
        this.#ticks.push({ tick: event.tick, latencyMs: event.latencyMs, decisions: event.decisions });
        platforms.ticked(event);
        campaigns.traffic.learn(event.boards, event.tick);
        spending.ticked(event.tick);
        return;
    }
    const line = lineOf(event, started, this.#lineId + 1);
    if (line === null) return;
    this.#lineId += 1;
    this.#lines.push(line);
  }

  save(): LiveViewState {
    const { campaigns, platforms, spending } = this.#run();
    return {
      campaigns: campaigns.save(),
      platforms: platforms.save(),
      spending: spending.save(),
      lastDecisionId: this.lastDecisionId,
      lines: [...this.#lines],
      lineId: this.#lineId,
      counts: {
        decisions: this.#decisions,
        restarts: this.#restarts,
        refusedReports: this.#refusedReports,
        refusedFeeds: this.#refusedFeeds,
        lateTicks: this.#lateTicks,
      },
      stoppedBecause: this.#stoppedBecause,
    };
  }

  /** Before the engine starts: what it tells then is shown in addition. */
  restore(state: LiveViewState): void {
    this.#saved = state;
  }

  /** True once an engine has started. */
  get isStarted(): boolean {
    return this.#kept !== null;
  }

  /** State of the engine's statechart. */
  get engine(): string {
    return this.#engine;
  }

  /** The last complete tick. */
  get tick(): number {
    return this.#tick;
  }

  /** Simulated time of that tick [ms since the epoch]. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Id of the newest decision: where a stream of them begins. */
  get lastDecisionId(): number {
    return this.#kept?.decisions.lastId ?? 0;
  }

  /** Notes that a tick began late. */
  noteLateTick(): void {
    this.#lateTicks += 1;
  }

  /** The dashboard now. @throws EngineError CE_ENGINE_INVARIANT before `engine.started` */
  frame(process: ProcessVitals | null = null): DashboardFrame {
    const { started, campaigns, platforms } = this.#run();
    return {
      version: 1,
      name: started.name,
      currency: started.currency,
      tick: this.#tick,
      timeMs: this.#timeMs,
      tickMs: started.tickMs,
      engine: this.#engine,
      stoppedBecause: this.#stoppedBecause,
      campaigns: campaigns.size,
      money: campaigns.money(this.#tick),
      states: campaigns.counts(),
      mosaic: campaigns.size > MOST_IN_MOSAIC ? "" : campaigns.mosaic(),
      platforms: platforms.frames(),
      performance: this.#performance(process),
      events: [...this.#lines].slice(-FRAME_LINES),
    };
  }

  /** The last 600 ticks of the engine, oldest first. */
  tickHistory(): TickPoint[] {
    return [...this.#ticks];
  }

  /** The event lines that are kept, newest last. */
  events(): EventLine[] {
    return [...this.#lines];
  }

  /** The slot of a campaign id, or null where there is none. */
  slotOf(id: string): number | null {
    return this.#run().campaigns.slotOf(id);
  }

  /** The id of the campaign in a slot. */
  idOf(slot: number): string {
    return this.#run().started.campaigns[slot].id;
  }

  /** What a new campaign has unless it says otherwise: the portfolio and the forecaster of the first. */
  get defaults(): { readonly portfolio: string; readonly forecaster: string } {
    return this.#run().started.campaigns[0];
  }

  /** The index of a platform id, or null where there is none. */
  platformOf(id: string): number | null {
    const index = this.#run().started.platforms.findIndex((spec) => spec.id === id);
    return index < 0 ? null : index;
  }

  /** One page of campaigns. */
  campaigns(query: CampaignQuery): Page<CampaignRow> {
    const { campaigns, decisions, started } = this.#run();
    const search = query.search?.toLowerCase();
    const matches: number[] = [];
    for (let slot = 0; slot < campaigns.size; slot += 1) {
      const spec = started.campaigns[slot];
      if (query.portfolio !== undefined && spec.portfolio !== query.portfolio) continue;
      if (search !== undefined && !spec.id.toLowerCase().includes(search)) continue;
      if (query.state !== undefined && campaigns.shown(slot) !== query.state) continue;
      matches.push(slot);
    }
    const rowOf = (slot: number) => campaigns.row(slot, this.#tick, decisions);
    const { total, offset } = { total: matches.length, offset: query.offset };
    const isDescending = query.order === "desc";
    if (query.sort === "slot") {
      // The order they are in: rows are made for the page alone.
      const ordered = isDescending ? matches.toReversed() : matches;
      return { total, offset, items: ordered.slice(offset, offset + query.limit).map(rowOf) };
    }
    const keyOf = SORT_KEYS[query.sort];
    const sign = isDescending ? -1 : 1;
    const rows = matches.map(rowOf).sort((a, b) => sign * compare(keyOf(a), keyOf(b)) || a.slot - b.slot);
    return { total, offset, items: rows.slice(offset, offset + query.limit) };
  }

  /** One campaign with its past; its decisions are kept longer from now on. */
  campaign(slot: number): CampaignDetail {
    const { campaigns, decisions, spending, started } = this.#run();
    const spec = started.campaigns[slot];
    const { heldBecause, byPlatform, history } = campaigns.past(slot);
    return {
      ...campaigns.row(slot, this.#tick, decisions),
      dailyBudgetMicros: spec.dailyBudgetMicros,
      startTick: spec.flight.startTick,
      endTick: spec.flight.endTick,
      valuePerConversionMicros: spec.valuePerConversionMicros,
      cpaTargetMicros: spec.cpaTargetMicros,
      platforms: spec.platforms.map((platform) => started.platforms[platform].id),
      heldBecause,
      byPlatform,
      spending: spending
        .of(slot)
        .map((sample) => Object.assign(sample, { planMicros: campaigns.planMicros(slot, sample.tick) })),
      history,
      decisions: decisions.of(slot),
    };
  }

  /** Decisions of all campaigns that are newer than `afterId`, oldest first, at most `limit`. */
  decisionsAfter(afterId: number, limit: number): DecisionFrame[] {
    return this.#run().decisions.after(afterId, limit);
  }

  /** The last 600 ticks of a platform. */
  platformHistory(platform: number): PlatformHistory {
    return this.#run().platforms.history(platform);
  }

  #start(started: EngineStarted): void {
    this.#kept = {
      started,
      campaigns: new LiveCampaigns(started),
      platforms: new LivePlatforms(started.platforms),
      decisions: new RecentDecisions(
        (slot) => started.campaigns[slot].id,
        (platform) => started.platforms[platform].id,
        started.campaigns.length,
      ),
      spending: new SpendHistory(started.ledger),
    };
    this.#tick = started.tick;
    this.#timeMs = started.timeMs;
    if (this.#saved !== null) this.#goOn(this.#kept, this.#saved);
    this.#saved = null;
  }

  #goOn({ started, campaigns, platforms, decisions, spending }: Kept, saved: LiveViewState): void {
    campaigns.restore(saved.campaigns);
    platforms.restore(saved.platforms);
    spending.restore(saved.spending);
    decisions.countFrom(saved.lastDecisionId);
    for (const line of saved.lines) this.#lines.push(line);
    this.#lineId = saved.lineId;
    this.#stoppedBecause = saved.stoppedBecause;
    const { counts } = saved;
    this.#decisions = counts.decisions;
    this.#restarts = counts.restarts;
    this.#refusedReports = counts.refusedReports;
    this.#refusedFeeds = counts.refusedFeeds;
    this.#lateTicks = counts.lateTicks;
    // The last tick that was played, not the one to come.
    this.#tick -= 1;
    this.#timeMs -= started.tickMs;
  }

  #obey({ action, slot, platform, why, tick }: OperatorActed): void {
    const { campaigns, platforms } = this.#run();
    if (slot !== null && action === "campaign.end") campaigns.hinder(slot, "ended", why, tick);
    if (action === "engine.pause") this.#stoppedBecause = why;
    else if (action === "engine.resume") this.#stoppedBecause = null;
    if (platform !== null) platforms.close(platform, action === "platform.close" ? why : null);
  }

  #performance(process: ProcessVitals | null): PerformanceFrame {
    const latency = this.#latencyMicroseconds;
    const at = (percentile: number) => latency.percentile(percentile) / 1000;
    let [decisions, busyMs] = [0, 0];
    for (const tick of [...this.#ticks].slice(-RATE_TICKS)) {
      decisions += tick.decisions;
      busyMs += tick.latencyMs;
    }
    return {
      tickLatencyMs: latency.count === 0 ? null : { p50: at(50), p95: at(95), p99: at(99), max: latency.max / 1000 },
      decisionsPerSecond: busyMs === 0 ? null : (1000 * decisions) / busyMs,
      decisions: this.#decisions,
      restarts: this.#restarts,
      refusedReports: this.#refusedReports,
      refusedFeeds: this.#refusedFeeds,
      lateTicks: this.#lateTicks,
      process,
    };
  }

  #run(): Kept {
    if (this.#kept === null)
      throw new EngineError("CE_ENGINE_INVARIANT", "There is no view of a run that has not started.");
    return this.#kept;
  }
}

type SortKey = number | string | null;

const SORT_KEYS: Readonly<Record<CampaignSort, (row: CampaignRow) => SortKey>> = {
  id: (row) => row.id,
  slot: (row) => row.slot,
  state: (row) => row.state,
  budget: (row) => row.budgetMicros,
  spent: (row) => row.spentMicros,
  pace: (row) => row.pace,
  conversions: (row) => row.conversions,
  cpa: (row) => row.cpaMicros,
  restarts: (row) => row.restarts,
};

/** Unknown comes first. */
function compare(a: SortKey, b: SortKey): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
