/**
 * What a campaign learns from its own reports: how its CVR, its volume and its prices differ from the platforms' feeds.
 *
 * K1 every factor is finite and > 0; K2 a sample that its cap cut short teaches nothing about volume; K3 memory is replaced, never changed (P4).
 */
import { type Counts, expectedFactor, ownProbability, PRIOR_OWN } from "./own-cvr.ts";
import { learnShape, SHAPE_WIDTH, shapedResponse, unknownShapes } from "./price-shape.ts";
import { PAY_PRICE, type Response } from "./response.ts";
import type { CampaignSpec } from "../campaign.ts";
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

// What is known of one platform from the campaign's own reports: places of the figures in its row of GammaMemory.own. Rows stand in one list of
// numbers because thousands of campaigns replace theirs every tick.

/** Conversions received. */
export const OWN_RECEIVED = 0;
/** Clicks bought whose conversions are still on their way. */
export const OWN_PENDING = 1;
/** Conversions due by now from all other clicks, at the platform's CVR as it was known when they fell due. */
export const OWN_MATURED = 2;
/** Windowed clicks, and what the feed let expect before the share is applied. */
export const OWN_CLICKS = 3;
export const OWN_EXPECTED_CLICKS = 4;
/** Windowed cost, and what the same clicks should have cost [micros]. */
export const OWN_COST_MICROS = 5;
export const OWN_EXPECTED_COST_MICROS = 6;
/** Figures in a row of {@link GammaMemory.own}. */
export const OWN_WIDTH = 7;

// A bid whose spend report is outstanding: places of the figures in its row of GammaMemory.open.

/** Tick of the bid. */
export const OPEN_TICK = 0;
/** Place in `spec.platforms`. */
export const OPEN_ROW = 1;
/** Clicks that the feed let expect, before the share is applied. */
export const OPEN_EXPECTED_CLICKS = 2;
/** Price that a click won was expected to cost [micros]. */
export const OPEN_PRICE_MICROS = 3;
/** Above this cost the cap may have cut the sample short [micros]. */
export const OPEN_FREE_MICROS = 4;
/** The bid, in units of the mean clearing price. */
export const OPEN_BID_SHARE = 5;
/** Clicks in the feed. */
export const OPEN_FEED_CLICKS = 6;
/** Figures in a row of {@link GammaMemory.open}. */
export const OPEN_WIDTH = 7;

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
  /** By platform of the campaign: rows of {@link OWN_WIDTH} figures. */
  readonly own: readonly number[];
  /** By first-price platform of the campaign: rows of its price shape (price-shape.ts). */
  readonly shapes: readonly number[];
  /** Bids whose reports are outstanding, oldest first: rows of {@link OPEN_WIDTH} figures. */
  readonly open: readonly number[];
}

/** Memory of a campaign that has not bid yet. */
export function createMemory(spec: CampaignSpec, platforms: readonly PlatformSpec[]): GammaMemory {
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
    own: Array.from({ length: spec.platforms.length * OWN_WIDTH }, () => 0),
    shapes: unknownShapes(spec.platforms.filter((platform) => isFirstPrice(platforms[platform])).length),
    open: [],
  };
}

/** theta: the campaign's CVR ÷ the platform's, shrunk towards 1 as far as it seems to convert as they do. */
export function cvrFactor({ ownChance, own }: GammaMemory, row: number): number {
  const at = row * OWN_WIDTH;
  return expectedFactor(ownChance, own[at + OWN_RECEIVED], own[at + OWN_MATURED]);
}

/** Conversions of the clicks bought on the platform in a row, at the platform's CVR: those due by now and those on their way. */
export function expectedConversions({ own }: GammaMemory, row: number, platformCvr: number): number {
  const at = row * OWN_WIDTH;
  return own[at + OWN_MATURED] + own[at + OWN_PENDING] * platformCvr;
}

/** Conversions of all clicks bought, by the model: far less noisy than those counted. */
export function modelConversions({ board, spec }: PolicyInput, memory: GammaMemory): number {
  let sum = 0;
  for (let row = 0; row < spec.platforms.length; row += 1) {
    sum += cvrFactor(memory, row) * expectedConversions(memory, row, board.cvr[spec.platforms[row]]);
  }
  return sum;
}

/** c: the campaign's clicks ÷ the feed's, at the same win rate. */
export function volumeFactor(own: readonly number[], row: number): number {
  const at = row * OWN_WIDTH;
  return (PRIOR_CLICKS * PRIOR_SHARE + own[at + OWN_CLICKS]) / (PRIOR_CLICKS + own[at + OWN_EXPECTED_CLICKS]);
}

