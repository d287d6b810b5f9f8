import { describe, expect, it } from "vitest";
import { RunObserver } from "../../src/observe/run-observer.ts";
import { playRun } from "./synthetic-run.ts";

function observed(options: Parameters<typeof playRun>[1] = {}) {
  const observer = new RunObserver();
  const started = playRun([observer], options);
  return { observer, started, summary: observer.summary(), timeline: observer.timeline() };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe("run observer", () => {
  it("adds up to what the ledger booked, by platform and bin alike (R1, T1)", () => {
    const { started, summary, timeline } = observed({ ticks: 700 });
    const spent = sum(started.campaigns.map((_, slot) => started.ledger.view(slot).spentMicros));
    expect(summary.total.spendMicros).toBe(spent);
    expect(sum(summary.platforms.map((row) => row.spendMicros))).toBe(spent);
    expect(sum(timeline.spendMicros.flat())).toBe(spent);
    expect(sum(timeline.conversions) + timeline.lateConversions).toBe(summary.total.conversions);
    expect(summary.overspendMicros).toBe(0);
  });

  it("counts a refused report nowhere, and an expired reservation as spend (R1)", () => {
    const { observer, started, summary } = observed({ ticks: 20 });
    const at = { tick: 19, timeMs: started.timeMs };
    const bid = { slot: 0, platform: 1, bidTick: 18 };
    observer.observe({ ...at, ...bid, type: "report.refused", why: "repeat-or-unknown", costMicros: 700 });
    observer.observe({ ...at, ...bid, type: "reservation.expired", bookedMicros: 900 });
    const { total, refusedReports, expiredMicros } = observer.summary();
    expect([refusedReports, expiredMicros]).toEqual([1, 900]);
    expect(total.spendMicros - summary.total.spendMicros).toBe(900);
    expect(sum(observer.timeline().spendMicros.flat())).toBe(total.spendMicros);
  });

  it("values a conversion as its own campaign does", () => {
    const { summary } = observed();
    const rows = [...summary.bestCampaigns, ...summary.worstCampaigns];
    for (const row of rows) {
      const slot = Number(row.id.slice(1)) - 1;
      expect(row.valueMicros).toBe(row.conversions * (20_000_000 + 100_000 * slot));
    }
    expect(sum(rows.map((row) => row.netMicros))).toBe(summary.total.netMicros);
  });

  it("gives the same summary for the same run but for its performance (R2)", () => {
    const { performance: slow, ...first } = observed({ latencyMs: 20 }).summary;
    const { performance: fast, ...second } = observed({ latencyMs: 2 }).summary;
    expect(second).toEqual(first);
    expect(slow.decisionsPerSecond).toBeCloseTo(200);
    expect(fast.decisionsPerSecond).toBeCloseTo(2000);
    expect(slow.tickLatencyMs?.p99).toBeCloseTo(20, 0);
  });

  it("is plain JSON without NaN, even when nothing happened (R3)", () => {
    const { summary, timeline } = observed({ ticks: 0 });
    for (const part of [summary, timeline]) expect(JSON.parse(JSON.stringify(part))).toEqual(part);
    expect(summary.total.cpaMicros).toBeNull();
  });

  it("counts goals that were set and reached, a cost per conversion from below", () => {
    const { goals } = observed().summary;
    expect(goals.clicks).toEqual({ declared: 1, reached: 1 });
    expect(goals.conversions).toEqual({ declared: 1, reached: 0 });
    expect(goals.impressions).toEqual({ declared: 0, reached: 0 });
    expect(goals.cpa).toEqual({ declared: 2, reached: 2 });
  });

  it("knows waste only from the market's truth", () => {
    const { observer, summary } = observed();
    expect(summary.total.wasteMicros).toBeNull();
    expect(observer.summary({ wasteMicros: new Float64Array(12).fill(5) }).total.wasteMicros).toBe(60);
  });

  it("keeps at most 288 bins however long the run (T2)", () => {
    const { timeline } = observed({ ticks: 1000 });
    expect(timeline.timeMs).toHaveLength(250);
    expect(timeline.planMicros.at(-1)).toBe(
      sum(observed({ ticks: 1000 }).started.campaigns.map((c) => c.budgetMicros)),
    );
  });

  it("leaves gaps where a feed was silent", () => {
    const { timeline } = observed();
    expect(timeline.feedCvr[2].slice(19, 24)).toEqual([null, null, null, null, expect.any(Number)]);
    expect(timeline.feedCvr[0].slice(0, 59)).not.toContain(null);
  });

  it("has no summary before the run starts", () => {
    expect(() => new RunObserver().summary()).toThrow("has not started");
  });
});
