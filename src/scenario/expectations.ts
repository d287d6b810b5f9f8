/** Expectations of a scenario: every limit of every entry becomes one expectation about the slots of its campaigns. */
import type { CampaignSpec } from "../core/campaign.ts";
import { EXPECTATIONS } from "../core/expectation.ts";
import type { Expectation, ExpectationName } from "../core/expectation.ts";
import { toMicros } from "../core/money.ts";
import { fieldName } from "./issue.ts";
import type { FieldPath } from "./issue.ts";
import { slotsByName, slotsOf } from "./orders.ts";
import type { Reading } from "./reading.ts";

/** Names every campaign. */
const EVERY = "*";

/** All expectations in the order declared. @throws EngineError CE_SCENARIO_INVALID */
export function resolveExpectations(reading: Reading, campaigns: readonly CampaignSpec[]): readonly Expectation[] {
  if (reading.scenario.expect.length === 0) return [];
  const named = new Map([...slotsByName(reading, campaigns), [EVERY, [...campaigns.keys()]]]);
  return reading.scenario.expect.flatMap((entry, index) => {
    const path = ["expect", index];
    const slots = slotsOf(reading, named, entry.campaigns ?? EVERY, [...path, "campaigns"]);
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
