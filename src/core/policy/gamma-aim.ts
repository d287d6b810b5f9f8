/**
 * Where a campaign aims: the market that is left, as it expects it, and the marginal cost per conversion that its limits and goals call for.
 *
 * gamma = min(V, gamma_budget, gamma_CPA), gamma_budget hedged (gamma-hedge.ts): items 3 to 6 and 8 of gamma-pacing.ts.
 */
import type { Binding } from "../decision.ts";
import { trafficBetween } from "../forecast/board.ts";
import {
  cvrFactor,
  expectedSpendMicros,
  type GammaMemory,
  modelConversions,
  OPEN_EXPECTED_CLICKS,
  OPEN_ROW,
  OPEN_WIDTH,
  priceFactor,
  responseOf,
  volumeFactor,
} from "./gamma-calibration.ts";
import { hedged } from "./gamma-hedge.ts";
import { Outlook, solveGamma, solveReach } from "./gamma-solver.ts";
import type { PolicyInput } from "./policy.ts";

/** Rates return to their long means with this time constant [ms] (item 3). */
const REVERSION_MS = 600 * 60_000;
const DAY_MS = 86_400_000;
/** ln of the lowest gamma considered, relative to the value of a conversion. */
const LN_LEAST = -9;

/** What a reach goal counts. */
export type ReachKind = "clicks" | "impressions";

/** Fills an outlook with what the ticks from now to `endTick` offer (items 2 and 3). */
export function lookAhead(
  outlook: Outlook,
  input: PolicyInput,
  memory: GammaMemory,
  endTick: number,
  reach: ReachKind,
): void {
  const { spec, board, tick, tickMs } = input;
  const reversionTicks = REVERSION_MS / tickMs;
  const left = Math.max(1, spec.flight.endTick - tick);
  const present = presentShare(left, reversionTicks);
  const ceiling = (1 + spec.wasteAllowance) * spec.valuePerConversionMicros;
  outlook.clear();
  for (let row = 0; row < spec.platforms.length; row += 1) {
    const platform = spec.platforms[row];
    const theta = cvrFactor(memory, row);
    const cvr = towards(board.cvr[platform], board.cvrMean[platform], present) * theta;
    const priceMicros = towards(board.cpcMicros[platform], board.cpcMeanMicros[platform], present);
    if (!(cvr > 0 && priceMicros > 0)) continue;
    const valueMicros = ceiling > 0 ? ceiling * cvr : Number.POSITIVE_INFINITY;
    const cautiousMicros = cautiousValue(input, row, spec.wasteAversion) * cvr;
    const response = responseOf(input, memory, row);
    // A platform that is silent is expected to stay so for as long again.
    const fromTick = tick + Math.max(0, board.ageTicks[platform] - 1);
    outlook.add({
      row,
      clicks: trafficBetween(board.traffic[platform], fromTick, endTick) * volumeFactor(memory.own, row),
      priceMicros,
      priceFactor: priceFactor(memory.own, row, board.cpcMicros[platform]),
      cvr,
      mostMicros: Math.min(
        valueMicros,
        cautiousMicros,
        response.isFirstPrice ? Number.POSITIVE_INFINITY : spec.maxBidMicros,
      ),
      reachPerClick: reach === "impressions" ? board.impressionsPerClick[platform] : 1,
      stillChance: board.stillChance[platform],
      response,
    });
  }
}

/** Weight of the present among the ticks left, remembered for the next campaign: most flights end together. */
function presentShare(left: number, reversionTicks: number): number {
  if (left !== lastShare.left || reversionTicks !== lastShare.reversionTicks) {
    lastShare.left = left;
    lastShare.reversionTicks = reversionTicks;
    lastShare.share = ((1 - Math.exp(-left / reversionTicks)) * reversionTicks) / left;
  }
  return lastShare.share;
}

const lastShare = { left: Number.NaN, reversionTicks: Number.NaN, share: Number.NaN };

function towards(now: number, mean: number, weight: number): number {
  return mean > 0 ? mean + (now - mean) * weight : now;
}

/** Highest gamma on a platform under waste aversion z: V (1 − z × relative sd of its CVR) (item 6) [micros]. */
export function cautiousValue({ spec, board }: PolicyInput, row: number, z: number): number {
  if (z === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, spec.valuePerConversionMicros * (1 - z * board.cvrRelSd[spec.platforms[row]]));
}

/** Spend and conversions of bids whose reports are outstanding, as expected. */
export function inFlight(
  { board, spec }: PolicyInput,
  memory: GammaMemory,
): { spendMicros: number; conversions: number; clicks: number } {
  let spendMicros = 0;
  let conversions = 0;
  let clicks = 0;
  const { own, open } = memory;
  for (let at = 0; at < open.length; at += OPEN_WIDTH) {
    const row = open[at + OPEN_ROW];
    const won = open[at + OPEN_EXPECTED_CLICKS] * volumeFactor(own, row);
    clicks += won;
    spendMicros += expectedSpendMicros(open, at, own);
    conversions += won * board.cvr[spec.platforms[row]] * cvrFactor(memory, row);
  }
  return { spendMicros, conversions, clicks };
}

/**
 * The multipliers of one tick, and what set them: a click of a platform is worth gamma × CVR + eta × reach. Binding `goal`: a goal raised
 * them; `budget`, `cpa` or `value` with a goal declared: that limit leaves the goal infeasible, or its needlessness.
 */
export interface Aim {
  readonly gammaMicros: number;
  readonly etaMicros: number;
  readonly reach: ReachKind;
  readonly binding: Binding;
  readonly isSolved: boolean;
}

