/**
 * Where a campaign stands: what its reports have told a policy so far, and how its spend compares with the plan of its flight or day.
 *
 * The tally is plain data, replaced and never changed; its successor is written into the spare, where there is one (P4).
 */
import { trafficBetween } from "../forecast/board.ts";
import { LogLogisticLandscape } from "../landscape.ts";
import type { PlatformSpec } from "../platform.ts";
import { ReportKind } from "../reports.ts";
import type { ReportBatch } from "../reports.ts";
import type { PolicyInput } from "./policy.ts";

/** What a policy remembers of its reports. */
export interface Tally {
  /** Cost reported since the last decision [micros]. */
  readonly costMicros: number;
  /** Conversions that the clicks reported since the last decision should bring, at the forecast CVR: less noisy than counted ones. */
  readonly expectedConversions: number;
  /** Mean cost per tick of late [micros]. */
  readonly costPerTickMicros: number;
  /** Ticks by which spend reports come late ({@link lagAfter}); 0 = before the next decision. */
  readonly lagTicks: number;
  /** Cost so far, by platform index [micros]. */
  readonly platformCostMicros: readonly number[];
}

/** Nothing heard yet. */
export function createTally(platforms: readonly PlatformSpec[]): Tally {
  return {
    costMicros: 0,
    expectedConversions: 0,
    costPerTickMicros: 0,
    lagTicks: 0,
    platformCostMicros: platforms.map(() => 0),
  };
}

/** The tally with the spend reports among rows `from` ≤ i < `to` added; they came at the beginning of the input's tick. */
export function tallied(
  tally: Tally,
  input: PolicyInput,
  batch: ReportBatch,
  from: number,
  to: number,
  spare: Tally | null = null,
): Tally {
  const next = copied(tally, spare);
  const { platformCostMicros } = next;
  let { costMicros, expectedConversions } = tally;
  for (let i = from; i < to; i += 1) {
    if (batch.kind[i] !== ReportKind.spend) continue;
    const platform = batch.platform[i];
    costMicros += batch.costMicros[i];
    platformCostMicros[platform] += batch.costMicros[i];
    expectedConversions += batch.clicks[i] * input.board.cvr[platform];
  }
  next.costMicros = costMicros;
  next.expectedConversions = expectedConversions;
  next.lagTicks = lagAfter(tally.lagTicks, input.tick, batch, from, to);
  return next;
}

/** Ticks by which spend reports come late, after the rows `from` ≤ i < `to` that came at the beginning of a tick: follows a longer delay at once, a shorter one slowly. */
export function lagAfter(lagTicks: number, tick: number, batch: ReportBatch, from: number, to: number): number {
  let lag = lagTicks;
  for (let i = from; i < to; i += 1) {
    if (batch.kind[i] !== ReportKind.spend) continue;
    const lateTicks = Math.max(0, tick - 1 - batch.tick[i]);
    lag = Math.max(lateTicks, lag + (lateTicks - lag) / 50);
  }
  return lag;
}

/** The tally as the next decision begins it: what came since the last one becomes part of the mean. */
export function closed(tally: Tally, spare: Tally | null = null): Tally {
  const next = copied(tally, spare);
  next.costPerTickMicros += (tally.costMicros - tally.costPerTickMicros) / 10;
  next.costMicros = 0;
  next.expectedConversions = 0;
  return next;
}

/** A tally that nobody else holds yet: its maker may still write into it. */
type Draft = { -readonly [key in keyof Tally]: Tally[key] } & { readonly platformCostMicros: number[] };

/** A copy of a tally, in the place of the spare where there is one. */
function copied(tally: Tally, spare: Tally | null): Draft {
  if (spare === null) return { ...tally, platformCostMicros: tally.platformCostMicros.slice() };
  const draft = spare as Draft;
  draft.costMicros = tally.costMicros;
  draft.expectedConversions = tally.expectedConversions;
  draft.costPerTickMicros = tally.costPerTickMicros;
  draft.lagTicks = tally.lagTicks;
  const { platformCostMicros } = tally;
  for (let i = 0; i < platformCostMicros.length; i += 1) draft.platformCostMicros[i] = platformCostMicros[i];
  return draft;
}

