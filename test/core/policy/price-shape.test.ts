import { describe, expect, it } from "vitest";
import { LogLogisticLandscape, shadedBid } from "../../../src/core/landscape.ts";
import { learnShape, shapedResponse, unknownShapes } from "../../../src/core/policy/price-shape.ts";

describe("the price shape of a first-price platform", () => {
  it.each([1.4, 2.8])("is learned from what bids win, whatever share of the feed the campaign has (k = %d)", (k) => {
    const truth = new LogLogisticLandscape(k);
    for (const share of [0.3, 0.5, 0.8]) {
      const shape = unknownShapes(1);
      for (let tick = 0; tick < 600; tick += 1) {
        const u = 0.4 + (0.6 * ((tick * 7) % 11)) / 10;
        learnShape(shape, 0, u, 16 * share * truth.winRate(u), 16);
      }
      for (const r of [0.7, 1, 1.5]) {
        expect(Math.abs(shapedResponse(shape, 0).bid(r) / shadedBid(truth, r) - 1)).toBeLessThan(0.05);
      }
    }
  });

  it("learns nothing from no bid, and nothing is all that it knows at first", () => {
    const shape = unknownShapes(1);
    learnShape(shape, 0, 0, 3, 10);
    expect(shape).toEqual(unknownShapes(1));
    expect(shapedResponse(shape, 0).bid(1)).toBeCloseTo(shadedBid(new LogLogisticLandscape(2.07), 1), 1);
  });
});
