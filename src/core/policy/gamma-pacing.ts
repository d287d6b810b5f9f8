/**
 * Gamma pacing, the default policy: one marginal cost per conversion for all platforms and all ticks that are left, solved anew each tick.
 *
 * Every bid is gamma × CVR, shaded on first-price platforms: "min pacing", Balseiro et al., ICML 2023 (arXiv 2302.08530).
 *
 * Why one number: with budget B, CPA target A and value V per conversion, the Lagrangian of Σ clicks (q V − cost) under both limits is maximised, click by
 * click, by buying whatever costs less than gamma q at the margin; budget and CPA multipliers collapse into gamma = min(V, gamma_B, gamma_A).
 *
 * The steps, cited below and in the gamma-* files (p a platform, q its CVR, m its price, L ticks left):
 * item 1 own CVR: theta_p from K_p conversions received and E_p matured expected ones (own-cvr.ts);
 * item 2 calibration: c_p own clicks ÷ what the feed let expect, h_p own cost ÷ expected; samples that a cap cut short are skipped;
 * item 3 the rest of the flight: rates return to their long means, weight w = (1 − e^(−L/600 min)) 600 min / L; Q_p, M_p;
 * item 4 S(gamma) = Σ A c h M C(gamma Q/M) is spent and N(gamma) = Σ A c Q F(gamma Q/M) converts, A the traffic left, F and C a prior landscape, or on first-price platforms the learned one (price-shape.ts);
 * item 5 gamma_B solves S = B − spent − in flight; gamma_A solves spent + S = A (converted + N); both monotone: bisection in ln gamma; gamma_B is raised as a hedge against a collapse (gamma-hedge.ts);
 * item 6 bids: r = gamma q theta / m; second price r m, first price m argmax F(u)(r − u); waste aversion z bids at most V (1 − z sd);
 * where the budget binds, gamma is raised by what a conversion's news of theta is worth (own-cvr.ts), up to V;
 * item 7 caps: what is available, in proportion to expected spend; less while reports are late;
 * item 8 goals: a conversion goal raises gamma up to min(gamma_B, (1 + omega) V); a reach goal adds a price per click or impression;
 * item 9 fallbacks: (i) an old feed, caution and then probes; (ii) predictions and outcomes that disagree, dual mirror descent; (iii) no convergence,
 * the last gamma × .9; (iv) nothing worth its price, no bid.
 */
import type { Decision, DecisionDraft } from "../decision.ts";
import { trafficBetween } from "../forecast/board.ts";
import { hashSeed } from "../random.ts";
import { allocate, isOpen, type Wishes, wishesFor } from "./allocation.ts";
import { type Aim, cautiousValue, takeAim } from "./gamma-aim.ts";
import {
  copiedInto,
  createMemory,
  cvrFactor,
  expectedConversions,
  expectedSpendMicros,
  type GammaMemory,
  learnReports,
  listOf,
  mature,
  OPEN_BID_SHARE,
  OPEN_EXPECTED_CLICKS,
  OPEN_FEED_CLICKS,
  OPEN_FREE_MICROS,
  OPEN_PRICE_MICROS,
  OPEN_ROW,
  OPEN_TICK,
  OPEN_WIDTH,
  responseOf,
} from "./gamma-calibration.ts";
import { worthOfNews } from "./own-cvr.ts";
import type { Policy, PolicyInput, PolicyOutcome } from "./policy.ts";

/** A feed older than three half-lives of the price mean calls for caution (item 9 i) [ms]. */
const CAUTION_MS = 3 * 12 * 60_000;
/** One tick in so many probes a platform whose feed is stale (item 9 i). */
const PROBE_EVERY = 100;
/** Predicted ÷ actual spend beyond these bounds for so long means that the model is not to be believed (item 9 ii). */
const LEAST_AGREEMENT = 0.3;
const MOST_AGREEMENT = 3;
const DISAGREEMENT_MS = 30 * 60_000;
/** Step of dual mirror descent, and bound of its relative error (item 9 ii). */
const DUAL_STEP = 0.05;
const DUAL_CLAMP = 3;

/** The default policy. */
export const gammaPacing: Policy<GammaMemory> = {
  name: "gamma-pacing",
  description:
    "one marginal cost per conversion for all platforms and ticks, solved anew each tick within budget, CPA and goals",
  create: createMemory,
  decide,
  learn: learnReports,
};

