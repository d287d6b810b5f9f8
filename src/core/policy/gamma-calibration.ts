/**
 * What a campaign learns from its own reports: how its CVR, its volume and its prices differ from the platforms' feeds.
 *
 * K1 every factor is finite and > 0; K2 a sample that its cap cut short teaches nothing about volume; K3 memory is replaced, never changed (P4).
 */
import { expectedFactor, ownProbability, PRIOR_OWN } from "./own-cvr.ts";
import { learnShape, shapedResponse, UNKNOWN_SHAPE, type PriceShape } from "./price-shape.ts";
import { PAY_PRICE, type Response } from "./response.ts";
import type { PlatformSpec } from "../platform.ts";
import type { PolicyInput } from "./policy.ts";
import { type ReportBatch, ReportKind } from "../reports.ts";

/** Half-life of the volume and price factors [ms]. */
const CALIBRATION_MS = 120 * 60_000;
/** Half-life of the comparison of predicted with actual spend [ms]. */
const AGREEMENT_MS = 30 * 60_000;
/** The campaign's share of the feed's clicks before anything is known. */
const PRIOR_SHARE = 0.5;
const PRIOR_CLICKS = 20;
const PRIOR_PRICED_CLICKS = 10;
/** Reports between two looks at whether the campaign's CVR is its own. */
const LOOK_EVERY = 32;
/** Bids whose report has not come within so many ticks are forgotten. */
const MOST_LAG_TICKS = 64;
/** Lag that is assumed before the first report says how late reports are. */
const UNKNOWN_LAG_TICKS = 15;

/** What is known of one platform from the campaign's own reports. */
export interface OwnPlatform {
  /** Conversions received. */
  readonly received: number;
  /** Clicks bought whose conversions are still on their way. */
  readonly pending: number;
  /** Conversions due by now from all other clicks, at the platform's CVR as it was known when they fell due. */
  readonly matured: number;
  /** Windowed clicks, and what the feed let expect before the share is applied. */
  readonly clicks: number;
  readonly expectedClicks: number;
  /** Windowed cost, and what the same clicks should have cost [micros]. */
  readonly costMicros: number;
  readonly expectedCostMicros: number;
  readonly shape: PriceShape;
}

/** A bid whose spend report is outstanding. */
export interface OpenBid {
  readonly tick: number;
  /** Row: place in `spec.platforms`. */
  readonly row: number;
  /** Clicks that the feed let expect, before the share is applied. */
  readonly expectedClicks: number;
  /** Price that a click won was expected to cost [micros]. */
  readonly priceMicros: number;
  /** Above this cost the cap may have cut the sample short [micros]. */
  readonly freeMicros: number;
  /** The bid, in units of the mean clearing price. */
  readonly bidShare: number;
  /** Clicks in the feed. */
  readonly feedClicks: number;
}

/** Everything that gamma pacing remembers. */
export interface GammaMemory {
  /** The last gamma [micros per conversion]; 0 before the first. */
  readonly gammaMicros: number;
  /** The last price of a unit of reach [micros]. */
  readonly etaMicros: number;
  /** Tick of the last decision; −1 before the first. */
  readonly tick: number;
  /** Spend reports read. */
  readonly reports: number;
  /** Ticks by which spend reports come late. */
  readonly lagTicks: number;
  /** Probability that the campaign's CVR differs from the platforms'. */
  readonly ownChance: number;
  readonly clicks: number;
  readonly impressions: number;
  /** Windowed predicted and actual spend [micros], and ticks for which they have disagreed. */
  readonly predictedMicros: number;
  readonly actualMicros: number;
  readonly misfitTicks: number;
  /** Cost reported since the last decision [micros]. */
  readonly freshCostMicros: number;
  readonly own: readonly OwnPlatform[];
  readonly open: readonly OpenBid[];
}

const UNKNOWN_PLATFORM: OwnPlatform = {
  received: 0,
  pending: 0,
  matured: 0,
  clicks: 0,
  expectedClicks: 0,
  costMicros: 0,
  expectedCostMicros: 0,
  shape: UNKNOWN_SHAPE,
};

/** Memory of a campaign on so many platforms that has not bid yet. */
export function createMemory(platforms: number): GammaMemory {
  return {
    gammaMicros: 0,
    etaMicros: 0,
    tick: -1,
    reports: 0,
    lagTicks: UNKNOWN_LAG_TICKS,
    ownChance: PRIOR_OWN,
    clicks: 0,
    impressions: 0,
    predictedMicros: 0,
    actualMicros: 0,
    misfitTicks: 0,
    freshCostMicros: 0,
    own: Array.from({ length: platforms }, () => UNKNOWN_PLATFORM),
    open: [],
  };
}

/** theta: the campaign's CVR ÷ the platform's, shrunk towards 1 as far as it seems to convert as they do. */
export function cvrFactor(memory: GammaMemory, row: number): number {
  return expectedFactor(memory.ownChance, memory.own[row]);
}

/** Conversions of all clicks bought, by the model: far less noisy than those counted. */
export function modelConversions({ board, spec }: PolicyInput, memory: GammaMemory): number {
  let sum = 0;
  for (let row = 0; row < memory.own.length; row += 1) {
    const { matured, pending } = memory.own[row];
    sum += cvrFactor(memory, row) * (matured + pending * board.cvr[spec.platforms[row]]);
  }
  return sum;
}