const flightOutlook = new Outlook();
const dayOutlook = new Outlook();

/**
 * gamma = min(V, gamma_B, gamma_A), raised towards a goal where one falls short (items 5 and 8).
 * @param isHedged whether gamma_B is raised against a collapse; without, it is what the plan for the rest of the flight comes to
 */
export function takeAim(input: PolicyInput, memory: GammaMemory, isHedged = true): Aim {
  const { spec, account, tick, tickMs } = input;
  const { goals, cpaTargetMicros, flight, valuePerConversionMicros: valueMicros } = spec;
  const going = inFlight(input, memory);
  const reachGoal = nearestReachGoal(input, memory, going.clicks);
  const reach = reachGoal?.kind ?? "clicks";
  const lnValue = Math.log(valueMicros);
  const lnCeiling = lnValue + Math.log(1 + spec.wasteAllowance);
  const lnFloor = lnValue + LN_LEAST;
  const lnStart = memory.gammaMicros > 0 ? Math.log(memory.gammaMicros) : lnValue;
  const wantsMore = goals.conversions !== null || reachGoal !== null;
  let lnTop = wantsMore ? lnCeiling : lnValue;
  let binding: Binding = "value";

  lookAhead(flightOutlook, input, memory, flight.endTick, reach);
  const leftMicros = account.budgetMicros - account.spentMicros - going.spendMicros;
  const budget = { spendWeight: 1, conversionWeight: 0, limit: leftMicros };
  // Written so that a solution that is no number (the solver's word for failure) is taken over, not passed over.
  const lnBudget = solveGamma(flightOutlook, budget, lnFloor, lnTop, lnStart);
  if (!(lnBudget >= lnTop)) {
    const daysGone = (Math.max(0, tick - flight.startTick) * tickMs) / DAY_MS;
    const daysLeft = ((flight.endTick - tick) * tickMs) / DAY_MS;
    lnTop = isHedged ? hedged(flightOutlook, lnBudget, lnTop, daysGone, daysLeft) : lnBudget;
    binding = "budget";
  }
  let dayLimitMicros = Number.POSITIVE_INFINITY;
  if (account.isDailyBound) {
    dayLimitMicros = account.availableMicros + account.reservedMicros - going.spendMicros;
    lookAhead(dayOutlook, input, memory, Math.min(flight.endTick, input.day.endTick), reach);
    const lnDay = solveGamma(dayOutlook, { ...budget, limit: dayLimitMicros }, lnFloor, lnTop, lnStart);
    if (!(lnDay >= lnTop)) {
      lnTop = lnDay;
      binding = "budget";
    }
  }
  const cpaMicros = cpaTargetMicros ?? 0;
  const cpaLimitMicros =
    cpaMicros * (modelConversions(input, memory) + going.conversions) - account.spentMicros - going.spendMicros;
  if (cpaMicros > 0 && Math.log(cpaMicros) < lnTop) {
    const cpa = { spendWeight: 1, conversionWeight: -cpaMicros, limit: cpaLimitMicros };
    const lnCpa = solveGamma(flightOutlook, cpa, Math.log(cpaMicros), lnTop, lnStart);
    if (!(lnCpa >= lnTop)) {
      lnTop = lnCpa;
      binding = "cpa";
    }
  }
  let lnGamma = lnTop;
  if (wantsMore && lnTop > lnValue) {
    // Above the value of a conversion only as far as the conversion goal asks.
    lnGamma = lnValue;
    binding = "value";
  }
  if (goals.conversions !== null && lnTop > lnGamma) {
    const due = modelConversions(input, memory) + going.conversions;
    const goal = { spendWeight: 0, conversionWeight: 1, limit: goals.conversions - due };
    const lnGoal = solveGamma(flightOutlook, goal, lnGamma, lnTop, lnStart);
    if (!(lnGoal <= lnGamma)) binding = "goal";
    lnGamma = lnGoal;
  }
  let etaMicros = 0;
  if (reachGoal !== null) {
    const limitMicros = Math.min(leftMicros, dayLimitMicros);
    const problem = { goal: reachGoal.left, limitMicros, cpaMicros, cpaLimitMicros, lnLow: lnFloor, lnHigh: lnGamma };
    const found = solveReach(flightOutlook, problem);
    if (found.etaMicros > 0) {
      lnGamma = found.lnGamma;
      etaMicros = found.etaMicros;
      binding = found.isMet ? "goal" : "budget";
    }
  }
  const gammaMicros = Math.exp(lnGamma);
  return { gammaMicros, etaMicros, reach, binding, isSolved: Number.isFinite(gammaMicros) };
}

/** The reach goal that is relatively furthest away, and how much of it is still to be won; null where there is none. */
function nearestReachGoal(
  { spec: { goals }, board, spec }: PolicyInput,
  memory: GammaMemory,
  clicksInFlight: number,
): { kind: ReachKind; left: number } | null {
  const clicksLeft = (goals.clicks ?? 0) - memory.clicks - clicksInFlight;
  let perClick = 1;
  for (const platform of spec.platforms) perClick = Math.max(perClick, board.impressionsPerClick[platform]);
  const impressionsLeft = (goals.impressions ?? 0) - memory.impressions - clicksInFlight * perClick;
  if (clicksLeft <= 0 && impressionsLeft <= 0) return null;
  return clicksLeft / (goals.clicks || 1) >= impressionsLeft / (goals.impressions || 1)
    ? { kind: "clicks", left: clicksLeft }
    : { kind: "impressions", left: impressionsLeft };
}
