import { describe, expect, it } from "vitest";
import { dayAt, dayStartTicks } from "../../src/runtime/calendar.ts";

const HOUR = 3_600_000;
const at = (iso: string) => Date.parse(iso);

describe("budget days", () => {
  it("begin every 24 hours in UTC", () => {
    expect(dayStartTicks(at("2026-01-05T00:00:00Z"), HOUR, 72, "UTC")).toEqual([0, 24, 48]);
    expect(dayStartTicks(at("2026-01-05T00:00:00Z"), 60_000, 1440, "UTC")).toEqual([0]);
    expect(dayStartTicks(at("2026-01-05T00:00:00Z"), 60_000, 1441, "UTC")).toEqual([0, 1440]);
  });

  it("begin at local midnight", () => {
    expect(dayStartTicks(at("2026-01-05T00:00:00Z"), HOUR, 48, "Europe/Berlin")).toEqual([0, 23, 47]);
  });

  it("have 23 and 25 hours when the clocks change", () => {
    expect(dayStartTicks(at("2026-03-28T23:00:00Z"), HOUR, 48, "Europe/Berlin")).toEqual([0, 23, 47]);
    expect(dayStartTicks(at("2026-10-24T22:00:00Z"), HOUR, 50, "Europe/Berlin")).toEqual([0, 25, 49]);
  });

  it("work with ticks of a day and longer runs", () => {
    expect(dayStartTicks(at("2026-01-05T00:00:00Z"), 24 * HOUR, 5, "UTC")).toEqual([0, 1, 2, 3, 4]);
    expect(dayStartTicks(at("2026-01-05T00:00:00Z"), HOUR, 24 * 400, "America/New_York")).toHaveLength(401);
  });

  it("end where the next one begins, 23 and 25 hours after a midnight before the clocks change", () => {
    const spring = dayStartTicks(at("2026-03-28T12:00:00Z"), HOUR, 48, "Europe/Berlin");
    expect(dayAt(5, spring, 48)).toEqual({ startTick: 0, endTick: 11 });
    expect([11, 33].map((tick) => dayAt(tick, spring, 48))).toEqual([
      dayAt(12, spring, 48),
      { startTick: 11, endTick: 34 },
    ]);
    const autumn = dayStartTicks(at("2026-10-24T12:00:00Z"), HOUR, 48, "Europe/Berlin");
    expect(dayAt(30, autumn, 48)).toEqual({ startTick: 10, endTick: 35 });
    expect(dayAt(47, autumn, 48)).toEqual({ startTick: 35, endTick: 48 });
    expect(dayAt(-20, autumn, 48)).toEqual({ startTick: 0, endTick: 10 });
  });
});
