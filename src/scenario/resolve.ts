/**
 * A resolved scenario: the plain data that a run is made from, with all times in ticks, all money in micros, and everything checked that
 * needs more than one field.
 *
 * Q1 a resolved scenario is a function of the scenario alone; Q2 every error names the field to change.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { DEFAULT_LONGEST_TICKS, FAULT_KINDS } from "../core/faults.ts";
import type { FaultKind, FaultPlan, FaultRates } from "../core/faults.ts";
import type { Order } from "../core/order.ts";
import type { PlatformSpec } from "../core/platform.ts";
import type { CampaignExposure } from "../platforms/paths.ts";
import type { SimulatedMarketSpec, SimulatedPlatformSpec } from "../platforms/simulated-paths.ts";
import type { Expectation } from "../core/expectation.ts";
import { resolveCampaigns } from "./campaigns.ts";
import { resolveExpectations } from "./expectations.ts";
import type { Locate } from "./issue.ts";
import { resolveOrders } from "./orders.ts";
import { DAY_MS, formatDuration, parseInstant, timeOfDayMs } from "./quantities.ts";
import { Reading } from "./reading.ts";
import { MAX_TICKS } from "./schema.ts";
import type { Scenario, ScenarioPlatform } from "./schema.ts";

const MINUTE_MS = 60_000;

/** All that a run needs to know, as plain data. */
export interface ResolvedScenario {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly currency: string;
  /** Time of tick 0 [ms since the epoch]. */
  readonly startMs: number;
  readonly timeZone: string;
  readonly tickMs: number;
  readonly ticks: number;
  readonly warmupTicks: number;
  /** Ticks in a day. */
  readonly periodTicks: number;
  /** By platform index. */
  readonly platforms: readonly PlatformSpec[];
  /** By slot. */
  readonly campaigns: readonly CampaignSpec[];
  /** By slot. */
  readonly exposures: readonly CampaignExposure[];
  readonly market: SimulatedMarketSpec;
  /** What must come of a run, in the order declared. */
  readonly expectations: readonly Expectation[];
  /** `all`, `changes` or `sample:N`. */
  readonly logLevel: "all" | "changes" | `sample:${number}`;
  /** Limits of every portfolio's supervision. */
  readonly supervision: {
    readonly maxRestarts: number;
    readonly maxFailures: number;
    readonly windowTicks: number;
    readonly steadyTicks: number;
    readonly backoffTicks: number;
    readonly maxBackoffTicks: number;
    readonly jitter: number;
    readonly maxQuarantined: number;
  };
  /** How often the engine restarts a portfolio that failed or escalated. */
  readonly intensity: { readonly maxRestarts: number; readonly windowTicks: number };
  /** Ticks that a bid waits for its spend report. */
  readonly settlementTimeoutTicks: number;
  /** Faults to inject; their rates are empty where there are none. */
  readonly faults: FaultPlan;
  /** By tick. */
  readonly orders: readonly Order[];
}

/**
 * Resolves a scenario that has the right shape.
 * @param locate ties errors to lines of the file that it came from
 * @throws EngineError CE_SCENARIO_INVALID for the first field that does not fit the others
 */
export function resolveScenario(scenario: Scenario, locate?: Locate): ResolvedScenario {
  const reading = new Reading(scenario, locate);
  const { tickMs } = reading;
  if (tickMs < 1 || DAY_MS % tickMs !== 0) {
    reading.refuse(["tick"], `A day is not a whole number of ticks of ${scenario.tick}`, "e.g. 30s, 1m, 5m, 15m, 1h");
  }
  const ticks = wholeTicks(reading, "duration", 1);
  const warmupTicks = wholeTicks(reading, "warmup", 0);
  const startMs =
    parseInstant(scenario.start) ?? reading.refuse(["start"], `There is no such time as ${scenario.start}`);
  const dayOffsetTicks = Math.floor(localTimeMs(reading, startMs) / tickMs);
  refuseRepeats(reading, "platforms");
  refuseRepeats(reading, "campaigns");
  const market = {
    seed: scenario.seed,
    tickMs,
    ticks,
    warmupTicks,
    dayOffsetTicks,
    platforms: scenario.platforms.map((platform, index) => resolvePlatform(reading, platform, index)),
    conversionDelayTicks: reading.ticks(scenario.market.conversionDelay),
    reportLagTicks: Math.ceil(reading.ticks(scenario.market.reportLag)),
    panelShare: scenario.market.panelShare,
    ...dayShapes(reading),
  };
  const { campaigns, exposures } = resolveCampaigns(reading, { ticks, startMs });
  const limits = scenario.supervision;
  const atLeastOne = (duration: string) => Math.max(1, Math.ceil(reading.ticks(duration)));
  return {
    name: scenario.name,
    description: scenario.description ?? "",
    seed: scenario.seed,
    currency: scenario.currency,
    startMs,
    timeZone: scenario.timeZone,
    tickMs,
    ticks,
    warmupTicks,
    periodTicks: DAY_MS / tickMs,
    platforms: market.platforms.map(({ id, pricing, control, floorMicros, overDeliveryFactor }) => {
      return { id, pricing, control, floorMicros, overDeliveryFactor };
    }),
    campaigns,
    exposures,
    settlementTimeoutTicks: settlementTimeout(reading, market.reportLagTicks),
    faults: resolveFaults(reading, ticks),
    orders: resolveOrders(reading, campaigns, ticks),
    market,
    expectations: resolveExpectations(reading, campaigns),
    logLevel: scenario.log.level as ResolvedScenario["logLevel"],
    supervision: {
      maxRestarts: limits.maxRestarts,
      maxFailures: limits.maxFailures,
      windowTicks: atLeastOne(limits.within),
      steadyTicks: atLeastOne(limits.steady),
      backoffTicks: atLeastOne(limits.backoff),
      maxBackoffTicks: atLeastOne(limits.maxBackoff),
      jitter: limits.jitter,
      maxQuarantined: limits.maxQuarantined,
    },
    intensity: { maxRestarts: limits.maxPortfolioRestarts, windowTicks: atLeastOne(limits.portfolioWithin) },
  };
}

