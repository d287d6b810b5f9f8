/** The scenario file: every field with its type, default and meaning. The JSON Schema for editors is made from this. */
import { z } from "zod";
import { FAULT_KINDS } from "../core/faults.ts";
import type { FaultKind } from "../core/faults.ts";
import { FORECASTERS } from "../core/forecast/index.ts";
import { ORDERS } from "../core/order.ts";
import type { OrderKind } from "../core/order.ts";
import { policies } from "../core/policy/index.ts";
import { DURATION_PATTERN, MONEY_PATTERN } from "./quantities.ts";

/** Most campaigns that a scenario may have, `count` included. */
export const MAX_CAMPAIGNS = 1_000_000;
/** Most ticks that a scenario may have, without and for warm-up. */
export const MAX_TICKS = 1_000_000;
/** Most orders of the operator. */
const MAX_ORDERS = 10_000;
/** Most platforms: reports carry their index in a byte. */
export const MAX_PLATFORMS = 64;

// A format that fails inside a union speaks for itself: it must say what the union says.
const MONEY_WANTED = { error: 'an amount of money: 250, "250.00" or "250.00 EUR"' };
const money = () => z.union([z.number(), z.string().regex(MONEY_PATTERN, MONEY_WANTED)], MONEY_WANTED);
const LEVEL_WANTED = { error: "all, changes, or sample:N for every Nth decision" };
const DURATION_WANTED = "a duration: 30s, 5m, 2h, 1d, 1w or a sum such as 1d12h";
const duration = () => z.string({ error: DURATION_WANTED }).regex(DURATION_PATTERN, { error: DURATION_WANTED });
const moment = () =>
  z.union([duration(), z.iso.datetime({ offset: true })], {
    error: "a duration from the start, such as 6h, or a date-time, such as 2026-01-05T06:00:00Z",
  });
const factor = () => z.number().positive().max(1000);
const id = () =>
  z.string().regex(/^[\p{L}\p{N}](?:[\p{L}\p{N}_.:-]{0,63})$/u, {
    error: "1 to 64 letters, digits, _ . : or -, the first a letter or a digit",
  });
const policy = () => z.enum(names([...policies.keys()]));
const forecaster = () => z.enum(names(Object.keys(FORECASTERS)));

const outage = z.strictObject({
  from: duration().describe("When the platform falls silent, counted from the start."),
  to: duration().describe("When it comes back, counted from the start."),
});

const shock = z.strictObject({
  at: duration().describe("When it happens, counted from the start."),
  until: duration().optional().describe("When it is over. Left out: it is for good."),
  price: factor().default(1).describe("Factor on the price per click."),
  cvr: factor().default(1).describe("Factor on the conversion rate."),
  clicks: factor().default(1).describe("Factor on the clicks on offer."),
});

const platform = z.strictObject({
  id: id().describe("Unique name, e.g. google."),
  pricing: z
    .enum(["second-price", "first-price", "cpc"])
    .default("second-price")
    .describe("What a click won costs: the clearing price (second-price, cpc) or the bid itself (first-price)."),
  control: z
    .enum(["bid", "budget"])
    .default("bid")
    .describe("What can be steered: a bid with a spend cap, or the spend cap alone."),
  floor: money().default(0).describe("Lowest bid that the platform takes, per click."),
  overDelivery: z
    .number()
    .min(1)
    .max(10)
    .default(1)
    .describe("The platform may spend up to this factor of a cap; that much is reserved."),
  cpc: money().optional().describe("Mean clearing price per click. Left out: drawn around 1.00."),
  cvr: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("Mean conversions per click, e.g. 0.04 for 4 in 100. Left out: drawn around 0.04."),
  clicksPerMinute: z
    .number()
    .positive()
    .max(1_000_000)
    .optional()
    .describe("Mean clicks on offer per minute to one campaign with a volume share of 1. Left out: drawn around 8."),
  drift: z.boolean().default(true).describe("Whether price, conversion rate and traffic wander about their means."),
  cvrSwing: z.number().min(0).lt(1).default(0.15).describe("Daily swing of the conversion rate: 0.15 is ±15 in 100."),
  trafficSwing: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("How much of a real day's ups and downs the traffic follows: 0 is flat, 1 is all of it."),
  landscape: z
    .number()
    .gt(1)
    .max(20)
    .optional()
    .describe(
      "Shape of the price distribution; the higher, the closer prices lie to their mean. Left out: drawn in 1.4 to 2.8.",
    ),
  impressionsPerClick: z.number().min(1).max(100_000).default(50).describe("Impressions shown for one click."),
  outages: z.array(outage).default([]).describe("Times of silence: nothing is sold and nothing is reported."),
  shocks: z.array(shock).default([]).describe("Sudden changes of price, conversion rate or traffic."),
});

const goals = z.strictObject({
  impressions: z.number().positive().optional().describe("Impressions to reach within the flight."),
  clicks: z.number().positive().optional().describe("Clicks to reach within the flight."),
  conversions: z.number().positive().optional().describe("Conversions to reach within the flight."),
});