/** A budget and the ticks that it has to last for. */
export interface Pace {
  readonly budgetMicros: number;
  /** Spent and reserved [micros]. */
  readonly committedMicros: number;
  /** Spent, and expected to be spent by bids not yet reported [micros]. */
  readonly usedMicros: number;
  /** Share of the ticks gone once this one is, 0..1. */
  readonly evenShare: number;
  /** Share of the planned traffic gone before this tick, 0..1. */
  readonly planShare: number;
  /** What the traffic plan allows this tick: the money left × this tick's share of the traffic left [micros, > 0]. */
  readonly tickBudgetMicros: number;
}

/** The pace of the flight, or that of the day where the daily budget allows this tick less. */
export function paceOf(input: PolicyInput, tally: Tally): Pace {
  const { day: budgetDay, spec, account } = input;
  const inFlightMicros = Math.min(account.reservedMicros, tally.lagTicks * tally.costPerTickMicros);
  const { startTick, endTick } = spec.flight;
  const committedMicros = account.spentMicros + account.reservedMicros;
  const flight = pace(input, startTick, endTick, account.budgetMicros, committedMicros, inFlightMicros);
  if (!account.isDailyBound || spec.dailyBudgetMicros === null) return flight;
  const from = Math.max(startTick, budgetDay.startTick);
  const to = Math.min(endTick, budgetDay.endTick);
  const dayCommittedMicros = Math.max(0, spec.dailyBudgetMicros - account.availableMicros);
  const day = pace(input, from, to, spec.dailyBudgetMicros, dayCommittedMicros, inFlightMicros);
  return day.tickBudgetMicros < flight.tickBudgetMicros ? day : flight;
}

function pace(
  input: PolicyInput,
  from: number,
  to: number,
  budgetMicros: number,
  committedMicros: number,
  inFlightMicros: number,
): Pace {
  const { tick, account } = input;
  const settledMicros = Math.max(0, committedMicros - account.reservedMicros);
  const usedMicros = Math.min(budgetMicros, settledMicros + inFlightMicros);
  const gone = planned(input, from, tick);
  const now = planned(input, tick, tick + 1);
  const left = planned(input, tick, to);
  const ticksLeft = Math.max(1, to - tick);
  // No plan yet, or none for the rest: every tick alike.
  const tickShare = left > 0 ? Math.min(1, now / left) : 1 / ticksLeft;
  const evenShare = ratio(tick + 1 - from, to - from);
  return {
    budgetMicros,
    committedMicros,
    usedMicros,
    evenShare,
    planShare: gone + left > 0 ? gone / (gone + left) : ratio(tick - from, to - from),
    tickBudgetMicros: Math.max(1, (budgetMicros - usedMicros) * tickShare),
  };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 1;
}

function planned(input: PolicyInput, from: number, to: number): number {
  let clicks = 0;
  for (const platform of input.spec.platforms) clicks += trafficBetween(input.board.traffic[platform], from, to);
  return clicks;
}

/** Prior share of a platform's feed clicks that a campaign could win at any price. */
const PRIOR_VOLUME_SHARE = 0.5;
/** Prior landscape of every platform. */
export const PRIOR_LANDSCAPE = new LogLogisticLandscape(2);

/** Expected spend of a bid in this tick under the prior landscape [micros]. */
export function expectedSpendMicros(input: PolicyInput, platform: number, bidMicros: number): number {
  const { board, platforms, tick } = input;
  const cpcMicros = board.cpcMicros[platform];
  if (!(cpcMicros > 0)) return 0;
  const u = bidMicros / cpcMicros;
  const cost =
    platforms[platform].pricing === "first-price" ? u * PRIOR_LANDSCAPE.winRate(u) : PRIOR_LANDSCAPE.costShare(u);
  return PRIOR_VOLUME_SHARE * trafficBetween(board.traffic[platform], tick, tick + 1) * cpcMicros * cost;
}

/** The most that a conversion may cost: its value or, where it is lower, the CPA target [micros]. */
export function valueMicros(input: PolicyInput): number {
  const { valuePerConversionMicros, cpaTargetMicros } = input.spec;
  return Math.min(valuePerConversionMicros, cpaTargetMicros ?? valuePerConversionMicros);
}
