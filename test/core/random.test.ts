import { describe, expect, it } from "vitest";
import { RandomStream, RandomStreams } from "../../src/core/random.ts";

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

  it("are the same one by one and by the hundred thousand, and go on from saved states (R1, R2)", () => {
    const nameOf = (at: number) => `stream:${at}`;
    const many = new RandomStreams(7, 3, nameOf);
    const drawn = new Float64Array(5);
    many.draw(1, drawn, 0, 2);
    const twin = new RandomStreams(7, 3, nameOf);
    twin.restore(many.save());
    twin.draw(1, drawn, 2, 4);
    twin.draw(2, drawn, 4, 5);
    expect([...drawn]).toEqual([
      ...draws(new RandomStream(7, "stream:1"), 4),
      ...draws(new RandomStream(7, "stream:2"), 1),
    ]);
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
