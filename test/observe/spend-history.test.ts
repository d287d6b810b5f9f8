import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/core/ledger.ts";
import { SpendHistory } from "../../src/observe/spend-history.ts";

describe("the history of spend", () => {
  it("covers a run of any length with so many samples (SH1)", () => {
    const ledger = {
      size: 1,
      spent: 0,
      view() {
        return { spentMicros: this.spent };
      },
    };
    const history = new SpendHistory(ledger as unknown as Ledger);
    for (let tick = 0; tick < 100_000; tick += 1) {
      ledger.spent = tick;
      history.ticked(tick);
      if (tick % 9_973 === 0) expect(history.of(0).length).toBeLessThanOrEqual(240);
    }
    const samples = history.of(0);
    expect(samples.length).toBeGreaterThan(120);
    expect(samples[0]).toEqual({ tick: 0, spentMicros: 0 });
    const strides = new Set(samples.slice(1).map(({ tick }, at) => tick - samples[at].tick));
    expect(strides.size).toBe(1);
    expect(samples.every(({ tick, spentMicros }) => tick === spentMicros)).toBe(true);
    expect(history.of(1)).toEqual([]);
  });
});
