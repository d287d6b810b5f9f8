import { describe, expect, it } from "vitest";
import { LogLogisticLandscape } from "../../../src/core/landscape.ts";
import { Outlook, type OutlookRow, solveGamma, solveReach } from "../../../src/core/policy/gamma-solver.ts";
import { PAY_PRICE, payBid } from "../../../src/core/policy/response.ts";

const PAY_BID = payBid(new LogLogisticLandscape(2));

const ROW: OutlookRow = {
  row: 0,
  clicks: 1000,
  priceMicros: 1e6,
  priceFactor: 1.2,
  cvr: 0.05,
  mostMicros: Number.POSITIVE_INFINITY,
  stillChance: 0,
  reachPerClick: 1,
  response: PAY_PRICE,
};
const BUDGET = (limit: number) => ({ spendWeight: 1, conversionWeight: 0, limit });
const LOW = Math.log(1e4);
const HIGH = Math.log(1e9);

function outlookOf(...rows: Partial<OutlookRow>[]): Outlook {
  const outlook = new Outlook();
  rows.forEach((row, index) => outlook.add({ ...ROW, row: index, ...row }));
  return outlook;
}

describe("an outlook", () => {
  it("predicts spend and conversions by the prior landscape (item 4)", () => {
    const outlook = outlookOf({});
    const landscape = new LogLogisticLandscape(2);
    outlook.aim(Math.log(30e6));
    expect(outlook.spendMicros / (1000 * 1.2e6 * landscape.costShare(1.5))).toBeCloseTo(1, 3);
    expect(outlook.conversions / (50 * landscape.winRate(1.5))).toBeCloseTo(1, 3);
  });

  it("spends, converts and reaches no less at a higher gamma or eta (G1)", () => {
    const outlook = outlookOf({}, { response: PAY_BID, cvr: 0.01 }, { mostMicros: 2e6, cvr: 0.2 });
    for (const etaMicros of [0, 1e4, 3e5]) {
      let before = [0, 0, 0];
      for (let lnGamma = LOW; lnGamma < HIGH; lnGamma += 0.01) {
        outlook.aim(lnGamma, etaMicros);
        const now = [outlook.spendMicros, outlook.conversions, outlook.reach];
        now.forEach((figure, i) => expect(figure).toBeGreaterThanOrEqual(before[i] - 1e-9 * before[i]));
        outlook.aim(lnGamma, etaMicros + 1e4);
        expect(outlook.reach).toBeGreaterThanOrEqual(now[2] * (1 - 1e-9));
        before = now;
      }
    }
  });

  it("finds no waste in clicks bought below a certain value, and some above it", () => {
    const outlook = outlookOf({}, { response: PAY_BID });
    outlook.aim(Math.log(30e6));
    expect(outlook.wasteMicros(0, 60e6, 0)).toBe(0);
    expect(outlook.wasteMicros(0, 30e6, 0.3)).toBeGreaterThan(0);
    expect(outlook.wasteMicros(1, 60e6, 0)).toBe(0);
    outlook.aim(Math.log(300e6));
    expect(outlook.wasteMicros(0, 60e6, 0)).toBeGreaterThan(0);
    expect(outlook.wasteMicros(1, 10e6, 0)).toBeCloseTo(outlook.spendMicros - spendOfRow0(300e6), -3);
  });
});

function spendOfRow0(gammaMicros: number): number {
  const outlook = outlookOf({});
  outlook.aim(Math.log(gammaMicros));
  return outlook.spendMicros;
}

describe("the solver", () => {
  it.each([[2e5], [3e7], [4e8], [1e9]])("spends a limit of %d to a quarter of a percent, never more (G2)", (limit) => {
    const outlook = outlookOf({}, { cvr: 0.02, response: PAY_BID });
    for (const lnStart of [LOW - 5, LOW, 15, 17, 19, HIGH, HIGH + 5]) {
      outlook.aim(solveGamma(outlook, BUDGET(limit), LOW, HIGH, lnStart));
      expect(outlook.spendMicros).toBeLessThanOrEqual(limit);
      expect(outlook.spendMicros).toBeGreaterThan(limit * 0.9975);
    }
  });

  it("stays within its bounds (G2)", () => {
    const outlook = outlookOf({});
    expect(solveGamma(outlook, BUDGET(1e15), LOW, HIGH, 15)).toBe(HIGH);
    expect(solveGamma(outlook, BUDGET(-1), LOW, HIGH, 15)).toBe(LOW);
    expect(solveGamma(outlook, BUDGET(-1), LOW, LOW, 15)).toBe(LOW);
  });

  it("answers NaN where the outlook is not made of numbers", () => {
    const outlook = outlookOf({ clicks: Number.NaN });
    for (const lnStart of [LOW, 15, HIGH]) expect(solveGamma(outlook, BUDGET(1e6), LOW, HIGH, lnStart)).toBeNaN();
  });

  it("meets a CPA target on average, at a gamma above it (item 5)", () => {
    const outlook = outlookOf({}, { cvr: 0.02 });
    const cpa = 12e6;
    const lnGamma = solveGamma(outlook, { spendWeight: 1, conversionWeight: -cpa, limit: 0 }, Math.log(cpa), HIGH, 17);
    outlook.aim(lnGamma);
    expect(lnGamma).toBeGreaterThan(Math.log(cpa));
    expect(outlook.spendMicros / outlook.conversions / cpa).toBeCloseTo(1, 2);
  });
});

describe("the reach solver", () => {
  const problem = { limitMicros: 3e8, cpaMicros: 0, cpaLimitMicros: 0, lnLow: LOW };
  const outlook = outlookOf({}, { cvr: 0.01, priceMicros: 0.5e6 });
  const lnHigh = solveGamma(outlook, BUDGET(problem.limitMicros), LOW, HIGH, 17);
  outlook.aim(lnHigh);
  const without = { reach: outlook.reach, conversions: outlook.conversions };

  it("asks for nothing when the goal is met anyway", () => {
    const found = solveReach(outlook, { ...problem, lnHigh, goal: without.reach });
    expect(found).toEqual({ lnGamma: lnHigh, etaMicros: 0, isMet: true });
  });

  it("meets the goal with the same money, at the cost of conversions (item 8)", () => {
    const goal = without.reach * 1.05;
    const found = solveReach(outlook, { ...problem, lnHigh, goal });
    expect(found.isMet).toBe(true);
    outlook.aim(found.lnGamma, found.etaMicros);
    expect(outlook.reach / goal).toBeCloseTo(1, 2);
    expect(outlook.spendMicros).toBeLessThanOrEqual(problem.limitMicros);
    expect(outlook.conversions).toBeLessThan(without.conversions);
  });

  it("goes as far as the money when the goal is out of reach", () => {
    const found = solveReach(outlook, { ...problem, lnHigh, goal: without.reach * 10 });
    expect(found.isMet).toBe(false);
    outlook.aim(found.lnGamma, found.etaMicros);
    expect(outlook.spendMicros).toBeLessThanOrEqual(problem.limitMicros);
    expect(outlook.spendMicros).toBeGreaterThan(problem.limitMicros * 0.98);
    expect(outlook.reach).toBeGreaterThan(without.reach);
  });

  it("keeps a CPA limit", () => {
    const cpaMicros = (problem.limitMicros / without.conversions) * 1.02;
    const found = solveReach(outlook, { ...problem, cpaMicros, lnHigh, goal: without.reach * 1.5 });
    outlook.aim(found.lnGamma, found.etaMicros);
    expect(found.isMet).toBe(false);
    expect(outlook.spendMicros / outlook.conversions).toBeLessThanOrEqual(cpaMicros);
  });
});
