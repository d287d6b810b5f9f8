/** Campaigns with a policy that costs next to nothing, and the events that carry them once round their statechart. */
import type { CampaignEvent, CampaignInput } from "../../machines/campaign.ts";
import type { CampaignSpec } from "../../src/core/campaign.ts";
import { createBoard } from "../../src/core/forecast/board.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { ReportBatch } from "../../src/core/reports.ts";
import type { World } from "../../src/core/world.ts";

/** Bids nothing in particular; fails in ticks below 0. */
export const trivialPolicy: Policy<number> = {
  name: "trivial",
  description: "Decides without looking.",
  create: () => 0,
  decide({ tick }, memory) {
    if (tick < 0) throw new RangeError("Told to fail.");
    return {
      decision: { tick, kind: "bid", reason: "bid.placed", binding: "none", gammaMicros: 0, candidates: [] },
      memory: memory + 1,
    };
  },
  learn: (_input, memory) => memory + 1,
};

const spec: CampaignSpec = {
  id: "sample",
  portfolio: "sample",
  budgetMicros: 100,
  dailyBudgetMicros: null,
  flight: { startTick: -1, endTick: Number.MAX_SAFE_INTEGER },
  valuePerConversionMicros: 10,
  goals: { impressions: null, clicks: null, conversions: null },
  cpaTargetMicros: null,
  platforms: [0],
  minBidMicros: 1,
  maxBidMicros: 10,
  policy: "trivial",
  forecaster: "sample",
  wasteAversion: 0,
  wasteAllowance: 0,
};

/** Input of the campaign in a slot. */
export function sampleInput(slot: number): CampaignInput {
  return { spec, slot, policy: trivialPolicy, platforms: [] };
}

const boards = new Map([["sample", createBoard("sample", 1, 24)]]);
const account = { budgetMicros: 100, spentMicros: 50, reservedMicros: 0, availableMicros: 50, isDailyBound: false };
const noReports = new ReportBatch(1);

function sampleWorld(tick: number): World {
  return {
    tick,
    tickMs: 60_000,
    timeMs: 0,
    day: { startTick: 0, endTick: 24 },
    platforms: [],
    boards,
    account: () => account,
  };
}

/** idle → evaluating → bidding. In a tick below 0 the policy fails. */
export function tickEvent(tick: number): CampaignEvent & { type: "tick" } {
  return { type: "tick", world: sampleWorld(tick) };
}

/** bidding → idle: the last reservation is settled. */
export function reportsEvent(tick: number): CampaignEvent & { type: "reports" } {
  return { type: "reports", batch: noReports, from: 0, to: 0, world: sampleWorld(tick) };
}
