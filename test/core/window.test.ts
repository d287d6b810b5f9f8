import { describe, expect, it } from "vitest";
import { SlidingWindow } from "../../src/core/window.ts";

describe("SlidingWindow", () => {
  it("forgets what is older than its capacity (W1)", () => {
    const window = new SlidingWindow(3);
    for (const y of [1e12, 1, 2, 3]) window.push(y, y);
    expect(window.mean).toBeCloseTo(2, 9);
  });

  it("does not drift over a million pushes (W2)", () => {
    const window = new SlidingWindow(30);
    for (let x = 0; x < 1_000_000; x += 1) window.push(x, x < 900_000 ? 1e9 * Math.sin(x) : 2 * x);
    expect(window.slope).toBeCloseTo(2, 9);
    expect(window.at(1_000_000)).toBeCloseTo(2_000_000, 6);
    expect(window.residualSd).toBeLessThan(1e-3);
  });

  it("is 0 when empty, and flat when the times are equal", () => {
    const window = new SlidingWindow(5);
    expect([window.mean, window.slope, window.at(7), window.residualSd]).toEqual([0, 0, 0, 0]);
    window.push(3, 1);
    window.push(3, 5);
    expect([window.slope, window.at(100)]).toEqual([0, 3]);
  });

  it("refuses a capacity that is none", () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => new SlidingWindow(capacity)).toThrow(RangeError);
  });
});
