import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import "../seed.ts";
import { EngineError } from "../../src/core/errors.ts";
import { parseScenario } from "../../src/scenario/loader.ts";
import { presetPath } from "../../src/scenario/presets.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";

const TEXTS = ["calm-day", "thin-budgets"].map((name) => readFileSync(presetPath(name), "utf8"));

/** Pieces that mean something to YAML or to the schema. */
const piece = fc.oneof(
  fc.constantFrom(
    "&a ",
    "*a",
    "<<: ",
    "!!x ",
    "- ",
    "? ",
    ": ",
    "{",
    "[",
    "}",
    "]",
    "|",
    "'",
    '"',
    "\t",
    "\n",
    "---\n",
  ),
  fc.constantFrom(
    "-1",
    "0",
    ".nan",
    ".inf",
    "1e400",
    "null",
    "true",
    "99999999999999999999",
    "__proto__",
    "constructor",
  ),
  fc.string({ maxLength: 8, unit: "grapheme" }),
);

const mutant = fc
  .record({
    text: fc.constantFrom(...TEXTS),
    edits: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(12), put: piece }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ text, edits }) =>
    edits.reduce((now, { at, cut, put }) => {
      const index = Math.floor(at * now.length);
      return now.slice(0, index) + put + now.slice(index + cut);
    }, text),
  );

it("makes of any text a scenario or an EngineError with a place, never another exception (Q4)", () => {
  fc.assert(
    fc.property(mutant, (text) => {
      try {
        const { scenario, source } = parseScenario(text, "mutant.yaml");
        const { campaigns } = resolveScenario(scenario, source.locate);
        for (const { budgetMicros, flight } of campaigns) {
          expect(Number.isSafeInteger(budgetMicros) && budgetMicros > 0).toBe(true);
          expect(flight.startTick).toBeLessThan(flight.endTick);
        }
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        expect(error.code).toBe("CE_SCENARIO_INVALID");
        expect(error.place.file).toBe("mutant.yaml");
      }
    }),
    { numRuns: 300 },
  );
});
