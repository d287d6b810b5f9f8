import { config } from "rxjs";
import { describe, expect, it } from "vitest";
import { Health } from "../../src/core/forecast/board.ts";
import type { ForecasterFactory } from "../../src/core/forecast/board.ts";
import type { PlatformMetrics, PlatformSpec } from "../../src/core/platform.ts";
import { Feed } from "../../src/runtime/feed.ts";
import type { FeedUpdate } from "../../src/runtime/feed-check.ts";

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

  /** A forecaster that counts, and fails when it is told to. */
  function fragile() {
    const orders = { fails: false, isNaN: false, failsAtBirth: false };
    const create: ForecasterFactory = (board, platform) => {
      if (orders.failsAtBirth) throw new RangeError("planted: birth");
      let clicks = 0;
      return {
        update(heard) {
          clicks += heard?.clicks ?? 0;
          board.cvr[platform] = 0.9;
          if (orders.fails) throw new RangeError("planted: forecaster");
          board.ageTicks[platform] = heard === null ? board.ageTicks[platform] + 1 : 0;
          board.cvr[platform] = orders.isNaN ? Number.NaN : clicks / 1e6;
          board.evidence[platform] = 5;
        },
      };
    };
    const forecasters = new Map([["fragile", create]]);
    const options = { forecasterNames: ["fragile", "ols-30"], forecasters, tickMs: 60_000, periodTicks: 60 };
    return { orders, hub: new Feed({ platforms: [spec("a"), spec("b")], ...options }) };
  }
  const both = (tick: number) => [metrics(0, tick - 1), metrics(1, tick - 1)];

  it.each(["fails", "isNaN"] as const)(
    "keeps a row as it last was when its forecaster %s, and lets it age (B1–B3)",
    (fault) => {
      const { hub, orders } = fragile();
      const board = hub.boards.get("fragile")!;
      hub.push(1, both(1));
      orders[fault] = true;
      const heard = hub.push(2, both(2));
      expect(heard.map(({ refused }) => refused)).toEqual([null, null]);
      expect(hub.takeFailures().map(({ platform, stage }) => [platform, stage])).toEqual([
        [0, 1],
        [1, 1],
      ]);
      hub.push(3, both(3));
      expect(hub.takeFailures()).toEqual([]);
      expect([board.cvr[0], board.ageTicks[0], board.evidence[0]]).toEqual([10 / 1e6, 2, 5]);
      expect(hub.boards.get("ols-30")!.ageTicks[0]).toBe(0);
      hub.giveUp(0, 1);
      hub.push(4, both(4));
      expect([board.evidence[0], board.evidence[1]]).toEqual([0, 5]);
    },
  );

  it("lets a new forecaster learn again from what was accepted, without the tick that broke the old one (F5, B4)", () => {
    const { hub, orders } = fragile();
    const board = hub.boards.get("fragile")!;
    for (let tick = 1; tick <= 10; tick += 1) {
      orders.fails = tick === 5;
      hub.push(tick, both(tick));
    }
    orders.fails = false;
    orders.failsAtBirth = true;
    hub.takeFailures();
    hub.restart(0, [1]);
    expect(hub.takeFailures()).toEqual([{ platform: 0, stage: 1, error: "planted: birth" }]);
    expect([board.cvr[0], board.ageTicks[0]]).toEqual([40 / 1e6, 6]);
    orders.failsAtBirth = false;
    hub.restart(0, [1]);
    expect([board.cvr[0], board.ageTicks[0]]).toEqual([90 / 1e6, 0]);
    hub.push(11, both(11));
    expect(board.cvr[0]).toBe(100 / 1e6);
  });

  it("gives a default forecaster that was restarted the row that it would have had (F5)", () => {
    const [broken, whole] = [feed(), feed()];
    for (const each of [broken, whole]) for (let tick = 1; tick < 400; tick += 1) each.push(tick, both(tick));
    broken.restart(0, [1, 2]);
    expect(broken.boards).toEqual(whole.boards);
    for (const each of [broken, whole]) each.push(400, both(400));
    expect(broken.boards).toEqual(whole.boards);
  });

  it("is silent while a platform's stream is away, and opens a new one for the same listeners (F3, F5)", () => {
    const hub = feed();
    const seen: FeedUpdate[] = [];
    hub.updates(0).subscribe((update) => seen.push(update));
    hub.push(1, both(1));
    const poisoned = metrics(0, 1);
    Object.defineProperty(poisoned, "clicks", {
      get: () => {
        throw new RangeError("planted: stream");
      },
    });
    const heard = hub.push(2, [poisoned, metrics(1, 1)]);
    expect(heard.map((update) => update.metrics !== null)).toEqual([false, true]);
    expect(hub.takeFailures()).toEqual([{ platform: 0, stage: 0, error: "planted: stream" }]);
    hub.push(3, both(3));
    expect([...hub.boards.values()].map((board) => [board.ageTicks[0], board.ageTicks[1]])).toEqual([
      [2, 0],
      [2, 0],
    ]);
    hub.restart(0, [0, 1, 2]);
    hub.push(4, both(4));
    expect(seen.map((update) => update.metrics !== null)).toEqual([true, false, false, true]);
    expect([...hub.boards.values()].map((board) => board.ageTicks[0])).toEqual([0, 0]);
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
