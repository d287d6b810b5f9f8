import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explain, renderExplanation } from "../../src/observe/explanation.ts";
import { findDecision, MAX_LINE_BYTES } from "../../src/observe/log-search.ts";

const seller = { pricing: "second-price", control: "bid", floorMicros: 200_000, overDeliveryFactor: 1 };
const header = {
  event: "engine.started",
  name: "made up",
  currency: "EUR",
  platforms: [
    { ...seller, id: "google" },
    { ...seller, id: "meta" },
  ],
};
const spec = { id: "c1", policy: "gamma-pacing", valuePerConversionMicros: 10_000_000, minBidMicros: 0 };
const declared = { event: "campaign.declared", campaign: "c1", spec };
const candidate = { cvrRelSd: 0.1, cpcMicros: 300_000, roiMicros: 0 };
const decision = (tick: number) => ({
  event: "decision",
  time: "2026-01-01T00:05:00.000Z",
  tick,
  campaign: "c1",
  from: "idle",
  state: "bidding",
  reason: "bid.placed",
  binding: "budget",
  gammaMicros: 8_000_000,
  bids: [{ platform: "google", bidMicros: 400_000, capMicros: 900_000 }],
  candidates: [
    { ...candidate, platform: "google", cvr: 0.05, marginalMicros: 400_000, verdict: "bid" },
    { ...candidate, platform: "meta", cvr: 0.02, marginalMicros: 160_000, verdict: "below-floor" },
  ],
  account: { budgetMicros: 9e6, spentMicros: 1e6, reservedMicros: 1e6, availableMicros: 7e6 },
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "explain-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(...lines: readonly unknown[]): string {
  const file = join(folder, "log.ndjson");
  writeFileSync(file, lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  return file;
}

describe("explaining a decision", () => {
  it("says how much of a bid pays for news, where nothing else can have raised it", async () => {
    const raised = { ...decision(5) };
    raised.candidates = [{ ...raised.candidates[0], marginalMicros: 500_000 }, raised.candidates[1]];
    const explained = explain(await findDecision(written(header, declared, raised), "c1", 5));
    expect(explained.platforms.map(({ newsShare }) => newsShare)).toEqual([0.25, 0]);
    expect(renderExplanation(explained)).toContain(
      "gamma × CVR and 25.00 % for what it tells of the campaign's own CVR",
    );
    const reach = { ...declared, spec: { ...spec, goals: { clicks: 100, impressions: null, conversions: null } } };
    const [google] = explain(await findDecision(written(header, reach, raised), "c1", 5)).platforms;
    expect(google.newsShare).toBe(0);
  });

  it.each([
    ["budget", /a larger budget would have raised it/],
    ["cpa", /a higher CPA target would have raised it; a larger budget would not/],
    ["value", /only a higher value of a conversion would have raised it/],
  ])("says what would have moved a gamma that is limited by %s", async (binding, told) => {
    const bound = { ...decision(5), binding };
    expect(renderExplanation(explain(await findDecision(written(header, declared, bound), "c1", 5)))).toMatch(told);
  });

  it("says at which gamma a bid below the mean price would have met it (X1)", async () => {
    const free = { ...header, platforms: header.platforms.map((platform) => ({ ...platform, floorMicros: 0 })) };
    const low = decision(5);
    low.candidates[0].cpcMicros = 800_000;
    const [google] = explain(await findDecision(written(free, declared, low), "c1", 5)).platforms;
    expect(google.turn).toMatchObject({ cvr: 0.1, priceMicros: 400_000 });
    expect(google.turn?.text).toMatch(/gamma 16\.0000 EUR/);
  });

  it("says at which CVR and which floor a refused platform would be bought (X1)", async () => {
    const explanation = explain(await findDecision(written(header, declared, decision(3), decision(5)), "c1", 5));
    const [google, meta] = explanation.platforms;
    expect(explanation.tick).toBe(5);
    expect(google).toMatchObject({
      bidMicros: 400_000,
      capMicros: 900_000,
      turn: { cvr: 0.025, priceMicros: 400_000 },
    });
    expect(meta).toMatchObject({ bidMicros: 0, turn: { cvr: 0.025, priceMicros: 160_000 } });
    expect(renderExplanation(explanation)).toContain(
      "bought if its CVR were above 2.50 %, or its floor below 0.1600 EUR",
    );
  });

  it("names the nearest ticks where there is no decision", async () => {
    const file = written(header, declared, decision(3), decision(9), decision(12));
    await expect(findDecision(file, "c1", 5)).rejects.toMatchObject({
      code: "CE_USAGE_INVALID",
      place: { hint: expect.stringMatching(/has: 3, 9\./) },
    });
  });

  it("names campaigns where the one asked for is not declared", async () => {
    await expect(findDecision(written(header, declared, decision(3)), "c2", 3)).rejects.toMatchObject({
      code: "CE_USAGE_INVALID",
      place: { hint: expect.stringContaining("c1") },
    });
  });

  it.each([["another format", "a,b,c"], ["another program's log", { event: "other" }], ["nothing"]])(
    "refuses %s",
    async (_, ...lines) => {
      await expect(findDecision(written(...lines), "c1", 5)).rejects.toMatchObject({ code: "CE_DATA_INVALID" });
    },
  );

  it("refuses a file that is not there", async () => {
    await expect(findDecision(join(folder, "none"), "c1", 5)).rejects.toMatchObject({ code: "CE_DATA_UNREADABLE" });
  });

  it("refuses a line without end (S1)", async () => {
    const file = written(header, "x".repeat(2 * MAX_LINE_BYTES));
    await expect(findDecision(file, "c1", 5)).rejects.toMatchObject({ code: "CE_DATA_TOO_LARGE", place: { line: 2 } });
  });
});
