/** Random worlds for property tests of policies: anything that the contracts allow, zeros and extremes included. */
import fc from "fast-check";
import type { CampaignSpec } from "../../src/core/campaign.ts";
import { createBoard } from "../../src/core/forecast/board.ts";
import type { ForecastBoard, TrafficPlan } from "../../src/core/forecast/board.ts";
import type { PlatformSpec } from "../../src/core/platform.ts";
import type { AccountView, PolicyInput } from "../../src/core/policy/policy.ts";
import { ReportBatch } from "../../src/core/reports.ts";

/** Even over [0, max], since fast-check's doubles are mostly tiny; the edges come in often enough by weight. */
const even = (max: number) => fc.integer({ min: 0, max: 1_000_000 }).map((part) => (max * part) / 1_000_000);
const amount = (max: number) =>
  fc.oneof({ arbitrary: even(max), weight: 6 }, { arbitrary: fc.constantFrom(0, max, 1e-9), weight: 1 });
const micros = (max: number) => amount(max).map(Math.round);

/** A platform of any kind. */
export function platformArbitrary(index: number): fc.Arbitrary<PlatformSpec> {
  return fc.record({
    id: fc.constant(`p${index}`),
    pricing: fc.constantFrom("second-price", "first-price", "cpc"),
    control: fc.constantFrom("bid", "bid", "budget"),
    floorMicros: micros(200_000),
    overDeliveryFactor: fc.constantFrom(1, 1.1, 1.75, 2),
  });
}

/** A daily traffic plan. */
export function trafficArbitrary(periodTicks: number): fc.Arbitrary<TrafficPlan> {
  const clicks = amount(500);
  return fc
    .record({ profile: fc.array(clicks, { minLength: periodTicks, maxLength: periodTicks }), level: amount(3) })
    .map(({ profile, level }) => {
      const cumulative = new Float64Array(periodTicks + 1);
      for (let i = 0; i < periodTicks; i += 1) cumulative[i + 1] = cumulative[i] + profile[i];
      return { periodTicks, profile: Float64Array.from(profile), cumulative, level };
    });
}

/** A forecast board over so many platforms. */
export function boardArbitrary(platforms: number, periodTicks: number): fc.Arbitrary<ForecastBoard> {
  const row = fc.record({
    cvr: amount(0.3),
    cvrRelSd: amount(1),
    cpcMicros: amount(5_000_000),
    evidence: amount(1000),
    ageTicks: fc.oneof({ arbitrary: fc.nat({ max: 2 }), weight: 4 }, { arbitrary: fc.nat({ max: 500 }), weight: 1 }),
    health: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
    impressionsPerClick: even(1000).map((extra) => 1 + extra),
    traffic: trafficArbitrary(periodTicks),
  });
  return fc.array(row, { minLength: platforms, maxLength: platforms }).map((rows) => {
    const board = createBoard("count-weighted", platforms, periodTicks);
    rows.forEach((each, i) => {
      board.cvr[i] = each.cvr;
      board.cvrMean[i] = each.cvr;
      board.cvrRelSd[i] = each.cvrRelSd;
      board.cpcMicros[i] = each.cpcMicros;
      board.cpcMeanMicros[i] = each.cpcMicros;
      board.evidence[i] = each.evidence;
      board.ageTicks[i] = each.ageTicks;
      board.health[i] = each.health;
      board.impressionsPerClick[i] = each.impressionsPerClick;
      board.traffic[i] = each.traffic;
    });
    return board;
  });
}