function decide(
  input: PolicyInput,
  before: GammaMemory,
  spare: GammaMemory | null = null,
  draft: DecisionDraft | null = null,
): PolicyOutcome<GammaMemory> {
  const into = listOf(spare);
  const memory = mature(before, input, spare);
  const misfitTicks = isMisfit(input, memory) ? memory.misfitTicks + 1 : 0;
  const solved = takeAim(input, memory);
  let aim = solved;
  let fallback: "fallback.uncalibrated" | "fallback.unsolved" | null = null;
  if (misfitTicks * input.tickMs >= DISAGREEMENT_MS) {
    fallback = "fallback.uncalibrated";
    aim = { ...solved, gammaMicros: dualGamma(input, memory), etaMicros: 0, binding: "pacing" };
  } else if (!solved.isSolved) {
    fallback = "fallback.unsolved";
    const lastMicros = memory.gammaMicros > 0 ? memory.gammaMicros : input.spec.valuePerConversionMicros;
    aim = { ...solved, gammaMicros: lastMicros * 0.9, etaMicros: 0, binding: "pacing" };
  }
  const wishes = wish(input, memory, aim);
  const decision = allocate(input, wishes, {
    gammaMicros: aim.gammaMicros,
    binding: aim.binding,
    reportLagTicks: memory.lagTicks,
    fallback,
    draft,
  });
  memory.gammaMicros = aim.gammaMicros;
  memory.misfitTicks = misfitTicks;
  memory.freshCostMicros = 0;
  memory.open = withPlaced(into, input, memory, decision);
  return { decision, memory };
}

/** Bids at the aim: r = gamma × q × theta, first price shaded; no bid, a probe or caution where the feed is old (items 6 and 9 i). */
function wish(input: PolicyInput, memory: GammaMemory, aim: Aim): Wishes {
  const { spec, board, platforms, tick, tickMs } = input;
  const wishes = wishesFor(input);
  for (let row = 0; row < wishes.length; row += 1) {
    const platform = spec.platforms[row];
    const meanMicros = board.cpcMicros[platform];
    const cvr = board.cvr[platform] * cvrFactor(memory, row);
    wishes.cvr[row] = cvr;
    if (!(cvr > 0 && meanMicros > 0)) continue;
    const isProbe = wishes.verdict[row] === "stale" && hashSeed(tick * 256 + platform, spec.id) % PROBE_EVERY === 0;
    if (isProbe) wishes.verdict[row] = "probe";
    if (!isOpen(wishes, row)) continue;
    const isOld = board.ageTicks[platform] * tickMs > CAUTION_MS;
    const z = isOld || isProbe ? Math.max(1, spec.wasteAversion) : spec.wasteAversion;
    const gammaMicros = Math.min(curiousGamma(input, memory, row, aim), cautiousValue(input, row, z));
    const valueMicros = marginalValue(input, row, aim, gammaMicros, cvr);
    wishes.marginalMicros[row] = valueMicros;
    const { control } = platforms[platform];
    const response = responseOf(input, memory, row);
    const bidMicros = meanMicros * response.bid(valueMicros / meanMicros);
    wishes.bidMicros[row] = bidMicros;
    const feedClicks = trafficBetween(board.traffic[platform], tick, tick + 1);
    expectBid(input, memory, row, Math.min(Math.floor(bidMicros), spec.maxBidMicros), feedClicks);
    const spendMicros = expectedSpendMicros(wished, row * OPEN_WIDTH, memory.own);
    wishes.expectedSpendMicros[row] = spendMicros;
    // Where the cap is all that can be steered, what gamma would spend is the cap.
    if (control === "budget")
      wishes.limitMicros[row] = Math.max(spendMicros, bidMicros * platforms[platform].overDeliveryFactor);
  }
  return wishes;
}

/**
 * Gamma on a platform [micros]: where the budget binds, that of the aim and what a conversion's news is worth, but no more than a conversion is. The plan does not
 * know of the news: what they cost now is saved by the plans to come.
 */
function curiousGamma({ spec, board, tick }: PolicyInput, memory: GammaMemory, row: number, aim: Aim): number {
  const { gammaMicros, binding } = aim;
  if (binding !== "budget") return gammaMicros;
  const { startTick, endTick } = spec.flight;
  const leftShare = Math.min(1, (endTick - tick) / (endTick - startTick));
  const news = worthOfNews(
    memory.ownChance,
    expectedConversions(memory, row, board.cvr[spec.platforms[row]]),
    leftShare,
  );
  return Math.max(gammaMicros, Math.min(gammaMicros * (1 + news), spec.valuePerConversionMicros));
}

/** What a click is worth at the aim [micros]: gamma × CVR + eta × reach, within what the waste allowance lets it be. */
function marginalValue(input: PolicyInput, row: number, aim: Aim, gammaMicros: number, cvr: number): number {
  const { spec, board } = input;
  if (aim.etaMicros === 0) return gammaMicros * cvr;
  const reach = aim.reach === "impressions" ? board.impressionsPerClick[spec.platforms[row]] : 1;
  const ceilingMicros = (1 + spec.wasteAllowance) * spec.valuePerConversionMicros * cvr;
  const valueMicros = gammaMicros * cvr + aim.etaMicros * reach;
  return ceilingMicros > 0 ? Math.min(valueMicros, ceilingMicros) : valueMicros;
}

