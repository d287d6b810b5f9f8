import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { writeReport } from "../../src/platforms/export.ts";
import type { DailyTotals } from "../../src/platforms/export.ts";
import { parseReport } from "../../src/platforms/report-file.ts";

const DAY_MS = 86_400_000;
const dialect = fc.constantFrom("google" as const, "meta" as const, "tiktok" as const);
const days: fc.Arbitrary<DailyTotals[]> = fc
  .array(
    fc.record({
      impressions: fc.integer({ min: 0, max: 9_000_000 }),
      clicks: fc.integer({ min: 0, max: 90_000 }),
      costMicros: fc.integer({ min: 0, max: 99_000_000_000 }),
      conversions: fc.integer({ min: 0, max: 99_999 }).map((hundredths) => hundredths / 100),
      valueMicros: fc.integer({ min: 0, max: 99_000_000_000 }),
      campaign: fc.constantFrom("Brand", 'Say "hi", now; please', "Näöß 一"),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((rows) => rows.map((row, index) => ({ ...row, dayMs: (19_000 + index) * DAY_MS })));

describe("report dialects", () => {
  test.prop([dialect, days, fc.boolean()])(
    "are read back as they were written, decimal commas or not (F2)",
    async (name, rows, decimalComma) => {
      const text = writeReport(name, rows, { currency: "EUR", decimalComma });
      const report = await parseReport(new TextEncoder().encode(text), "a.csv", { dialect: name });
      expect(report.currency).toBe("EUR");
      const series = report.platforms.get(name);
      expect(series?.size).toBe(rows.length);
      for (const { dayMs, campaign: _, ...counts } of rows) expect(series?.get(dayMs)).toEqual(counts);
    },
  );

  test.prop(
    [
      dialect,
      days,
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      fc.nat(),
    ],
    {
      numRuns: 300,
    },
  )("fail with nothing but a coded error on damaged files (F1)", async (name, rows, decimalComma, edits, cut) => {
    const bytes = new TextEncoder().encode(writeReport(name, rows, { currency: "EUR", decimalComma }));
    for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
    const damaged = cut % 2 === 0 ? bytes : bytes.subarray(0, cut % bytes.length);
    const error: unknown = await parseReport(damaged, "a.csv").then(
      () => null,
      (cause: unknown) => cause,
    );
    if (error !== null) expect(error).toBeInstanceOf(EngineError);
  });
});
