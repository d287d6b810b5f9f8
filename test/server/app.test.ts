import { afterEach, describe, expect, it } from "vitest";
import type { CampaignDetail, DashboardFrame, DecisionFrame } from "../../src/observe/frames.ts";
import type { BidsAnswer } from "../../src/server/view-operations.ts";
import { LiveService } from "./live-service.ts";
import type { ServiceParts } from "./live-service.ts";

const open: LiveService[] = [];
const service = (parts?: ServiceParts): LiveService => {
  const one = new LiveService(parts);
  open.push(one);
  return one;
};
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const json = async <T>(response: Response | Promise<Response>): Promise<T> => (await (await response).json()) as T;

/** Metrics of all platforms for a tick, as lines. */
const metricsOf = (live: LiveService, tick: number): string =>
  live.run.market.platforms
    .map(({ id }) =>
      JSON.stringify({ platform: id, tick, impressions: 5_000, clicks: 100, cpcMicros: 500_000, conversions: 5 }),
    )
    .join("\n");

/** Beats a live service until it bids, with metrics for each tick. */
async function bidding(live: LiveService): Promise<BidsAnswer[]> {
  live.start();
  for (let tick = 0; tick < 30; tick += 1) {
    live.tick();
    const bids = await json<BidsAnswer[]>(live.get("/v1/bids"));
    if (bids.length > 0) return bids;
    expect((await live.send("POST", "/v1/metrics", metricsOf(live, tick))).status).toBe(200);
  }
  throw new Error("it never bids");
}

describe("a service fed from outside", () => {
  it("bids once metrics have come in, books the spend reports, and counts a repeat once (LM1)", async () => {
    const live = service();
    const bids = await bidding(live);
    const rows = bids.flatMap(({ tick, platform, bids: placed }) =>
      placed.map(({ campaign, capMicros }) => {
        return {
          kind: "spend",
          campaign,
          platform,
          tick,
          costMicros: Math.floor(capMicros / 2),
          impressions: 10,
          clicks: 1,
        };
      }),
    );
    const body = rows.map((row) => JSON.stringify(row)).join("\n");
    const sent = await live.send("POST", "/v1/settlements", body);
    expect(await json(sent)).toEqual({ accepted: rows.length, duplicates: 0, refused: 0, errors: [] });
    live.tick();
    expect(await json(live.send("POST", "/v1/settlements", body))).toMatchObject({
      accepted: 0,
      duplicates: rows.length,
    });
    live.tick();
    const costMicros = rows.reduce((sum, row) => sum + row.costMicros, 0);
    const frame = await json<DashboardFrame>(live.get("/v1/status"));
    expect(frame.money.spentMicros).toBe(costMicros);
    expect(frame.performance.refusedReports).toBe(0);
  });

  it("gives the money of a refused bid back", async () => {
    const live = service();
    const [{ tick, platform, bids }] = await bidding(live);
    const [{ campaign }] = bids;
    const { reservedMicros } = await json<CampaignDetail>(live.get(`/v1/campaigns/${campaign}`));
    const record = { kind: "refusal", campaign, platform, tick };
    expect(await json(live.send("POST", "/v1/settlements", record))).toMatchObject({ accepted: 1 });
    await live.send("POST", "/v1/campaigns/shoes-0001/pause", {});
    live.tick();
    const after = await json<CampaignDetail>(live.get(`/v1/campaigns/${campaign}`));
    expect(after.spentMicros).toBe(0);
    expect(after.reservedMicros).toBeLessThan(reservedMicros);
  });

  it("takes late conversions, and hands them to the campaign", async () => {
    const live = service();
    const [{ tick, platform }] = await bidding(live);
    const record = {
      kind: "conversions",
      campaign: "shoes-0001",
      platform,
      tick,
      conversions: 2,
      conversionAgeTicks: 9,
    };
    expect(await json(live.send("POST", "/v1/settlements", record))).toMatchObject({ accepted: 1 });
    live.tick();
    expect((await json<CampaignDetail>(live.get("/v1/campaigns/shoes-0001"))).conversions).toBe(2);
  });

  it("refuses bad records with line and field, and takes the others (IN1)", async () => {
    const live = service().start().tick();
    const good = { platform: "amber", tick: 0, impressions: 1, clicks: 1, cpcMicros: 1, conversions: 0 };
    const lines = [
      JSON.stringify(good),
      "{",
      "",
      JSON.stringify({ ...good, platform: "jade" }),
      JSON.stringify({ ...good, platform: "beryl", clicks: -1 }),
      JSON.stringify({ ...good, platform: "beryl", tick: 500 }),
    ];
    const receipt = await json(live.send("POST", "/v1/metrics", lines.join("\n")));
    expect(receipt).toMatchObject({
      accepted: 1,
      refused: 4,
      errors: [
        { line: 2, code: "invalid", message: "not JSON" },
        { line: 4, code: "unknown-name", field: "platform" },
        { line: 5, code: "invalid", field: "clicks" },
        { line: 6, code: "early" },
      ],
    });
    live.tick();
    const late = await live.send("POST", "/v1/metrics", { ...good, platform: "beryl" });
    expect(late.status).toBe(422);
    expect(await late.json()).toMatchObject({ errors: [{ code: "late" }] });
  });

  it("refuses the spend of a bid that was never made (LM3)", async () => {
    const live = service().start().tick();
    const row = {
      kind: "spend",
      campaign: "shoes-0001",
      platform: "amber",
      tick: 0,
      costMicros: 5,
      impressions: 1,
      clicks: 1,
    };
    expect(await json(live.send("POST", "/v1/settlements", row))).toMatchObject({ errors: [{ code: "unknown-bid" }] });
  });

  it("refuses a batch that does not fit, whole, and says when to try again (LM2, IN3)", async () => {
    const live = service({ limits: { reports: 2 } })
      .start()
      .tick();
    const row = { kind: "conversions", campaign: "shoes-0001", tick: 0, conversions: 1 };
    const body = ["amber", "beryl", "coral"].map((platform) => JSON.stringify({ ...row, platform })).join("\n");
    const response = await live.send("POST", "/v1/settlements", body);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(live.run.market.queued.reports).toBe(0);
  });
});

