/**
 * Campaigns of a scenario: entries become campaign specs, `count` copies each, with how every one of them stands in the market.
 *
 * Q3 a campaign's draws come from a stream of its own name: changing one entry leaves the others as they are.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { RandomStream } from "../core/random.ts";
import type { CampaignExposure } from "../platforms/paths.ts";
import type { FieldPath } from "./issue.ts";
import { parseDuration, parseInstant } from "./quantities.ts";
import type { Reading } from "./reading.ts";
import { MAX_CAMPAIGNS } from "./schema.ts";
import type { ScenarioCampaign } from "./schema.ts";

interface Flights {
  readonly ticks: number;
  readonly startMs: number;
}

interface Resolved {
  readonly campaigns: CampaignSpec[];
  readonly exposures: CampaignExposure[];
}

/** All campaigns by slot. @throws EngineError CE_SCENARIO_INVALID */
export function resolveCampaigns(reading: Reading, flights: Flights): Resolved {
  const entries = reading.scenario.campaigns;
  const total = entries.reduce((sum, { count = 1 }) => sum + count, 0);
  if (total > MAX_CAMPAIGNS) {
    reading.refuse(["campaigns"], `There are ${total} campaigns`, `at most ${MAX_CAMPAIGNS}`, "Lower a `count`.");
  }
  const resolved: Resolved = { campaigns: [], exposures: [] };
  const taken = new Set(entries.filter(({ count }) => count === undefined).map(({ id }) => id));
  for (const [index, entry] of entries.entries()) {
    const path = ["campaigns", index];
    const spec = resolveEntry(reading, entry, path, flights);
    const exposure = { volumeShare: entry.volumeShare, cvrFactors: cvrFactors(reading, entry, path) };
    if (entry.count === undefined) {
      resolved.campaigns.push(spec);
      resolved.exposures.push(exposure);
    } else {
      pushCopies(reading, entry, path, spec, exposure, taken, resolved);
    }
  }
  return resolved;
}

function resolveEntry(reading: Reading, entry: ScenarioCampaign, path: FieldPath, flights: Flights): CampaignSpec {
  const money = (field: keyof ScenarioCampaign, least?: number) =>
    reading.money([...path, field], entry[field] as number | string, least);
  const minBidMicros = money("minBid", 0);
  const maxBidMicros = entry.maxBid === undefined ? Number.MAX_SAFE_INTEGER : money("maxBid");
  if (minBidMicros > maxBidMicros) {
    reading.refuse([...path, "minBid"], `minBid is ${entry.minBid}, above maxBid, ${entry.maxBid}`, "minBid ≤ maxBid");
  }
  const { goals, policy = reading.scenario.policy, forecaster = reading.scenario.forecaster } = entry;
  return {
    id: entry.id,
    portfolio: entry.portfolio,
    budgetMicros: money("budget"),
    dailyBudgetMicros: entry.dailyBudget === undefined ? null : money("dailyBudget"),
    flight: resolveFlight(reading, entry, path, flights),
    valuePerConversionMicros: money("valuePerConversion"),
    goals: {
      impressions: goals.impressions ?? null,
      clicks: goals.clicks ?? null,
      conversions: goals.conversions ?? null,
    },
    cpaTargetMicros: entry.cpaTarget === undefined ? null : money("cpaTarget"),
    platforms: platformIndices(reading, entry, path),
    minBidMicros,
    maxBidMicros,
    policy,
    forecaster,
    wasteAversion: entry.wasteAversion,
    wasteAllowance: entry.wasteAllowance,
  };
}

function resolveFlight(reading: Reading, entry: ScenarioCampaign, path: FieldPath, { ticks, startMs }: Flights) {
  const at = [...path, "flight"];
  const moment = (text: string, field: string) => {
    const offsetMs =
      parseDuration(text) ?? (parseInstant(text) ?? reading.refuse([...at, field], "No such time")) - startMs;
    return offsetMs / reading.tickMs;
  };
  const startTick = entry.flight.start === undefined ? 0 : Math.ceil(moment(entry.flight.start, "start"));
  const endTick = entry.flight.end === undefined ? ticks : Math.floor(moment(entry.flight.end, "end"));
  if (startTick < 0) reading.refuse([...at, "start"], "The flight starts before the scenario does", "a later start");
  if (startTick >= ticks)
    reading.refuse([...at, "start"], "The flight starts after the scenario's end", "an earlier start");
  if (endTick <= startTick) {
    const field = entry.flight.end === undefined ? "start" : "end";
    reading.refuse([...at, field], "The flight ends before it starts", "an end at least one tick after the start");
  }
  if (endTick > ticks) {
    const hint = "Raise the scenario's duration, or end the flight earlier.";
    reading.refuse(
      [...at, "end"],
      "The flight ends after the scenario does",
      `at most ${reading.scenario.duration}`,
      hint,
    );
  }
  return { startTick, endTick };
}

function platformIndices(reading: Reading, entry: ScenarioCampaign, path: FieldPath): number[] {
  const known = reading.scenario.platforms.map(({ id }) => id);
  if (entry.platforms === undefined) return known.map((_, index) => index);
  const indices = new Set<number>();
  for (const [i, id] of entry.platforms.entries()) {
    const index = known.indexOf(id);
    if (index < 0) reading.refuseUnknown([...path, "platforms", i], "platform", id, known);
    if (indices.has(index))
      reading.refuse([...path, "platforms", i], `The platform "${id}" is named twice`, "each once");
    indices.add(index);
  }
  return [...indices].sort((a, b) => a - b);
}

function cvrFactors(reading: Reading, entry: ScenarioCampaign, path: FieldPath): readonly number[] {
  const known = reading.scenario.platforms.map(({ id }) => id);
  const factors = entry.cvrFactor;
  if (typeof factors === "number") return known.map(() => factors);
  const stranger = Object.keys(factors).find((id) => !known.includes(id));
  if (stranger !== undefined) reading.refuseUnknown([...path, "cvrFactor", stranger], "platform", stranger, known);
  return known.map((id) => (Object.hasOwn(factors, id) ? factors[id] : 1));
}

function pushCopies(
  reading: Reading,
  entry: ScenarioCampaign,
  path: FieldPath,
  spec: CampaignSpec,
  exposure: CampaignExposure,
  taken: Set<string>,
  { campaigns, exposures }: Resolved,
): void {
  const count = entry.count ?? 1;
  const digits = Math.max(4, String(count).length);
  const { spread } = entry;
  const isSpread = spread.budget + spread.value + spread.cvr > 0;
  for (let n = 1; n <= count; n += 1) {
    const id = `${entry.id}-${String(n).padStart(digits, "0")}`;
    if (taken.has(id))
      reading.refuse([...path, "id"], `"${id}", made by \`count\`, is another campaign's id`, "another id");
    taken.add(id);
    if (!isSpread) {
      campaigns.push({ ...spec, id });
      exposures.push(exposure);
      continue;
    }
    const { next } = new RandomStream(reading.scenario.seed, `campaign:${id}`);
    const draw = (share: number) => 1 + share * (2 * next() - 1);
    campaigns.push({
      ...spec,
      id,
      budgetMicros: Math.max(1, Math.round(spec.budgetMicros * draw(spread.budget))),
      valuePerConversionMicros: Math.max(1, Math.round(spec.valuePerConversionMicros * draw(spread.value))),
    });
    const cvrFactor = draw(spread.cvr);
    exposures.push({ ...exposure, cvrFactors: exposure.cvrFactors.map((own) => own * cvrFactor) });
  }
}
