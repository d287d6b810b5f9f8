import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OWN_MATURED, OWN_PENDING, OWN_RECEIVED } from "../../../src/core/policy/gamma-calibration.ts";
import { gammaPacing } from "../../../src/core/policy/gamma-pacing.ts";
import { gammaWorld, UNIT } from "./gamma-world.ts";

const VALUE = 60;
const CVR = 0.05;

/** What a campaign knows of itself. */
interface Known {
  readonly ownChance?: number;
  /** Conversions due by now on the first platform, all of which came. */
  readonly matured?: number;
  /** Clicks on the first platform whose conversions are on their way. */
  readonly pendingClicks?: number;
}

function decide(world: Parameters<typeof gammaWorld>[0], { ownChance = 1, matured = 0, pendingClicks = 0 }: Known) {
  const input = gammaWorld(world);
  const memory = gammaPacing.create(input.spec, input.platforms);
  const own = memory.own.slice();
  own[OWN_RECEIVED] = matured;
  own[OWN_MATURED] = matured;
  own[OWN_PENDING] = pendingClicks;
  return gammaPacing.decide(input, { ...memory, ownChance, tick: input.tick, own }).decision;
}

/** Bids ÷ what gamma makes of the CVR. */
function raises(world: Parameters<typeof gammaWorld>[0], known: Known) {
  const { gammaMicros, candidates } = decide(world, known);
  return candidates.map(({ bidMicros, cvr }) => bidMicros / (gammaMicros * cvr));
}

const budget = fc.integer({ min: 60, max: 2_000 }).map((units) => ({ spec: { budgetMicros: units * UNIT } }));
const chance = fc.double({ min: 0, max: 1, noNaN: true });
const TIGHT = { spec: { budgetMicros: 300 * UNIT } };

describe("news of a campaign's own CVR", () => {
  it("is paid for where little is known, while the budget binds and nothing else", () => {
    const [first, second] = raises(TIGHT, { matured: 20 });
    expect(first).toBeGreaterThan(1.02);
    expect(second).toBeGreaterThan(first * 1.2);
    for (const raise of raises({}, { matured: 20 })) expect(raise).toBeCloseTo(1, 3);
    const cpa = { spec: { cpaTargetMicros: 12 * UNIT } };
    for (const raise of raises(cpa, { matured: 20 })) expect(raise).toBeCloseTo(1, 3);
  });

  it("is worth less as the flight ends", () => {
    const [late] = raises({ spec: { budgetMicros: 30 * UNIT }, tick: 90 }, {});
    expect(late).toBeLessThan(raises(TIGHT, {})[0]);
    expect(late).toBeLessThan(1.2);
  });

  it("is worth nothing to a campaign that converts as the platforms do, and more the likelier it is its own (N1)", () => {
    fc.assert(
      fc.property(budget, chance, chance, (world, one, other) => {
        for (const raise of raises(world, { ownChance: 0 })) expect(raise).toBeCloseTo(1, 3);
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map((ownChance) =>
          raises(world, { ownChance }),
        );
        for (const [platform, raise] of less.entries()) expect(raise).toBeLessThanOrEqual(more[platform] + 1e-4);
      }),
    );
  });

  it("is not paid for twice: clicks whose conversions are on their way count as those whose conversions are due (N1)", () => {
    fc.assert(
      fc.property(budget, fc.integer({ min: 1, max: 60 }), (world, conversions) => {
        const [due] = raises(world, { matured: conversions });
        const [onTheirWay] = raises(world, { pendingClicks: conversions / CVR });
        const [unknown] = raises(world, {});
        expect(onTheirWay).toBeCloseTo(due, 1);
        expect(onTheirWay).toBeLessThanOrEqual(unknown + 1e-4);
        if (conversions >= 10 && unknown > 1.2) expect(onTheirWay).toBeLessThan(unknown);
      }),
    );
  });

  it("raises no bid above what a conversion is worth (item 6)", () => {
    fc.assert(
      fc.property(budget, chance, (world, ownChance) => {
        const { candidates } = decide(world, { ownChance });
        for (const { bidMicros } of candidates) expect(bidMicros).toBeLessThanOrEqual(VALUE * UNIT * CVR + 1);
      }),
    );
  });
});
