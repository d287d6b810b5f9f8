import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hedged } from "../../../src/core/policy/gamma-hedge.ts";
import { Outlook, solveGamma } from "../../../src/core/policy/gamma-solver.ts";
import { PAY_PRICE } from "../../../src/core/policy/response.ts";

const UNIT = 1_000_000;
const LN_VALUE = Math.log(50 * UNIT);

/** Platforms that differ in nothing but their conversions per click. */
function outlookOf(...cvrs: number[]): Outlook {
  return stillOutlook(0, ...cvrs);
}

/** The same, whose rates stand still with some probability. */
function stillOutlook(stillChance: number, ...cvrs: number[]): Outlook {
  const outlook = new Outlook();
  for (const [row, cvr] of cvrs.entries()) {
    outlook.add({
      row,
      clicks: 1000,
      priceMicros: UNIT,
      priceFactor: 1,
      cvr,
      mostMicros: Number.POSITIVE_INFINITY,
      reachPerClick: 1,
      stillChance,
      response: PAY_PRICE,
    });
  }
  return outlook;
}

/** By how much gamma is raised, in ln, with a budget of so much. */
function raise(outlook: Outlook, days = 1, units = 500, gone = 0): number {
  const budget = { spendWeight: 1, conversionWeight: 0, limit: units * UNIT };
  const lnBudget = solveGamma(outlook, budget, LN_VALUE - 9, LN_VALUE, LN_VALUE);
  if (lnBudget >= LN_VALUE) return 0;
  const lnHedged = hedged(outlook, lnBudget, LN_VALUE, gone, days);
  expect(lnHedged).toBeLessThanOrEqual(LN_VALUE);
  return lnHedged - lnBudget;
}

describe("the hedge", () => {
  it("lies between the plan and the value of a conversion (H1)", () => {
    const cvrs = fc.array(fc.double({ min: 1e-4, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 });
    const days = fc.double({ min: 0, max: 60, noNaN: true });
    fc.assert(
      fc.property(cvrs, days, fc.integer({ min: 1, max: 3000 }), (rates, left, units) => {
        expect(raise(outlookOf(...rates), left, units)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("raises gamma more, the more of the plan rests on one platform", () => {
    const even = raise(outlookOf(0.04, 0.04, 0.04, 0.04, 0.04));
    const uneven = raise(outlookOf(0.08, 0.04, 0.04, 0.04, 0.04));
    const single = raise(outlookOf(0.4, 0.01, 0.01, 0.01, 0.01));
    expect(even).toBeGreaterThan(0);
    expect(even).toBeLessThan(0.1);
    expect(uneven).toBeGreaterThan(even);
    expect(single).toBeGreaterThan(0.15);
  });

  it("fades as the flight ends, and looks no more than a day ahead", () => {
    const cvrs = [0.2, 0.04, 0.04];
    expect(raise(outlookOf(...cvrs), 0)).toBe(0);
    expect(raise(outlookOf(...cvrs), 0.25)).toBeLessThan(raise(outlookOf(...cvrs), 0.5));
    expect(raise(outlookOf(...cvrs), 30)).toBe(raise(outlookOf(...cvrs), 1));
  });

  it("fades in a long flight in which nothing collapses", () => {
    const cvrs = [0.2, 0.04, 0.04];
    expect(raise(outlookOf(...cvrs), 30, 500, 20)).toBeLessThan(raise(outlookOf(...cvrs), 30) / 5);
  });

  it("expects no collapse of a rate that stands still", () => {
    const cvrs = [0.2, 0.04, 0.04];
    expect(raise(stillOutlook(1, ...cvrs))).toBe(0);
    expect(raise(stillOutlook(0.5, ...cvrs))).toBeLessThan(raise(outlookOf(...cvrs)) * 0.7);
    expect(raise(stillOutlook(0.5, ...cvrs))).toBeGreaterThan(raise(outlookOf(...cvrs)) * 0.3);
  });

  it("hedges nothing in an empty market", () => {
    expect(hedged(new Outlook(), 1, 2, 0, 1)).toBe(1);
  });
});
