import { describe, expect, it } from "vitest";
import { ReportBatch, ReportKind } from "../../src/core/reports.ts";
import type { Market } from "../../src/platforms/market.ts";
import { DisturbedMarket } from "../../src/proof/disturbed-market.ts";

const PLATFORM = { id: "p", pricing: "cpc", control: "bid", floorMicros: 0, overDeliveryFactor: 1 } as const;

/** A market in which every tick reports one spend of 100 micros per campaign, and the feed always speaks. */
const steady: Market = {
  platforms: [PLATFORM],
  advance: (tick) => {
    const reports = new ReportBatch(2);
    for (const campaign of [0, 1]) {
      const row = { kind: ReportKind.spend, campaign, platform: 0, tick: tick - 1, costMicros: 100 };
      reports.push({ ...row, impressions: 9, clicks: 1, conversions: 0, conversionAgeTicks: 0 });
    }
    const metrics = { platform: 0, tick: tick - 1, impressions: 9, clicks: 1, cpcMicros: 100 };
    return { feed: [{ ...metrics, conversions: 0, conversionAgeTicks: 0 }], reports };
  },
  place: () => undefined,
  isSettled: () => true,
};

/** What the ticks 0 to 3 report: campaign, tick of the bid, cost. */
function heard(market: Market): string[][] {
  return [0, 1, 2, 3].map((tick) => {
    const { reports } = market.advance(tick);
    return Array.from({ length: reports.length }, (_, at) => {
      const { campaign, tick: of, costMicros } = reports.row(at);
      return `${campaign}@${of}:${costMicros}`;
    });
  });
}

describe("a disturbed market", () => {
  it("passes on what is not disturbed (N4)", () => {
    expect(heard(new DisturbedMarket(steady))).toEqual(heard(steady));
  });

  it("brings late reports once, lost ones never, and keeps a campaign's rows together (N5)", () => {
    const late = new DisturbedMarket(steady);
    late.doom(0, { kind: "report-late", ticks: 2 });
    expect(heard(late)).toEqual([
      [],
      ["0@0:100", "1@0:100"],
      ["0@1:100", "0@-1:100", "1@1:100", "1@-1:100"],
      ["0@2:100", "1@2:100"],
    ]);
    expect(late.isSettled()).toBe(true);
    const lost = new DisturbedMarket(steady);
    lost.doom(0, { kind: "report-lost" });
    expect(heard(lost).flat()).toHaveLength(6);
  });

  it("is not settled while a report is late", () => {
    const market = new DisturbedMarket(steady);
    market.doom(0, { kind: "report-late", ticks: 9 });
    heard(market);
    expect(market.isSettled()).toBe(false);
  });

  it("repeats reports, and charges too much, when it is told to", () => {
    const twice = new DisturbedMarket(steady);
    twice.doom(0, { kind: "report-twice" });
    expect(heard(twice)[0]).toEqual(["0@-1:100", "0@-1:100", "1@-1:100", "1@-1:100"]);
    const dear = new DisturbedMarket(steady);
    dear.doom(0, { kind: "overcharge" });
    expect(heard(dear)[0]).toEqual(["0@-1:300", "1@-1:300"]);
  });

  it("silences and garbles a feed for so many ticks", () => {
    const market = new DisturbedMarket(steady);
    market.silence(0, 2);
    expect([0, 1, 2].map((tick) => market.advance(tick).feed.length)).toEqual([0, 0, 1]);
    market.garble(0, 1);
    expect(market.advance(3).feed[0].clicks).toBeNaN();
    expect(market.advance(4).feed[0].clicks).toBe(1);
  });
});