function settlementTimeout(reading: Reading, lagTicks: number): number {
  const { settlementTimeout: declared } = reading.scenario.market;
  if (declared === undefined) return Math.max(DAY_MS / reading.tickMs, 2 * lagTicks);
  const ticks = Math.ceil(reading.ticks(declared));
  if (ticks <= lagTicks + 1) {
    const expected = "longer than the report lag, by more than a tick";
    reading.refuse(["market", "settlementTimeout"], `Every report comes later than ${declared}`, expected);
  }
  return ticks;
}

function resolveFaults(reading: Reading, ticks: number): FaultPlan {
  const { from, to, longest, ...declared } = reading.scenario.faults;
  const kinds = (Object.keys(FAULT_KINDS) as FaultKind[]).filter((kind) => (declared[kind] ?? 0) > 0);
  const rates: FaultRates = Object.fromEntries(kinds.map((kind) => [kind, declared[kind]]));
  const fromTick = Math.floor(reading.ticks(from));
  const toTick = to === undefined ? ticks : Math.ceil(reading.ticks(to));
  if (toTick <= fromTick)
    reading.refuse(["faults", "to"], `Faults end at ${to ?? "the end"}, but begin at ${from}`, "a later time");
  const longestTicks = longest === undefined ? DEFAULT_LONGEST_TICKS : Math.max(1, Math.ceil(reading.ticks(longest)));
  return { rates, fromTick, toTick, longestTicks: Math.min(longestTicks, ticks) };
}

function wholeTicks(reading: Reading, field: "duration" | "warmup", least: number): number {
  const ticks = reading.ticks(reading.scenario[field]);
  if (!Number.isInteger(ticks)) {
    reading.refuse(
      [field],
      `The ${field} is not a whole number of ticks`,
      `a multiple of ${formatDuration(reading.tickMs)}`,
    );
  }
  if (ticks < least) reading.refuse([field], `The ${field} is no time at all`, "at least one tick");
  if (ticks > MAX_TICKS) {
    reading.refuse(
      [field],
      `The ${field} is ${ticks} ticks`,
      `at most ${MAX_TICKS} ticks`,
      "Take longer ticks or less time.",
    );
  }
  return ticks;
}

function localTimeMs(reading: Reading, startMs: number): number {
  try {
    return timeOfDayMs(startMs, reading.scenario.timeZone);
  } catch {
    return reading.refuseUnknown(["timeZone"], "time zone", reading.scenario.timeZone, [
      "UTC",
      ...Intl.supportedValuesOf("timeZone"),
    ]);
  }
}

function refuseRepeats(reading: Reading, list: "platforms" | "campaigns"): void {
  const seen = new Map<string, number>();
  for (const [index, { id }] of reading.scenario[list].entries()) {
    const first = seen.get(id);
    if (first !== undefined) {
      reading.refuse([list, index, "id"], `The id "${id}" is taken by ${list}[${first}]`, "an id of its own");
    }
    seen.set(id, index);
  }
}

function resolvePlatform(reading: Reading, platform: ScenarioPlatform, index: number): SimulatedPlatformSpec {
  const path = ["platforms", index];
  const within = (from: string, to: string | undefined, at: readonly PropertyKey[]) => {
    const startTick = Math.floor(reading.ticks(from));
    if (to === undefined) return { startTick };
    const endTick = Math.ceil(reading.ticks(to));
    if (endTick <= startTick)
      reading.refuse([...path, ...at], `It ends at ${to}, but begins at ${from}`, "a later time");
    return { startTick, endTick };
  };
  return {
    id: platform.id,
    pricing: platform.pricing,
    control: platform.control,
    floorMicros: reading.money([...path, "floor"], platform.floor, 0),
    overDeliveryFactor: platform.overDelivery,
    ...(platform.cpc === undefined ? {} : { baseCpcMicros: reading.money([...path, "cpc"], platform.cpc) }),
    ...(platform.cvr === undefined ? {} : { cvr: platform.cvr }),
    ...(platform.clicksPerMinute === undefined
      ? {}
      : { clicksPerTick: (platform.clicksPerMinute * reading.tickMs) / MINUTE_MS }),
    ...(platform.landscape === undefined ? {} : { landscapeShape: platform.landscape }),
    drift: platform.drift,
    cvrDayAmplitude: platform.cvrSwing,
    dayAmplitude: platform.trafficSwing,
    impressionsPerClick: platform.impressionsPerClick,
    outages: platform.outages.map((outage, i) => {
      const { startTick, endTick = startTick } = within(outage.from, outage.to, ["outages", i, "to"]);
      return { startTick, endTick };
    }),
    shocks: platform.shocks.map((shock, i) => {
      const { startTick, ...end } = within(shock.at, shock.until, ["shocks", i, "until"]);
      return { tick: startTick, ...end, priceFactor: shock.price, cvrFactor: shock.cvr, volumeFactor: shock.clicks };
    }),
  };
}

function dayShapes(reading: Reading): Pick<SimulatedMarketSpec, "dayShapes"> {
  const hours = reading.scenario.market.dayShape;
  if (hours === undefined) return {};
  const total = hours.reduce((sum, hour) => sum + hour, 0);
  if (total === 0) reading.refuse(["market", "dayShape"], "The day has no traffic at all", "at least one hour above 0");
  return { dayShapes: [hours.map((hour) => (hour * hours.length) / total)] };
}
