import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecentKeys } from "../../src/core/recent-keys.ts";

/** The last different keys, as a list that is searched. */
function listed(capacity: number, keys: readonly number[]): number[] {
  const known: number[] = [];
  for (const key of keys) {
    if (known.includes(key)) continue;
    known.push(key);
    if (known.length > capacity) known.shift();
  }
  return known;
}

const keys = fc.array(fc.nat(12), { maxLength: 60 });

describe("recent keys", () => {
  it("are the last different ones, oldest first (RK1)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), keys, (capacity, added) => {
        const recent = new RecentKeys<number>(capacity);
        for (const key of added) recent.add(key);
        const known = listed(capacity, added);
        expect(recent.save()).toEqual(known);
        for (let key = 0; key <= 12; key += 1) expect(recent.has(key)).toBe(known.includes(key));
      }),
    );
  });

  it("go on from what was saved", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), keys, keys, (capacity, before, after) => {
        const recent = new RecentKeys<number>(capacity);
        for (const key of before) recent.add(key);
        const other = new RecentKeys<number>(capacity);
        other.add(99);
        other.restore(recent.save());
        for (const key of after) {
          recent.add(key);
          other.add(key);
        }
        expect(other.save()).toEqual(recent.save());
      }),
    );
  });

  it("are forgotten by the million, one by one, within the time of a test (RK2)", () => {
    const recent = new RecentKeys<number>(500_000);
    for (let key = 0; key < 1_500_000; key += 1) recent.add(key);
    expect(recent.save().at(0)).toBe(1_000_000);
    expect(recent.has(999_999)).toBe(false);
  });
});
