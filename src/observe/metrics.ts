/**
 * Metrics for Prometheus: what a running engine and its service count and measure.
 *
 * MT1 base units: seconds, bytes, ratios, whole units of the currency; MT2 every label takes its values from a closed list, known at the start;
 * MT3 series per campaign exist only when asked for, and never more than {@link MOST_CAMPAIGN_SERIES} campaigns.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { REASONS } from "../core/decision.ts";
import { CAMPAIGN_STATES } from "../core/events.ts";
import type { EngineEvent, EngineObserver, EngineStarted, ReportsBooked, TickCompleted } from "../core/events.ts";
import { Health } from "../core/forecast/board.ts";
import { fromMicros } from "../core/money.ts";

/** Most campaigns that may have series of their own. */
export const MOST_CAMPAIGN_SERIES = 1_000;

/** What records can be. */
export const RECORD_KINDS = ["metrics", "spend", "refusal", "conversions"] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];
/** What becomes of records. */
export const RECORD_OUTCOMES = [
  "accepted",
  "duplicate",
  "late",
  "early",
  "unknown-bid",
  "unknown-name",
  "invalid",
] as const;
export type RecordOutcome = (typeof RECORD_OUTCOMES)[number];
/** Classes of HTTP status. */
const STATUS_CLASSES = ["2xx", "3xx", "4xx", "5xx"] as const;
const HEALTHS = Object.keys(Health);
const MONEY_STATES = ["budget", "spent", "reserved"] as const;

/** What is read when a scrape comes. */
export interface Gauges {
  readonly queued: { readonly metrics: number; readonly reports: number };
  readonly outstandingBids: number;
  readonly viewers: number;
}