const spread = z.strictObject({
  budget: z.number().min(0).lt(1).default(0).describe("Budgets are drawn within ± this share of `budget`."),
  value: z.number().min(0).lt(1).default(0).describe("Values per conversion are drawn within ± this share."),
  cvr: z.number().min(0).lt(1).default(0).describe("Each campaign's conversion rates are drawn within ± this share."),
});

const campaign = z.strictObject({
  id: id().describe("Unique name. With `count`, the beginning of the names: shoes-0001, shoes-0002, …"),
  count: z
    .int()
    .min(1)
    .max(MAX_CAMPAIGNS)
    .optional()
    .describe("Makes so many campaigns of this kind. Left out: one, named by its id alone."),
  spread: spread.prefault({}).describe("How the campaigns made by `count` differ."),
  portfolio: id().default("main").describe("Campaigns of a portfolio are supervised together."),
  budget: money().describe("Budget of the whole flight. Never overspent."),
  dailyBudget: money().optional().describe("Most that is spent in one day of the account's time zone."),
  flight: z
    .strictObject({
      start: moment().optional().describe("When bidding begins. Left out: at the start."),
      end: moment().optional().describe("When bidding ends. Left out: at the end."),
    })
    .prefault({})
    .describe("When the campaign runs."),
  valuePerConversion: money().describe("What one conversion is worth to you."),
  goals: goals.prefault({}).describe("What must be reached within the flight, if anything."),
  cpaTarget: money().optional().describe("Highest mean cost per conversion that you accept."),
  platforms: z.array(z.string()).min(1).optional().describe("Ids of the platforms to use. Left out: all."),
  minBid: money().default(0).describe("Lowest bid per click."),
  maxBid: money().optional().describe("Highest bid per click. Left out: no limit."),
  policy: policy().optional().describe("Decision policy. Left out: the scenario's."),
  forecaster: forecaster().optional().describe("Forecaster. Left out: the scenario's."),
  wasteAversion: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe("How many standard deviations of doubt about the conversion rate count against a click."),
  wasteAllowance: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe("How far above its value a conversion may cost, as a share, to reach a goal."),
  volumeShare: factor().default(1).describe("Share of each platform's clicks that is open to the campaign."),
  cvrFactor: z
    .union([factor(), z.record(z.string(), factor())], {
      error: "a factor above 0, or one per platform, such as {google: 1.2}",
    })
    .default(1)
    .describe("The campaign's conversion rate over the platform's: one factor, or one per platform."),
});

const market = z.strictObject({
  conversionDelay: duration().default("0s").describe("Mean time from a click to the report of its conversion."),
  reportLag: duration().default("0s").describe("How late spend reports are."),
  settlementTimeout: duration()
    .optional()
    .describe(
      "How long a bid waits for its spend report; then its whole reservation counts as spent. Left out: a day, or twice the report lag.",
    ),
  panelShare: z
    .number()
    .positive()
    .max(1000)
    .default(2)
    .describe("Clicks that the public feed is measured on, for each click on offer."),
  dayShape: z
    .array(z.number().min(0).max(1000))
    .length(24)
    .optional()
    .describe("Traffic of each hour of the day, from midnight, in any unit. Left out: drawn."),
});

const share = () => z.number().min(0).max(1);

const someCampaigns = () =>
  z.union([z.string(), z.array(z.string()).min(1).max(MAX_CAMPAIGNS)], {
    error: "a campaign's id, or a list of them; an id with `count` stands for all of its campaigns",
  });

const expectation = z
  .strictObject({
    campaigns: someCampaigns()
      .optional()
      .describe(
        'Which: an id, or a list, each held to it on its own; "*" is every one. Left out: all of them taken together.',
      ),
    maxBid: money().optional().describe("No bid per click is ever higher."),
    maxSpend: money().optional().describe("Never more than this is spent, top-ups or not."),
    minSpendShare: share()
      .optional()
      .describe("At least this share of the budget is spent by the end: 0.9 is nine tenths."),
    minConversions: z.number().min(0).optional().describe("At least so many conversions are reported."),
    maxCpa: money().optional().describe("The mean cost per conversion is at most this."),
    minNet: z.number().min(-9_000_000_000).max(9_000_000_000).optional().describe("Value less spend is at least this."),
    maxFallbackShare: share().optional().describe("At most this share of decisions is a fallback."),
    maxRestarts: z.int().min(0).optional().describe("A failed campaign is restarted at most so often."),
    maxQuarantined: z.int().min(0).optional().describe("At most so many campaigns are put into quarantine; 0 is none."),
  })
  .refine((entry) => Object.keys(entry).some((key) => key !== "campaigns"), {
    error: "at least one limit, such as maxBid, minSpendShare or maxCpa",
  });

const ORDER_MEANINGS = Object.entries(ORDERS)
  .map(([kind, meaning]) => `${kind}: ${meaning}`)
  .join("; ");

