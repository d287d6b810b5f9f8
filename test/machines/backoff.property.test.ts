import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffTicks } from "../../machines/portfolio.ts";
import { uniformOf } from "../../src/core/random.ts";

const limits = fc.record({
  backoffTicks: fc.integer({ min: 1, max: 100 }),
  maxBackoffTicks: fc.integer({ min: 1, max: 10_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const nth = fc.integer({ min: 1, max: 2_000 });
const unit = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe("the backoff", () => {
  it("doubles from failure to failure up to its limit, where nothing is left to chance (S6)", () => {
    const plain = { backoffTicks: 3, maxBackoffTicks: 40, jitter: 0 };
    expect([1, 2, 3, 4, 5, 6, 2_000].map((n) => backoffTicks(plain, n, 0.9))).toEqual([3, 6, 12, 24, 40, 40, 40]);
  });

  it("is a whole number of ticks, at least 1, and shorter by at most the jitter (S6)", () => {
    fc.assert(
      fc.property(limits, nth, unit, (given, n, u) => {
        const full = backoffTicks({ ...given, jitter: 0 }, n, 0);
        const delay = backoffTicks(given, n, u);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(Math.max(1, full * (1 - given.jitter) - 0.5));
        expect(delay).toBeLessThanOrEqual(full);
      }),
    );
  });

  it("brings campaigns that failed together back apart, and each at the same tick every time (S9)", () => {
    const given = { backoffTicks: 64, maxBackoffTicks: 64, jitter: 0.5 };
    const delays = (seed: number) =>
      Array.from({ length: 100 }, (_, slot) => backoffTicks(given, 1, uniformOf(seed, `backoff:campaign:${slot}:1`)));
    expect(new Set(delays(1)).size).toBeGreaterThan(20);
    expect(delays(1)).toEqual(delays(1));
    expect(delays(2)).not.toEqual(delays(1));
  });
});
