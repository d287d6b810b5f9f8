import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retention } from "../../src/journal/retention.ts";
import type { SnapshotPlace } from "../../src/journal/store.ts";

/** Takes snapshots every so many ticks, as told, and says what is left each time. */
function* taken(count: number, everyTicks: number, retainTicks: number) {
  let kept: readonly SnapshotPlace[] = [];
  let forgottenSeq = 0;
  for (let at = 1; at <= count; at += 1) {
    const one = { seq: at * everyTicks * 2, tick: at * everyTicks };
    const { keep, forgetUntil } = retention(kept, one, forgottenSeq, retainTicks);
    kept = [...kept.filter(({ seq }) => keep.includes(seq)), one];
    if (forgetUntil > 0) {
      forgottenSeq = forgetUntil;
      kept = kept.filter(({ seq }) => seq >= forgetUntil);
    }
    yield { kept, forgottenSeq, tick: one.tick, at };
  }
}

describe("retention", () => {
  it("keeps the newest two, the base, and little else; entries go in time, none before it (RT1–RT3)", () => {
    const everyTicks = fc.integer({ min: 1, max: 300 });
    const retainTicks = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constant(Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(everyTicks, retainTicks, (every, retain) => {
        for (const { kept, forgottenSeq, tick, at } of taken(60, every, retain)) {
          expect(kept.at(-1)!.tick).toBe(tick);
          if (at > 1) expect(kept).toContainEqual({ seq: (at - 1) * every * 2, tick: tick - every });
          if (forgottenSeq === 0) expect(tick).toBeLessThanOrEqual(1.5 * retain + 2 * every);
          else {
            const base = kept.find(({ seq }) => seq === forgottenSeq)!;
            expect(base.tick).toBeLessThanOrEqual(tick - retain);
            expect(base.tick).toBeGreaterThanOrEqual(tick - 1.5 * retain - 2 * every);
          }
          expect(kept.length).toBeLessThanOrEqual(6);
        }
      }),
      { numRuns: 300 },
    );
  });
});
