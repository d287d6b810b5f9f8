/** A decision: what one campaign does in one tick, and why. */
import type { CampaignSpec } from "./campaign.ts";
import { EngineError } from "./errors.ts";
import { isMicros } from "./money.ts";
import type { PlatformSpec } from "./platform.ts";

/** Why a campaign did what it did. */
export const REASONS = {
  "bid.placed": "at least one platform is worth its price",
  "bid.capped": "bids placed, limited by the budget that is left or by pacing",
  "hold.unprofitable": "no platform's expected value exceeds its price",
  "hold.paced": "pacing holds the budget back for later ticks",
  "hold.unaffordable": "what is available now does not pay for one click; reserved money may come back",
  "hold.no-evidence": "no forecast yet: too little has been heard from the platforms",
  "fallback.stale-feed": "a platform's feed is stale: cautious bids, or a probe",
  "fallback.uncalibrated": "predictions and outcomes disagree: dual descent steers instead",
  "fallback.unsolved": "the solver did not converge: last multiplier, reduced by a tenth",
  "fallback.no-platform": "every allowed platform is down or silent",
  "exhausted.budget": "the budget is spent",
  "exhausted.daily-budget": "the day's budget is spent",
} as const;
export type Reason = keyof typeof REASONS;

/** Which limit set the price: the name of the constraint that binds. */
export const BINDINGS = ["none", "value", "budget", "cpa", "goal", "pacing", "max-bid", "min-bid", "cap"] as const;
export type Binding = (typeof BINDINGS)[number];

