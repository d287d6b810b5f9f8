import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { takeAim } from "../../../src/core/policy/gamma-aim.ts";
import {
  createMemory,
  expectedSpendMicros,
  OPEN_WIDTH,
  OWN_MATURED,
  OWN_RECEIVED,
  OWN_WIDTH,
} from "../../../src/core/policy/gamma-calibration.ts";
import type { GammaMemory } from "../../../src/core/policy/gamma-calibration.ts";
import { gammaWorld, UNIT } from "./gamma-world.ts";

const { spec: anySpec, platforms: both } = gammaWorld();
const fresh = createMemory(anySpec, both);
/** The solver stops at a thousandth of gamma. */
const isSame = (one: number, other: number) => Math.abs(one / other - 1) < 0.002;

describe("the aim", () => {
  it("takes money in flight for spent (item 5)", () => {
    const bids = fc.array(
      fc.record({
        row: fc.nat(1),
        expectedClicks: fc.double({ min: 5, max: 60, noNaN: true }),
        priceMicros: fc.integer({ min: UNIT / 10, max: 2 * UNIT }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 700 }), bids, (units, open) => {
        const spec = { budgetMicros: units * UNIT };
        const memory = {
          ...fresh,
          open: open.flatMap(({ row, expectedClicks, priceMicros }) => {
            const [tick, freeMicros, bidShare, feedClicks] = [0, Number.MAX_SAFE_INTEGER, 1, 0];
            return [tick, row, expectedClicks, priceMicros, freeMicros, bidShare, feedClicks];
          }),
        };
        const inFlightMicros = open.reduce(
          (sum, _, bid) => sum + expectedSpendMicros(memory.open, bid * OPEN_WIDTH, fresh.own),
          0,
        );
        const waiting = takeAim(gammaWorld({ spec, account: { reservedMicros: inFlightMicros } }), memory);
        const settled = takeAim(gammaWorld({ spec, account: { spentMicros: inFlightMicros } }), fresh);
        expect(settled.binding).toBe("budget");
        expect(isSame(waiting.gammaMicros, settled.gammaMicros)).toBe(true);
      }),
    );
  });

  it("is unmoved by conversions bought at the CPA target, and lowered by dearer ones (item 5)", () => {
    const past = fc.record({
      conversions: fc.integer({ min: 5, max: 200 }),
      cpaUnits: fc.integer({ min: 8, max: 13 }),
      dearer: fc.double({ min: 1.05, max: 1.3, noNaN: true }),
    });
    fc.assert(
      fc.property(past, ({ conversions, cpaUnits, dearer }) => {
        const cpaTargetMicros = cpaUnits * UNIT;
        const memory: GammaMemory = {
          ...fresh,
          own: fresh.own.map((figure, at) =>
            at % OWN_WIDTH === OWN_RECEIVED || at % OWN_WIDTH === OWN_MATURED ? conversions : figure,
          ),
        };
        const aimAfter = (spentMicros: number, remembered: GammaMemory) =>
          takeAim(gammaWorld({ spec: { cpaTargetMicros }, account: { spentMicros } }), remembered);
        const start = aimAfter(0, fresh);
        const onTarget = aimAfter(2 * conversions * cpaTargetMicros, memory);
        expect(start.binding).toBe("cpa");
        expect(isSame(onTarget.gammaMicros, start.gammaMicros)).toBe(true);
        expect(aimAfter(2 * conversions * cpaTargetMicros * dearer, memory).gammaMicros).toBeLessThan(
          start.gammaMicros,
        );
      }),
    );
  });
});
