import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

/** The shell lines of the README's `sh` blocks, without their comments. */
const lines = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => block.split("\n"))
  .map((line) => line.replace(/\s+#.*$/, "").trim())
  .filter((line) => line !== "");

// Outputs of the examples land in a folder of their own; what they read is beside it, as in a clone.
const folder = mkdtempSync(join(tmpdir(), "readme-"));
cpSync(join(root, "src/scenario/examples"), join(folder, "src/scenario/examples"), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the README", () => {
  it("names only npm scripts that exist", () => {
    const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, script]) => script);
    expect(named.length).toBeGreaterThan(0);
    for (const script of named) expect(Object.keys(manifest.scripts)).toContain(script);
  });

  const commands = lines.filter((line) => line.startsWith("npx campaign-engine "));

  it("shows commands", () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  const services = commands.filter((command) => / (serve|inspect) /.test(command));

  it.each(services)("shows a service that starts, and ends when told: %s", async (command) => {
    const args = [...command.split(/\s+/).slice(2), "--port", "0", "--json"];
    const child = spawn(process.execPath, [join(root, "src/cli/bin.js"), ...args], { cwd: folder });
    const exit = new Promise((done) => child.once("exit", done));
    await new Promise((done) => child.stdout.once("data", done));
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
  });

  it.each(commands.filter((command) => !services.includes(command)))("shows a command that works: %s", (command) => {
    const args = command.split(/\s+/).slice(2);
    const run = () =>
      execFileSync(process.execPath, [join(root, "src/cli/bin.js"), ...args], { cwd: folder, stdio: "pipe" });
    expect(run).not.toThrow();
  });

  it.each([...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code))(
    "shows code that says what it says it does",
    (code) => {
      const said = [...code.matchAll(/\/\/ → (.*)/g)].map(([, line]) => line);
      expect(said.length).toBeGreaterThan(0);
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      const file = join(folder, "example.mts");
      writeFileSync(file, code.replace('"campaign-engine"', JSON.stringify(join(root, "src/index.ts"))));
      expect(execFileSync(process.execPath, [file], { encoding: "utf8" }).trim().split("\n")).toEqual(said);
    },
  );

  it("starts the main job with npm start", () => {
    const [program, ...args] = manifest.scripts["start"].split(" ");
    expect(program).toBe("node");
    const output = execFileSync(process.execPath, [join(root, args[0]), ...args.slice(1)], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toMatch(/Reproduce/);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(/^<!doctype html>/i);
  });
});
