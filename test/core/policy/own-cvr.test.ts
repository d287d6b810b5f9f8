import { describe, expect, it } from "vitest";
import { expectedFactor, ownProbability, PRIOR_OWN, worthOfNews } from "../../../src/core/policy/own-cvr.ts";

const counts = (...pairs: [number, number][]) => pairs.map(([received, matured]) => ({ received, matured }));

describe("own CVR", () => {
  it("starts from the platforms' rates", () => {
    expect(ownProbability(counts([0, 0], [0, 0]))).toBeCloseTo(PRIOR_OWN);
    expect(expectedFactor(PRIOR_OWN, 0, 0)).toBe(1);
  });

  it("finds a campaign that converts as the platforms do to be no exception, and hardly moves", () => {
    const own = ownProbability(counts([52, 50], [47, 50], [50, 50]));
    expect(own).toBeLessThan(0.05);
    expect(expectedFactor(own, 47, 50)).toBeCloseTo(1, 1);
  });

  it("finds a campaign of its own by platforms that differ, and follows their counts", () => {
    const own = ownProbability(counts([100, 50], [25, 50], [50, 50]));
    expect(own).toBeGreaterThan(0.99);
    expect(expectedFactor(own, 100, 50)).toBeGreaterThan(1.9);
    expect(expectedFactor(own, 25, 50)).toBeLessThan(0.6);
  });

  it("values news by how likely the campaign is its own, how little is known and how much of the flight is left (N1)", () => {
    expect(worthOfNews(0, 0, 1)).toBe(0);
    expect(worthOfNews(1, 0, 0)).toBe(0);
    expect(worthOfNews(0.5, 4, 0.6)).toBeCloseTo(worthOfNews(1, 4, 0.6) / 4);
    expect(worthOfNews(1, 4, 0.3)).toBeCloseTo(worthOfNews(1, 4, 0.6) / 2);
    expect(worthOfNews(1, 4, 1)).toBeLessThan(worthOfNews(1, 0, 1));
    expect(worthOfNews(1, 100, 1)).toBeLessThan(0.05);
  });
});
