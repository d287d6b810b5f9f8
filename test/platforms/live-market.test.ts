import { describe, expect, it } from "vitest";
import { BidBatch, ReportKind } from "../../src/core/reports.ts";
import { EndlessMarket } from "../../src/platforms/endless-market.ts";
import { LiveMarket } from "../../src/platforms/live-market.ts";
import { FIVE_PLATFORMS, scenarioOf } from "../runtime/played-run.ts";

const { platforms, market: simulation, exposures } = scenarioOf();
const metrics = (tick: number, platform = 0) => {
  return { platform, tick, impressions: 10, clicks: 5, cpcMicros: 100, conversions: 1, conversionAgeTicks: 0 };
};
const spend = (campaign: number, tick: number, platform = 0) => {
  const counts = { impressions: 3, clicks: 2, conversions: 0, conversionAgeTicks: 0 };
  return { kind: ReportKind.spend, campaign, platform, tick, costMicros: 7, ...counts };
};
const batch = (tick: number, slots: readonly number[], platform = 0) => {
  const bids = new BidBatch(platform);
  bids.clear(tick);
  for (const slot of slots) bids.push(slot, 100, 500);
  return bids;
};

describe("a live market", () => {
  it("hands a tick what came in about the one before, each key once (LM1)", () => {
    const market = new LiveMarket(platforms);
    market.advance(0);
    expect(market.offerMetrics(metrics(0))).toBe("accepted");
    expect(market.offerMetrics({ ...metrics(0), clicks: 9 })).toBe("duplicate");
    expect(market.offerMetrics(metrics(1))).toBe("accepted");
    expect(market.advance(1).feed).toEqual([metrics(0)]);
    expect(market.offerMetrics(metrics(0))).toBe("duplicate");
    expect(market.offerMetrics(metrics(0, 1))).toBe("late");
    expect(market.offerMetrics(metrics(62))).toBe("early");
    expect(market.advance(2).feed).toEqual([metrics(1)]);
    expect(market.advance(3).feed).toEqual([]);
  });

  it("takes spend for bids that are out, once, in the order of the slots (LM3)", () => {
    const market = new LiveMarket(platforms);
    market.advance(0);
    market.place(batch(0, [0, 2]));
    expect(market.outstanding).toBe(2);
    expect(market.offerReport(spend(2, 0))).toBe("accepted");
    expect(market.offerReport(spend(0, 0))).toBe("accepted");
    expect(market.offerReport(spend(0, 0))).toBe("duplicate");
    expect(market.offerReport(spend(1, 0))).toBe("unknown-bid");
    expect(market.isSettled()).toBe(false);
    const { reports } = market.advance(1);
    expect(Array.from({ length: reports.length }, (_, at) => reports.campaign[at])).toEqual([0, 2]);
    expect(market.isSettled()).toBe(true);
  });

  it("keeps the bids of the last ticks for those who place them", () => {
    const market = new LiveMarket(platforms, null, { bidTicks: 2 });
    for (let tick = 0; tick < 4; tick += 1) {
      market.advance(tick);
      market.place(batch(tick, [1]));
    }
    expect(market.newestBids).toBe(3);
    expect(market.bidsAfter(-1).map(({ tick }) => tick)).toEqual([2, 3]);
    const [{ slots, bidMicros, capMicros }] = market.bidsAfter(2);
    expect([...slots, ...bidMicros, ...capMicros]).toEqual([1, 100, 500]);
  });

  it("forgets bids that are never answered (LM2)", () => {
    const market = new LiveMarket(platforms, null, { answerTicks: 3 });
    for (let tick = 0; tick < 20; tick += 1) {
      market.advance(tick);
      market.place(batch(tick, [0, 1]));
      expect(market.outstanding).toBeLessThanOrEqual(8);
    }
    expect(market.offerReport(spend(0, 2))).toBe("unknown-bid");
    expect(market.offerReport(spend(0, 17))).toBe("accepted");
  });

  it("says when no more reports fit (LM2)", () => {
    const market = new LiveMarket(platforms, null, { reports: 1 });
    market.advance(0);
    market.place(batch(0, [0]));
    expect(market.hasRoomFor(1)).toBe(true);
    market.offerReport(spend(0, 0));
    expect(market.hasRoomFor(1)).toBe(false);
    market.advance(1);
    expect(market.hasRoomFor(1)).toBe(true);
  });
});

describe("an endless market", () => {
  it("goes on beyond its season, and every bid is answered once (EM2)", () => {
    const silent = { ...simulation, ticks: 20_160, platforms: simulation.platforms.map((one) => ({ ...one })) };
    const world = new EndlessMarket(silent, exposures);
    const market = new LiveMarket(world.platforms, world);
    const turn = 40_320;
    let heard = 0;
    for (let tick = 1 - (simulation.warmupTicks ?? 0); tick < turn + 60; tick += 1) {
      const { feed } = market.advance(tick);
      if (tick <= turn - 10) continue;
      heard += feed.length;
      expect(feed.every((one) => one.tick === tick - 1)).toBe(true);
      for (let platform = 0; platform < FIVE_PLATFORMS.length; platform += 1)
        market.place(batch(tick, [0, 1, 2], platform));
      expect(market.outstanding).toBe(3 * FIVE_PLATFORMS.length);
    }
    expect(heard).toBe(69 * FIVE_PLATFORMS.length);
    market.advance(turn + 60);
    expect(market.isSettled()).toBe(true);
  });

  it("repeats the outages of a round in every round", () => {
    const [first, ...rest] = simulation.platforms;
    const spec = {
      ...simulation,
      ticks: 60,
      platforms: [{ ...first, outages: [{ startTick: 10, endTick: 20 }] }, ...rest],
    };
    const world = new EndlessMarket(spec, exposures);
    const silent: number[] = [];
    for (let tick = 1 - (simulation.warmupTicks ?? 0); tick <= 180; tick += 1) {
      const { feed } = world.advance(tick);
      if (tick > 0 && !feed.some(({ platform }) => platform === 0)) silent.push(tick - 1);
    }
    const expected = [0, 60, 120].flatMap((by) => Array.from({ length: 10 }, (_, i) => by + 10 + i));
    expect(silent).toEqual(expected);
  });
});
