import { describe, expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/loader.ts";
import { formatDuration, parseDuration, parseInstant, parseMoney } from "../../src/scenario/quantities.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";

const resolve = (campaigns: string, rest = "") =>
  resolveScenario(
    parseScenario(`name: x\nplatforms: [{ id: a }, { id: b }]\ncampaigns:\n${campaigns}\n${rest}`, "x.yaml").scenario,
  );

describe("quantities", () => {
  it("reads durations in any unit and in sums", () => {
    const texts = ["250ms", "90s", "1m", "1.5h", "1d12h", "1w", "5", "", "1 m", "-1m", "1y"];
    expect(texts.map(parseDuration)).toEqual([
      250,
      90_000,
      60_000,
      5_400_000,
      129_600_000,
      604_800_000,
      null,
      null,
      null,
      null,
      null,
    ]);
    expect([60_000, 5_400_000, 86_400_000, 1].map(formatDuration)).toEqual(["1m", "90m", "1d", "1ms"]);
  });

  it("reads money by its digits, to the micro", () => {
    expect(parseMoney("250.00 EUR")).toEqual({ micros: 250_000_000, currency: "EUR" });
    expect(parseMoney("0.000001")).toEqual({ micros: 1, currency: null });
    expect(parseMoney("9007199.254740993")).toBe(null);
    expect(parseMoney("4503.599627")).toEqual({ micros: 4_503_599_627, currency: null });
    expect([parseMoney(-1), parseMoney(Number.NaN), parseMoney("1,000")]).toEqual([null, null, null]);
  });

  it.each([
    "1970-01-01T00:00:00Z",
    "2024-02-29T23:59:59.125Z",
    "2026-01-05T06:00:00+05:30",
    "1900-03-01T00:00:00-08:00",
  ])("reads the instant %s as the platform does", (text) => {
    expect(parseInstant(text)).toBe(Date.parse(text));
  });
});

describe("a resolved scenario", () => {
  it("has times in ticks: durations from the start, and date-times", () => {
    const { campaigns, ticks, periodTicks, startMs } = resolve(
      "  - { id: c, budget: 1, valuePerConversion: 2, flight: { start: 6h, end: 2026-01-05T20:00:00+02:00 } }",
      "tick: 5m",
    );
    expect(campaigns[0].flight).toEqual({ startTick: 72, endTick: 216 });
    expect([ticks, periodTicks, startMs]).toEqual([288, 288, Date.UTC(2026, 0, 5)]);
  });

  it("knows the local time of day at which it starts", () => {
    const campaign = "  - { id: c, budget: 1, valuePerConversion: 2 }";
    expect(resolve(campaign, "start: 2026-07-01T12:00:00Z\ntimeZone: Europe/Berlin").market.dayOffsetTicks).toBe(
      14 * 60,
    );
    expect(resolve(campaign).market.dayOffsetTicks).toBe(0);
  });

  it("lists platforms ascending, whatever their order in the campaign", () => {
    const [campaign] = resolve("  - { id: c, budget: 1, valuePerConversion: 2, platforms: [b, a] }").campaigns;
    expect(campaign.platforms).toEqual([0, 1]);
  });

  it("makes `count` campaigns, spread within the declared share", () => {
    const { campaigns, exposures } = resolve(
      "  - { id: c, count: 500, budget: 100, valuePerConversion: 2, spread: { budget: 0.5 }, cvrFactor: { b: 3 } }",
    );
    const budgets = campaigns.map(({ budgetMicros }) => budgetMicros / 1e6);
    expect([campaigns[0].id, campaigns[499].id]).toEqual(["c-0001", "c-0500"]);
    expect(Math.min(...budgets)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...budgets)).toBeLessThanOrEqual(150);
    expect(new Set(budgets).size).toBeGreaterThan(490);
    expect(exposures[7].cvrFactors).toEqual([1, 3]);
  });

  it("draws a campaign alike, whatever else is in the scenario (Q3)", () => {
    const entry = "  - { id: c, count: 3, budget: 100, valuePerConversion: 2, spread: { budget: 0.5, cvr: 0.2 } }";
    const alone = resolve(entry);
    const after = resolve(
      `  - { id: first, count: 9, budget: 5, valuePerConversion: 2, spread: { value: 0.1 } }\n${entry}`,
    );
    expect(after.campaigns.slice(9)).toEqual(alone.campaigns);
    expect(after.exposures.slice(9)).toEqual(alone.exposures);
  });

  it("says clicks per tick, so that the tick's length does not change the market", () => {
    const text = (tick: string) =>
      `name: x\ntick: ${tick}\nplatforms: [{ id: a, clicksPerMinute: 3 }]\ncampaigns: [{ id: c, budget: 1, valuePerConversion: 1 }]`;
    const clicks = (tick: string) =>
      resolveScenario(parseScenario(text(tick), "x").scenario).market.platforms[0].clicksPerTick;
    expect([clicks("1m"), clicks("5m"), clicks("30s")]).toEqual([3, 15, 1.5]);
  });
});
