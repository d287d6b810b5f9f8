import { describe, expect, it } from "vitest";
import { LogLogisticLandscape } from "../../src/core/landscape.ts";
import type { PlatformMetrics, PlatformSpec } from "../../src/core/platform.ts";
import { BidBatch, ReportKind } from "../../src/core/reports.ts";
import type { ReportRow } from "../../src/core/reports.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import type { MarketPaths, PlatformPath } from "../../src/platforms/paths.ts";

const TICKS = 200;
const WARMUP = 20;

function platform(
  id: string,
  changes: Omit<Partial<PlatformPath>, "spec"> & { spec?: Partial<PlatformSpec> } = {},
): PlatformPath {
  const length = WARMUP + TICKS;
  const { spec, ...rest } = changes;
  return {
    landscape: new LogLogisticLandscape(2),
    volume: new Float64Array(length).fill(8),
    priceMicros: new Float64Array(length).fill(1_000_000),
    cvr: new Float64Array(length).fill(0.1),
    isSilent: new Uint8Array(length),
    impressionsPerClick: 50,
    ...rest,
    spec: { id, pricing: "second-price", control: "bid", floorMicros: 0, overDeliveryFactor: 1, ...spec },
  };
}

function world(platforms: PlatformPath[], changes: Partial<MarketPaths> = {}): MarketPaths {
  return {
    warmupTicks: WARMUP,
    ticks: TICKS,
    platforms,
    conversionDelayTicks: 0,
    reportLagTicks: 0,
    panelShare: 2,
    ...changes,
  };
}

type Bid = readonly [bidMicros: number, capMicros: number] | null;

/** Plays a whole flight; `bid` says what a campaign bids on a platform. */
function play(
  paths: MarketPaths,
  campaigns: number,
  bid: (tick: number, slot: number, platform: number) => Bid,
  seed = 7,
) {
  const market = new PathMarket({
    paths,
    exposures: Array.from({ length: campaigns }, () => ({ volumeShare: 1, cvrFactors: paths.platforms.map(() => 1) })),
    valuesPerConversionMicros: Array.from({ length: campaigns }, () => 10_000_000),
    seed,
  });
  const rows: ReportRow[] = [];
  const arrivals: number[] = [];
  const feed: PlatformMetrics[] = [];
  let placed = 0;
  let tick = 1 - WARMUP;
  for (; tick < TICKS || !market.isSettled(); tick += 1) {
    if (tick > TICKS + 100_000) throw new Error("never settled");
    const news = market.advance(tick);
    feed.push(...news.feed);
    for (let i = 0; i < news.reports.length; i += 1) {
      rows.push(news.reports.row(i));
      arrivals.push(tick);
    }
    if (tick < 0 || tick >= TICKS) continue;
    for (let p = 0; p < paths.platforms.length; p += 1) {
      const batch = new BidBatch(p);
      batch.clear(tick);
      for (let slot = 0; slot < campaigns; slot += 1) {
        const offer = bid(tick, slot, p);
        if (offer === null) continue;
        batch.push(slot, offer[0], offer[1]);
        placed += 1;
      }
      market.place(batch);
    }
  }
  return { market, rows, arrivals, feed, placed, settledAt: tick };
}

const OPEN: Bid = [1_500_000, 1_000_000_000];
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, value) => total + value, 0);

