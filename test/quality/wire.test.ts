import { expect, it } from "vitest";
import { BidBatch, ReportBatch, ReportKind } from "../../src/core/reports.ts";
import {
  readBids,
  readFeed,
  readReports,
  Sheet,
  sheetCapacity,
  writeBids,
  writeFeed,
  writeReports,
} from "../../bench/quality/wire.ts";

const sheet = new Sheet(new Float64Array(100));

function copied<T>(write: () => void, read: () => T): T {
  sheet.rewind();
  write();
  const { length } = sheet;
  sheet.rewind();
  const copy = read();
  expect(sheet.length).toBe(length);
  return copy;
}

it("a feed crosses as it is, field by field (WI1)", () => {
  const feed = [1, 2].map((platform) => ({
    platform,
    tick: -3,
    impressions: 90.5,
    clicks: 7,
    cpcMicros: 0.1 + 0.2,
    conversions: 2,
    conversionAgeTicks: 31,
  }));
  expect(
    copied(
      () => writeFeed(sheet, feed),
      () => readFeed(sheet),
    ),
  ).toEqual(feed);
});

it("reports cross as they are, field by field (WI1)", () => {
  const row = {
    kind: ReportKind.conversions,
    campaign: 4,
    platform: 2,
    tick: 17,
    costMicros: 123_456_789.5,
    impressions: 12,
    clicks: 3,
    conversions: 1,
    conversionAgeTicks: 8,
  };
  const reports = new ReportBatch();
  reports.push(row);
  reports.push({ ...row, kind: ReportKind.refusal });
  const copy = new ReportBatch();
  copied(
    () => writeReports(sheet, reports),
    () => readReports(sheet, copy),
  );
  expect([copy.length, copy.row(0), copy.row(1)]).toEqual([2, row, { ...row, kind: ReportKind.refusal }]);
});

it("bids cross as they are, batch by batch (WI1)", () => {
  const bids = new BidBatch(1);
  bids.clear(5);
  bids.push(0, 310_000, 2_000_000);
  bids.push(3, 320_000, 4_000_000);
  const seen: number[][] = [];
  copied(
    () => writeBids(sheet, [bids]),
    () =>
      readBids(sheet, [new BidBatch(0), new BidBatch(1)], ({ platform, tick, campaign, bidMicros, capMicros }) =>
        seen.push([platform, tick, campaign[1], bidMicros[1], capMicros[1]]),
      ),
  );
  expect(seen).toEqual([[1, 5, 3, 320_000, 4_000_000]]);
});

it("a message that is longer than its sheet is refused", () => {
  const small = new Sheet(new Float64Array(1));
  small.put(1);
  expect(() => small.put(2)).toThrow(RangeError);
  expect(sheetCapacity(5, 7)).toBeGreaterThan(7 * 2 * 5);
});
