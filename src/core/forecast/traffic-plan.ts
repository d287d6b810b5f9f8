/**
 * The traffic plan's keeper: recent days' clicks by time of day, and how the present and the long run compare with them.
 *
 * A tick not heard counts as one without traffic: a silent platform is not bid on, so its plan is of what can be bought. Far traffic is
 * planned at a level windowed over a day, outages included, to which the present level returns as e^(−s/10 h). Traffic beyond one
 * period counts with the chance that it still comes: with an exponential lifetime of unknown rate, Gamma(1) with mean 1/H, a market
 * survives s more ticks with probability H/(H + s). L ticks of it are thus worth H ln(1 + L/H); H is a week.
 *
 * T1 until one full period is known the plan is flat; from then on it is keyed by tick modulo the period;
 * T2 `profile` and `cumulative` change once a period, `level` alone moves in between, finite and ≥ 0.
 */
import type { Savable } from "../saved.ts";
import type { FarTraffic, TrafficPlan } from "./board.ts";

/** Clicks in plan that the level starts from: they keep a ratio of few clicks near 1. */
const PRIOR_CLICKS = 40;
/** Weight of the last period in the profile, once there is one. */
const LAST_WEIGHT = 0.5;
/** Horizon of the survival discount, and the time in which the level returns to the long run [periods]. */
const HORIZON_PERIODS = 7;
const REVERSION_PERIODS = 10 / 24;

/** Makes a plan flat: one planned click per tick, so that `level` alone says how many there are. */
export function flattenPlan(plan: TrafficPlan): void {
  plan.profile.fill(1);
  for (let i = 0; i < plan.cumulative.length; i += 1) plan.cumulative[i] = i;
}

/** What a planner knows beyond its plan. */
export interface TrafficPlannerState {
  readonly lastDay: Float64Array;
  readonly mean: Float64Array;
  readonly isKeyed: boolean;
  readonly figures: readonly number[];
}

/** Learns one platform's daily traffic and writes it into a plan: level = (Σ clicks + 40) / (Σ planned + 40), both exponentially windowed. */
export class TrafficPlanner implements Savable<TrafficPlannerState> {
  readonly #plan: TrafficPlan;
  readonly #far: FarTraffic;
  readonly #keep: number;
  readonly #keepLong: number;
  readonly #smoothTicks: number;
  /** The last period's clicks by time of day; 0 where nothing was heard. */
  readonly #lastDay: Float64Array;
  /** The mean of such periods, the last weighing half. */
  readonly #mean: Float64Array;
  #untilTurn: number;
  #heard = 0;
  #isKeyed = false;
  #clicks = 0;
  #planned = 0;
  #longClicks = 0;
  #longPlanned = 0;

