import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { plant } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";

describe("the list of mutants", () => {
  it("has at least 24, each with a name of its own", () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(24);
  });

  it.each(MUTANTS)("plants in one place: $name", (mutant) => {
    const source = readFileSync(mutant.file, "utf8");
    expect(plant(mutant, source)).not.toBe(source);
  });

  it("names property, model and simulation tests that exist as killers", () => {
    for (const { killers } of MUTANTS) {
      expect(killers.length).toBeGreaterThan(0);
      for (const killer of killers) {
        expect(killer).toMatch(/^test\/.+\.(property|model|sim)\.test\.ts$/);
        expect(existsSync(killer), killer).toBe(true);
      }
    }
  });
});
