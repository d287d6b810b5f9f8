import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { processOf, simulateStore, undisturbed } from "../crash/store-simulation.ts";
import type { Placed } from "../crash/store-simulation.ts";
import { UnreliableStore } from "../crash/unreliable-store.ts";
import { RandomStream } from "../../src/core/random.ts";
import { scenarioOf } from "./played-run.ts";

const FAULTS = {
  "decision-throws": 0.02,
  "action-throws": 0.01,
  "report-lost": 0.02,
  "report-twice": 0.05,
  "report-restated": 0.03,
  "report-late": 0.05,
  "over-delivery": 0.2,
  "platform-refusing": 0.02,
  "supervisor-throws": 0.01,
  "clock-jump": 0.03,
};
const calm = scenarioOf({ duration: "30m", warmup: "1h" });
const rough = scenarioOf({
  duration: "30m",
  warmup: "1h",
  faults: FAULTS,
  // Little enough for charges above their caps to go beyond it.
  campaigns: [{ id: "shoes", count: 3, spread: { budget: 0.5, value: 0.2 }, budget: 4, valuePerConversion: 35 }],
  operator: [{ at: "10m", campaigns: "shoes", do: "top-up", amount: 2 }],
});

describe("a run over a store that fails", () => {
  it.each([
    ["without faults", calm],
    ["with faults of platforms, actors and clocks, and orders", rough],
  ])("is the run that never died, %s (SS1–SS4)", async (_, scenario) => {
    const sha = await undisturbed(scenario);
    const sums = { deaths: 0, full: 0, unacknowledged: 0, comebacks: 0 };
    for (let seed = 1; seed <= 40; seed += 1) {
      const figures = await simulateStore(scenario, sha, seed);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += figures[key];
    }
    for (const times of Object.values(sums)) expect(times).toBeGreaterThan(20);
  });
});

describe("a service over a store that fails", () => {
  it.each([
    ["keeps its log", Number.POSITIVE_INFINITY],
    ["lets go of what is old", 10],
  ])("is the run that never died when it goes on from snapshots, and %s (SS1–SS4)", async (_, retainTicks) => {
    const sha = await undisturbed(calm);
    const sums = { deaths: 0, restored: 0, full: 0, unacknowledged: 0, comebacks: 0 };
    for (let seed = 1; seed <= 25; seed += 1) {
      const directory = mkdtempSync(join(tmpdir(), "ce-logs-"));
      const figures = await simulateStore(calm, sha, seed, { everyTicks: 1 + (seed % 7), retainTicks, directory });
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += figures[key];
      rmSync(directory, { recursive: true });
    }
    for (const times of Object.values(sums)) expect(times).toBeGreaterThan(10);
  });
});

describe("a durable run", () => {
  it("lets no bid leave before its step is written, and nothing else happen meanwhile (DR1, DR3)", async () => {
    const placed: Placed = new Map();
    const sound = new MemoryStore();
    const isFull = { now: false };
    const store = new Proxy(sound, {
      get: (target, name) => {
        if (name === "append" && isFull.now) {
          return new UnreliableStore(target, { next: () => 0 } as RandomStream).append.bind(
            new UnreliableStore(target, { next: () => 0 } as RandomStream),
          );
        }
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const { run } = processOf(calm, store, placed);
    await run.recover();
    await run.start();
    await run.tick();
    const [before, { seq }] = [placed.size, await sound.head(0)];
    expect(before).toBeGreaterThan(0);
    isFull.now = true;
    await expect(run.tick()).rejects.toMatchObject({ code: "CE_STATE_FULL" });
    await expect(run.tick()).rejects.toMatchObject({ code: "CE_STATE_FULL" });
    const order = { order: { action: "campaign.pause", slot: 0 }, signature: { by: "a", why: "b", atMs: 0 } } as const;
    await expect(run.obey(order)).rejects.toMatchObject({ code: "CE_STATE_FULL" });
    expect([run.isStuckForNow, placed.size, (await sound.head(0)).seq]).toEqual([true, before, seq]);
    isFull.now = false;
    await run.commit();
    expect([run.isStuckForNow, placed.size, (await sound.head(0)).seq]).toEqual([false, 2 * before, seq + 1]);
    run.stop();
  });

  it("ends where a worker thread has died, whose last good state the log does not know (JM3)", () => {
    const { market } = processOf(calm, new MemoryStore(), new Map());
    const fact = { tick: 3, timeMs: 0, restarts: 1, error: "it ended" };
    const lost = { ...fact, type: "supervisor.restarted", supervisor: "thread:1" } as const;
    expect(() => market.observe(lost)).toThrow(expect.objectContaining({ code: "CE_STATE_INTERRUPTED" }));
    expect(() => market.observe({ ...lost, supervisor: "portfolio:a" })).not.toThrow();
  });

  it("refuses the log of another run", async () => {
    const store = new MemoryStore();
    const first = processOf(calm, store, new Map());
    await first.run.recover();
    await first.run.start();
    first.run.stop();
    const other = processOf({ ...calm, name: "another" }, store, new Map());
    await expect(other.run.recover()).rejects.toMatchObject({ code: "CE_STATE_MISMATCH" });
  });

  it("refuses to go on where the engine decides otherwise than the log says (DR2)", async () => {
    const store = new MemoryStore();
    const first = processOf(calm, store, new Map());
    await first.run.recover();
    await first.run.start();
    await first.run.tick();
    first.run.stop();
    const [spec] = calm.campaigns;
    const changed = { ...calm, campaigns: [{ ...spec, maxBidMicros: 1_000 }, ...calm.campaigns.slice(1)] };
    const second = processOf(changed, store, new Map());
    await expect(second.run.recover()).rejects.toMatchObject({ code: "CE_STATE_DIVERGED" });
  });
});
