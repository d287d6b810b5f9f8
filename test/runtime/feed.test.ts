import { config } from "rxjs";
import { describe, expect, it } from "vitest";
import { Health } from "../../src/core/forecast/board.ts";
import type { PlatformMetrics, PlatformSpec } from "../../src/core/platform.ts";
import { Feed, type FeedUpdate } from "../../src/runtime/feed.ts";

const spec = (id: string): PlatformSpec => ({
  id,
  pricing: "second-price",
  control: "bid",
  floorMicros: 0,
  overDeliveryFactor: 1,
});
const metrics = (platform: number, tick: number, over: Partial<PlatformMetrics> = {}): PlatformMetrics => ({
  platform,
  tick,
  impressions: 500,
  clicks: 10,
  cpcMicros: 1e6,
  conversions: 1,
  conversionAgeTicks: 0,
  ...over,
});
const feed = (forecasterNames = ["count-weighted", "ols-30"]) =>
  new Feed({ platforms: [spec("a"), spec("b")], forecasterNames, tickMs: 60_000, periodTicks: 1440 });

describe("Feed", () => {
  it("moves every board on to the pushed tick before it returns (F2)", () => {
    const hub = feed();
    for (let tick = -30; tick <= 0; tick += 1) hub.push(tick, [metrics(0, tick - 1), metrics(1, tick - 1)]);
    for (const board of hub.boards.values()) {
      expect(board.tick).toBe(0);
      expect(board.evidence[1]).toBeGreaterThan(0);
      expect(board.cvr[1]).toBeGreaterThan(0.05);
    }
  });

  it("computes boards for the forecasters in use only", () => {
    expect([...feed(["ols-30", "ols-30"]).boards.keys()]).toEqual(["ols-30"]);
    expect(() => feed(["oracle"])).toThrow(expect.objectContaining({ code: "CE_FORECASTER_UNKNOWN" }));
  });

  it("hears silence where a platform says nothing", () => {
    const hub = feed();
    hub.push(1, [metrics(0, 0)]);
    const heard = hub.push(2, [metrics(0, 1)]);
    expect(heard[1]).toEqual({ platform: 1, tick: 1, metrics: null, refused: null });
    expect([...hub.boards.values()].map((board) => board.ageTicks[1])).toEqual([2, 2]);
  });

  it.each([
    ["NaN", { clicks: Number.NaN }],
    ["a negative price", { cpcMicros: -1 }],
    ["infinity", { impressions: Number.POSITIVE_INFINITY }],
    ["a text", { clicks: "10" as unknown as number }],
    ["the wrong tick", { tick: 7 }],
    ["more conversions than clicks in a day", { conversions: 1000 }],
    ["ages without conversions", { conversions: 0, conversionAgeTicks: 5 }],
    ["ages beyond any attribution window", { conversionAgeTicks: 1e9 }],
  ])("refuses %s and takes it for silence (F1)", (_, over) => {
    const [dirty, silent] = [feed(), feed()];
    for (const each of [dirty, silent]) each.push(1, [metrics(0, 0), metrics(1, 0)]);
    const heard = dirty.push(2, [metrics(0, 1, over), metrics(1, 1)]);
    silent.push(2, [metrics(1, 1)]);
    expect(heard[0].metrics).toBeNull();
    expect(heard[0].refused).toEqual(expect.any(String));
    expect(heard[1].refused).toBeNull();
    expect(dirty.boards).toEqual(silent.boards);
  });

  it("refuses two messages about one tick", () => {
    expect(feed().push(1, [metrics(0, 0), metrics(0, 0)])[0].refused).toContain("2 messages");
  });

  it("accepts conversions of many ticks at once, as far as there were clicks", () => {
    const hub = feed();
    for (let tick = 1; tick < 60; tick += 1) hub.push(tick, [metrics(0, tick - 1, { conversions: 0 })]);
    expect(hub.push(60, [metrics(0, 59, { conversions: 60, conversionAgeTicks: 1800 })])[0].refused).toBeNull();
  });

  it("learns a tick once, however many listen (F4)", () => {
    const [alone, watched] = [feed(), feed()];
    const seen: FeedUpdate[] = [];
    for (let i = 0; i < 3; i += 1) watched.updates(0).subscribe((update) => seen.push(update));
    for (const each of [alone, watched]) each.push(1, [metrics(0, 0)]);
    expect(seen).toHaveLength(3);
    expect(watched.boards).toEqual(alone.boards);
  });

  it("goes on for all others when a listener throws (F3)", async () => {
    const thrown: unknown[] = [];
    config.onUnhandledError = (error) => thrown.push(error);
    try {
      const hub = feed();
      let heard = 0;
      hub.updates(0).subscribe(() => {
        throw new Error("listener");
      });
      hub.updates(0).subscribe(() => (heard += 1));
      hub.updates(1).subscribe(() => (heard += 1));
      hub.push(1, [metrics(0, 0), metrics(1, 0)]);
      hub.push(2, [metrics(0, 1), metrics(1, 1)]);
      expect(heard).toBe(4);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(thrown.length).toBeGreaterThan(0);
    } finally {
      config.onUnhandledError = null;
    }
  });

  it("writes health on all boards and ends its streams", () => {
    const hub = feed();
    let isComplete = false;
    hub.updates(1).subscribe({ complete: () => (isComplete = true) });
    hub.setHealth(1, Health.down);
    hub.complete();
    expect([...hub.boards.values()].map((board) => board.health[1])).toEqual([Health.down, Health.down]);
    expect(isComplete).toBe(true);
  });
});
