/** Everything that may be sent to the service: checked by these schemas, published from them in /openapi.json, fuzzed from them in the tests. */
import { z } from "zod";
import { FORECASTERS } from "../core/forecast/index.ts";
import { policies } from "../core/policy/index.ts";
import { SHOWN_STATES } from "../observe/frames.ts";
import { CAMPAIGN_SORTS } from "../observe/live-view.ts";

/** Largest tick that may be named: four years of two-second ticks. */
const MAX_TICK = 2 ** 26 - 1;
const MAX_COUNT = 1_000_000_000_000;

const names = (known: readonly string[]) => known as [string, ...string[]];
const id = () => z.string().regex(/^[\p{L}\p{N}](?:[\p{L}\p{N}_.:-]{0,71})$/u, { error: "an id" });
const micros = (least: number) => z.int().min(least).max(Number.MAX_SAFE_INTEGER);
const count = () => z.number().min(0).max(MAX_COUNT);
const tick = () => z.int().min(0).max(MAX_TICK);

const signature = {
  by: z.string().trim().min(1).max(80).default("operator").describe("Who gives the order, for the audit trail."),
  why: z.string().trim().max(500).default("").describe("The reason, for the audit trail."),
};
const reason = z.string().trim().min(1).max(500).describe("The reason, for the audit trail.");

/** The place of one campaign. */
export const campaignPath = z.strictObject({ id: id().describe("Id of the campaign.") });
/** The place of one platform. */
export const platformPath = z.strictObject({ id: id().describe("Id of the platform.") });