const PREFIX = "campaign_engine_";
const TICK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const DECISION_BUCKETS = [0.000_002, 0.000_005, 0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_25, 0.001];
const INGESTION_BUCKETS = [0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** All metrics of one service. */
export class ServiceMetrics implements EngineObserver {
  readonly wantsDecisions = "fleeting";
  readonly registry = new Registry();
  readonly #perCampaign: number;
  #started: EngineStarted | null = null;
  #gauges: (() => Gauges) | null = null;

  readonly #tick = this.#gauge("tick", "The last complete tick.");
  readonly #ready = this.#gauge("ready", "1 while the engine runs and takes orders.");
  readonly #info = this.#gauge("info", "The run: its name and currency.", ["name", "currency"]);
  readonly #tickSeconds = this.#histogram("tick_duration_seconds", "A tick's time to its last decision.", TICK_BUCKETS);
  readonly #decisionSeconds = this.#histogram(
    "decision_duration_seconds",
    "Mean time of a tick's decisions, one observation a tick.",
    DECISION_BUCKETS,
  );
  readonly #ingestionSeconds = this.#histogram(
    "ingestion_duration_seconds",
    "Time to take in one request of records.",
    INGESTION_BUCKETS,
    ["kind"],
  );
  readonly #lateTicks = this.#counter("late_ticks_total", "Ticks that began more than half a period late.");
  readonly #load = this.#gauge("load_level", "0 while everything is done in every tick, up to 4 as less is done.");
  readonly #overloads = this.#counter("overloads_total", "Times that less was done because ticks took too long.");
  readonly #decisions = this.#counter("decisions_total", "Decisions by their reason.", ["reason"]);
  readonly #campaigns = this.#gauge("campaigns", "Campaigns by the state of their statechart.", ["state"]);
  readonly #restarts = this.#counter("restarts_total", "Campaigns restarted.");
  readonly #quarantines = this.#counter("quarantines_total", "Campaigns put into quarantine.");
  readonly #supervisors = this.#counter("supervisors_stopped_total", "Portfolios and platforms given up.");
  readonly #money = this.#gauge("money_currency_units", "Money of all campaigns.", ["account"]);
  readonly #disputed = this.#counter("disputed_currency_units_total", "Charges beyond what a budget could bear.");
  readonly #spend = this.#counter("platform_spend_currency_units_total", "Spend booked.", ["platform"]);
  readonly #clicks = this.#counter("platform_clicks_total", "Clicks bought.", ["platform"]);
  readonly #conversions = this.#counter("platform_conversions_total", "Conversions reported.", ["platform"]);
  readonly #health = this.#gauge("platform_health", "1 for the state that a platform is in.", ["platform", "health"]);
  readonly #feedRefused = this.#counter("feed_refused_total", "Metrics refused as garbage.", ["platform"]);
  readonly #records = this.#counter("records_total", "Records sent to the service.", ["kind", "outcome"]);
  readonly #queue = this.#gauge("queue_length", "What waits for the next tick.", ["queue"]);
  readonly #outstanding = this.#gauge("outstanding_bids", "Bids that no spend report has answered.");
  readonly #viewers = this.#gauge("stream_viewers", "Viewers of live streams.");
  readonly #requests = this.#counter("http_requests_total", "Requests by class of status.", ["status"]);
  readonly #campaignSpend: Gauge | null;
  /** Decisions by reason that are yet to be counted: a counter is asked at a scrape, not at every decision. */
  readonly #decided = new Map<string, number>();

  /** @param perCampaign campaigns, by slot, with a series of their own; cut at {@link MOST_CAMPAIGN_SERIES} (MT3). */
  constructor(perCampaign = 0) {
    this.#perCampaign = Math.min(perCampaign, MOST_CAMPAIGN_SERIES);
    this.#campaignSpend =
      perCampaign === 0 ? null : this.#gauge("campaign_spent_currency_units", "Spend of one campaign.", ["campaign"]);
    collectDefaultMetrics({ register: this.registry });
    // Gauges with the suffix of a counter: kept by the library for old dashboards, refused by promtool.
    for (const what of ["handles", "requests", "resources"]) {
      this.registry.removeSingleMetric(`nodejs_active_${what}_total`);
    }
    for (const reason of Object.keys(REASONS)) this.#decisions.inc({ reason }, 0);
    for (const kind of RECORD_KINDS) {
      for (const outcome of RECORD_OUTCOMES) this.#records.inc({ kind, outcome }, 0);
    }
    for (const status of STATUS_CLASSES) this.#requests.inc({ status }, 0);
  }

  /** Says where to read what is measured only when a scrape comes. */
  readGauges(read: () => Gauges): void {
    this.#gauges = read;
  }

  observe(event: EngineEvent): void {
    switch (event.type) {
      case "engine.started":
        this.#start(event);
        break;
      case "decision":
        this.#decided.set(event.decision.reason, 1 + (this.#decided.get(event.decision.reason) ?? 0));
        break;
      case "reports.booked":
        this.#booked(event);
        break;
      case "reservation.expired":
        this.#spend.inc({ platform: this.#platform(event.platform) }, fromMicros(event.bookedMicros));
        break;
      case "charge.disputed":
        this.#disputed.inc(fromMicros(event.disputedMicros));
        break;
      case "feed.refused":
        this.#feedRefused.inc({ platform: this.#platform(event.platform) });
        break;
      case "campaign.restarted":
        this.#restarts.inc();
        break;
      case "campaign.quarantined":
        this.#quarantines.inc();
        break;
      case "engine.overloaded":
        this.#overloads.inc();
        this.#load.set(event.level);
        break;
      case "engine.relieved":
        this.#load.set(event.level);
        break;
      case "supervisor.stopped":
        this.#supervisors.inc();
        break;
      case "engine.changed":
        this.#ready.set(event.state === "running" || event.state === "paused" ? 1 : 0);
        break;
      case "tick.completed":
        this.#ticked(event);
        break;
    }
  }

  /** Counts one record. */
  countRecord(kind: RecordKind, outcome: RecordOutcome): void {
    this.#records.inc({ kind, outcome });
  }

  /** Notes how long one request of records took. */
  noteIngestion(kind: "metrics" | "settlements", seconds: number): void {
    this.#ingestionSeconds.observe({ kind }, seconds);
  }

  /** Counts one request. */
  countRequest(status: number): void {
    const at = Math.min(3, Math.max(0, Math.floor(status / 100) - 2));
    this.#requests.inc({ status: STATUS_CLASSES[at] });
  }

  /** Counts a tick that began late. */
  noteLateTick(): void {
    this.#lateTicks.inc();
  }

  /** The text that Prometheus scrapes. */
  async text(): Promise<string> {
    const gauges = this.#gauges?.();
    if (gauges !== undefined) {
      this.#queue.set({ queue: "metrics" }, gauges.queued.metrics);
      this.#queue.set({ queue: "settlements" }, gauges.queued.reports);
      this.#outstanding.set(gauges.outstandingBids);
      this.#viewers.set(gauges.viewers);
    }
    this.#readLedger();
    this.#countDecisions();
    return this.registry.metrics();
  }

  #start(event: EngineStarted): void {
    this.#started = event;
    this.#info.set({ name: event.name, currency: event.currency }, 1);
    for (const { id: platform } of event.platforms) {
      for (const counter of [this.#spend, this.#clicks, this.#conversions, this.#feedRefused])
        counter.inc({ platform }, 0);
      for (const health of HEALTHS) this.#health.set({ platform, health }, health === "healthy" ? 1 : 0);
    }
  }

  /** Sums first: a counter is asked once a platform, not once a row. */
  #booked({ batch, bookedMicros }: ReportsBooked): void {
    const sums = new Map<number, { micros: number; clicks: number; conversions: number }>();
    for (let row = 0; row < batch.length; row += 1) {
      const index = batch.platform[row];
      let sum = sums.get(index);
      if (sum === undefined) {
        sum = { micros: 0, clicks: 0, conversions: 0 };
        sums.set(index, sum);
      }
      sum.micros += bookedMicros[row];
      sum.clicks += batch.clicks[row];
      sum.conversions += batch.conversions[row];
    }
    for (const [index, { micros, clicks, conversions }] of sums) {
      const platform = this.#platform(index);
      this.#spend.inc({ platform }, fromMicros(micros));
      this.#clicks.inc({ platform }, clicks);
      this.#conversions.inc({ platform }, conversions);
    }
  }

  /** Hands over the decisions made since the last time. */
  #countDecisions(): void {
    for (const [reason, count] of this.#decided) this.#decisions.inc({ reason }, count);
    this.#decided.clear();
  }

  #ticked({ tick, latencyMs, decisions, states, boards }: TickCompleted): void {
    this.#tick.set(tick);
    this.#tickSeconds.observe(latencyMs / 1000);
    if (decisions > 0) this.#decisionSeconds.observe(latencyMs / 1000 / decisions);
    for (const [at, state] of CAMPAIGN_STATES.entries()) this.#campaigns.set({ state }, states[at]);
    const [board] = boards;
    for (const [at, { id: platform }] of (this.#started?.platforms ?? []).entries()) {
      for (const [code, health] of HEALTHS.entries()) {
        this.#health.set({ platform, health }, board.health[at] === code ? 1 : 0);
      }
    }
  }

  #readLedger(): void {
    if (this.#started === null) return;
    const { ledger, campaigns } = this.#started;
    const sums = { budget: 0, spent: 0, reserved: 0 };
    for (let slot = 0; slot < ledger.size; slot += 1) {
      const { budgetMicros, spentMicros, reservedMicros } = ledger.view(slot);
      sums.budget += budgetMicros;
      sums.spent += spentMicros;
      sums.reserved += reservedMicros;
      if (slot < this.#perCampaign) this.#campaignSpend?.set({ campaign: campaigns[slot].id }, fromMicros(spentMicros));
    }
    for (const account of MONEY_STATES) this.#money.set({ account }, fromMicros(sums[account]));
  }

  #platform(index: number): string {
    return this.#started!.platforms[index].id;
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram {
    return new Histogram({ name: PREFIX + name, help, buckets, labelNames, registers: [this.registry] });
  }
}
