/** A made-up run: events of so many campaigns and ticks, for tests of what listens to an engine. */
import type { CampaignSpec } from "../../src/core/campaign.ts";
import type { Candidate, Decision } from "../../src/core/decision.ts";
import type { CampaignState, EngineObserver, EngineStarted } from "../../src/core/events.ts";
import { createBoard } from "../../src/core/forecast/board.ts";
import { Ledger } from "../../src/core/ledger.ts";
import type { PlatformMetrics, PlatformSpec } from "../../src/core/platform.ts";
import { ReportBatch, ReportKind } from "../../src/core/reports.ts";

const START_MS = 1_767_225_600_000; // 2026-01-01T00:00:00Z
const TICK_MS = 60_000;

function platform(id: string): PlatformSpec {
  return { id, pricing: "second-price", control: "bid", floorMicros: 10_000, overDeliveryFactor: 1 };
}

function campaign(id: string, ticks: number, platforms: number, rest: Partial<CampaignSpec> = {}): CampaignSpec {
  return {
    id,
    portfolio: "main",
    budgetMicros: 500_000_000,
    dailyBudgetMicros: null,
    flight: { startTick: 0, endTick: ticks },
    valuePerConversionMicros: 20_000_000,
    goals: { impressions: null, clicks: null, conversions: null },
    cpaTargetMicros: null,
    platforms: Array.from({ length: platforms }, (_, index) => index),
    minBidMicros: 0,
    maxBidMicros: Number.MAX_SAFE_INTEGER,
    policy: "gamma-pacing",
    forecaster: "count-weighted",
    wasteAversion: 0,
    wasteAllowance: 0,
    ...rest,
  };
}

/** The header event of a made-up run. */
export function startedEvent(ticks: number, campaigns: number, platformIds: readonly string[]): EngineStarted {
  const ledger = new Ledger(platformIds.length);
  const specs = Array.from({ length: campaigns }, (_, slot) =>
    campaign(`c${slot + 1}`, ticks, platformIds.length, {
      goals: { impressions: null, clicks: slot === 0 ? 100 : null, conversions: slot === 1 ? 1e9 : null },
      cpaTargetMicros: slot % 2 === 0 ? 30_000_000 : null,
      valuePerConversionMicros: 20_000_000 + 100_000 * slot,
      budgetMicros: ticks * (1_500_000 + 200_000 * (slot % 6)),
    }),
  );
  for (const spec of specs) ledger.open(spec.budgetMicros);
  return {
    type: "engine.started",
    tick: 0,
    timeMs: START_MS,
    name: "synthetic",
    seed: 42,
    currency: "EUR",
    tickMs: TICK_MS,
    ticks,
    platforms: platformIds.map(platform),
    campaigns: specs,
    ledger,
  };
}

/**
 * Plays a made-up run to observers: every campaign bids on the best of its platforms by a wave of its own, and is settled in the
 * next tick. `latencyMs` is what every tick claims to have taken.
 */
