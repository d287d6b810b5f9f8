/** The operator's orders of a scenario: names become slots, times become ticks. */
import type { Order } from "../core/order.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import type { FieldPath } from "./issue.ts";
import type { Reading } from "./reading.ts";

/** All orders by tick, those of one tick as they are written. @throws EngineError CE_SCENARIO_INVALID */
export function resolveOrders(reading: Reading, campaigns: readonly CampaignSpec[], ticks: number): Order[] {
  const { operator } = reading.scenario;
  if (operator.length === 0) return [];
  const named = slotsByName(reading, campaigns);
  const orders = operator.map((entry, index): Order => {
    const path = ["operator", index];
    const tick = Math.ceil(reading.ticks(entry.at));
    if (tick >= ticks) reading.refuse([...path, "at"], `At ${entry.at} the scenario is over`, "an earlier time");
    if ((entry.do === "top-up") !== (entry.amount !== undefined)) {
      reading.refuse(
        [...path, "amount"],
        "An amount belongs to a top-up, and to nothing else",
        "do: top-up, amount: 50",
      );
    }
    const slots = slotsOf(reading, named, entry.campaigns, [...path, "campaigns"]);
    const micros = entry.amount === undefined ? 0 : reading.money([...path, "amount"], entry.amount);
    return { tick, slots, kind: entry.do, micros, why: entry.why };
  });
  return orders.sort((a, b) => a.tick - b.tick);
}

/** A campaign by its id, and all that `count` made of an entry by the entry's. */
export function slotsByName({ scenario }: Reading, campaigns: readonly CampaignSpec[]): Map<string, readonly number[]> {
  const named = new Map<string, readonly number[]>();
  let from = 0;
  for (const { id, count = 1 } of scenario.campaigns) {
    const first = from;
    named.set(
      id,
      Array.from({ length: count }, (_, i) => first + i),
    );
    from += count;
  }
  for (const [slot, { id }] of campaigns.entries()) if (!named.has(id)) named.set(id, [slot]);
  return named;
}

/** The slots that an id or a list of ids stands for, ascending. @throws EngineError CE_SCENARIO_INVALID for an id that there is not */
export function slotsOf(
  reading: Reading,
  named: ReadonlyMap<string, readonly number[]>,
  ids: string | readonly string[],
  at: FieldPath,
): readonly number[] {
  const list = typeof ids === "string" ? [ids] : ids;
  const all = list.flatMap((name) => named.get(name) ?? reading.refuseUnknown(at, "campaign", name, [...named.keys()]));
  return [...new Set(all)].sort((a, b) => a - b);
}
