/**
 * The observer that collects a run's summary (R1–R3 in summary.ts) and its timeline.
 */
import { createHistogram } from "node:perf_hooks";
import type { CampaignSpec } from "../core/campaign.ts";
import { REASONS } from "../core/decision.ts";
import type { Reason } from "../core/decision.ts";
import { EngineError } from "../core/errors.ts";
import { CAMPAIGN_STATES } from "../core/events.ts";
import type { CampaignState, EngineEvent, EngineObserver, EngineStarted, ReportsBooked } from "../core/events.ts";
import { FAULT_KINDS } from "../core/faults.ts";
import type { FaultKind } from "../core/faults.ts";
import { Incidents } from "./incidents.ts";
import type { CampaignSummary, GoalCount, Outcome, RunPerformance, RunSummary } from "./summary.ts";
import { Timeline } from "./timeline.ts";
import type { RunTimeline } from "./timeline.ts";

/** What only the market knows, per campaign × platform: see `MarketTruth`. */
export interface WasteTruth {
  readonly wasteMicros: Float64Array;
}

const LISTED_CAMPAIGNS = 10;

/** Collects the summary and the timeline of one run. */
export class RunObserver implements EngineObserver {
  readonly wantsDecisions = "fleeting";
  #started: EngineStarted | null = null;
  #timeline: Timeline | null = null;
  #incidents: Incidents | null = null;
  /** Columns by campaign × platforms + platform. */
  #impressions = new Float64Array(0);
  #clicks = new Float64Array(0);
  #conversions = new Float64Array(0);
  #spendMicros = new Float64Array(0);
  #campaignStates: CampaignSummary["state"][] = [];
  #states: readonly number[] = CAMPAIGN_STATES.map(() => 0);
  readonly #reasons = new Map<Reason, number>();
  #ticks = 0;
  #decisions = 0;
  #restarts = 0;
  #refusedReports = 0;
  #refusedBids = 0;
  #expiredMicros = 0;
  readonly #faults = new Map<FaultKind, number>();
  #refusedFeeds = 0;
  #busyMs = 0;
  readonly #latencyMicroseconds = createHistogram();

