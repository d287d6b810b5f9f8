import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPolicy } from "../../src/cli/policy-module.ts";

const ROOT = resolve(import.meta.dirname, "../..");
let folder = "";

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/cli/bin.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  return { status, stdout, stderr };
}

const SCENARIO = `
name: small
duration: 1h
warmup: 1h
platforms:
  - { id: google, cpc: 1, cvr: 0.05, clicksPerMinute: 3 }
campaigns:
  - { id: shoes, budget: 6, valuePerConversion: 40 }
expect:
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "check-"));
  writeFileSync(join(folder, "met.yaml"), `${SCENARIO}  - { maxSpend: 1000, minSpendShare: 0.1 }\n`);
  writeFileSync(join(folder, "capped.yaml"), `${SCENARIO}  - { campaigns: [shoes], maxSpend: 6.2 }\n`);
  writeFileSync(join(folder, "hoped.yaml"), `${SCENARIO}  - { minConversions: 5000 }\n`);
  writeFileSync(join(folder, "half.js"), `export default { name: "half", create() {} };\n`);
  writeFileSync(join(folder, "number.js"), "export default 7;\n");
  writeFileSync(join(folder, "torn.js"), `export default {\n`);
  writeFileSync(
    join(folder, "namesake.js"),
    `const f = () => {}; export default { name: "pid", create: f, decide: f, learn: f };\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("campaign-engine check", () => {
  it("ends with 0 where nothing breaks, and tells what it covered", () => {
    const first = run("check", "met.yaml", "--runs", "9");
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /✓ Statecharts[^]*✓ Random events +9 trials[^]*✓ Expected +2 of 2[^]*campaign +5 of 5/,
    );
    expect(first.stdout).toMatch(/Again {2}campaign-engine check met.yaml --seed 1 --runs 9\n$/);
  });

  it("ends with 4 where a limit breaks, tells the story, and plays the counterexample again", () => {
    const { status, stdout } = run("check", "capped.yaml");
    expect(status).toBe(4);
    expect(stdout).toMatch(/Broken {2}your expect\[0\].maxSpend: shoes: spend at most 6.20 EUR/);
    expect(stdout).toMatch(/• The owner tops shoes up by [\d.]+ EUR\.\n.*shoes is bidding[^]*✗ shoes: it is 6.2/);
    const again = run("check", "--replay", "check-small-1.json");
    expect(again).toMatchObject({ status: 4, stdout: expect.stringMatching(/reproduced[^]*✗ shoes: it is 6.2/) });
    const { breach } = JSON.parse(readFileSync(join(folder, "check-small-1.json"), "utf8")) as { breach: object };
    const json = run("check", "--replay", "check-small-1.json", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ breach, isReproduced: true });
  });

  it("ends with 4 where the run as declared falls short, and says why", () => {
    const { status, stdout } = run("check", "hoped.yaml", "--runs", "2");
    expect(status).toBe(4);
    expect(stdout).toMatch(/VIOLATED {2}all campaigns: conversions at least 5,000; it is \d+ /);
    expect(stdout).toMatch(/of all decisions of these campaigns, \d+%/);
  });

  it.each([
    [["check", "met.yaml", "--policy", "half.js"], 3, /The policy has no decide, no learn\./],
    [["check", "--replay", "met.yaml"], 3, /is not JSON/],
    [["check", "met.yaml", "--without", "top-upp"], 2, /Did you mean top-up\?/],
  ])("refuses %j with %i", (args, status, message) => {
    expect(run(...args)).toMatchObject({ status, stdout: "", stderr: expect.stringMatching(message) });
  });
});

describe("a policy module", () => {
  it.each([
    ["./none.ts", "CE_POLICY_UNREADABLE", /no such policy module/],
    ["torn.js", "CE_POLICY_UNREADABLE", /cannot be loaded/],
    ["number.js", "CE_POLICY_MALFORMED", /default export is number/],
    ["namesake.js", "CE_POLICY_MALFORMED", /"pid" is a policy of the engine/],
  ])("is refused with its place: %s", async (file, code, message) => {
    const path = join(folder, file);
    await expect(findPolicy(path)).rejects.toMatchObject({
      code,
      exitCode: 3,
      message: expect.stringMatching(message),
      place: { file: path },
    });
  });

  it("is told from a name", async () => {
    await expect(findPolicy("gama")).rejects.toMatchObject({ code: "CE_POLICY_UNKNOWN" });
    await expect(findPolicy("pid")).resolves.toMatchObject({ name: "pid" });
  });
});

describe("campaign-engine simulate", () => {
  it("ends with 4 where an expectation is violated, and gives the figures as JSON", () => {
    const { status, stdout } = run("simulate", "hoped.yaml", "--json");
    expect(status).toBe(4);
    const { expectations } = JSON.parse(stdout) as { expectations: object[] };
    expect(expectations).toEqual([
      expect.objectContaining({ field: "expect[0].minConversions", limit: 5000, isMet: false }),
    ]);
    expect(run("simulate", "met.yaml")).toMatchObject({ status: 0, stdout: expect.stringContaining("2 of 2 met") });
  });

  it("takes a policy module, and names it in the line that reproduces the run", () => {
    const file = join(ROOT, "src/scenario/examples/steady-bids.ts");
    const { status, stdout } = run("simulate", "met.yaml", "--policy", file);
    expect(status).toBe(0);
    expect(stdout).toContain(`--policy ${file}`);
    expect(stdout).toContain("steady-bids");
  });
});
