/** Expectations of a scenario: every limit of every entry becomes one expectation about the slots of its campaigns. */
import type { CampaignSpec } from "../core/campaign.ts";
import { EXPECTATIONS } from "../core/expectation.ts";
import type { Expectation, ExpectationName } from "../core/expectation.ts";
import { toMicros } from "../core/money.ts";
import { fieldName } from "./issue.ts";
import type { FieldPath } from "./issue.ts";
import type { Reading } from "./reading.ts";
import type { ScenarioExpectation } from "./schema.ts";

/** Names every campaign. */
const EVERY = "*";

/** All expectations in the order declared. @throws EngineError CE_SCENARIO_INVALID */
export function resolveExpectations(reading: Reading, campaigns: readonly CampaignSpec[]): readonly Expectation[] {
  return reading.scenario.expect.flatMap((entry, index) => {
    const path = ["expect", index];
    const slots = slotsOf(reading, entry, path, campaigns);
    const isEach = entry.campaigns !== undefined;
    return (Object.keys(EXPECTATIONS) as ExpectationName[])
      .filter((name) => entry[name] !== undefined)
      .map((name): Expectation => {
        const limit = limitOf(reading, name, entry[name]!, [...path, name]);
        return { field: fieldName([...path, name]), name, limit, slots, isEach };
      });
  });
}

function limitOf(reading: Reading, name: ExpectationName, value: number | string, path: FieldPath): number {
  // A loss may be expected: the only amount that can lie below zero.
  if (name === "minNet") return toMicros(Number(value));
  return EXPECTATIONS[name].unit === "money" ? reading.money(path, value, 0) : Number(value);
}

/** Slots of the campaigns named: by their own ids, or by that of the entry that `count` made them of. */
function slotsOf(
  reading: Reading,
  { campaigns: named = [EVERY] }: ScenarioExpectation,
  path: FieldPath,
  campaigns: readonly CampaignSpec[],
): readonly number[] {
  if (named.includes(EVERY)) return [...campaigns.keys()];
  const slots = new Set<number>();
  for (const [i, id] of named.entries()) {
    const matching = slotsNamed(reading, id, campaigns);
    if (matching.length === 0) {
      const known = reading.scenario.campaigns.map((entry) => entry.id);
      reading.refuseUnknown([...path, "campaigns", i], "campaign", id, known);
    }
    for (const slot of matching) slots.add(slot);
  }
  return [...slots].sort((a, b) => a - b);
}

function slotsNamed(reading: Reading, id: string, campaigns: readonly CampaignSpec[]): readonly number[] {
  let slot = 0;
  for (const entry of reading.scenario.campaigns) {
    const { count = 1 } = entry;
    const first = slot;
    if (entry.id === id) return Array.from({ length: count }, (_, i) => first + i);
    slot += count;
  }
  const own = campaigns.findIndex((spec) => spec.id === id);
  return own < 0 ? [] : [own];
}