describe("an operator", () => {
  it("pauses, resumes, tops up and ends a campaign, all on record", async () => {
    const live = service({ isDemo: true }).start().tick(3);
    const order = (verb: string, body: object) => live.send("POST", `/v1/campaigns/shoes-0001/${verb}`, body);
    const before = await json<CampaignDetail>(live.get("/v1/campaigns/shoes-0001"));
    expect(await json(order("pause", { by: "anna", why: "stock" }))).toMatchObject({
      state: "paused",
      heldBecause: "stock",
    });
    expect(await json(order("resume", { by: "anna" }))).toMatchObject({ heldBecause: null });
    const topUp = { micros: 1_000_000, key: "once" };
    const { budgetMicros } = before;
    expect(await json(order("top-up", topUp))).toMatchObject({ budgetMicros: budgetMicros + 1_000_000 });
    expect(await json(order("top-up", topUp))).toMatchObject({ budgetMicros: budgetMicros + 1_000_000 });
    expect((await order("end", {})).status).toBe(422);
    expect(await json(order("end", { why: "sold out" }))).toMatchObject({ state: "ended" });
    expect((await order("resume", {})).status).toBe(409);
    expect(live.orders).toMatchObject([
      { action: "campaign.pause", slot: 0, by: "anna", why: "stock" },
      { action: "campaign.resume" },
      { action: "campaign.top-up", micros: 1_000_000 },
      { action: "campaign.end", why: "sold out" },
    ]);
  });

  it("creates a campaign, which bids with the next tick", async () => {
    const live = service({ isDemo: true }).start().tick(3);
    const wanted = { id: "boots", budgetMicros: 20_000_000, valuePerConversionMicros: 35_000_000 };
    const made = await live.send("POST", "/v1/campaigns", wanted);
    expect(made.status).toBe(201);
    expect((await live.send("POST", "/v1/campaigns", wanted)).status).toBe(409);
    live.tick(2);
    const detail = await json<CampaignDetail>(live.get("/v1/campaigns/boots"));
    expect(detail.decisions.map(({ tick }) => tick)).toEqual([4, 3]);
    expect(detail.state).toBe("bidding");
    const nowhere = await live.send("POST", "/v1/campaigns", { ...wanted, id: "other", portfolio: "nowhere" });
    expect(nowhere.status).toBe(409);
  });

  it("closes one platform, or everything, and opens it again", async () => {
    const live = service({ isDemo: true }).start().tick(3);
    const flip = (body: object) => live.send("PUT", "/v1/kill-switch", { why: "a spike", ...body });
    expect(await json(flip({ scope: "platform", id: "amber", engaged: true }))).toEqual({
      all: null,
      platforms: [{ id: "amber", why: "a spike" }],
    });
    live.tick();
    const bids = await json<BidsAnswer[]>(live.get("/v1/bids?after=2"));
    expect(bids.map(({ platform }) => platform)).not.toContain("amber");
    expect(bids.length).toBeGreaterThan(0);
    await flip({ scope: "all", engaged: true });
    live.tick(2);
    expect(await json(live.get("/v1/bids?after=3"))).toEqual([]);
    expect(await json(live.get("/v1/kill-switch"))).toMatchObject({ all: "a spike" });
    await flip({ scope: "all", engaged: false });
    await flip({ scope: "platform", id: "amber", engaged: false });
    live.tick();
    expect((await json<BidsAnswer[]>(live.get("/v1/bids?after=5"))).map(({ platform }) => platform)).toContain("amber");
  });
});

