import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mergeReports, readRecordings } from "../../src/platforms/recording.ts";
import { offeredTotals, replayCampaign, replayPaths } from "../../src/platforms/replay-paths.ts";
import { parseReport } from "../../src/platforms/report-file.ts";

const DATA = process.env.CAMPAIGN_ENGINE_DATA ?? "../shared/data";
const IDS = { id: "c", policy: "gamma-pacing", forecaster: "count-weighted" };

/** Sums of named columns by nothing but string splitting. */
function plainSums(file: string): Record<string, number> {
  const [header, ...rows] = readFileSync(file, "utf8").trim().split("\n");
  const sums: Record<string, number> = {};
  for (const row of rows) {
    for (const [at, cell] of row.split(",").entries()) {
      const name = header.trim().split(",")[at];
      sums[name] = (sums[name] ?? 0) + Number(cell);
    }
  }
  return sums;
}

async function recordingOf(rows: string) {
  const text = `date,platform,impressions,clicks,cost,conversions,revenue\n${rows}`;
  return mergeReports([await parseReport(new TextEncoder().encode(text), "a.csv")]);
}

const ROWS = Array.from({ length: 9 }, (_, day) => {
  return `2020-04-0${day + 1},a,${1000 + day},${day === 4 ? 0 : 100 + day},${10 + day},${day % 3 === 0 ? 80 : 0},50\n`;
});

describe("replayed paths", () => {
  it("offer what the file says, even where days have cost without clicks (Y1)", async () => {
    const recording = await recordingOf(ROWS.join(""));
    const offered = offeredTotals(replayPaths(recording));
    expect(offered.clicks).toBeCloseTo(832, 6);
    expect(offered.impressions).toBeCloseTo(9036, 6);
    expect(offered.costMicros).toBeCloseTo(126_000_000, 3);
    expect(offered.conversions).toBeCloseTo(240, 6);
  });

  it("have positive prices and rates in 0..1 (Y2), and are silent in gaps (Y3)", async () => {
    const recording = await recordingOf(ROWS.filter((_, day) => day !== 6).join(""));
    const [path] = replayPaths(recording).paths.platforms;
    expect(Math.min(...path.priceMicros)).toBeGreaterThan(0);
    expect(Math.min(...path.cvr)).toBeGreaterThan(0);
    expect(Math.max(...path.cvr)).toBeLessThanOrEqual(1);
    expect([...path.isSilent].map((flag, tick) => (flag ? tick : -1)).filter((tick) => tick >= 0)).toEqual(
      Array.from({ length: 24 }, (_, hour) => 6 * 24 + hour),
    );
  });

  it("turn days into hours, the first day into warm-up", async () => {
    const replay = replayPaths(await recordingOf(ROWS.join("")));
    expect(replay.paths).toMatchObject({ warmupTicks: 24, ticks: 8 * 24 });
    expect(replay.startMs).toBe(Date.parse("2020-04-02"));
    expect(replay.notes[0]).toContain("has no recorded outcome");
  });

  it("buy impressions with clicks as outcome where nothing converts", async () => {
    const rows = ROWS.map((row) => row.replace(/,\d+,50\n$/, ",0,0\n")).join("");
    const recording = await recordingOf(rows);
    const replay = replayPaths(recording);
    expect(replay).toMatchObject({ unit: "impression", loggedWinRate: 1 });
    expect(offeredTotals(replay).impressions).toBeCloseTo(9036, 6);
    expect(offeredTotals(replay).clicks).toBeCloseTo(832, 6);
    expect(replayCampaign(recording, replay, IDS).valuePerConversionMicros).toBeCloseTo((1.1 * 126_000_000) / 832, -1);
  });

  it("give a campaign half the logged cost of its flight and the logged value of a conversion", async () => {
    const recording = await recordingOf(ROWS.join(""));
    const campaign = replayCampaign(recording, replayPaths(recording), IDS);
    expect(campaign.valuePerConversionMicros).toBe(Math.round(450_000_000 / 240));
    expect(campaign.budgetMicros).toBeGreaterThan(57_000_000);
    expect(campaign.budgetMicros).toBeLessThan(59_000_000);
  });

  it("refuse platforms with more conversions than clicks", async () => {
    const recording = await recordingOf("2020-04-01,a,100,10,1,11,0\n");
    expect(() => replayPaths(recording)).toThrow("more outcomes than clicks");
  });
});

const R1 = join(DATA, "online_adv_camp2_camp3.csv");
describe.skipIf(!existsSync(R1))("replay R1 (online_adv_camp2_camp3.csv)", () => {
  it("offers the file's impressions, clicks, cost and conversions (Y1)", async () => {
    const offered = offeredTotals(replayPaths(await readRecordings([R1])));
    const file = plainSums(R1);
    expect(offered.impressions / file.impressions).toBeCloseTo(1, 10);
    expect(offered.clicks / file.clicks).toBeCloseTo(1, 10);
    expect(offered.costMicros / file.cost / 1e6).toBeCloseTo(1, 10);
    expect(offered.conversions / file.conversions).toBeCloseTo(1, 10);
  });
});

const R2 = join(DATA, "ipinyou_5min_season2.csv");
const HISTOGRAMS = join(DATA, "price_histograms_season2.json");
describe.skipIf(!existsSync(R2) || !existsSync(HISTOGRAMS))("replay R2 (ipinyou_5min_season2.csv)", () => {
  it("offers the file's impressions, clicks and cost (Y1)", async () => {
    const priceHistograms = JSON.parse(readFileSync(HISTOGRAMS, "utf8"));
    const replay = replayPaths(await readRecordings([R2]), { priceHistograms });
    const offered = offeredTotals(replay);
    const file = plainSums(R2);
    expect(offered.impressions / file.impressions).toBeCloseTo(1, 10);
    expect(offered.clicks / file.clicks).toBeCloseTo(1, 10);
    expect(offered.costMicros / file.cost / 1e6).toBeCloseTo(1, 10);
    for (const path of replay.paths.platforms) expect(Math.max(...path.cvr)).toBeLessThan(0.01);
  });
});
