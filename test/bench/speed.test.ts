import { describe, expect, it } from "vitest";
import { BENCHES } from "../../bench/speed/benches.ts";
import { isMet, median, plain, quantile, race } from "../../bench/speed/timing.ts";

const TINY = { campaigns: 20, fewCampaigns: 10, manyCampaigns: 30, ticks: 3, rounds: 1, repeats: 200 };

describe("speed benches", () => {
  it.each(Object.entries(BENCHES))(
    "%s measures figures, each ratio to a subject of its own bench",
    async (_, bench) => {
      const figures = await bench(TINY);
      expect(figures.length).toBeGreaterThan(1);
      expect(figures.some((figure) => figure.ratio !== null)).toBe(true);
      for (const { bench: name, value, ratio, baseline } of figures) {
        expect(Number.isFinite(value)).toBe(true);
        expect(ratio === null).toBe(baseline === null);
        if (baseline === null) continue;
        expect(figures.filter((other) => other.bench === name).map((other) => other.subject)).toContain(baseline);
      }
    },
  );

  it("take turns, and leave the warm-up round out", () => {
    const turns: string[] = [];
    const contestant = (subject: string) => ({ subject, operations: 1, prepare: () => () => void turns.push(subject) });
    race("turns", [contestant("a"), contestant("b")], 2);
    expect(turns.join("")).toBe("ababab");
  });

  it("miss a goal of the value or of the ratio", () => {
    const figure = plain("bench", "subject", 5, "ms", 4);
    expect(isMet(figure)).toBe(false);
    expect(isMet({ ...figure, goal: { most: 6, ofRatio: false } })).toBe(true);
    expect(isMet({ ...figure, goal: { least: 6 } })).toBe(false);
    expect(isMet({ ...figure, ratio: 2, goal: { most: 1.5, ofRatio: true } })).toBe(false);
  });

  it("take medians and quantiles by rank", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
  });
});