/** Balances that a ledger can have: spent + reserved ≤ budget, whatever the day leaves of it. */
export function accountArbitrary(): fc.Arbitrary<AccountView & { dailyBudgetMicros: number | null }> {
  const budgets = fc.oneof(micros(1_000_000_000_000), micros(100_000_000), micros(3_000_000));
  return fc
    .record({ budget: budgets, spent: amount(1), reserved: amount(1), day: fc.option(amount(1)) })
    .map(({ budget, spent, reserved, day }) => {
      const spentMicros = Math.floor(budget * spent);
      const reservedMicros = Math.floor((budget - spentMicros) * reserved);
      const leftMicros = budget - spentMicros - reservedMicros;
      const todayMicros = day === null ? leftMicros : Math.floor(leftMicros * day);
      return {
        budgetMicros: budget,
        spentMicros,
        reservedMicros,
        availableMicros: todayMicros,
        isDailyBound: todayMicros < leftMicros,
        dailyBudgetMicros: day === null ? null : Math.min(budget, todayMicros + reservedMicros),
      };
    });
}

/** A campaign on some of so many platforms. */
export function specArbitrary(platforms: number): fc.Arbitrary<CampaignSpec> {
  const indices = Array.from({ length: platforms }, (_, i) => i);
  return fc.record({
    id: fc.constant("c"),
    portfolio: fc.constant("main"),
    budgetMicros: fc.constant(0),
    dailyBudgetMicros: fc.constant(null),
    flight: fc.record({ startTick: fc.nat({ max: 10 }), endTick: fc.integer({ min: 11, max: 100 }) }),
    valuePerConversionMicros: micros(200_000_000),
    goals: fc.record({
      impressions: fc.option(fc.nat()),
      clicks: fc.option(fc.nat()),
      conversions: fc.option(fc.nat({ max: 1000 })),
    }),
    cpaTargetMicros: fc.option(micros(100_000_000)),
    platforms: fc.subarray(indices, { minLength: 1 }),
    minBidMicros: micros(100_000),
    maxBidMicros: fc.oneof(fc.constant(Number.MAX_SAFE_INTEGER), micros(10_000_000)),
    policy: fc.constant("greedy-roi"),
    forecaster: fc.constant("count-weighted"),
    wasteAversion: amount(2),
    wasteAllowance: amount(0.5),
  });
}

/** All that a decision may depend on. The tick lies within the flight. */
export function inputArbitrary(): fc.Arbitrary<PolicyInput> {
  return fc
    .record({ platforms: fc.integer({ min: 1, max: 10 }), periodTicks: fc.integer({ min: 1, max: 24 }) })
    .chain(({ platforms, periodTicks }) =>
      fc
        .record({
          phase: even(0.999),
          tickMs: fc.constantFrom(1000, 60_000, 3_600_000),
          spec: specArbitrary(platforms),
          platforms: fc.tuple(...Array.from({ length: platforms }, (_, i) => platformArbitrary(i))),
          board: boardArbitrary(platforms, periodTicks),
          account: accountArbitrary(),
        })
        .map(({ phase, tickMs, platforms: specs, spec, account: { dailyBudgetMicros, ...account }, board }) => {
          const { startTick, endTick } = spec.flight;
          const tick = startTick + Math.floor(phase * (endTick - startTick));
          board.tick = tick;
          return {
            tick,
            tickMs,
            day: { startTick: tick - Math.floor(phase * periodTicks), endTick: tick + periodTicks },
            platforms: specs,
            board,
            account,
            spec: Object.assign(spec, { budgetMicros: account.budgetMicros, dailyBudgetMicros }),
          };
        }),
    );
}

/** Reports to the campaign of an input, on bids of its last few ticks. */
export function reportsArbitrary(input: PolicyInput): fc.Arbitrary<ReportBatch> {
  const row = fc.record({
    kind: fc.constantFrom(0 as const, 1 as const),
    campaign: fc.constant(0),
    platform: fc.constantFrom(...input.spec.platforms),
    tick: fc.nat({ max: 5 }).map((late) => input.tick - late),
    costMicros: micros(50_000_000),
    impressions: fc.nat({ max: 10_000 }),
    clicks: fc.nat({ max: 100 }),
    conversions: fc.nat({ max: 10 }),
    conversionAgeTicks: fc.nat({ max: 100 }),
  });
  return fc.array(row, { maxLength: 8 }).map((rows) => {
    const batch = new ReportBatch();
    for (const each of rows) batch.push(each);
    return batch;
  });
}