describe("a viewer", () => {
  it("pages through campaigns and decisions", async () => {
    const live = service({ isDemo: true }).start().tick(5);
    const page = await json<{ total: number; items: { id: string }[] }>(
      live.get("/v1/campaigns?sort=spent&order=desc&limit=2&offset=1"),
    );
    expect(page.total).toBe(3);
    expect(page.items).toHaveLength(2);
    const { items, next } = await json<{ items: DecisionFrame[]; next: number }>(live.get("/v1/decisions?limit=4"));
    expect(items).toHaveLength(4);
    expect((await json<{ items: DecisionFrame[] }>(live.get(`/v1/decisions?after=${next}`))).items[0].id).toBe(
      next + 1,
    );
  });

  it("is sent frames as they change, and is gone when it leaves", async () => {
    const live = service({ isDemo: true }).start().tick();
    const response = await live.get("/v1/frames");
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^event: frame\ndata: \{"version":1/);
    expect(live.run.vitals.viewers).toBe(1);
    live.tick();
    expect((await reader.read()).value).toContain('"tick":1');
    await reader.cancel();
    await expect.poll(() => live.run.vitals.viewers).toBe(0);
  });

  it("that does not read misses frames, and holds nobody up (ST1)", async () => {
    const live = service({ isDemo: true }).start().tick();
    const response = await live.get("/v1/frames");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let i = 0; i < 6; i += 1) {
      live.tick();
      await new Promise((resolve) => setTimeout(resolve, 260));
    }
    const ticks: number[] = [];
    while (ticks.at(-1) !== 6) {
      const { value } = await reader.read();
      ticks.push(Number(/"tick":(\d+)/.exec(value!)![1]));
    }
    expect(ticks.length).toBeLessThan(6);
    await reader.cancel();
  });

  it("is sent the decisions of one campaign", async () => {
    const live = service({ isDemo: true }).start().tick();
    const response = await live.get("/v1/decisions/stream?campaign=shoes-0002");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    live.tick();
    const { value } = await reader.read();
    expect(value).toContain("event: decision");
    expect(JSON.parse(/data: (.*)/.exec(value!)![1])).toMatchObject({ campaign: "shoes-0002", tick: 1 });
    await reader.cancel();
  });

  it("is told that the engine is not there yet, then ready, then not", async () => {
    const live = service({ isDemo: true });
    expect((await live.get("/readyz")).status).toBe(503);
    expect((await live.get("/v1/status")).status).toBe(503);
    live.start();
    expect((await live.get("/readyz")).status).toBe(200);
    expect((await live.get("/healthz")).status).toBe(200);
    live.run.isReady = false;
    expect((await live.get("/readyz")).status).toBe(503);
  });

  it("finds every operation in /openapi.json", async () => {
    const live = service();
    const document = await json<{ openapi: string; paths: Record<string, object> }>(live.get("/openapi.json"));
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toContain("/v1/campaigns/{id}/top-up");
    expect(JSON.stringify(document.paths["/v1/settlements"])).toContain("costMicros");
  });
});
