/**
 * From wishes to a decision: the part that every policy shares. A policy says what it would bid and expects to spend per platform; this
 * turns it into integer bids and caps that the account can bear, with a verdict per platform and one reason.
 *
 * A1 Σ reservationMicros(cap) ≤ availableMicros (P1); A2 max(floor, minBid) ≤ bid ≤ maxBid (P2); A3 cap ≥ bid: a click won can be paid;
 * A4 one candidate per allowed platform, every figure finite if the wishes are; A5 kind `bid` has a bid, `hold` and `exhausted` have none.
 */
import { DecisionDraft, reservationMicros } from "../decision.ts";
import type { Binding, Decision, Reason, Verdict } from "../decision.ts";
import { Health } from "../forecast/board.ts";
import type { ForecastBoard } from "../forecast/board.ts";
import type { PolicyInput } from "./policy.ts";
import { fitBids, isOpen, keepBest, shareOut } from "./sharing.ts";

export { isOpen } from "./sharing.ts";

/** A feed older than this is stale: one half-life of the CVR level. */
const STALE_MS = 75 * 60_000;

/** Ticks of feed silence after which a platform's forecast is stale: 75 minutes, but never less than two ticks. */
export function staleAfterTicks(tickMs: number): number {
  return Math.max(2, STALE_MS / tickMs);
}

/**
 * What a policy would like, as columns; row i is about platform `spec.platforms[i]`. Scratch memory, valid until the next `wishesFor`.
 */
export interface Wishes {
  /** Number of rows: `spec.platforms.length`. */
  length: number;
  /** Bid per click; may have fractions and lie beyond the campaign's limits [micros]. */
  bidMicros: Float64Array;
  /** Expected spend of that bid in this tick: the key by which money is shared out [micros]. */
  expectedSpendMicros: Float64Array;
  /** Most to reserve on the platform in this tick; Infinity where there is no limit [micros]. */
  limitMicros: Float64Array;
  /** Granted by `allocate`, not wished: most that may be charged in this tick [micros]. */
  capMicros: Float64Array;
  /** What the policy values a click at, after pacing [micros]. */
  marginalMicros: Float64Array;
  /** Conversions per click, the campaign's own factor included. */
  cvr: Float64Array;
  /** Relative standard deviation of `cvr`. */
  cvrRelSd: Float64Array;
  /**
   * `bid`: place the wished bid; `probe`: place it with a cap of one click; anything else: no bid, for that reason.
   * A policy may turn `bid` into `probe` or into a refusal, or `stale` into `probe`.
   */
  verdict: Verdict[];
}

/** What goes with the wishes. */
export interface AllocationOptions {
  /** The multiplier that decided, for the record. */
  readonly gammaMicros: number;
  /** Which limit set the prices, as the policy sees it; a cap or a bid limit that binds harder overrides it. */
  readonly binding: Binding;
  /** `all` (default): every platform that is worth its price; `best-roi`: the affordable one of highest {@link Candidate.roiMicros} alone. */
  readonly pick?: "all" | "best-roi";
  /** Most to reserve in this tick over all platforms; default: what is available [micros]. */
  readonly limitMicros?: number;
  /** Ticks by which spend reports have been seen to come late; 0 = before the next decision. Default 0. */
  readonly reportLagTicks?: number;
  /** A rung of the fallback ladder that the policy stands on: gives kind `fallback` where it would be `bid` or `hold`. */
  readonly fallback?: Extract<Reason, `fallback.${string}`> | null;
  /** Where the decision is written; default: a new one. */
  readonly draft?: DecisionDraft | null;
}

const scratch = createWishes(8);

/**
 * The wishes of a campaign before its policy has spoken: board figures, no bids, no limits, and the verdicts that hold for every policy:
 * `down`, `no-evidence`, `stale` ({@link staleAfterTicks}), `probe` on a platform whose breaker is probing, else `bid`.
 */
export function wishesFor(input: PolicyInput): Wishes {
  const { spec, board } = input;
  const length = spec.platforms.length;
  if (scratch.bidMicros.length < length) Object.assign(scratch, createWishes(length));
  scratch.length = length;
  const staleTicks = staleAfterTicks(input.tickMs);
  for (let i = 0; i < length; i += 1) {
    const platform = spec.platforms[i];
    scratch.bidMicros[i] = 0;
    scratch.expectedSpendMicros[i] = 0;
    scratch.limitMicros[i] = Number.POSITIVE_INFINITY;
    scratch.marginalMicros[i] = 0;
    scratch.cvr[i] = board.cvr[platform];
    scratch.cvrRelSd[i] = board.cvrRelSd[platform];
    scratch.verdict[i] = screen(board, platform, staleTicks);
  }
  return scratch;
}

function createWishes(length: number): Wishes {
  const column = () => new Float64Array(length);
  return {
    length,
    bidMicros: column(),
    expectedSpendMicros: column(),
    limitMicros: column(),
    capMicros: column(),
    marginalMicros: column(),
    cvr: column(),
    cvrRelSd: column(),
    verdict: Array.from({ length }, () => "bid" as const),
  };
}

function screen(board: ForecastBoard, platform: number, staleTicks: number): Verdict {
  const health = board.health[platform];
  if (health === Health.down) return "down";
  if (!(board.evidence[platform] > 0)) return "no-evidence";
  if (board.ageTicks[platform] > staleTicks) return "stale";
  return health === Health.probing ? "probe" : "bid";
}

/**
 * The decision that grants as much of the wishes as the account can bear. Money is shared in proportion to expected spend; a platform
 * whose share would not pay for one click at its bid gives it up to the others. Pure: changes only the draft, and the scratch `wishes`, whose bids, caps and verdicts become the granted ones.
 */