/** c: the campaign's clicks ÷ the feed's, at the same win rate. */
export function volumeFactor({ clicks, expectedClicks }: OwnPlatform): number {
  return (PRIOR_CLICKS * PRIOR_SHARE + clicks) / (PRIOR_CLICKS + expectedClicks);
}

/** h: the price charged ÷ the price expected, at a mean price of so much. */
export function priceFactor({ costMicros, expectedCostMicros }: OwnPlatform, meanMicros: number): number {
  const priorMicros = PRIOR_PRICED_CLICKS * meanMicros;
  return priorMicros > 0 ? (priorMicros + costMicros) / (priorMicros + expectedCostMicros) : 1;
}

/** Factor by which a window with this half-life forgets in a tick; the window is at least a few ticks long. */
function keepOf(halfLifeMs: number, tickMs: number): number {
  return 2 ** (-1 / Math.max(4, halfLifeMs / tickMs));
}

/** Memory after the rows `from` ≤ i < `to` of a batch. */
export function learnReports(
  input: PolicyInput,
  memory: GammaMemory,
  batch: ReportBatch,
  from: number,
  to: number,
): GammaMemory {
  const { board, spec, tickMs } = input;
  const keep = keepOf(CALIBRATION_MS, tickMs);
  const keepAgreement = keepOf(AGREEMENT_MS, tickMs) ** (1 / Math.max(1, spec.platforms.length));
  const own = memory.own.slice();
  let { open, reports, lagTicks, clicks, impressions, predictedMicros, actualMicros } = memory;
  let { freshCostMicros, ownChance } = memory;
  let lateTicks = -1;
  for (let i = from; i < to; i += 1) {
    const platform = batch.platform[i];
    const row = spec.platforms.indexOf(platform);
    if (row < 0) continue;
    const before = own[row];
    const received = before.received + batch.conversions[i];
    if (batch.kind[i] !== ReportKind.spend) {
      own[row] = { ...before, received };
      continue;
    }
    const at = open.findIndex((bid) => bid.tick === batch.tick[i] && bid.row === row);
    const bid = at < 0 ? null : open[at];
    if (at >= 0) open = open.toSpliced(at, 1);
    const costMicros = batch.costMicros[i];
    reports += 1;
    lateTicks = Math.max(lateTicks, input.tick - batch.tick[i]);
    clicks += batch.clicks[i];
    impressions += batch.impressions[i];
    freshCostMicros += costMicros;
    // A silent platform has no auctions to lose.
    const isSample =
      bid !== null && bid.expectedClicks > 0 && costMicros <= bid.freeMicros && board.ageTicks[platform] <= 1;
    if (bid === null || !isSample) {
      own[row] = { ...before, received, pending: before.pending + batch.clicks[i] };
      continue;
    }
    predictedMicros = keepAgreement * predictedMicros + expectedSpendMicros(bid, before);
    actualMicros = keepAgreement * actualMicros + costMicros;
    own[row] = {
      received,
      pending: before.pending + batch.clicks[i],
      matured: before.matured,
      clicks: keep * before.clicks + batch.clicks[i],
      expectedClicks: keep * before.expectedClicks + bid.expectedClicks,
      costMicros: keep * before.costMicros + costMicros,
      expectedCostMicros: keep * before.expectedCostMicros + batch.clicks[i] * bid.priceMicros,
      shape:
        input.platforms[platform].pricing === "first-price"
          ? learnShape(before.shape, bid.bidShare, batch.clicks[i], bid.feedClicks)
          : before.shape,
    };
  }
  if (lateTicks >= 0) lagTicks = memory.reports === 0 ? lateTicks : Math.max(lateTicks, lagTicks - 0.05);
  if (Math.floor(reports / LOOK_EVERY) !== Math.floor(memory.reports / LOOK_EVERY)) ownChance = ownProbability(own);
  return {
    ...memory,
    own,
    open,
    reports,
    lagTicks,
    clicks,
    impressions,
    predictedMicros,
    actualMicros,
    freshCostMicros,
    ownChance,
  };
}

/** How a platform answers to the campaign's bids. */
export function responseOf({ pricing }: PlatformSpec, { shape }: OwnPlatform): Response {
  return pricing === "first-price" ? shapedResponse(shape) : PAY_PRICE;
}

/** What a bid was expected to cost, by what is known of its platform [micros]. */
export function expectedSpendMicros(bid: OpenBid, own: OwnPlatform): number {
  return bid.expectedClicks * volumeFactor(own) * bid.priceMicros * priceFactor(own, bid.priceMicros);
}

/** Memory at the tick of the input: conversions on their way fall due, at each platform's mean delay, and bids never reported are forgotten. */
export function mature(memory: GammaMemory, { tick, board, spec }: PolicyInput): GammaMemory {
  const elapsed = memory.tick < 0 ? 1 : Math.max(0, tick - memory.tick);
  const own = memory.own.map((platform, row) => {
    const index = spec.platforms[row];
    const delay = board.delayTicks[index];
    const due = platform.pending * (1 - (delay / (1 + delay)) ** elapsed);
    if (due === 0) return platform;
    return { ...platform, pending: platform.pending - due, matured: platform.matured + due * board.cvr[index] };
  });
  const open = memory.open.filter((bid) => bid.tick >= tick - MOST_LAG_TICKS);
  return { ...memory, tick, own, open };
}
