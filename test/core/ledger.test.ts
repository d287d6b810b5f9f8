import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { Ledger } from "../../src/core/ledger.ts";

function opened(budget = 1_000, daily: number | null = null): Ledger {
  const ledger = new Ledger(2);
  ledger.open(budget, daily);
  return ledger;
}

describe("ledger", () => {
  it("books what was charged and releases the rest of the reservation", () => {
    const ledger = opened();
    ledger.reserve(0, 1, 0, 400);
    expect(ledger.view(0)).toMatchObject({ availableMicros: 600, reservedMicros: 400, spentMicros: 0 });
    expect(ledger.settle(0, 1, 0, 150)).toBe(150);
    expect(ledger.view(0)).toMatchObject({ availableMicros: 850, reservedMicros: 0, spentMicros: 150 });
  });

  it("ignores a repeated settlement and one of a bid that was never made (L4)", () => {
    const ledger = opened();
    ledger.reserve(0, 1, 0, 400);
    ledger.settle(0, 1, 0, 100);
    expect(ledger.settle(0, 1, 0, 100)).toBeNull();
    expect(ledger.settle(0, 7, 1, 100)).toBeNull();
    expect(ledger.view(0).spentMicros).toBe(100);
  });

  it("refuses what is not affordable, out of order, fractional, negative or not a number", () => {
    const ledger = opened();
    expect(() => ledger.reserve(0, 1, 0, 1_001)).toThrow(EngineError);
    for (const micros of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => ledger.reserve(0, 1, 0, micros)).toThrow(EngineError);
    }
    ledger.reserve(0, 2, 0, 10);
    expect(() => ledger.reserve(0, 2, 0, 10)).toThrow(/out of order/);
    expect(() => ledger.reserve(0, 1, 1, 10)).toThrow(/out of order/);
    expect(() => ledger.reserve(9, 3, 1, 10)).toThrow(/no account/);
    expect(() => ledger.reserve(0, 3, 2, 10)).toThrow(/platform 2/);
    expect(() => opened(Number.NaN)).toThrow(EngineError);
  });

  it("takes an over-delivery from what is available and disputes the rest (L5)", () => {
    const ledger = opened(1_000);
    ledger.reserve(0, 1, 0, 300);
    expect(ledger.settle(0, 1, 0, 1_200)).toBe(1_000);
    expect(ledger.view(0)).toMatchObject({ spentMicros: 1_000, availableMicros: 0 });
    expect(ledger.disputedMicros(0)).toBe(200);
  });

  it("counts a late settlement against the day of its bid (L6)", () => {
    const ledger = opened(1_000, 300);
    ledger.startDay(0, 0);
    ledger.reserve(0, 1, 0, 300);
    expect(ledger.view(0)).toMatchObject({ availableMicros: 0, isDailyBound: true });
    ledger.startDay(0, 10);
    expect(ledger.view(0).availableMicros).toBe(300);
    ledger.settle(0, 1, 0, 250);
    expect(ledger.view(0)).toMatchObject({ availableMicros: 300, spentMicros: 250 });
  });

  it("gives a refused bid's reservation back once", () => {
    const ledger = opened();
    ledger.reserve(0, 1, 1, 400);
    expect([...ledger.reservations(0)]).toEqual([[1, 1, 400]]);
    expect(ledger.release(0, 1, 1)).toBe(true);
    expect(ledger.release(0, 1, 1)).toBe(false);
    expect(ledger.view(0).availableMicros).toBe(1_000);
  });

  it("adds a top-up to the budget", () => {
    const ledger = opened();
    ledger.topUp(0, 500);
    expect(ledger.view(0)).toMatchObject({ budgetMicros: 1_500, availableMicros: 1_500 });
    expect(() => ledger.topUp(0, -1)).toThrow(EngineError);
  });

  it.each([0, 40, 500])(
    "has room for campaigns that come after it went on as one with fewer, having made room for %d",
    (room) => {
      const before = opened();
      const ledger = new Ledger(2);
      ledger.makeRoom(room);
      ledger.restore(before.save());
      for (let slot = 1; slot < 100; slot += 1) expect(ledger.open(1_000)).toBe(slot);
      for (let slot = 0; slot < 100; slot += 1) ledger.reserve(slot, 1, 1, 10 + slot);
      for (let slot = 0; slot < 100; slot += 1) expect([...ledger.reservations(slot)]).toEqual([[1, 1, 10 + slot]]);
    },
  );
});
