import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { DecisionLog } from "../../src/observe/decision-log.ts";
import type { DecisionLogLevel } from "../../src/observe/decision-log.ts";
import { playRun } from "./synthetic-run.ts";

const folder = mkdtempSync(join(tmpdir(), "decision-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly event: string;
  readonly tick: number;
  readonly campaign: string;
  readonly state: string;
  readonly reason: string;
  readonly bids: readonly { platform: string }[];
}

function log(level: DecisionLogLevel, name: string = level) {
  const path = join(folder, name.replace(":", "-"));
  const observer = new DecisionLog(path, level, true);
  playRun([observer]);
  const end = observer.close();
  const text = readFileSync(path, "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  return { end, text, lines, decisions: lines.filter(({ event }) => event === "decision") };
}

function errorOf(act: () => unknown): EngineError {
  try {
    act();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("decision log", () => {
  it("begins with the run's header and the campaigns' declarations (D2)", () => {
    const { lines } = log("all");
    expect(lines[0]).toMatchObject({
      event: "engine.started",
      time: "2026-01-01T00:00:00.000Z",
      name: "synthetic",
      seed: 42,
      currency: "EUR",
      tickMs: 60_000,
      campaigns: 4,
    });
    expect(lines.slice(1, 5).map(({ event, campaign }) => `${event} ${campaign}`)).toEqual(
      ["c1", "c2", "c3", "c4"].map((id) => `campaign.declared ${id}`),
    );
  });

  it("writes a decision with its inputs, alternatives, reason and balances", () => {
    const { decisions } = log("all");
    expect(decisions[0]).toEqual({
      level: 30,
      event: "decision",
      time: "2026-01-01T00:00:00.000Z",
      tick: 0,
      campaign: "c1",
      from: "idle",
      state: "bidding",
      reason: "bid.placed",
      binding: "value",
      gammaMicros: 20_000_000,
      bids: [{ platform: "search", bidMicros: 600_000, capMicros: 3_600_000 }],
      candidates: expect.arrayContaining([
        {
          platform: "search",
          cvr: 0.03,
          cvrRelSd: 0.1,
          cpcMicros: 400_000,
          roiMicros: 200_000,
          marginalMicros: 600_000,
          verdict: "bid",
        },
      ]),
      account: {
        budgetMicros: 90_000_000,
        spentMicros: 0,
        reservedMicros: 3_600_000,
        availableMicros: 86_400_000,
      },
    });
  });

  it("gives the same bytes for the same events, and their hash (D1)", () => {
    const [first, second] = [log("all", "first"), log("all", "second")];
    expect(second.text).toBe(first.text);
    expect(first.end).toEqual({
      lines: first.lines.length,
      sha256: createHash("sha256").update(first.text).digest("hex"),
    });
    expect(first.text).not.toMatch(/"pid"|"hostname"/);
  });

  it("keeps every decision at level all", () => {
    expect(log("all").decisions).toHaveLength(60 * 4);
  });

  it("keeps at level changes exactly the decisions that differ from their campaign's previous one", () => {
    const last = new Map<string, string>();
    const expected = log("all").decisions.filter(({ campaign, state, reason, bids }) => {
      const key = JSON.stringify([state, reason, bids.map(({ platform }) => platform)]);
      const isNew = last.get(campaign) !== key;
      last.set(campaign, key);
      return isNew;
    });
    const { decisions } = log("changes");
    expect(decisions).toEqual(expected);
    expect(decisions.length).toBeLessThan(120);
  });

  it("keeps every Nth decision at level sample:N, of every campaign", () => {
    const { decisions } = log("sample:10");
    expect(decisions).toHaveLength((60 * 4) / 10);
    expect(new Set(decisions.map(({ campaign }) => campaign)).size).toBe(4);
  });

  it.each(["some", "sample:0", "sample:x"])("refuses the level %s", (level) => {
    expect(errorOf(() => new DecisionLog(join(folder, "x"), level as DecisionLogLevel)).code).toBe("CE_USAGE_INVALID");
  });

  it("writes platform changes, failures and refusals with names in place of indices", () => {
    const path = join(folder, "facts");
    const observer = new DecisionLog(path, "changes");
    const { timeMs } = playRun([observer], { ticks: 1, campaigns: 1 });
    const at = { tick: 1, timeMs };
    observer.observe({ ...at, type: "campaign.quarantined", slot: 0, error: "boom" });
    observer.observe({
      ...at,
      type: "report.refused",
      slot: 0,
      platform: 1,
      bidTick: 0,
      why: "malformed",
      costMicros: 0,
    });
    observer.observe({ ...at, type: "campaign.changed", slot: 0, from: "bidding", state: "idle", why: "settled" });
    observer.observe({ ...at, type: "campaign.changed", slot: 0, from: "exhausted", state: "idle", why: "new day" });
    observer.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(-3);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event: "campaign.quarantined", campaign: "c1", error: "boom" },
      { event: "report.refused", campaign: "c1", platform: "social", why: "malformed" },
      { event: "campaign.changed", campaign: "c1", why: "new day" },
    ]);
  });

  it("fails at once when the file cannot be opened (D3)", () => {
    const error = errorOf(() => new DecisionLog(join(folder, "absent", "log")));
    expect(error.code).toBe("CE_OUTPUT_UNWRITABLE");
    expect(error.message).toContain("ENOENT");
  });

  it.skipIf(!existsSync("/dev/full"))("throws when the disk is full, again and at the end (D3)", () => {
    const observer = new DecisionLog("/dev/full");
    const error = errorOf(() => playRun([observer], { ticks: 400 }));
    expect(error.code).toBe("CE_OUTPUT_UNWRITABLE");
    expect(error.message).toMatch(/ENOSPC.*; 0 lines are safe/);
    expect(errorOf(() => observer.close())).toBe(error);
  });

  it("throws a stream's error at the end (D3)", async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const observer = new DecisionLog(broken);
    playRun([observer], { ticks: 100 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(errorOf(() => observer.close()).code).toBe("CE_OUTPUT_UNWRITABLE");
  });
});
