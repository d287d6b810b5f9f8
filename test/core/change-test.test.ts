import { describe, expect, it } from "vitest";
import { ChangeTest } from "../../src/core/forecast/change-test.ts";
import { CvrFilter, DRIFTING } from "../../src/core/forecast/cvr-filter.ts";
import { RandomStream } from "../../src/core/random.ts";

const MINUTE_MS = 60_000;
const CLICKS = 20;
const RATE = 0.05;

/** Conversions of `ticks` ticks at `rateAt`, delayed geometrically, fed as expectations, one call an age. */
function played(test: ChangeTest, ticks: number, delay: number, rateAt: (tick: number) => number): ChangeTest {
  const clicked: number[] = [];
  const keep = delay / (1 + delay);
  for (let tick = 0; tick < ticks; tick += 1) {
    clicked.push(CLICKS * rateAt(tick));
    test.click(CLICKS, RATE, delay);
    clicked.forEach((conversions, at) => {
      const age = tick - at;
      const arriving = conversions * (1 - keep) * keep ** age;
      test.arrive(arriving, age * arriving);
    });
  }
  return test;
}

describe("the change test", () => {
  it("finds nothing where the conversions come as forecast", () => {
    expect(played(new ChangeTest(MINUTE_MS), 600, 0, () => RATE).find()).toBeNull();
  });

  it("tells when a rate fell and how many conversions are missing since", () => {
    const change = played(new ChangeTest(MINUTE_MS), 420, 0, (tick) => (tick < 400 ? RATE : 0)).find();
    expect(Math.abs((change?.ageTicks ?? 0) - 20)).toBeLessThanOrEqual(8);
    expect(change?.expected).toBeGreaterThan(10);
  });

  it("finds a rise", () => {
    const change = played(new ChangeTest(MINUTE_MS), 420, 0, (tick) => (tick < 400 ? RATE / 5 : RATE)).find();
    expect(change?.arrived).toBeLessThan(change?.expected ?? 0);
    const rise = new ChangeTest(MINUTE_MS);
    for (let tick = 0; tick < 20; tick += 1) {
      rise.click(CLICKS, RATE, 0);
      rise.arrive(4, 0);
    }
    expect(rise.find()?.arrived).toBeGreaterThan(rise.find()?.expected ?? 0);
  });

  it("says no more about a change once it is settled, nor of clicks before a restart", () => {
    const test = played(new ChangeTest(MINUTE_MS), 420, 0, (tick) => (tick < 400 ? RATE : 0));
    test.settle(test.find()!, 0.01);
    expect(test.find()).toBeNull();
    const again = played(new ChangeTest(MINUTE_MS), 420, 0, (tick) => (tick < 400 ? RATE : 0));
    again.restart();
    expect(again.find()).toBeNull();
  });
});

describe("the conversion-rate filter, conversions two hours late", () => {
  const DELAY = 120;

  /** The rate after so many ticks, relative to the true one. In silent ticks there are no clicks, and conversions are held back. */
  function errorAfter(
    ticks: number,
    rateAt: (tick: number) => number,
    isSilent: (tick: number) => boolean = () => false,
  ): number {
    const { next } = new RandomStream(5, "test");
    const filter = new CvrFilter(MINUTE_MS, 1440, DRIFTING);
    const arrivals = new Map<number, { count: number; ages: number }>();
    let count = 0;
    let ages = 0;
    for (let tick = 0; tick < ticks; tick += 1) {
      for (let click = 0; click < CLICKS && !isSilent(tick); click += 1) {
        if (next() >= rateAt(tick)) continue;
        const age = Math.floor(Math.log(1 - next()) / Math.log(DELAY / (1 + DELAY)));
        const due = arrivals.get(tick + age) ?? { count: 0, ages: 0 };
        arrivals.set(tick + age, { count: due.count + 1, ages: due.ages + age });
      }
      ages += count + (arrivals.get(tick)?.ages ?? 0);
      count += arrivals.get(tick)?.count ?? 0;
      if (isSilent(tick)) {
        filter.miss(tick);
        continue;
      }
      filter.hear(tick, CLICKS, count, ages);
      count = 0;
      ages = 0;
    }
    return Math.log(filter.rateAt(ticks) / rateAt(ticks));
  }

  it("follows a collapse to 15 % within 90 ticks, though old clicks still convert", () => {
    expect(Math.abs(errorAfter(1090, (tick) => (tick < 1000 ? RATE : 0.15 * RATE)))).toBeLessThan(1);
  });

  it("keeps its rate through a silence whose conversions are told at its end (V2)", () => {
    const isSilent = (tick: number) => tick >= 1000 && tick < 1200;
    for (const ticks of [1201, 1230, 1300]) {
      expect(Math.abs(errorAfter(ticks, () => RATE, isSilent))).toBeLessThan(0.6);
    }
  });
});