export function playRun(
  observers: readonly EngineObserver[],
  {
    ticks = 60,
    campaigns = 4,
    platforms = ["search", "social", "video"],
    latencyMs = 2,
  }: { ticks?: number; campaigns?: number; platforms?: readonly string[]; latencyMs?: number } = {},
): EngineStarted {
  const emit: EngineObserver["observe"] = (event) => observers.forEach((observer) => observer.observe(event));
  const started = startedEvent(ticks, campaigns, platforms);
  const { ledger } = started;
  emit(started);
  const board = createBoard("count-weighted", platforms.length, 1440);
  const from: CampaignState[] = started.campaigns.map(() => "idle");
  const day = (tick: number) => Math.sin((2 * Math.PI * tick) / ticks);
  for (let tick = 0; tick < ticks; tick++) {
    const timeMs = START_MS + tick * TICK_MS;
    board.tick = tick;
    platforms.forEach((_, index) => {
      board.evidence[index] = 100;
      board.cvr[index] = (0.03 + 0.01 * index) * (1 + 0.3 * Math.sin(tick / 40 + index));
      board.cvrRelSd[index] = 0.1;
      board.cpcMicros[index] = (400_000 + 150_000 * index) * (1 + 0.2 * day(tick + index * 100));
    });
    const feed: (PlatformMetrics | null)[] = platforms.map((_, index) => {
      const isSilent = index === 2 && tick % 20 < 4;
      if (tick === 0 || isSilent) return null;
      const clicks = 200 + 50 * index;
      return {
        platform: index,
        tick: tick - 1,
        impressions: clicks * 30,
        clicks,
        cpcMicros: board.cpcMicros[index] * (1 + 0.05 * Math.sin(tick * 1.7)),
        conversions: Math.round(clicks * board.cvr[index] * (1 + 0.2 * Math.sin(tick * 2.3 + index))),
        conversionAgeTicks: 0,
      };
    });
    if (tick % 25 === 10) {
      emit({ type: "platform.changed", tick, timeMs, platform: 0, from: "healthy", state: "degraded", why: "stale" });
    }
    const states = [0, 0, 0, 0, 0];
    const batch = new ReportBatch();
    started.campaigns.forEach((spec, slot) => {
      const best = (slot + Math.floor(tick / 15)) % platforms.length;
      const account = ledger.view(slot);
      const bidMicros = Math.round(board.cvr[best] * spec.valuePerConversionMicros);
      const clicks = 1 + Math.round(2 * (1 + day(tick + slot)));
      const capMicros = 2 * clicks * bidMicros;
      const isExhausted = account.availableMicros < capMicros;
      const isHeld = !isExhausted && tick % 10 === 9;
      const isFallback = !isExhausted && !isHeld && slot % 4 === 3 && tick % 20 < 4;
      const isBid = !isExhausted && !isHeld;
      const state: CampaignState = isExhausted ? "exhausted" : isHeld ? "idle" : isFallback ? "fallback" : "bidding";
      const decision: Decision = {
        tick,
        kind: isExhausted ? "exhausted" : isHeld ? "hold" : isFallback ? "fallback" : "bid",
        reason: isExhausted
          ? "exhausted.budget"
          : isHeld
            ? "hold.paced"
            : isFallback
              ? "fallback.stale-feed"
              : "bid.placed",
        binding: "value",
        gammaMicros: spec.valuePerConversionMicros,
        candidates: platforms.map((_, index): Candidate => {
          const isBest = index === best && isBid;
          return {
            platform: index,
            cvr: board.cvr[index],
            cvrRelSd: 0.1,
            cpcMicros: board.cpcMicros[index],
            roiMicros: board.cvr[index] * spec.valuePerConversionMicros - board.cpcMicros[index],
            marginalMicros: board.cvr[index] * spec.valuePerConversionMicros,
            bidMicros: isBest ? bidMicros : 0,
            capMicros: isBest ? capMicros : 0,
            verdict: isBest ? "bid" : isBid ? "not-best" : "paced",
          };
        }),
      };
      if (isBid) {
        ledger.reserve(slot, tick, best, capMicros);
        batch.push({
          kind: ReportKind.spend,
          campaign: slot,
          platform: best,
          tick,
          clicks,
          impressions: clicks * 30,
          costMicros: Math.round(clicks * board.cpcMicros[best]),
          conversions: (tick + slot) % 5 === 0 ? 1 : 0,
          conversionAgeTicks: 0,
        });
      }
      states[["idle", "evaluating", "bidding", "exhausted", "fallback"].indexOf(state)]++;
      emit({ type: "decision", tick, timeMs, slot, campaign: spec, from: from[slot], state, decision, account, board });
      from[slot] = state;
    });
    emit({ type: "tick.completed", tick, timeMs, feed, boards: [board], states, decisions: campaigns, latencyMs });
    const bookedMicros = new Float64Array(batch.length);
    for (let row = 0; row < batch.length; row++) {
      const { campaign: slot, platform: index, costMicros } = batch.row(row);
      bookedMicros[row] = ledger.settle(slot, tick, index, costMicros) ?? 0;
    }
    emit({ type: "reports.booked", tick, timeMs, batch, bookedMicros });
  }
  return started;
}