/** Open bids: by row, what was wished for, and all that a campaign has out. Scratch memory; not of integers, so that no list has to become one of fractions. */
const wished: number[] = Array.from({ length: 8 * OPEN_WIDTH }, () => 0.5);
const placed: number[] = Array.from({ length: 64 * OPEN_WIDTH }, () => 0.5);

/** The open bids, with those that were placed now and what they were expected to win, written into a list. */
function withPlaced(
  into: number[],
  input: PolicyInput,
  memory: GammaMemory,
  { candidates }: Decision,
): readonly number[] {
  const { open } = memory;
  let length = 0;
  for (; length < open.length; length += 1) placed[length] = open[length];
  for (let row = 0; row < candidates.length; row += 1) {
    const { platform, bidMicros, capMicros } = candidates[row];
    if (bidMicros === 0) continue;
    const from = row * OPEN_WIDTH;
    // Most are placed as they were wished for.
    const bidShare = bidMicros / input.board.cpcMicros[platform];
    if (bidShare !== wished[from + OPEN_BID_SHARE])
      expectBid(input, memory, row, bidMicros, wished[from + OPEN_FEED_CLICKS]);
    for (let i = 0; i < OPEN_WIDTH; i += 1) placed[length + i] = wished[from + i];
    const isSteered = input.platforms[platform].control === "budget";
    placed[length + OPEN_FREE_MICROS] = isSteered ? Number.MAX_SAFE_INTEGER : capMicros - bidMicros;
    length += OPEN_WIDTH;
  }
  return copiedInto(into, placed, 0, length);
}

/** Writes a bid, and what so many clicks in the feed let expect of it in this tick, into the row of what is wished for; all but what its cap leaves free. */
function expectBid(input: PolicyInput, memory: GammaMemory, row: number, bidMicros: number, feedClicks: number): void {
  const { spec, board, tick } = input;
  const platform = spec.platforms[row];
  const meanMicros = board.cpcMicros[platform];
  const { landscape, isFirstPrice } = responseOf(input, memory, row);
  const bidShare = bidMicros / meanMicros;
  const wins = landscape.winRate(bidShare);
  const at = row * OPEN_WIDTH;
  wished[at + OPEN_TICK] = tick;
  wished[at + OPEN_ROW] = row;
  wished[at + OPEN_EXPECTED_CLICKS] = feedClicks * wins;
  wished[at + OPEN_PRICE_MICROS] =
    isFirstPrice || wins === 0 ? bidMicros : (meanMicros * landscape.costShare(bidShare)) / wins;
  wished[at + OPEN_BID_SHARE] = bidShare;
  wished[at + OPEN_FEED_CLICKS] = feedClicks;
}

/** True while predicted and actual spend are further apart than a calibrated model can explain. */
function isMisfit({ spec, board }: PolicyInput, { predictedMicros, actualMicros }: GammaMemory): boolean {
  let priceMicros = 0;
  for (const platform of spec.platforms) priceMicros = Math.max(priceMicros, board.cpcMicros[platform]);
  // A few clicks' worth keeps a ratio of small figures near 1.
  const smooth = 5 * priceMicros;
  const agreement = (predictedMicros + smooth) / (actualMicros + smooth);
  return agreement < LEAST_AGREEMENT || agreement > MOST_AGREEMENT;
}

/** Dual mirror descent: the multiplier of the budget follows spend against this tick's share of it (item 9 ii). */
function dualGamma(input: PolicyInput, memory: GammaMemory): number {
  const { spec, account, board, tick } = input;
  const valueMicros = spec.valuePerConversionMicros;
  let now = 0;
  let left = 0;
  for (const platform of spec.platforms) {
    now += trafficBetween(board.traffic[platform], tick, tick + 1);
    left += trafficBetween(board.traffic[platform], tick, spec.flight.endTick);
  }
  const planMicros = left > 0 ? ((account.availableMicros + account.reservedMicros) * now) / left : 0;
  const error = planMicros > 0 ? (memory.freshCostMicros - planMicros) / planMicros : DUAL_CLAMP;
  const mu = memory.gammaMicros > 0 ? Math.max(0, valueMicros / memory.gammaMicros - 1) : 0;
  return valueMicros / (1 + Math.max(0, mu + DUAL_STEP * Math.min(DUAL_CLAMP, Math.max(-DUAL_CLAMP, error))));
}
