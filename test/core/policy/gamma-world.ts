/** A small world for gamma pacing: steady platforms, a full board, balances as given. */
import type { CampaignSpec } from "../../../src/core/campaign.ts";
import { createBoard } from "../../../src/core/forecast/board.ts";
import type { PlatformSpec } from "../../../src/core/platform.ts";
import type { AccountView, PolicyInput } from "../../../src/core/policy/policy.ts";
import { ReportBatch, type ReportRow } from "../../../src/core/reports.ts";

export const UNIT = 1_000_000;
const PERIOD = 100;

export interface WorldChanges {
  readonly tick?: number;
  readonly spec?: Partial<CampaignSpec>;
  readonly account?: Partial<AccountView>;
  readonly platform?: (index: number) => Partial<PlatformSpec>;
  /** CVR and price per platform; two equal ones by default. */
  readonly cvr?: readonly number[];
  readonly cpcMicros?: readonly number[];
}

/** Clicks 20 a tick and platform in the feed, price 1, CVR 5 %, value per conversion 60, budget ample, flight of 100 ticks. */
export function gammaWorld(changes: WorldChanges = {}): PolicyInput {
  const cvr = changes.cvr ?? [0.05, 0.05];
  const count = cvr.length;
  const board = createBoard("count-weighted", count, PERIOD);
  for (let p = 0; p < count; p += 1) {
    board.cvr[p] = cvr[p];
    board.cvrMean[p] = cvr[p];
    board.cvrRelSd[p] = 0.1;
    board.cpcMicros[p] = changes.cpcMicros?.[p] ?? UNIT;
    board.cpcMeanMicros[p] = board.cpcMicros[p];
    board.evidence[p] = 100;
    board.impressionsPerClick[p] = 10;
    board.traffic[p].profile.fill(20);
    for (let i = 0; i <= PERIOD; i += 1) board.traffic[p].cumulative[i] = 20 * i;
  }
  const budgetMicros = changes.spec?.budgetMicros ?? 1e12;
  const spec: CampaignSpec = {
    id: "c",
    portfolio: "p",
    budgetMicros,
    dailyBudgetMicros: null,
    flight: { startTick: 0, endTick: PERIOD },
    valuePerConversionMicros: 60 * UNIT,
    goals: { impressions: null, clicks: null, conversions: null },
    cpaTargetMicros: null,
    platforms: cvr.map((_, p) => p),
    minBidMicros: 0,
    maxBidMicros: Number.MAX_SAFE_INTEGER,
    policy: "gamma-pacing",
    forecaster: "count-weighted",
    wasteAversion: 0,
    wasteAllowance: 0,
    ...changes.spec,
  };
  const platforms = cvr.map((_, p): PlatformSpec =>
    Object.assign(
      { id: `p${p}`, pricing: "second-price", control: "bid", floorMicros: 0, overDeliveryFactor: 1 } as const,
      changes.platform?.(p),
    ),
  );
  const account: AccountView = {
    budgetMicros,
    spentMicros: 0,
    reservedMicros: 0,
    availableMicros: budgetMicros,
    isDailyBound: false,
    ...changes.account,
  };
  return {
    tick: changes.tick ?? 0,
    tickMs: 60_000,
    day: { startTick: 0, endTick: PERIOD },
    spec,
    platforms,
    board,
    account,
  };
}

/** A batch of such rows of campaign 0. */
export function reports(...rows: Partial<ReportRow>[]): ReportBatch {
  const batch = new ReportBatch();
  const empty = { kind: 0, campaign: 0, platform: 0, tick: 0, costMicros: 0, impressions: 0, clicks: 0 } as const;
  for (const row of rows) batch.push({ ...empty, conversions: 0, conversionAgeTicks: 0, ...row });
  return batch;
}
