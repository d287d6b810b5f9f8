/**
 * Faults that a run can inject: the one list of kinds that scenario, command line, log and tests share, and the draws that decide when one strikes.
 *
 * FI1 whether a fault strikes is a function of (seed, kind, who, tick) alone: a further kind, another order of campaigns or more threads move no draw;
 * FI2 every fault that strikes is noted, and told to the observers; FI3 outside of its ticks a plan injects nothing.
 */
import { uniformOf } from "./random.ts";

/** What each kind does; a rate is a probability per chance, in 0..1. */
export const FAULT_KINDS = {
  "decision-throws": "a campaign's decision throws; a chance per campaign and tick",
  "action-throws": "a campaign's action (learning from reports) throws; a chance per campaign and report event",
  "guard-throws": "a campaign's guard throws; a chance per report event of a campaign with bids out",
  "forecast-nan": "a platform's forecast is not a number; a chance per platform and tick",
  "forecast-absurd": "a platform's forecast is absurd; a chance per platform and tick",
  "forecaster-throws": "a platform's forecaster throws; a chance per platform and tick",
  "platform-silent": "a platform falls silent for a while; a chance per platform and tick",
  "platform-slow": "a platform's reports come late for a while; a chance per platform and tick",
  "platform-flapping": "a platform is heard in every other tick for a while; a chance per platform and tick",
  "platform-refusing": "a platform refuses every bid for a while; a chance per platform and tick",
  "over-delivery": "a platform charges more than the cap that it was given; a chance per spend report with a charge",
  "report-late": "a report comes late; a chance per report",
  "report-twice": "a spend report comes twice; a chance per spend report",
  "report-reordered": "a report comes a tick late, behind those of the next tick; a chance per report",
  "report-lost": "a report never comes; a chance per report",
  "report-restated": "a spend report comes again with other numbers; a chance per spend report",
  "feed-garbage": "a platform's metrics are garbage; a chance per platform and tick",
  "clock-jump": "the clock jumps, forwards or backwards; a chance per tick",
  "supervisor-throws": "a portfolio's supervisor throws; a chance per portfolio and tick",
} as const;

/** One kind of fault. */
export type FaultKind = keyof typeof FAULT_KINDS;

/** Probability of each kind per chance, 0..1; kinds left out do not happen. */
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

/** What may go wrong in a run, and when. */
export interface FaultPlan {
  readonly rates: FaultRates;
  /** Faults strike in `fromTick` ≤ tick < `toTick`; reports by the tick of their bid. */
  readonly fromTick: number;
  readonly toTick: number;
  /** Longest episode, delay or jump [ticks], ≥ 1. */
  readonly longestTicks: number;
}

/** Longest episode, delay or jump where none is declared [ticks]. */
export const DEFAULT_LONGEST_TICKS = 10;

/** True where a plan can inject anything at all. */
export function hasFaults(plan: FaultPlan | undefined): plan is FaultPlan {
  return plan !== undefined && Object.values(plan.rates).some((rate) => rate > 0);
}

/** A fault that struck. */
export interface InjectedFault {
  readonly kind: FaultKind;
  /** The campaign that it struck, where it struck one. */
  readonly slot?: number;
  /** The platform that it struck, where it struck one. */
  readonly platform?: number;
  /** One phrase: what was done. */
  readonly detail: string;
}

/** Ids and numbers that tell the chances of one tick apart. */
type Who = readonly (string | number)[];

/** The faults of one run: says when one strikes, and keeps what struck until the engine tells it. */
export class Faults {
  readonly plan: FaultPlan;
  readonly #seed: number;
  #injected: InjectedFault[] = [];

  constructor(seed: number, plan: FaultPlan) {
    this.plan = plan;
    this.#seed = seed;
  }

  /** True where the plan has this kind at all. */
  has(kind: FaultKind): boolean {
    return (this.plan.rates[kind] ?? 0) > 0;
  }

  /** Whether a fault strikes at a tick; `who` tells the chances of that tick apart (FI1, FI3). */
  strikes(kind: FaultKind, tick: number, ...who: Who): boolean {
    const rate = this.plan.rates[kind] ?? 0;
    if (rate === 0 || tick < this.plan.fromTick || tick >= this.plan.toTick) return false;
    return this.shape(kind, "strikes", tick, ...who) < rate;
  }

  /** The uniform number in [0, 1) that shapes a fault: `what` is the shape's name, the rest as for {@link strikes}. */
  shape(kind: FaultKind, what: string, tick: number, ...who: Who): number {
    return uniformOf(this.#seed, `faults/${kind}/${what}/${tick}/${who.join("/")}`);
  }

  /** How long a fault lasts or delays [ticks], 1 to the plan's longest. */
  lasting(kind: FaultKind, tick: number, ...who: Who): number {
    return 1 + Math.floor(this.shape(kind, "ticks", tick, ...who) * this.plan.longestTicks);
  }

  /** Notes a fault that struck (FI2). */
  note(fault: InjectedFault): void {
    this.#injected.push(fault);
  }

  /** What was noted since the last call, in order. */
  take(): readonly InjectedFault[] {
    if (this.#injected.length === 0) return NONE;
    const injected = this.#injected;
    this.#injected = [];
    return injected;
  }
}

const NONE: readonly InjectedFault[] = [];
