import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { putLoad } from "../../src/cli/load-test.ts";
import type { LoadPlan } from "../../src/cli/load-test.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";

const folder = mkdtempSync(join(tmpdir(), "load-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const greedy = policyNamed("greedy-roi");

/** A load of a hundred campaigns for six ticks. */
function plan(fields: Partial<LoadPlan> = {}): LoadPlan {
  return {
    campaigns: 100,
    ticks: 6,
    periodMs: 40,
    policy: greedy,
    seed: 1,
    threads: 1,
    log: "/dev/null",
    logLevel: "changes",
    signal: new AbortController().signal,
    onTick: () => undefined,
    ...fields,
  };
}

/** Greedy, but every tick takes at least so long. */
function slow(ms: number): Policy {
  let lastTick = -1;
  return {
    ...greedy,
    decide(input, memory) {
      const endMs = performance.now() + (input.tick === lastTick ? 0 : ms);
      lastTick = input.tick;
      while (performance.now() < endMs);
      return greedy.decide(input, memory);
    },
  };
}

describe("a load test", () => {
  it("measures the ticks of the wall clock, and nothing before or after (LT2)", async () => {
    const log = join(folder, "log.ndjson");
    const result = await putLoad(plan({ log, logLevel: "all" }));
    expect(result).toMatchObject({ campaigns: 100, platforms: 5, ticks: 6 });
    expect(result.decisions).toBeGreaterThan(500);
    expect(result.wallSeconds).toBeGreaterThan(0.19);
    expect(result.cpuSeconds).toBeGreaterThan(0);
    const { p50, p95, p99, max } = result.latencyMs;
    expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].toSorted((a, b) => a - b));
    const lines = readFileSync(log, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(result.logLines);
    expect(lines.filter((line) => line.includes('"event":"decision"'))).toHaveLength(result.decisions);
  });

  it("calls a tick late whose decisions come after the next one was due (LT1)", async () => {
    const late = await putLoad(plan({ campaigns: 1, ticks: 3, periodMs: 20, policy: slow(30) }));
    expect(late.lateTicks).toBe(3);
    const inTime = await putLoad(plan({ campaigns: 1, ticks: 3, periodMs: 1000, policy: slow(30) }));
    expect(inTime.lateTicks).toBe(0);
    expect(inTime.latencyMs.p50).toBeGreaterThanOrEqual(30);
  });

  it("ends after the tick under way when it is interrupted", async () => {
    const interrupt = new AbortController();
    const onTick = (played: number) => {
      if (played === 2) interrupt.abort();
    };
    expect(await putLoad(plan({ signal: interrupt.signal, onTick }))).toMatchObject({ ticks: 2 });
  });
});

describe("campaign-engine load", () => {
  const bin = resolve(import.meta.dirname, "../../src/cli/bin.js");
  const load = (...args: string[]) => spawnSync(process.execPath, [bin, "load", ...args], { encoding: "utf8" });

  it("exits with 4 when a tick was late and that was forbidden", () => {
    // No machine plays so many campaigns in so short a time from the first tick on.
    const args = ["--campaigns", "3000", "--seconds", "1", "--every", "10ms", "--json", "--threads", "1"];
    const late = load(...args, "--fail-late");
    expect(late.status).toBe(4);
    expect((JSON.parse(late.stdout) as { lateTicks: number }).lateTicks).toBeGreaterThan(0);
  });

  it("refuses a load that is none", () => {
    expect(load("--campaigns", "0").status).toBe(2);
    expect(load("--policy", "no-such-policy", "--seconds", "1").status).not.toBe(0);
  });
});
