/** A scenario without an end: every round of its duration, each campaign has its budget again. */
import type { CampaignSpec } from "../core/campaign.ts";
import { MAX_TICKS } from "./schema.ts";
import type { ResolvedScenario } from "./resolve.ts";

/**
 * The same scenario until tick {@link MAX_TICKS}: flights go on to the end, budgets and goals grow with the rounds, and what was to be spent in
 * a flight, or in its first day if it is longer, becomes the daily budget of campaigns that have none.
 */
export function endless(resolved: ResolvedScenario): ResolvedScenario {
  const { ticks, periodTicks } = resolved;
  const rounds = Math.floor(MAX_TICKS / ticks);
  const horizonTicks = rounds * ticks;
  const repeated = (spec: CampaignSpec): CampaignSpec => {
    const { startTick, endTick } = spec.flight;
    const days = Math.max(1, (endTick - startTick) / periodTicks);
    const { impressions, clicks, conversions } = spec.goals;
    const often = (goal: number | null) => (goal === null ? null : goal * rounds);
    return {
      ...spec,
      budgetMicros: Math.min(Number.MAX_SAFE_INTEGER, spec.budgetMicros * rounds),
      dailyBudgetMicros: spec.dailyBudgetMicros ?? Math.ceil(spec.budgetMicros / days),
      flight: { startTick, endTick: horizonTicks },
      goals: { impressions: often(impressions), clicks: often(clicks), conversions: often(conversions) },
    };
  };
  return { ...resolved, ticks: horizonTicks, campaigns: resolved.campaigns.map(repeated) };
}
