import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { crashes } from "../crash/crashes.ts";

const directory = mkdtempSync(join(tmpdir(), "crash-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("has every bid, charge and order of a service that is killed at any moment, once (CR1–CR5)", async () => {
  const figures = await crashes({ kills: 4, seed: 20_260_105, directory, lifeMs: 1_200 });
  expect(figures.bids).toBeGreaterThan(1_000);
  expect(figures.bidsSeen).toBeGreaterThan(500);
  expect(figures.topUps).toBeGreaterThan(5);
  expect(figures.invoicedMicros).toBeGreaterThan(0);
  expect(figures.bookedMicros).toBe(figures.invoicedMicros);
}, 60_000);