/** A list of campaigns. */
export const campaignQuery = z.strictObject({
  state: z.enum(SHOWN_STATES).optional().describe("Only campaigns in this state."),
  portfolio: id().optional().describe("Only campaigns of this portfolio."),
  search: z.string().min(1).max(80).optional().describe("Only campaigns with this in their id."),
  sort: z.enum(CAMPAIGN_SORTS).default("slot").describe("What to sort by."),
  order: z.enum(["asc", "desc"]).default("asc"),
  offset: z.coerce.number().int().min(0).max(10_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

/** A page of decisions. */
export const decisionQuery = z.strictObject({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe("Only newer than this id."),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** A stream of decisions. */
export const decisionStreamQuery = z.strictObject({
  campaign: id().optional().describe("Only decisions of this campaign."),
});

/** Bids that are out. */
export const bidQuery = z.strictObject({
  after: z.coerce
    .number()
    .int()
    .min(-1)
    .max(MAX_TICK)
    .optional()
    .describe("Bids of later ticks. Left out: the newest only."),
});

/** A new campaign. */
export const newCampaign = z.strictObject({
  id: id().describe("A name that no campaign has."),
  portfolio: id().optional().describe("Who supervises it: a portfolio that runs. Left out: the first."),
  budgetMicros: micros(1).describe("Budget of the whole flight. Never overspent."),
  dailyBudgetMicros: micros(1).optional().describe("Most that is spent in one day of the account's time zone."),
  startTick: tick().optional().describe("When bidding begins. Left out: at once."),
  endTick: tick().optional().describe("When bidding ends. Left out: with the engine."),
  valuePerConversionMicros: micros(1).describe("What one conversion is worth."),
  goals: z
    .strictObject({ impressions: count().optional(), clicks: count().optional(), conversions: count().optional() })
    .prefault({})
    .describe("What must be reached within the flight."),
  cpaTargetMicros: micros(1).optional().describe("Highest mean cost per conversion."),
  platforms: z.array(id()).min(1).max(64).optional().describe("Ids of the platforms. Left out: all."),
  minBidMicros: micros(0).default(0),
  maxBidMicros: micros(1).optional(),
  policy: z.enum(names([...policies.keys()])).default("gamma-pacing"),
  forecaster: z
    .enum(names(Object.keys(FORECASTERS)))
    .optional()
    .describe("Left out: the one that runs."),
  wasteAversion: z.number().min(0).max(10).default(0),
  wasteAllowance: z.number().min(0).max(10).default(0),
  ...signature,
});

/** An order that needs no more than who and why. */
export const plainOrder = z.strictObject(signature);

/** Ending a campaign cannot be undone: it needs a reason. */
export const endOrder = z.strictObject({ ...signature, why: reason });

/** More budget. */
export const topUpOrder = z.strictObject({
  micros: micros(1).describe("How much is added to the budget."),
  key: z.string().min(1).max(80).optional().describe("Makes a repeat harmless: the same key counts once."),
  ...signature,
});

/** The kill switch of one campaign, one platform, or everything. */
export const killSwitch = z.discriminatedUnion("scope", [
  z.strictObject({ scope: z.literal("all"), engaged: z.boolean(), ...signature, why: reason }),
  z.strictObject({
    scope: z.enum(["campaign", "platform"]),
    id: id(),
    engaged: z.boolean(),
    ...signature,
    why: reason,
  }),
]);

/** One platform's metrics of one tick; its key is (platform, tick). */
export const metricsRecord = z.strictObject({
  platform: id(),
  tick: tick().describe("The tick that the figures are of: the present one (see /v1/clock) or one of the next 60."),
  impressions: count(),
  clicks: count(),
  cpcMicros: count().describe("Mean price per click; 0 where there was no click."),
  conversions: count().describe("Conversions that arrived in this tick."),
  conversionAgeTicks: count().default(0).describe("Sum of those conversions' ages, click to arrival."),
});

/** What a bid cost, that it was refused, or conversions that came later; the key is (kind, campaign, platform, tick). */
export const settlementRecord = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("spend"),
    campaign: id(),
    platform: id(),
    tick: tick().describe("The tick of the bid."),
    costMicros: micros(0),
    impressions: count(),
    clicks: count(),
    conversions: count().default(0),
    conversionAgeTicks: count().default(0),
  }),
  z.strictObject({
    kind: z.literal("refusal").describe("The platform did not take the bid."),
    campaign: id(),
    platform: id(),
    tick: tick().describe("The tick of the bid."),
  }),
  z.strictObject({
    kind: z.literal("conversions"),
    campaign: id(),
    platform: id(),
    tick: tick().describe("The tick of their arrival."),
    conversions: count(),
    conversionAgeTicks: count().default(0),
  }),
]);

/** What an inspector looks at. */
export const inspectionQuery = z.strictObject({
  actor: id().optional().describe("Id of an actor to look at, e.g. campaign:spring."),
});

/** A statechart driven alone. */
export const handDrivenQuery = z.strictObject({
  chart: z.string().min(1).max(40).describe("Name of the statechart."),
  path: z
    .string()
    .max(1_000)
    .regex(/^(\d{1,4}(,\d{1,4})*)?$/, "Numbers with commas.")
    .default("")
    .describe("What it was given so far: places of events in the offers, with commas; at most 1,000 characters."),
});

/** A list of actors. */
export const actorQuery = z.strictObject({
  chart: z.string().min(1).max(40).describe("Name of the statechart."),
  search: z.string().max(80).default("").describe("Only actors with this in their id."),
  offset: z.coerce.number().int().min(0).max(10_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** The place of one actor. */
export const actorPath = z.strictObject({ id: id().describe("Id of the actor.") });

/** An event by hand. The world is added to those that carry it. */
export const handMadeEvent = z.strictObject({
  type: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z.]{0,60}$/)
    .refine((type) => !type.startsWith("xstate."), { error: "an event of the statechart" }),
  why: z.string().min(1).max(200).optional(),
  micros: micros(1).optional(),
  tick: tick().optional(),
});

/** Time in a simulation. */
export const timeOrder = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("play"), everyMs: z.int().min(10).max(60_000).optional() }),
  z.strictObject({ action: z.literal("pause") }),
  z.strictObject({ action: z.literal("step"), ticks: z.int().min(1).max(10_000).default(1) }),
]);

export type MetricsRecord = z.output<typeof metricsRecord>;
export type SettlementRecord = z.output<typeof settlementRecord>;
export type NewCampaign = z.output<typeof newCampaign>;