/** h: the price charged ÷ the price expected, at a mean price of so much. */
export function priceFactor(own: readonly number[], row: number, meanMicros: number): number {
  const at = row * OWN_WIDTH;
  const priorMicros = PRIOR_PRICED_CLICKS * meanMicros;
  if (!(priorMicros > 0)) return 1;
  return (priorMicros + own[at + OWN_COST_MICROS]) / (priorMicros + own[at + OWN_EXPECTED_COST_MICROS]);
}

/** Factors by which the calibration and the agreement windows forget with a report, for ticks of this length. */
interface Keep {
  readonly tickMs: number;
  readonly platforms: number;
  readonly calibration: number;
  readonly agreement: number;
}

let lastKeep: Keep = { tickMs: Number.NaN, platforms: 0, calibration: 0, agreement: 0 };

function keepFor(tickMs: number, platforms: number): Keep {
  if (lastKeep.tickMs === tickMs && lastKeep.platforms === platforms) return lastKeep;
  const calibration = keepOf(CALIBRATION_MS, tickMs);
  const agreement = keepOf(AGREEMENT_MS, tickMs) ** (1 / Math.max(1, platforms));
  lastKeep = { tickMs, platforms, calibration, agreement };
  return lastKeep;
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
  spare: GammaMemory | null = null,
): GammaMemory {
  const { board, spec, tickMs } = input;
  const keep = keepFor(tickMs, spec.platforms.length);
  const into = listOf(spare);
  const next = copied(memory, spare);
  const { own } = next;
  let { open, reports, lagTicks, clicks, impressions, predictedMicros, actualMicros } = memory;
  // Reports mostly come in the order of the bids: those before this place are done with.
  let done = 0;
  let { freshCostMicros, ownChance } = memory;
  let lateTicks = -1;
  for (let i = from; i < to; i += 1) {
    const platform = batch.platform[i];
    // Most campaigns are on all platforms.
    const row = spec.platforms[platform] === platform ? platform : spec.platforms.indexOf(platform);
    if (row < 0) continue;
    const at = row * OWN_WIDTH;
    const won = batch.clicks[i];
    own[at + OWN_RECEIVED] += batch.conversions[i];
    if (batch.kind[i] !== ReportKind.spend) continue;
    own[at + OWN_PENDING] += won;
    const costMicros = batch.costMicros[i];
    reports += 1;
    lateTicks = Math.max(0, lateTicks, input.tick - 1 - batch.tick[i]);
    clicks += won;
    impressions += batch.impressions[i];
    freshCostMicros += costMicros;
    const bid = findBid(open, done, batch.tick[i], row);
    if (bid < 0) continue;
    const expectedClicks = open[bid + OPEN_EXPECTED_CLICKS];
    // A silent platform has no auctions to lose.
    if (expectedClicks > 0 && costMicros <= open[bid + OPEN_FREE_MICROS] && board.ageTicks[platform] === 0) {
      predictedMicros = keep.agreement * predictedMicros + expectedSpendMicros(open, bid, own);
      actualMicros = keep.agreement * actualMicros + costMicros;
      own[at + OWN_CLICKS] = keep.calibration * own[at + OWN_CLICKS] + won;
      own[at + OWN_EXPECTED_CLICKS] = keep.calibration * own[at + OWN_EXPECTED_CLICKS] + expectedClicks;
      own[at + OWN_COST_MICROS] = keep.calibration * own[at + OWN_COST_MICROS] + costMicros;
      own[at + OWN_EXPECTED_COST_MICROS] =
        keep.calibration * own[at + OWN_EXPECTED_COST_MICROS] + won * open[bid + OPEN_PRICE_MICROS];
      if (isFirstPrice(input.platforms[platform])) {
        const [share, feed] = [open[bid + OPEN_BID_SHARE], open[bid + OPEN_FEED_CLICKS]];
        learnShape(next.shapes, shapePlace(input, row), share, won, feed);
      }
    }
    if (bid === done) done += OPEN_WIDTH;
    else open = open.toSpliced(bid, OPEN_WIDTH);
  }
  if (lateTicks >= 0) lagTicks = memory.reports === 0 ? lateTicks : Math.max(lateTicks, lagTicks - 0.05);
  if (Math.floor(reports / LOOK_EVERY) !== Math.floor(memory.reports / LOOK_EVERY))
    ownChance = ownProbability(countsOf(own));
  next.open = copiedInto(into, open, done, open.length);
  next.reports = reports;
  next.lagTicks = lagTicks;
  next.clicks = clicks;
  next.impressions = impressions;
  next.predictedMicros = predictedMicros;
  next.actualMicros = actualMicros;
  next.freshCostMicros = freshCostMicros;
  next.ownChance = ownChance;
  return next;
}

/** A memory that nobody else holds yet: its maker may still write into it. */
export type Draft = { -readonly [key in keyof GammaMemory]: GammaMemory[key] } & {
  readonly own: number[];
  readonly shapes: number[];
};