export function allocate(input: PolicyInput, wishes: Wishes, options: AllocationOptions): Decision {
  const { account } = input;
  const availableMicros = account.availableMicros;
  if (availableMicros < cheapestClickMicros(input)) {
    for (let i = 0; i < wishes.length; i += 1) if (isOpen(wishes, i)) wishes.verdict[i] = "unaffordable";
    if (account.reservedMicros > 0) return decided(input, wishes, options, "hold", "hold.unaffordable", "budget");
    const reason = account.isDailyBound ? "exhausted.daily-budget" : "exhausted.budget";
    return decided(input, wishes, options, "exhausted", reason, "budget");
  }
  const clipped = fitBids(input, wishes);
  const limitMicros = Math.floor(Math.min(availableMicros, Math.max(0, options.limitMicros ?? availableMicros)));
  if (options.pick === "best-roi") keepBest(input, wishes, limitMicros);
  shareOut(input, wishes, limitMicros, options.reportLagTicks ?? 0);

  let bids = 0;
  let probes = 0;
  let isCapped = false;
  for (let i = 0; i < wishes.length; i += 1) {
    if (wishes.verdict[i] === "probe") probes += 1;
    if (wishes.verdict[i] !== "bid") continue;
    bids += 1;
    isCapped ||= wishes.capMicros[i] < wishes.expectedSpendMicros[i];
  }
  if (bids + probes === 0) {
    const reason = reasonToHold(input, wishes);
    if (options.fallback) return decided(input, wishes, options, "fallback", options.fallback, options.binding);
    const kind = reason.startsWith("fallback") ? "fallback" : "hold";
    return decided(input, wishes, options, kind, reason, bindingOfHold(wishes, reason, options.binding));
  }
  const fallback = options.fallback ?? (bids === 0 ? "fallback.stale-feed" : null);
  let binding = options.binding;
  if (isCapped) binding = limitMicros < availableMicros ? "pacing" : "cap";
  else if (clipped > 0 && clipped === bids + probes) binding = "max-bid";
  const kind = fallback ? "fallback" : "bid";
  const reason = fallback ?? (isCapped ? "bid.capped" : "bid.placed");
  return decided(input, wishes, options, kind, reason, binding);
}

/** What the cheapest click that could be won anywhere would take from the account: below it, the money is as good as gone. */
function cheapestClickMicros(input: PolicyInput): number {
  const { spec, platforms, board } = input;
  let cheapest = Number.POSITIVE_INFINITY;
  for (const platform of spec.platforms) {
    const { floorMicros, overDeliveryFactor } = platforms[platform];
    const clickMicros = Math.max(1, spec.minBidMicros, floorMicros, board.cpcMicros[platform] / 10);
    cheapest = Math.min(cheapest, reservationMicros(Math.ceil(clickMicros), overDeliveryFactor));
  }
  return cheapest;
}

/** Why nothing was bid, out of the verdicts. */
function reasonToHold(input: PolicyInput, wishes: Wishes): Reason {
  const { spec, board } = input;
  let down = 0;
  let silent = 0;
  let stale = 0;
  let usefulStale = 0;
  for (let i = 0; i < wishes.length; i += 1) {
    const verdict = wishes.verdict[i];
    if (verdict === "unaffordable") return "hold.unaffordable";
    if (verdict === "down") down += 1;
    else if (verdict === "no-evidence") silent += 1;
    else if (verdict === "stale") {
      stale += 1;
      const valueMicros = wishes.cvr[i] * spec.valuePerConversionMicros;
      if (valueMicros > board.cpcMicros[spec.platforms[i]]) usefulStale += 1;
    }
  }
  if (wishes.verdict.lastIndexOf("paced", wishes.length - 1) >= 0) return "hold.paced";
  if (down === wishes.length) return "fallback.no-platform";
  if (usefulStale > 0 || (stale > 0 && stale + down === wishes.length)) return "fallback.stale-feed";
  if (silent > 0 && silent + down === wishes.length) return "hold.no-evidence";
  return "hold.unprofitable";
}

function bindingOfHold(wishes: Wishes, reason: Reason, binding: Binding): Binding {
  if (reason === "hold.paced") return "pacing";
  if (reason === "hold.unaffordable") return "budget";
  if (reason !== "hold.unprofitable") return "none";
  return wishes.verdict.lastIndexOf("below-min-bid", wishes.length - 1) >= 0 ? "min-bid" : binding;
}

/** Writes the decision that grants the wishes as they are by now. */
function decided(
  input: PolicyInput,
  wishes: Wishes,
  options: AllocationOptions,
  kind: Decision["kind"],
  reason: Reason,
  binding: Binding,
): Decision {
  const { spec, board } = input;
  const decision = options.draft ?? new DecisionDraft(wishes.length);
  decision.tick = input.tick;
  decision.kind = kind;
  decision.reason = reason;
  decision.binding = binding;
  decision.gammaMicros = options.gammaMicros;
  decision.resize(wishes.length);
  for (let i = 0; i < wishes.length; i += 1) {
    const platform = spec.platforms[i];
    const hasBid = isOpen(wishes, i);
    const cpcMicros = board.cpcMicros[platform];
    const candidate = decision.candidates[i];
    candidate.platform = platform;
    candidate.cvr = wishes.cvr[i];
    candidate.cvrRelSd = wishes.cvrRelSd[i];
    candidate.cpcMicros = cpcMicros;
    candidate.roiMicros = wishes.cvr[i] * spec.valuePerConversionMicros - cpcMicros;
    candidate.marginalMicros = wishes.marginalMicros[i];
    candidate.bidMicros = hasBid ? wishes.bidMicros[i] : 0;
    candidate.capMicros = hasBid ? wishes.capMicros[i] : 0;
    candidate.verdict = wishes.verdict[i];
  }
  return decision;
}
