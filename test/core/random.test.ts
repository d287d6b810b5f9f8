import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/core/random.ts";

const draws = (stream: RandomStream, n = 5) => Array.from({ length: n }, stream.next);

describe("random streams", () => {
  it("draw the same numbers for the same seed and name, others for another (R1)", () => {
    expect(draws(new RandomStream(1, "a"))).toEqual(draws(new RandomStream(1, "a")));
    expect(draws(new RandomStream(1, "a"))).not.toEqual(draws(new RandomStream(1, "b")));
    expect(draws(new RandomStream(1, "a"))).not.toEqual(draws(new RandomStream(2, "a")));
  });

  it("go on from a saved state (R2)", () => {
    const stream = new RandomStream(7, "x");
    draws(stream, 100);
    const twin = new RandomStream(0, "");
    twin.restore(stream.save());
    expect(draws(twin)).toEqual(draws(stream));
  });

  it("are uniform in [0, 1) even for neighbouring names", () => {
    let sum = 0;
    let squares = 0;
    const n = 20_000;
    for (let i = 0; i < n; i += 1) {
      const first = new RandomStream(3, `campaign:${i}`).next();
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first).toBeLessThan(1);
      sum += first;
      squares += first * first;
    }
    expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(0.01);
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.01);
  });
});
