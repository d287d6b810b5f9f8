import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));
const SCENARIO = `
name: small
duration: 20m
warmup: 0s
platforms: [{ id: amber }]
campaigns: [{ id: shoes, budget: 20, valuePerConversion: 30 }]
`;

function chaos(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, "chaos", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "chaos-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the chaos command", () => {
  it("comes to the same on one thread and on two", () => {
    const [one, two] = ["1", "2"].map((threads) => chaos("--flights", "20", "--threads", threads, "--json"));
    expect(one.status).toBe(0);
    expect(JSON.parse(one.stdout)).toMatchObject({ seed: 1, flights: 20, broken: [] });
    expect(two.stdout).toBe(one.stdout);
  });

  it("plays a scenario by itself, and says what is wrong with one that is none", () => {
    const file = join(folder, "small.yaml");
    writeFileSync(file, SCENARIO);
    expect(chaos("--scenario", file)).toMatchObject({ status: 0, stdout: expect.stringMatching(/violations +│ +0/) });
    writeFileSync(file, SCENARIO.replace("budget: 20", "budget: -20"));
    expect(chaos("--scenario", file)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("campaigns[0].budget"),
    });
  });
});