describe("PathMarket", () => {
  it("sells the clicks and charges the price that the landscape promises", () => {
    const run = play(world([platform("a")]), 40, () => OPEN);
    const landscape = new LogLogisticLandscape(2);
    const clicks = sum(run.rows.map((row) => row.clicks));
    const expected = 40 * TICKS * 8 * landscape.winRate(1.5);
    expect(Math.abs(clicks - expected)).toBeLessThan(4 * Math.sqrt(expected));
    const cost = sum(run.rows.map((row) => row.costMicros));
    expect(cost / clicks / 1e6).toBeCloseTo(landscape.costShare(1.5) / landscape.winRate(1.5), 5);
    const conversions = sum(run.rows.map((row) => row.conversions));
    expect(Math.abs(conversions - clicks * 0.1)).toBeLessThan(4 * Math.sqrt(clicks * 0.1));
  });

  it("charges the bid on a first-price platform", () => {
    const run = play(world([platform("a", { spec: { pricing: "first-price" } })]), 2, () => OPEN);
    for (const row of run.rows) expect(row.costMicros).toBe(row.clicks * 1_500_000);
  });

  it("never charges above the cap, in integer micros (PM2)", () => {
    const run = play(world([platform("a")]), 5, (tick, slot) => [900_000 + 777 * tick, 1_234_567 + slot]);
    expect(run.rows.some((row) => row.costMicros > 500_000)).toBe(true);
    for (const row of run.rows) {
      expect(Number.isSafeInteger(row.costMicros)).toBe(true);
      expect(row.costMicros).toBeLessThanOrEqual(1_234_567 + row.campaign);
    }
  });

  it("may exceed the cap by the over-delivery factor and no more (PM2)", () => {
    const run = play(world([platform("a", { spec: { overDeliveryFactor: 2 } })]), 5, () => [2_000_000, 1_500_000]);
    const highest = Math.max(...run.rows.map((row) => row.costMicros));
    expect(highest).toBeGreaterThan(1_500_000);
    expect(highest).toBeLessThanOrEqual(3_000_000);
  });

  it.each([0, 15])("answers every bid once, %i ticks late (PM3)", (reportLagTicks) => {
    const run = play(world([platform("a"), platform("b")], { reportLagTicks }), 3, (tick, slot, p) =>
      (tick + slot + p) % 3 === 0 ? null : [1_000_000, 5_000_000],
    );
    expect(run.rows).toHaveLength(run.placed);
    expect(new Set(run.rows.map((row) => `${row.tick}/${row.campaign}/${row.platform}`)).size).toBe(run.placed);
    for (const [i, row] of run.rows.entries()) expect(run.arrivals[i] - row.tick).toBe(1 + reportLagTicks);
    expect(run.settledAt).toBe(TICKS + 1 + reportLagTicks);
  });

  it("reports delayed conversions after their clicks, each once, with its age (PM3)", () => {
    const on = { conversionDelayTicks: 30, reportLagTicks: 4 };
    const run = play(world([platform("a"), platform("b")], on), 20, () => OPEN);
    const late = run.rows.filter((row) => row.kind === ReportKind.conversions);
    const total = sum(run.rows.map((row) => row.conversions));
    const age = sum(run.rows.map((row) => row.conversionAgeTicks));
    expect(age / total).toBeGreaterThan(28);
    expect(age / total).toBeLessThan(32);
    expect(Math.max(...late.map((row) => row.conversionAgeTicks / row.conversions))).toBeLessThanOrEqual(600);
    expect(Math.abs(total - sum(run.market.truth.expectedConversions))).toBeLessThan(4 * Math.sqrt(total));
    for (const row of late) {
      expect(row.conversions).toBeGreaterThan(0);
      expect(row.costMicros + row.clicks + row.impressions).toBe(0);
    }
  });

  it("sorts the rows of a batch by campaign, then platform", () => {
    const run = play(world([platform("a"), platform("b"), platform("c")], { conversionDelayTicks: 10 }), 8, () => OPEN);
    for (let i = 1; i < run.rows.length; i += 1) {
      if (run.arrivals[i] !== run.arrivals[i - 1]) continue;
      const key = (row: ReportRow): number => (row.campaign * 3 + row.platform) * 2 + row.kind;
      expect(key(run.rows[i])).toBeGreaterThan(key(run.rows[i - 1]));
    }
  });

  it("gives a campaign the same outcomes whatever the others and its own earlier bids are (PM1)", () => {
    const paths = world([platform("a"), platform("b")], { conversionDelayTicks: 0 });
    const of = (rows: ReportRow[], from: number): ReportRow[] =>
      rows.filter((row) => row.campaign === 0 && row.tick >= from);
    const alone = play(paths, 1, () => OPEN);
    const crowd = play(paths, 4, (tick, slot) =>
      slot === 0 ? (tick < 50 && tick % 2 === 0 ? null : OPEN) : [9e5, 1e8],
    );
    expect(of(crowd.rows, 50)).toEqual(of(alone.rows, 50));
  });

  it("sells at least as many clicks to a higher bid in the same run (PM1)", () => {
    const low = play(world([platform("a")]), 1, () => [900_000, 1e9]);
    const high = play(world([platform("a")]), 1, () => [1_000_000, 1e9]);
    for (const [i, row] of low.rows.entries()) expect(high.rows[i].clicks).toBeGreaterThanOrEqual(row.clicks);
  });

  it("gives the same totals when the platforms change places (PM1)", () => {
    const cheap = (): PlatformPath =>
      platform("cheap", { priceMicros: new Float64Array(WARMUP + TICKS).fill(500_000) });
    const one = play(world([platform("a"), cheap()], { conversionDelayTicks: 5 }), 2, () => OPEN);
    const other = play(world([cheap(), platform("a")], { conversionDelayTicks: 5 }), 2, () => OPEN);
    expect([...other.market.truth.costMicros]).toEqual([1, 0, 3, 2].map((cell) => one.market.truth.costMicros[cell]));
    expect(sum(other.feed.map((metrics) => metrics.clicks))).toBe(sum(one.feed.map((metrics) => metrics.clicks)));
  });

  it("keeps the truth equal to its invoices, and waste to the spend above true value", () => {
    const run = play(world([platform("a", { cvr: new Float64Array(WARMUP + TICKS).fill(0.01) })]), 2, () => OPEN);
    const { truth } = run.market;
    expect(sum(truth.costMicros)).toBe(sum(run.rows.map((row) => row.costMicros)));
    expect(sum(truth.clicks)).toBe(sum(run.rows.map((row) => row.clicks)));
    expect(sum(truth.impressions)).toBe(sum(run.rows.map((row) => row.impressions)));
    expect(sum(truth.wasteMicros)).toBeCloseTo(sum(truth.costMicros) - sum(truth.clicks) * 0.01 * 10_000_000, 0);
  });

  it("is silent in an outage: no feed, no sale, and conversions told afterwards", () => {
    const isSilent = new Uint8Array(WARMUP + TICKS).fill(1, WARMUP + 50, WARMUP + 100);
    const run = play(world([platform("a", { isSilent })], { conversionDelayTicks: 20 }), 3, () => OPEN);
    expect(run.feed.filter((metrics) => metrics.tick >= 50 && metrics.tick < 100)).toEqual([]);
    const spends = run.rows.filter((row) => row.kind === ReportKind.spend);
    expect(spends).toHaveLength(run.placed);
    expect(sum(spends.filter((row) => row.tick >= 50 && row.tick < 100).map((row) => row.costMicros))).toBe(0);
    const after = run.feed.find((metrics) => metrics.tick === 100)!;
    expect(after.conversions).toBeGreaterThan(10);
    expect(after.conversionAgeTicks / after.conversions).toBeGreaterThan(45);
  });

  it("feeds unbiased volumes, prices and conversion rates, from the warm-up on", () => {
    const run = play(world([platform("a")]), 1, () => null);
    expect(run.feed.map((metrics) => metrics.tick)).toEqual(run.feed.map((_, i) => i - WARMUP));
    const clicks = sum(run.feed.map((metrics) => metrics.clicks));
    expect(clicks / run.feed.length).toBeGreaterThan(15);
    expect(clicks / run.feed.length).toBeLessThan(17);
    const paid = sum(run.feed.map((metrics) => metrics.clicks * metrics.cpcMicros)) / clicks;
    expect(Math.abs(paid / 1e6 - 1)).toBeLessThan(0.02);
    expect(sum(run.feed.map((metrics) => metrics.conversions)) / clicks).toBeCloseTo(0.1, 1);
  });

  it("wins nothing below the floor and pays at least the floor above it", () => {
    const floored = world([platform("a", { spec: { floorMicros: 1_000_000 } })]);
    expect(sum(play(floored, 2, () => [999_999, 1e9]).rows.map((row) => row.clicks))).toBe(0);
    const paying = play(floored, 2, () => [1_000_000, 1e9]).rows.filter((row) => row.clicks > 0);
    expect(paying.length).toBeGreaterThan(100);
    for (const row of paying) expect(row.costMicros / row.clicks).toBeCloseTo(1_000_000, 0);
  });

  it("spends about the cap where the platform is steered by budget alone", () => {
    const run = play(world([platform("a", { spec: { control: "budget" } })]), 50, () => [1, 4_000_000]);
    const mean = sum(run.rows.map((row) => row.costMicros)) / run.placed;
    expect(mean).toBeGreaterThan(2_500_000);
    expect(mean).toBeLessThanOrEqual(4_000_000);
  });

  it("refuses skipped ticks and a second batch of a tick", () => {
    const market = new PathMarket({
      paths: world([platform("a")]),
      exposures: [],
      valuesPerConversionMicros: [],
      seed: 1,
    });
    market.advance(0);
    market.place(new BidBatch(0));
    expect(() => market.place(new BidBatch(0))).toThrow(/one batch/);
    expect(() => market.advance(2)).toThrow(/tick 1/);
  });
});
