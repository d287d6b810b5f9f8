import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { bookOf } from "../../src/journal/account-book.ts";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import type { Entry } from "../../src/journal/store.ts";
import { beat } from "../../src/server/beat.ts";
import type { BidsAnswer } from "../../src/server/view-operations.ts";
import { LiveService } from "./live-service.ts";

/** A store whose disk can be filled, and slow. */
class Disk extends MemoryStore {
  isFull = false;
  slowMs = 0;

  override async append(shard: number, epoch: number, expectedSeq: number, entries: readonly Entry[]): Promise<number> {
    if (this.isFull) throw new EngineError("CE_STATE_FULL", "The disk is full.");
    if (this.slowMs > 0) await new Promise((written) => setTimeout(written, this.slowMs));
    return super.append(shard, epoch, expectedSeq, entries);
  }
}

const platforms = ["amber", "beryl", "coral", "diamond", "emerald"];
const metrics = (tick: number) =>
  platforms
    .map((platform) =>
      JSON.stringify({
        platform,
        tick,
        impressions: 1_000,
        clicks: 50,
        cpcMicros: 500_000,
        conversions: 3,
        conversionAgeTicks: 0,
      }),
    )
    .join("\n");

/** Plays ticks and tells of each what the platforms' metrics were. */
async function play(service: LiveService, ticks: number): Promise<void> {
  for (let i = 0; i < ticks; i += 1) {
    await service.run.play();
    const sent = await service.send("POST", "/v1/metrics", metrics(service.run.market.tick));
    expect(sent.status).toBe(200);
  }
}

async function bidsOf(service: LiveService): Promise<BidsAnswer[]> {
  return (await (await service.get("/v1/bids?after=-1")).json()) as BidsAnswer[];
}

/** What the pages show, but for the times that things took and the decisions of late, of which less is kept. */
async function shownOf(service: LiveService): Promise<object> {
  const get = async (path: string) => (await (await service.get(path)).json()) as Record<string, unknown>;
  const { performance: _, events, ...frame } = await get("/v1/status");
  // That it runs is said again by an engine that goes on.
  const told = (events as { type: string; id: number }[]).filter(({ type }) => type !== "engine.changed");
  const { items } = (await get("/v1/campaigns?limit=100")) as unknown as { items: { id: string; reason: unknown }[] };
  const { decisions: _decisions, reason: _reason, ...campaign } = await get(`/v1/campaigns/${items[0].id}`);
  return {
    frame,
    told: told.map(({ id: _id, ...line }) => line),
    campaign,
    rows: items.map(({ reason: _why, ...row }) => row),
  };
}

async function started(store: MemoryStore, snapshotTicks?: number): Promise<LiveService> {
  const service = new LiveService({ store, ...(snapshotTicks === undefined ? {} : { snapshotTicks }) });
  await service.run.start();
  service.run.isReady = true;
  return service;
}