  observe(event: EngineEvent): void {
    this.#incidents?.observe(event);
    switch (event.type) {
      case "engine.started":
        this.#start(event);
        break;
      case "decision":
        this.#reasons.set(event.decision.reason, (this.#reasons.get(event.decision.reason) ?? 0) + 1);
        this.#campaignStates[event.slot] = event.state;
        break;
      case "reports.booked":
        this.#book(event);
        break;
      case "tick.completed":
        if (event.tick >= 0 && event.tick < (this.#started?.ticks ?? 0)) this.#ticks++;
        this.#decisions += event.decisions;
        this.#states = [...event.states];
        this.#busyMs += event.latencyMs;
        this.#latencyMicroseconds.record(Math.max(1, Math.round(event.latencyMs * 1000)));
        this.#timeline?.tickCompleted(event);
        break;
      case "campaign.changed":
        this.#campaignStates[event.slot] = event.state;
        break;
      case "campaign.restarted":
        this.#restarts++;
        this.#revive(event.slot);
        break;
      case "campaign.quarantined":
        this.#campaignStates[event.slot] = "quarantined";
        break;
      case "supervisor.restarted":
        for (const slot of this.#membersOf(event.supervisor)) this.#revive(slot);
        break;
      case "supervisor.stopped":
        for (const slot of this.#membersOf(event.supervisor)) this.#campaignStates[slot] = "stopped";
        break;
      case "report.refused":
        this.#refusedReports++;
        break;
      case "bid.refused":
        this.#refusedBids++;
        break;
      case "reservation.expired":
        this.#expiredMicros += event.bookedMicros;
        this.#spendMicros[event.slot * (this.#started?.platforms.length ?? 0) + event.platform] += event.bookedMicros;
        this.#timeline?.reservationExpired(event);
        break;
      case "fault.injected":
        this.#faults.set(event.kind, (this.#faults.get(event.kind) ?? 0) + 1);
        break;
      case "feed.refused":
        this.#refusedFeeds++;
        break;
    }
  }

  /** The run over time, so far. @throws EngineError CE_ENGINE_INVARIANT before `engine.started`. */
  timeline(): RunTimeline {
    if (this.#timeline === null) throw notStarted();
    return this.#timeline.result();
  }

  /**
   * The run in figures, so far.
   * @param truth of the same campaigns and platforms, where the market tells it.
   * @throws EngineError CE_ENGINE_INVARIANT before `engine.started`.
   */
  summary(truth: WasteTruth | null = null): RunSummary {
    const started = this.#started;
    if (started === null) throw notStarted();
    const { campaigns, ledger, platforms } = started;
    const every = platforms.map((_, platform) => platform);
    const rows = campaigns.map((_, slot) => this.#outcome(started, truth, [slot], every));
    const slots = [...campaigns.keys()];
    const total = this.#outcome(started, truth, slots, every);
    const accounts = campaigns.map((_, slot) => ledger.view(slot));
    const budgetMicros = sum(accounts.map((account) => account.budgetMicros));
    const ranked = slots.toSorted((a, b) => rows[b].netMicros - rows[a].netMicros || a - b);
    const best = ranked.slice(0, LISTED_CAMPAIGNS);
    const worst = ranked.slice(Math.max(best.length, ranked.length - LISTED_CAMPAIGNS));
    const listed = (slot: number): CampaignSummary => ({
      id: campaigns[slot].id,
      ...rows[slot],
      budgetMicros: accounts[slot].budgetMicros,
      budgetUsed: ratio(accounts[slot].spentMicros, accounts[slot].budgetMicros),
      state: this.#campaignStates[slot],
    });
    return {
      name: started.name,
      seed: started.seed,
      currency: started.currency,
      tickMs: started.tickMs,
      ticks: this.#ticks,
      plannedTicks: started.ticks,
      policies: [...new Set(campaigns.map((spec) => spec.policy))].sort(),
      campaigns: campaigns.length,
      total,
      budgetMicros,
      budgetUsed: ratio(sum(accounts.map((account) => account.spentMicros)), budgetMicros),
      overspendMicros: sum(accounts.map(({ spentMicros, budgetMicros: most }) => Math.max(0, spentMicros - most))),
      disputedMicros: sum(slots.map((slot) => ledger.disputedMicros(slot))),
      platforms: platforms.map(({ id }, platform) => {
        const outcome = this.#outcome(started, truth, slots, [platform]);
        return Object.assign(outcome, { id, spendShare: ratio(outcome.spendMicros, total.spendMicros) });
      }),
      states: Object.fromEntries(CAMPAIGN_STATES.map((state, at) => [state, this.#states[at]])) as Record<
        CampaignState,
        number
      >,
      restarts: this.#restarts,
      quarantined: this.#campaignStates.filter((state) => state === "quarantined").length,
      stopped: this.#campaignStates.filter((state) => state === "stopped").length,
      incidents: this.#incidents?.list ?? [],
      incidentCount: this.#incidents?.count ?? 0,
      refusedReports: this.#refusedReports,
      refusedFeeds: this.#refusedFeeds,
      refusedBids: this.#refusedBids,
      expiredMicros: this.#expiredMicros,
      faults: (Object.keys(FAULT_KINDS) as FaultKind[])
        .map((kind) => ({ kind, count: this.#faults.get(kind) ?? 0 }))
        .filter(({ count }) => count > 0),
      decisions: this.#decisions,
      reasons: this.#rankedReasons(),
      goals: {
        impressions: goalCount(
          campaigns,
          rows,
          (spec) => spec.goals.impressions,
          (row) => row.impressions,
        ),
        clicks: goalCount(
          campaigns,
          rows,
          (spec) => spec.goals.clicks,
          (row) => row.clicks,
        ),
        conversions: goalCount(
          campaigns,
          rows,
          (spec) => spec.goals.conversions,
          (row) => row.conversions,
        ),
        // A cost is to stay below its target: both are compared with the sign changed.
        cpa: goalCount(
          campaigns,
          rows,
          (spec) => (spec.cpaTargetMicros === null ? null : -spec.cpaTargetMicros),
          (row) => -(row.cpaMicros ?? Number.POSITIVE_INFINITY),
        ),
      },
      bestCampaigns: best.map(listed),
      worstCampaigns: worst.map(listed),
      performance: this.#performance(),
    };
  }

  #start(event: EngineStarted): void {
    this.#started = event;
    this.#timeline = new Timeline(event);
    this.#incidents = new Incidents(event);
    const cells = event.campaigns.length * event.platforms.length;
    this.#impressions = new Float64Array(cells);
    this.#clicks = new Float64Array(cells);
    this.#conversions = new Float64Array(cells);
    this.#spendMicros = new Float64Array(cells);
    this.#campaignStates = event.campaigns.map(() => "idle");
  }

  /** A campaign runs again. */
  #revive(slot: number): void {
    if (this.#campaignStates[slot] === "quarantined") this.#campaignStates[slot] = "idle";
  }

  /** Slots of the campaigns under a portfolio's actor. */
  #membersOf(supervisor: string): number[] {
    const campaigns = this.#started?.campaigns ?? [];
    return [...campaigns.keys()].filter((slot) => `portfolio:${campaigns[slot].portfolio}` === supervisor);
  }

  #book(event: ReportsBooked): void {
    const { batch, bookedMicros } = event;
    const platforms = this.#started?.platforms.length ?? 0;
    for (let row = 0; row < batch.length; row++) {
      const cell = batch.campaign[row] * platforms + batch.platform[row];
      this.#impressions[cell] += batch.impressions[row];
      this.#clicks[cell] += batch.clicks[row];
      this.#conversions[cell] += batch.conversions[row];
      this.#spendMicros[cell] += bookedMicros[row];
    }
    this.#timeline?.reportsBooked(event);
  }

  #outcome(
    { campaigns, platforms }: EngineStarted,
    truth: WasteTruth | null,
    slots: readonly number[],
    platformIndices: readonly number[],
  ): Outcome {
    let [impressions, clicks, conversions, spendMicros, valueMicros, wasteMicros] = [0, 0, 0, 0, 0, 0];
    for (const slot of slots) {
      for (const platform of platformIndices) {
        const cell = slot * platforms.length + platform;
        impressions += this.#impressions[cell];
        clicks += this.#clicks[cell];
        conversions += this.#conversions[cell];
        spendMicros += this.#spendMicros[cell];
        valueMicros += this.#conversions[cell] * campaigns[slot].valuePerConversionMicros;
        wasteMicros += truth?.wasteMicros[cell] ?? 0;
      }
    }
    const netMicros = Math.round(valueMicros) - spendMicros;
    return {
      impressions,
      clicks,
      conversions,
      spendMicros,
      valueMicros: Math.round(valueMicros),
      netMicros,
      cpaMicros: ratio(spendMicros, conversions),
      cpcMicros: ratio(spendMicros, clicks),
      ctr: ratio(clicks, impressions),
      cvr: ratio(conversions, clicks),
      roas: ratio(valueMicros, spendMicros),
      roiMicros: ratio(netMicros, clicks),
      wasteMicros: truth === null ? null : Math.round(wasteMicros),
    };
  }

  #rankedReasons(): RunSummary["reasons"] {
    const counted = sum([...this.#reasons.values()]);
    return (Object.keys(REASONS) as Reason[])
      .map((reason) => ({ reason, count: this.#reasons.get(reason) ?? 0 }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count)
      .map(({ reason, count }) => ({ reason, count, share: count / counted }));
  }

  #performance(): RunPerformance {
    const latency = this.#latencyMicroseconds;
    const percentileMs = (percentile: number) => latency.percentile(percentile) / 1000;
    return {
      decisionsPerSecond: ratio(this.#decisions * 1000, this.#busyMs),
      tickLatencyMs:
        latency.count === 0 ? null : { p50: percentileMs(50), p95: percentileMs(95), p99: percentileMs(99) },
    };
  }
}

/** Campaigns with a target, and those that are at or above it. */
function goalCount(
  campaigns: readonly CampaignSpec[],
  rows: readonly Outcome[],
  targetOf: (spec: CampaignSpec) => number | null,
  resultOf: (row: Outcome) => number,
): GoalCount {
  const targets = campaigns.map(targetOf);
  return {
    declared: targets.filter((target) => target !== null).length,
    reached: targets.filter((target, slot) => target !== null && resultOf(rows[slot]) >= target).length,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function notStarted(): EngineError {
  return new EngineError("CE_ENGINE_INVARIANT", "There is no summary of a run that has not started.");
}
