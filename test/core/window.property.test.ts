import fc from "fast-check";
import { linearRegression, mean } from "simple-statistics";
import { describe, expect, it } from "vitest";
import { SlidingWindow } from "../../src/core/window.ts";

const series = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.double({ min: 0, max: 1e6, noNaN: true })), {
  minLength: 2,
  maxLength: 300,
});

describe("SlidingWindow", () => {
  it("has the mean and regression of its last entries at every push (W1)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: -2000, max: 1e9 }),
        series,
        (capacity, start, steps) => {
          const window = new SlidingWindow(capacity);
          const points: [number, number][] = [];
          let x = start;
          for (const [step, y] of steps) {
            x += step;
            points.push([x, y]);
            window.push(x, y);
            const last = points.slice(-capacity).map(([px, py]): [number, number] => [px - x, py]);
            const line = linearRegression(last);
            expect(window.length).toBe(last.length);
            expect(window.mean).toBeCloseTo(mean(last.map(([, py]) => py)), 4);
            if (last.length > 1) {
              expect(Math.abs(window.slope - line.m)).toBeLessThan(1e-3 + 1e-6 * Math.abs(line.m));
              expect(Math.abs(window.at(x + 1) - (line.b + line.m))).toBeLessThan(1e-2);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("weighs an entry of weight n like n entries", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(50), fc.nat(1000), fc.integer({ min: 1, max: 4 })), { minLength: 3 }),
        (rows) => {
          const weighted = new SlidingWindow(500);
          const repeated = new SlidingWindow(5000);
          for (const [x, y, weight] of rows) {
            weighted.push(x, y, weight);
            for (let i = 0; i < weight; i += 1) repeated.push(x, y);
          }
          expect(weighted.mean).toBeCloseTo(repeated.mean, 6);
          expect(weighted.slope).toBeCloseTo(repeated.slope, 6);
        },
      ),
    );
  });
});