/** The list that a memory's open bids are written into: the spare's own, or a new one. Asked for before the spare becomes a copy, which holds another's list. */
export function listOf(spare: GammaMemory | null): number[] {
  return spare === null ? [] : (spare.open as number[]);
}

/** Copies figures into a list, which is then as long as they are. */
export function copiedInto(into: number[], figures: readonly number[], from: number, to: number): readonly number[] {
  // Not by its length: V8 would give the memory back, and the list asks for it again in the same tick.
  while (into.length > to - from) into.pop();
  for (let i = from; i < to; i += 1) into[i - from] = figures[i];
  return into;
}

/** A copy of a memory, in the place of the spare where there is one; its open bids are still the memory's own list. */
function copied(memory: GammaMemory, spare: GammaMemory | null): Draft {
  if (spare === null) return { ...memory, own: memory.own.slice(), shapes: memory.shapes.slice() };
  const draft = spare as Draft;
  draft.gammaMicros = memory.gammaMicros;
  draft.etaMicros = memory.etaMicros;
  draft.tick = memory.tick;
  draft.reports = memory.reports;
  draft.lagTicks = memory.lagTicks;
  draft.ownChance = memory.ownChance;
  draft.clicks = memory.clicks;
  draft.impressions = memory.impressions;
  draft.predictedMicros = memory.predictedMicros;
  draft.actualMicros = memory.actualMicros;
  draft.misfitTicks = memory.misfitTicks;
  draft.freshCostMicros = memory.freshCostMicros;
  draft.open = memory.open;
  for (let i = 0; i < memory.own.length; i += 1) draft.own[i] = memory.own[i];
  for (let i = 0; i < memory.shapes.length; i += 1) draft.shapes[i] = memory.shapes[i];
  return draft;
}

/** Place in `open`, not before another one, of the bid of a tick on a platform of the campaign; −1 where there is none. */
function findBid(open: readonly number[], from: number, tick: number, row: number): number {
  for (let at = from; at < open.length; at += OPEN_WIDTH) {
    if (open[at + OPEN_TICK] === tick && open[at + OPEN_ROW] === row) return at;
  }
  return -1;
}

function countsOf(own: readonly number[]): Counts[] {
  const counts: Counts[] = [];
  for (let at = 0; at < own.length; at += OWN_WIDTH) {
    counts.push({ received: own[at + OWN_RECEIVED], matured: own[at + OWN_MATURED] });
  }
  return counts;
}

/** How the platform in a row answers to the campaign's bids. */
export function responseOf(input: PolicyInput, { shapes }: GammaMemory, row: number): Response {
  const { spec, platforms } = input;
  return isFirstPrice(platforms[spec.platforms[row]]) ? shapedResponse(shapes, shapePlace(input, row)) : PAY_PRICE;
}

function isFirstPrice({ pricing }: PlatformSpec): boolean {
  return pricing === "first-price";
}

/** Where a first-price platform's row of {@link GammaMemory.shapes} begins: after those of such platforms before it. */
function shapePlace({ spec, platforms }: PolicyInput, row: number): number {
  let place = 0;
  for (let i = 0; i < row; i += 1) if (isFirstPrice(platforms[spec.platforms[i]])) place += SHAPE_WIDTH;
  return place;
}

/** What the bid at a place in `open` was expected to cost, by what is known of its platform [micros]. */
export function expectedSpendMicros(open: readonly number[], at: number, own: readonly number[]): number {
  const row = open[at + OPEN_ROW];
  const priceMicros = open[at + OPEN_PRICE_MICROS];
  return open[at + OPEN_EXPECTED_CLICKS] * volumeFactor(own, row) * priceMicros * priceFactor(own, row, priceMicros);
}

/** Memory at the tick of the input: conversions on their way fall due, at each platform's mean delay, and bids never reported are forgotten. */
export function mature(memory: GammaMemory, { tick, board, spec }: PolicyInput, spare: GammaMemory | null): Draft {
  const elapsed = memory.tick < 0 ? 1 : Math.max(0, tick - memory.tick);
  const draft = copied(memory, spare);
  const { own: matured } = draft;
  for (let row = 0; row < spec.platforms.length; row += 1) {
    const platform = spec.platforms[row];
    const delay = board.delayTicks[platform];
    const at = row * OWN_WIDTH;
    const due = matured[at + OWN_PENDING] * (1 - (delay / (1 + delay)) ** elapsed);
    matured[at + OWN_PENDING] -= due;
    matured[at + OWN_MATURED] += due * board.cvr[platform];
  }
  draft.tick = tick;
  draft.open = withoutLost(memory.open, tick - MOST_LAG_TICKS);
  return draft;
}

/** The open bids from a tick on. */
function withoutLost(open: readonly number[], fromTick: number): readonly number[] {
  let at = 0;
  while (at < open.length && open[at + OPEN_TICK] < fromTick) at += OPEN_WIDTH;
  return at === 0 ? open : open.slice(at);
}
