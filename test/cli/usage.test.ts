import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  return { status, stdout, stderr };
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the command line", () => {
  it("opens its help with examples", () => {
    const { status, stdout, stderr } = run("--help");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^Examples:/);
  });

  it("ends with 2 for an unknown command, and suggests one", () => {
    const { status, stdout, stderr } = run("simulat");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/Did you mean simulate/);
  });

  it("tells usage errors as JSON when asked to", () => {
    const { status, stderr } = run("scenario", "validate", "--json");
    expect(status).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "CE_USAGE_INVALID" } });
  });

  it("refuses --seeds where nothing is compared", () => {
    const { status, stderr } = run("simulate", "--seeds", "3");
    expect(status).toBe(2);
    expect(stderr).toMatch(/Add --compare/);
  });

  it("prints a JSON Schema", () => {
    expect(JSON.parse(run("schema").stdout)).toMatchObject({ title: "campaign-engine scenario", type: "object" });
  });

  it("prints a statechart as a Mermaid diagram", () => {
    expect(run("machines", "campaign", "--mermaid").stdout).toMatch(/^stateDiagram-v2\n {2}\[\*\] --> idle\n/);
  });
});

describe("the scenario commands", () => {
  it("write a starter that is valid, and never overwrite one unasked", () => {
    const file = join(folder, "my.yaml");
    expect(run("scenario", "init", file).status).toBe(0);
    const { status, stdout } = run("scenario", "validate", file);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("is valid") });
    writeFileSync(file, "mine");
    expect(run("scenario", "init", file)).toMatchObject({ status: 3, stderr: expect.stringContaining("--force") });
    expect(existsSync(file) && readFileSync(file, "utf8")).toBe("mine");
  });

  it("point at the place of an error with the line and a caret", () => {
    const file = join(folder, "bad.yaml");
    writeFileSync(file, "name: x\nplatfroms: []\n");
    const { status, stdout, stderr } = run("scenario", "validate", file);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toContain(`at ${file}:2:1\n  2 | platfroms: []\n      ^\n  field: platfroms\n`);
    expect(stderr).toContain('Did you mean "platforms"?');
  });

  it("show what a scenario amounts to", () => {
    expect(run("scenario", "show", "storm").stdout).toMatch(/60 campaigns[^]*tiktok[^]*brand-0001[^]*and 40 more/);
  });
});
