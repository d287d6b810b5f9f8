import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "state-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
}

describe("simulate --state", () => {
  beforeAll(() => {
    expect(run("simulate", "storm", "--log", "whole.ndjson", "--json").status).toBe(0);
  });

  it("killed twice in the middle, ends with the decision log of a run that was never killed", async () => {
    const args = ["simulate", "storm", "--state", "kept", "--log", "kept.ndjson", "--json"];
    const log = join(folder, "kept.ndjson");
    const wholeBytes = statSync(join(folder, "whole.ndjson")).size;
    for (const share of [0.25, 0.6]) {
      rmSync(log, { force: true });
      const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), ...args], { cwd: folder, stdio: "ignore" });
      const exit = new Promise((done) => child.once("exit", done));
      while (child.exitCode === null && !(existsSync(log) && statSync(log).size > share * wholeBytes)) await sleep(2);
      child.kill("SIGKILL");
      await exit;
    }
    const last = run(...args);
    expect(last.status).toBe(0);
    expect(last.stderr).toMatch(/Goes on from tick \d+/);
    expect(readFileSync(join(folder, "kept.ndjson")).equals(readFileSync(join(folder, "whole.ndjson")))).toBe(true);
  }, 60_000);

  it("has books that a person can read, and that balance", () => {
    const all = run("audit", "kept");
    expect(all.status).toBe(0);
    expect(all.stdout).toContain("Balanced: budget = available + reserved + spent");
    expect(all.stdout).toContain("are the same, to the micro.");
    const one = JSON.parse(run("audit", "kept", "--campaign", "brand-0001", "--json").stdout) as {
      postings: { kind: string }[];
      campaigns: { spentMicros: number; budgetMicros: number }[];
    };
    expect(one.postings[0]).toMatchObject({ kind: "budget" });
    expect(one.postings.length).toBeGreaterThan(1_000);
    expect(one.campaigns).toHaveLength(1);
    expect(run("audit", "kept", "--campaign", "nobody").status).toBe(2);
    const shown = run("state", "show", "kept");
    expect(shown.stdout).toContain('simulate of "storm", seed 7');
    expect(JSON.parse(run("state", "verify", "kept", "--json").stdout)).toMatchObject({ isSound: true, accounts: 60 });
    const lines = run("state", "export", "kept").stdout.trimEnd().split("\n");
    expect(JSON.parse(lines[0])).toMatchObject({ kind: "opened", head: { epoch: 1 } });
    expect(JSON.parse(lines[1])).toMatchObject({ kind: "started", head: { name: "storm" } });
    expect(run("state", "compact", "kept").status).toBe(0);
    const sqlite = "SELECT sum(spent_micros) AS spent FROM campaigns";
    const code = `import { DatabaseSync } from "node:sqlite"; console.log(new DatabaseSync("kept/journal.sqlite").prepare("${sqlite}").get().spent)`;
    const sum = execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: folder, encoding: "utf8" });
    const { total } = JSON.parse(run("audit", "kept", "--json").stdout) as { total: { spentMicros: number } };
    expect(Number(sum)).toBe(total.spentMicros);
  }, 60_000);

  it("refuses another scenario, another seed and another market over the same state, and changes nothing", () => {
    const before = readFileSync(join(folder, "kept/journal.sqlite")).length;
    for (const args of [
      ["simulate", "calm-day"],
      ["simulate", "storm", "--seed", "8"],
      ["serve", "storm", "--demo", "--port", "0"],
    ]) {
      const { status, stderr } = run(...args, "--state", "kept");
      expect([status, stderr]).toEqual([3, expect.stringContaining("CE_STATE_MISMATCH")]);
    }
    expect(run("state", "verify", "kept").status).toBe(0);
    expect(readFileSync(join(folder, "kept/journal.sqlite")).length).toBeGreaterThanOrEqual(before);
  }, 60_000);
});

describe("a state that cannot be used", () => {
  it("is named with its place and what to do", () => {
    expect(run("audit", "nowhere")).toMatchObject({ status: 3, stderr: expect.stringContaining("CE_STATE_MISSING") });
    expect(run("state", "compact", "nowhere").status).toBe(3);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
    mkdirSync(join(folder, "foreign"));
    writeFileSync(
      join(folder, "foreign/journal.sqlite"),
      "not a database, but long enough to be taken for one".repeat(40),
    );
    const foreign = run("simulate", "calm-day", "--state", "foreign");
    expect(foreign).toMatchObject({ status: 3, stderr: expect.stringContaining("CE_STATE_FOREIGN") });
    writeFileSync(join(folder, "plain"), "a file");
    const plain = run("simulate", "calm-day", "--state", "plain");
    expect(plain).toMatchObject({ status: 3, stderr: expect.stringContaining("CE_STATE_UNWRITABLE") });
  });

  it("is refused while another process works with it", async () => {
    const child = spawn(
      process.execPath,
      [join(root, "src/cli/main.ts"), "simulate", "calm-day", "--every", "1s", "--state", "busy"],
      { cwd: folder, stdio: "ignore" },
    );
    const exit = new Promise((done) => child.once("exit", done));
    await expect.poll(() => existsSync(join(folder, "busy/journal.sqlite-wal")), { timeout: 30_000 }).toBe(true);
    const second = run("simulate", "calm-day", "--every", "1s", "--state", "busy");
    expect(second).toMatchObject({ status: 3, stderr: expect.stringContaining("CE_STATE_BUSY") });
    child.kill("SIGKILL");
    await exit;
  }, 60_000);
});