/** Why a platform got no bid; `bid` where it got one. */
export const VERDICTS = [
  "bid",
  "probe",
  "below-price",
  "below-floor",
  "below-min-bid",
  "not-best",
  "unaffordable",
  "paced",
  "stale",
  "down",
  "no-evidence",
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a decision is; it selects the next state of the campaign. */
export const KINDS = ["bid", "hold", "fallback", "exhausted"] as const;

/** One platform as the decision saw it. Prices are micros per click and may have fractions; bids and caps are integers. */
export interface Candidate {
  /** Platform index. */
  readonly platform: number;
  /** Forecast conversions per click, this campaign's own factor included. */
  readonly cvr: number;
  /** Relative standard deviation of that forecast. */
  readonly cvrRelSd: number;
  /** Forecast mean price per click. */
  readonly cpcMicros: number;
  /** ROI per click as the requirements define it: CVR × value − CPC. */
  readonly roiMicros: number;
  /** What the policy values a click at, after pacing: e.g. gamma × CVR. */
  readonly marginalMicros: number;
  /** 0 where there is no bid. */
  readonly bidMicros: number;
  /** Most that may be charged this tick; 0 where there is no bid. */
  readonly capMicros: number;
  readonly verdict: Verdict;
}

/** Bids, or none, with the reason. `kind` selects the next state of the campaign. */
export interface Decision {
  readonly tick: number;
  readonly kind: (typeof KINDS)[number];
  readonly reason: Reason;
  readonly binding: Binding;
  /** The multiplier that decided: gamma [micros per conversion] for gamma-pacing, the policy's own scalar elsewhere. */
  readonly gammaMicros: number;
  /** One per allowed platform, ascending by platform. */
  readonly candidates: readonly Candidate[];
}

/**
 * A decision that is written anew for one campaign after another: whoever hands it out to be written in has done with what it said before. Its figures stay in
 * the memory that they have: new objects for every decision would cost a tenth of the time that a decision takes.
 */
export class DecisionDraft implements Decision {
  tick = 0;
  kind: Decision["kind"] = "hold";
  reason: Decision["reason"] = "hold.no-evidence";
  binding: Binding = "none";
  gammaMicros = 0;
  readonly candidates: CandidateDraft[];

  /** @param length candidates that it is sure to have: a list that is pushed to keeps room for seventeen */
  constructor(length = 0) {
    this.candidates = Array.from({ length }, blank);
  }

  /** Makes room for so many candidates; what they say is of no meaning until it is written. */
  resize(length: number): void {
    const { candidates } = this;
    if (candidates.length > length) candidates.length = length;
    while (candidates.length < length) candidates.push(blank());
  }
}

type CandidateDraft = { -readonly [key in keyof Candidate]: Candidate[key] };

function blank(): CandidateDraft {
  return {
    platform: 0,
    cvr: 0,
    cvrRelSd: 0,
    cpcMicros: 0,
    roiMicros: 0,
    marginalMicros: 0,
    bidMicros: 0,
    capMicros: 0,
    verdict: "no-evidence",
  };
}

/** The reply to a tick: where a campaign leaves its decision. One serves all campaigns of a thread in turn; the decision stays null where a campaign does not evaluate. */
export interface Reply {
  decision: Decision | null;
  /** Where the decision may be written; null where decisions are kept by whoever hears of them. */
  readonly draft: DecisionDraft | null;
}

/**
 * Checks what every decision must satisfy, whoever wrote the policy: its words are of the lists above; bids and caps are whole micros within the floor and the campaign's
 * limits, and all caps together, over-delivery included, are affordable.
 * @throws EngineError CE_POLICY_INVALID naming the platform and the limit
 */
export function assertDecision(decision: Decision, { spec, platforms, account }: DecisionLimits): void {
  assertWord("kind", decision.kind, KINDS);
  if (!Object.hasOwn(REASONS, decision.reason)) assertWord("reason", decision.reason, Object.keys(REASONS));
  assertWord("binding", decision.binding, BINDINGS);
  if (decision.candidates.length > platforms.length) {
    throw invalid(`has ${decision.candidates.length} candidates`, `at most ${platforms.length}, one per platform`);
  }
  let committedMicros = 0;
  for (const { platform, bidMicros, capMicros, verdict } of decision.candidates) {
    assertWord("verdict", verdict, VERDICTS);
    if (bidMicros === 0 && capMicros === 0) continue;
    const seller = platforms[platform];
    if (seller === undefined || !spec.platforms.includes(platform)) {
      throw invalid(`bids on platform ${platform}`, "one of the campaign's platforms");
    }
    if (!isMicros(bidMicros) || !isMicros(capMicros) || bidMicros === 0 || capMicros === 0) {
      throw invalid(`bids ${bidMicros} with a cap of ${capMicros} on ${seller.id}`, "positive whole micros");
    }
    if (bidMicros < seller.floorMicros || bidMicros < spec.minBidMicros || bidMicros > spec.maxBidMicros) {
      const leastMicros = Math.max(seller.floorMicros, spec.minBidMicros);
      const isLow = bidMicros < leastMicros;
      throw invalid(
        `bids ${bidMicros} micros on ${seller.id}`,
        isLow ? `at least ${leastMicros}, the floor or minBid` : `at most ${spec.maxBidMicros}, the campaign's maxBid`,
      );
    }
    committedMicros += reservationMicros(capMicros, seller.overDeliveryFactor);
  }
  if (committedMicros > account.availableMicros) {
    throw invalid(`commits ${committedMicros} micros`, `at most the ${account.availableMicros} available`);
  }
}

/** What {@link assertDecision} holds a decision against: the part of a policy's input that limits it. */
export interface DecisionLimits {
  readonly spec: Pick<CampaignSpec, "platforms" | "minBidMicros" | "maxBidMicros">;
  readonly platforms: readonly PlatformSpec[];
  readonly account: { readonly availableMicros: number };
}

/** What a bid with this cap reserves: the most that the platform can charge [micros]. */
export function reservationMicros(capMicros: number, overDeliveryFactor: number): number {
  return Math.ceil(capMicros * overDeliveryFactor);
}

function assertWord(what: string, word: string, words: readonly string[]): void {
  if (!words.includes(word)) throw invalid(`gives the ${what} "${word}"`, `one of: ${words.join(", ")}`);
}

function invalid(what: string, expected: string): EngineError {
  return new EngineError("CE_POLICY_INVALID", `The policy ${what}.`, { expected });
}