describe("a service with a log", () => {
  it.each([
    ["", undefined],
    [", from a snapshot", 4],
    [", from a snapshot of this very moment", 6],
  ])("goes on where it was with what it was told, what it bid and what it was ordered%s", async (_, snapshotTicks) => {
    const store = new MemoryStore();
    const first = await started(store, snapshotTicks);
    await play(first, 6);
    const [{ id, budgetMicros }] = (
      (await (await first.get("/v1/campaigns?limit=1")).json()) as { items: { id: string; budgetMicros: number }[] }
    ).items;
    const order = { micros: 7_000_000, by: "anna", key: "one" };
    expect((await first.send("POST", `/v1/campaigns/${id}/top-up`, order)).status).toBe(200);
    const bids = await bidsOf(first);
    const {
      tick,
      platform,
      bids: [bid],
    } = bids.find((each) => each.bids.length > 0)!;
    const spend = {
      kind: "spend",
      campaign: bid.campaign,
      platform,
      tick,
      costMicros: 10,
      impressions: 5,
      clicks: 1,
      conversions: 0,
    };
    expect(await (await first.send("POST", "/v1/settlements", JSON.stringify(spend))).json()).toMatchObject({
      accepted: 1,
    });

    // The first one is not stopped: it is gone.
    const shown = await shownOf(first);
    const second = await started(store, snapshotTicks);
    expect(await shownOf(second)).toEqual(shown);
    expect(second.run.engine.nextTick).toBe(first.run.engine.nextTick);
    expect((await store.snapshots(0)).length).toBe(snapshotTicks === undefined ? 0 : 1);
    expect(await bidsOf(second)).toEqual(bids);
    const again = await second.send("POST", "/v1/settlements", JSON.stringify(spend));
    expect(await again.json()).toMatchObject({ accepted: 0, duplicates: 1 });
    expect((await second.send("POST", `/v1/campaigns/${id}/top-up`, order)).status).toBe(200);
    await play(second, 2);
    const campaign = (await (await second.get(`/v1/campaigns/${id}`)).json()) as { budgetMicros: number };
    expect(campaign.budgetMicros).toBe(budgetMicros + 7_000_000);
    const book = await bookOf(store, 0);
    expect(book.rows.reduce((sum, row) => sum + row.spentMicros, 0)).toBe(10);
    expect(book.orders).toMatchObject([{ action: "campaign.top-up", by: "anna", micros: 7_000_000 }]);
    await expect(first.run.play()).rejects.toMatchObject({ code: "CE_STATE_FENCED" });
    first.close();
    second.close();
  });

  it("bids nothing and takes nothing while the disk is full, says so, and goes on when there is room", async () => {
    const disk = new Disk();
    const service = await started(disk);
    service.close();
    const live = new LiveService({ store: disk });
    const stop = new AbortController();
    const words: (string | null)[] = [];
    const end = beat(Object.assign(live.run, { everyMs: 20 }), {
      signal: stop.signal,
      drainMs: 100,
      onStuck: (why) => words.push(why?.code ?? null),
    });
    await expect.poll(() => live.run.engine.nextTick).toBeGreaterThan(2);
    expect((await live.get("/readyz")).status).toBe(200);
    disk.isFull = true;
    await expect.poll(() => words).toEqual(["CE_STATE_FULL"]);
    const { nextTick } = live.run.engine;
    expect((await live.get("/readyz")).status).toBe(503);
    const refused = await live.send("PUT", "/v1/kill-switch", { scope: "all", engaged: true, why: "a test" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await refused.json()).toMatchObject({ error: { code: "state.unwritable" } });
    const records = await live.send("POST", "/v1/metrics", metrics(live.run.market.tick));
    expect(records.status).toBe(503);
    expect(live.run.engine.nextTick).toBe(nextTick);
    disk.isFull = false;
    await expect.poll(() => words).toEqual(["CE_STATE_FULL", null]);
    await expect.poll(() => live.run.engine.nextTick).toBeGreaterThan(nextTick);
    expect((await live.get("/readyz")).status).toBe(200);
    stop.abort();
    expect((await end).ticks).toBe(live.run.engine.nextTick);
    live.close();
  });

  it("waits for a disk that is slow: ticks are late, which is told, and none is skipped or played twice", async () => {
    const disk = new Disk();
    const live = new LiveService({ store: disk, everyMs: 10 });
    const stop = new AbortController();
    const late: number[] = [];
    disk.slowMs = 30;
    const onLate = (tick: number) => late.push(tick);
    const end = beat(live.run, { signal: stop.signal, drainMs: 0, onLate });
    await expect.poll(() => late.length).toBeGreaterThan(5);
    stop.abort();
    const { ticks } = await end;
    const played: number[] = [];
    for await (const { kind, tick } of disk.read(0)) if (kind === "tick") played.push(tick);
    expect(played).toEqual(Array.from({ length: ticks }, (_, at) => at + 1));
    live.close();
  });

  it("takes no events by hand, which its log would not know of", async () => {
    const service = await started(new MemoryStore());
    await expect(service.run.send("campaign:shoes-1", { type: "tick" })).rejects.toMatchObject({
      code: "order.refused",
    });
    service.close();
  });
});
