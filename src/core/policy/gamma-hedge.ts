/**
 * The hedge against a collapse: how far above the gamma of its plan a campaign bids now, because the platform that the plan rests on most may lose its
 * worth before the plan is carried out.
 *
 * Money is worth lambda = 1 / gamma conversions at the margin. Plans are made anew every tick, so that what is spent now should win as much as the same
 * money is expected to win later: lambda is a martingale. The platform collapses at a rate h, and leaves money with f of what it was worth; until
 * then lambda rises as dlambda/dt = h (1 − f) lambda, and gamma falls by e^−eta over the time L that is left, eta = h L (1 − f). Where spend goes with
 * gamma^epsilon, the budget that a constant gamma_B spends is spent by one that starts at gamma_B (epsilon eta / (1 − e^(−epsilon eta)))^(1/epsilon).
 *
 * After the collapse, the other platforms take up the money of this one, a share x of all: f = (1 − x)^(1/epsilon'), epsilon' their elasticity; but no money
 * is worth less than itself, f ≥ gamma_B / V. Where no platform has a large share, f is near 1 and nothing is hedged.
 *
 * A platform whose conversion rate has been standing still is not expected to move, by however much: h goes with the probability that its rate drifts
 * (cvr-mixture.ts).
 *
 * H1 the hedged gamma is between the plan's and the highest allowed.
 */
import type { Outlook } from "./gamma-solver.ts";

/**
 * The rate of collapses is unknown, Gamma(1) with mean 1 / H before the flight: 1 / (H + t) after t days of it. Longer than a day ahead is not looked:
 * plans of many days are made anew on each.
 */
const PRIOR_DAYS = 16 / 24;
const MOST_DAYS = 1;
/** Step over which elasticities are taken, in ln gamma, and the least that is believed. */
const STEP = 0.1;
const LEAST_ELASTICITY = 0.1;

/**
 * ln of the hedged gamma, for an outlook whose budget asks for `lnBudget`.
 * @param lnTop highest ln gamma allowed, > lnBudget. @param daysGone what the flight has lasted. @param daysLeft what is left of it
 */
export function hedged(outlook: Outlook, lnBudget: number, lnTop: number, daysGone: number, daysLeft: number): number {
  outlook.aim(lnBudget);
  const spendMicros = outlook.spendMicros;
  let most = -1;
  let mostMicros = 0;
  for (let i = 0; i < outlook.length; i += 1) {
    const micros = outlook.spendMicrosOf(i);
    if (micros <= mostMicros) continue;
    most = i;
    mostMicros = micros;
  }
  if (most < 0) return lnBudget;
  const restMicros = spendMicros - mostMicros;
  outlook.aim(lnBudget + STEP);
  const higherMicros = outlook.spendMicros;
  const elasticity = elasticityOf(spendMicros, higherMicros);
  const restElasticity = elasticityOf(restMicros, higherMicros - outlook.spendMicrosOf(most));
  const worthLeft = Math.max((restMicros / spendMicros) ** (1 / restElasticity), Math.exp(lnBudget - lnTop));
  const moves = 1 - outlook.stillChanceAt(most);
  const collapses = (moves * Math.min(MOST_DAYS, daysLeft)) / (PRIOR_DAYS + daysGone);
  const fall = elasticity * collapses * (1 - worthLeft);
  if (!(fall > 0)) return lnBudget;
  return Math.min(lnTop, lnBudget + Math.log(fall / -Math.expm1(-fall)) / elasticity);
}

function elasticityOf(micros: number, higherMicros: number): number {
  return micros > 0 ? Math.max(LEAST_ELASTICITY, Math.log(higherMicros / micros) / STEP) : LEAST_ELASTICITY;
}