  /** @param levelTicks half-life of the level [ticks]. @param smoothTicks the profile is a mean over ± so many ticks. */
  constructor(plan: TrafficPlan, levelTicks: number, smoothTicks: number) {
    this.#plan = plan;
    this.#keep = 2 ** (-1 / levelTicks);
    this.#keepLong = 2 ** (-1 / plan.periodTicks);
    // A mean over much of the period would wipe out the very shape that it smooths.
    this.#smoothTicks = Math.min(smoothTicks, Math.floor((plan.periodTicks - 1) / 8));
    this.#lastDay = new Float64Array(plan.periodTicks);
    this.#mean = new Float64Array(plan.periodTicks);
    this.#untilTurn = plan.periodTicks;
    flattenPlan(plan);
    plan.level = 0;
    this.#far = {
      tick: 0,
      level: 0,
      reversionTicks: REVERSION_PERIODS * plan.periodTicks,
      horizonTicks: HORIZON_PERIODS * plan.periodTicks,
    };
    plan.far = this.#far;
  }

  /** Clicks that the plan expects at `tick`, at the present level. */
  expectedAt(tick: number): number {
    return this.#plan.level * this.#plan.profile[this.#phase(tick)];
  }

  /** Learns the clicks of one tick, or that nothing was heard (`null`). Ticks are consecutive. */
  update(clicks: number | null, tick: number): void {
    const phase = this.#phase(tick);
    this.#far.tick = tick + 1;
    this.#lastDay[phase] = clicks ?? 0;
    this.#countLong(clicks ?? 0, phase);
    if (clicks !== null) {
      this.#heard += 1;
      this.#count(clicks, phase);
    }
    this.#writeLevel();
    this.#untilTurn -= 1;
    if (this.#untilTurn === 0) this.#turn(phase);
  }

  save(): TrafficPlannerState {
    return {
      lastDay: this.#lastDay,
      mean: this.#mean,
      isKeyed: this.#isKeyed,
      figures: [this.#untilTurn, this.#heard, this.#clicks, this.#planned, this.#longClicks, this.#longPlanned],
    };
  }

  /** The plan itself is its board's, and restored with it. */
  restore({ lastDay, mean, isKeyed, figures }: TrafficPlannerState): void {
    this.#lastDay.set(lastDay);
    this.#mean.set(mean);
    this.#isKeyed = isKeyed;
    [this.#untilTurn, this.#heard, this.#clicks, this.#planned, this.#longClicks, this.#longPlanned] = figures;
  }

  #phase(tick: number): number {
    const { periodTicks } = this.#plan;
    return ((tick % periodTicks) + periodTicks) % periodTicks;
  }

  #count(clicks: number, phase: number): void {
    this.#clicks = this.#keep * this.#clicks + clicks;
    this.#planned = this.#keep * this.#planned + this.#plan.profile[phase];
  }

  #countLong(clicks: number, phase: number): void {
    this.#longClicks = this.#keepLong * this.#longClicks + clicks;
    this.#longPlanned = this.#keepLong * this.#longPlanned + this.#plan.profile[phase];
  }

  #writeLevel(): void {
    // The flat plan has no clicks of its own that the level could be drawn to.
    const prior = this.#isKeyed ? PRIOR_CLICKS : 0;
    if (this.#planned + prior > 0) this.#plan.level = (this.#clicks + prior) / (this.#planned + prior);
    const longPlanned = this.#longPlanned + prior;
    if (longPlanned > 0) this.#far.level = (this.#longClicks + prior) / longPlanned;
  }

  /** A period is over: it goes into the plan, the first one only if at least half of it was heard. */
  #turn(phase: number): void {
    const { periodTicks } = this.#plan;
    if (this.#isKeyed || 2 * this.#heard >= periodTicks) {
      const weight = this.#isKeyed ? LAST_WEIGHT : 1;
      for (let i = 0; i < periodTicks; i += 1) this.#mean[i] += weight * (this.#lastDay[i] - this.#mean[i]);
      this.#isKeyed = true;
      this.#smooth();
      // The level is about the new plan from here on: count the period again, oldest tick first.
      this.#clicks = 0;
      this.#planned = 0;
      this.#longClicks = 0;
      this.#longPlanned = 0;
      for (let i = 1; i <= periodTicks; i += 1) {
        const at = (phase + i) % periodTicks;
        this.#count(this.#lastDay[at], at);
        this.#countLong(this.#lastDay[at], at);
      }
      this.#writeLevel();
    }
    this.#heard = 0;
    this.#untilTurn = periodTicks;
  }

  /** Circular moving average of the mean day into the profile, and its prefix sums. */
  #smooth(): void {
    const { periodTicks, profile, cumulative } = this.#plan;
    const reach = this.#smoothTicks;
    for (let i = 0; i < periodTicks; i += 1) {
      let sum = 0;
      for (let j = -reach; j <= reach; j += 1) sum += this.#mean[(i + j + periodTicks) % periodTicks];
      profile[i] = sum / (2 * reach + 1);
      cumulative[i + 1] = cumulative[i] + profile[i];
    }
  }
}
