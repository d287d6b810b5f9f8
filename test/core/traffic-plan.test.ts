import { describe, expect, it } from "vitest";
import { createBoard, trafficBetween } from "../../src/core/forecast/board.ts";
import { TrafficPlanner } from "../../src/core/forecast/traffic-plan.ts";

const PERIOD = 24;

/** A plan that has heard `clicks(tick)` (null: silence) for so many ticks. */
function learned(ticks: number, clicks: (tick: number) => number | null) {
  const [plan] = createBoard("test", 1, PERIOD).traffic;
  const planner = new TrafficPlanner(plan, 6, 0);
  for (let tick = 0; tick < ticks; tick += 1) planner.update(clicks(tick), tick);
  return { plan, planner };
}

describe("the traffic plan", () => {
  it("is flat until a period is known, and then keyed by the time of day (T1)", () => {
    const shape = (tick: number) => (tick % PERIOD < 12 ? 10 : 30);
    const flat = learned(PERIOD - 1, shape).planner;
    expect(flat.expectedAt(PERIOD)).toBe(flat.expectedAt(PERIOD + 12));
    const { planner } = learned(3 * PERIOD, shape);
    expect(planner.expectedAt(3 * PERIOD + 3)).toBeCloseTo(10, 0);
    expect(planner.expectedAt(3 * PERIOD + 15)).toBeCloseTo(30, 0);
  });

  it("counts a steady day ahead in full, and far days less the further they are", () => {
    const { plan } = learned(4 * PERIOD, () => 20);
    const now = 4 * PERIOD;
    expect(trafficBetween(plan, now, now + PERIOD)).toBeCloseTo(20 * PERIOD, -1);
    const week = 7 * PERIOD;
    const near = trafficBetween(plan, now + PERIOD, now + PERIOD + week);
    // H ln(1 + L/H) with L = H = a week, in place of L.
    expect(near / (20 * week)).toBeCloseTo(Math.LN2, 1);
    expect(trafficBetween(plan, now + PERIOD + week, now + PERIOD + 2 * week)).toBeLessThan(near);
  });

  it("adds up: a stretch is the sum of its parts up to a period, and never less for being longer", () => {
    const { plan } = learned(4 * PERIOD, (tick) => 5 + (tick % PERIOD));
    const now = 4 * PERIOD;
    let before = 0;
    for (let length = 1; length < 20 * PERIOD; length += 7) {
      const total = trafficBetween(plan, now, now + length);
      expect(total).toBeGreaterThanOrEqual(before);
      before = total;
    }
    expect(trafficBetween(plan, now + 5, now + 5)).toBe(0);
  });

  it("takes unheard ticks for ticks without traffic, so that outages of long ago count in the long run", () => {
    const half = learned(6 * PERIOD, (tick) => (tick % PERIOD < 12 ? 20 : null)).plan;
    const whole = learned(6 * PERIOD, () => 20).plan;
    const now = 6 * PERIOD;
    const share = trafficBetween(half, now, now + 5 * PERIOD) / trafficBetween(whole, now, now + 5 * PERIOD);
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.65);
  });

  it("lets a moment's surge fade back to the long run", () => {
    // In the middle of a day, so that the surge is not in the profile yet.
    const now = 6 * PERIOD + 12;
    const { plan } = learned(now, (tick) => (tick >= now - 3 ? 60 : 20));
    const soon = trafficBetween(plan, now, now + 2) / 2;
    const later = trafficBetween(plan, now, now + PERIOD) / PERIOD;
    expect(soon).toBeGreaterThan(1.1 * 20);
    expect(later).toBeLessThan(soon);
  });
});