const supervision = z.strictObject({
  maxRestarts: z
    .int()
    .min(0)
    .max(1000)
    .default(5)
    .describe("Restarts in a row of one campaign before it is quarantined."),
  maxFailures: z
    .int()
    .min(0)
    .max(100_000)
    .default(20)
    .describe("Failures of one campaign, in a row or not, before it is quarantined."),
  within: duration().default("1h").describe("Over what time restarts and failures are counted."),
  steady: duration()
    .default("1m")
    .describe("How long a restarted campaign must run for its next failure to be none in a row."),
  backoff: duration()
    .default("1m")
    .describe("Wait before the first restart; it doubles with every further one in a row."),
  maxBackoff: duration().default("16m").describe("Longest such wait."),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("Most that chance takes off such a wait, as a share: campaigns that fail together come back apart."),
  maxQuarantined: z
    .int()
    .min(0)
    .default(3)
    .describe("Campaigns in quarantine that a portfolio bears; with one more it is restarted as a whole."),
  maxPortfolioRestarts: z.int().min(0).max(1000).default(3).describe("Restarts of a portfolio before it is given up…"),
  portfolioWithin: duration().default("1d").describe("…counted over this time."),
});

const order = z.strictObject({
  at: duration().describe("When, counted from the start."),
  campaigns: someCampaigns().describe("Which: an id, or a list. An id with `count` stands for all of its campaigns."),
  do: z.enum(names(Object.keys(ORDERS)) as [OrderKind, ...OrderKind[]]).describe("What: " + ORDER_MEANINGS + "."),
  amount: money().optional().describe("How much a top-up adds to the budget."),
  why: z.string().min(1).max(200).default("ordered by the operator").describe("The reason, for the decision log."),
});

const rate = (kind: FaultKind) =>
  z.number().min(0).max(1).optional().describe(`Probability, 0 to 1: ${FAULT_KINDS[kind]}.`);

const faults = z.strictObject({
  ...(Object.fromEntries((Object.keys(FAULT_KINDS) as FaultKind[]).map((kind) => [kind, rate(kind)])) as Record<
    FaultKind,
    ReturnType<typeof rate>
  >),
  from: duration().default("0s").describe("When faults begin, counted from the start."),
  to: duration().optional().describe("When they end, counted from the start. Left out: at the end."),
  longest: duration().optional().describe("Longest episode, delay or jump. Left out: ten ticks."),
});

/** The scenario file as it is written. */
export const scenarioSchema = z
  .strictObject({
    name: id().describe("Short name, shown in logs and reports."),
    description: z.string().max(2000).optional().describe("What the scenario is about."),
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe("Same seed, same run, to the byte."),
    currency: z.enum(Intl.supportedValuesOf("currency")).default("EUR").describe("ISO 4217 code of all money here."),
    start: z.iso
      .datetime({ offset: true, error: "a date-time with its offset, such as 2026-01-05T00:00:00Z" })
      .default("2026-01-05T00:00:00Z")
      .describe("Simulated time of the first tick."),
    timeZone: z
      .string()
      .default("UTC")
      .describe("IANA time zone of the account, e.g. Europe/Berlin: when its days begin."),
    tick: duration().default("1m").describe("Time between two decisions. A day is a whole number of them."),
    duration: duration().default("1d").describe("Simulated time."),
    warmup: duration().default("1d").describe("How long the platforms are listened to before the start."),
    policy: policy().default("gamma-pacing").describe("Decision policy of campaigns that name none."),
    forecaster: forecaster().default("count-weighted").describe("Forecaster of campaigns that name none."),
    log: z
      .strictObject({
        level: z
          .union([z.enum(["all", "changes"]), z.string().regex(/^sample:[1-9]\d{0,8}$/, LEVEL_WANTED)], LEVEL_WANTED)
          .default("changes")
          .describe("Decisions to log: all, those that changed something, or every Nth (sample:100)."),
      })
      .prefault({})
      .describe("The decision log."),
    market: market.prefault({}).describe("How the simulated platforms report."),
    platforms: z.array(platform).min(1).max(MAX_PLATFORMS).describe("The ad platforms."),
    campaigns: z.array(campaign).min(1).max(MAX_CAMPAIGNS).describe("The campaigns."),
    supervision: supervision.prefault({}).describe("What happens to a campaign that fails."),
    faults: faults.prefault({}).describe("Faults to inject, drawn from the seed: kind: probability. None by default."),
    operator: z.array(order).max(MAX_ORDERS).default([]).describe("What the operator orders during the run."),
    expect: z
      .array(expectation)
      .max(1000)
      .default([])
      .describe("What must come of a run: judged by `simulate` and `check`, which end with 4 where it does not."),
  })
  .meta({ title: "campaign-engine scenario" });

/** A scenario as read, defaults filled in. */
export type Scenario = z.output<typeof scenarioSchema>;
/** A scenario as it is written: defaults may be left out. */
export type ScenarioFile = z.input<typeof scenarioSchema>;
/** One entry of its platforms. */
export type ScenarioPlatform = Scenario["platforms"][number];
/** One entry of its campaigns. */
export type ScenarioCampaign = Scenario["campaigns"][number];

/** At least one name, as `z.enum` wants them. */
function names(known: readonly string[]): [string, ...string[]] {
  return known as [string, ...string[]];
}

/** The JSON Schema (draft 2020-12) of a scenario file, for editors. */
export function scenarioJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(scenarioSchema, { io: "input" });
}
