import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { crashes } from "../crash/crashes.ts";

const directory = mkdtempSync(join(tmpdir(), "crash-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(...args: string[]): string {
  return execFileSync(process.execPath, ["src/cli/main.ts", ...args], { encoding: "utf8" });
}

it("has every bid, charge and order of a service that is killed at any moment, once (CR1–CR5)", async () => {
  const figures = await crashes({ kills: 4, seed: 20_260_105, directory, lifeMs: 1_200 });
  expect(figures.bids).toBeGreaterThan(500);
  expect(figures.bidsSeen).toBeGreaterThan(100);
  expect(figures.topUps).toBeGreaterThan(0);
  expect(figures.invoicedMicros).toBeGreaterThan(0);
  expect(figures.bookedMicros).toBe(figures.invoicedMicros);

  const [whole, compacted] = [run("audit", directory, "--json"), run("state", "compact", directory, "--forget")];
  expect(compacted).toMatch(/, [1-9]\d* entries let go of/);
  const rest = run("audit", directory, "--json");
  const { total, firstSeq } = JSON.parse(rest) as { total: object; firstSeq: number };
  expect(total).toEqual((JSON.parse(whole) as { total: object }).total);
  expect(firstSeq).toBeGreaterThan(1);
  expect(run("audit", directory)).toContain(`what was before entry ${firstSeq.toLocaleString("en-US")} is brought`);
  expect(run("state", "show", directory)).toContain("Snapshots of tick");
}, 60_000);
