/**
 * The forecast board: one row per platform, computed once a tick and shared by all campaigns.
 *
 * B1 every figure is finite, non-negative and believable; a forecaster that has nothing to say leaves `evidence` at 0.
 */
import type { Savable } from "../saved.ts";

/** How a platform's feed looks from here, as its statechart sees it. */
export const Health = { healthy: 0, degraded: 1, down: 2, probing: 3 } as const;
export type HealthCode = (typeof Health)[keyof typeof Health];

/** The daily traffic plan of one platform: a prefix sum over the period, so that any stretch of ticks is one subtraction. */
export interface TrafficPlan {
  /** Length of the period [ticks]: one day. */
  readonly periodTicks: number;
  /** Planned feed clicks per tick of the period. */
  readonly profile: Float64Array;
  /** Prefix sums of `profile`, one longer than it. */
  readonly cumulative: Float64Array;
  /** Traffic now, relative to the plan. */
  level: number;
  /** How the view changes with distance; without it the present level holds for good. */
  far?: FarTraffic;
}

/** What is thought of traffic that is further away than the present level reaches. */
export interface FarTraffic {
  /** The tick that is now. */
  tick: number;
  /** Traffic relative to the plan, outages included, in the long run: the level returns to it. */
  level: number;
  /** Time constant of that return [ticks]. */
  readonly reversionTicks: number;
  /** Horizon H of the survival discount [ticks]: traffic s ticks beyond one period from now counts for H / (H + s). */
  readonly horizonTicks: number;
}

/** Planned feed clicks in `fromTick` ≤ t < `toTick`, as it looks from now. Ticks may be negative. */
export function trafficBetween(plan: TrafficPlan, fromTick: number, toTick: number): number {
  if (toTick <= fromTick) return 0;
  const { far, level, periodTicks } = plan;
  if (far === undefined) return level * (prefix(plan, toTick) - prefix(plan, fromTick));
  const sureTick = Math.min(toTick, Math.max(fromTick, far.tick + periodTicks));
  return stretch(plan, far, fromTick, sureTick) + stretch(plan, far, sureTick, toTick);
}

/** A stretch on one side of the first period's end: its clicks × the mean level × the mean survival over it. */
function stretch(plan: TrafficPlan, far: FarTraffic, fromTick: number, toTick: number): number {
  if (toTick <= fromTick) return 0;
  const clicks = prefix(plan, toTick) - prefix(plan, fromTick);
  const from = Math.max(0, fromTick - far.tick);
  const to = Math.max(0, toTick - far.tick);
  if (to <= from) return clicks * plan.level;
  const { reversionTicks, horizonTicks } = far;
  const beyond = from - plan.periodTicks;
  const view = farView(from, to, reversionTicks, horizonTicks, beyond);
  const level = far.level + (plan.level - far.level) * view.present;
  return beyond < 0 ? clicks * level : clicks * level * view.survival;
}

/** What distance does to a stretch of ticks: the weight of the present level, and the chance that the traffic still comes. */
interface FarView {
  readonly from: number;
  readonly to: number;
  readonly reversionTicks: number;
  readonly horizonTicks: number;
  readonly beyond: number;
  readonly present: number;
  readonly survival: number;
}

/** The views computed last, by their ends: all platforms, and most campaigns, look at the same stretches. */
const views: (FarView | undefined)[] = Array.from({ length: 64 });

function farView(from: number, to: number, reversionTicks: number, horizonTicks: number, beyond: number): FarView {
  const at = (from * 7 + to) & 63;
  const known = views[at];
  if (
    known !== undefined &&
    known.from === from &&
    known.to === to &&
    known.reversionTicks === reversionTicks &&
    known.horizonTicks === horizonTicks &&
    known.beyond === beyond
  ) {
    return known;
  }
  const present = ((Math.exp(-from / reversionTicks) - Math.exp(-to / reversionTicks)) * reversionTicks) / (to - from);
  const survival = beyond < 0 ? 1 : (horizonTicks * Math.log1p((to - from) / (horizonTicks + beyond))) / (to - from);
  const view = { from, to, reversionTicks, horizonTicks, beyond, present, survival };
  views[at] = view;
  return view;
}

function prefix(plan: TrafficPlan, tick: number): number {
  const days = Math.floor(tick / plan.periodTicks);
  return days * plan.cumulative[plan.periodTicks] + plan.cumulative[tick - days * plan.periodTicks];
}

/** A forecaster's view of every platform; index = platform index. Read-only for all but its forecasters. */
export interface ForecastBoard {
  readonly forecaster: string;
  /** The tick that the forecast is for. */
  tick: number;
  /** Conversions per click, now. */
  readonly cvr: Float64Array;
  /** Long-run mean of the same. */
  readonly cvrMean: Float64Array;
  /** Relative standard deviation of `cvr`. */
  readonly cvrRelSd: Float64Array;
  /** Probability that the platform's CVR stands still instead of drifting. */
  readonly stillChance: Float64Array;
  /** Price per click now [micros]. */
  readonly cpcMicros: Float64Array;
  /** Long-run mean of the same [micros]. */
  readonly cpcMeanMicros: Float64Array;
  /** Conversions that the forecast rests on; 0 = no forecast. */
  readonly evidence: Float64Array;
  /** Mean delay from click to conversion [ticks]. */
  readonly delayTicks: Float64Array;
  /** Ticks since the feed was last heard. */
  readonly ageTicks: Float64Array;
  /** {@link Health} codes. */
  readonly health: Uint8Array;
  /** Impressions per click (≥ 1), for reach goals. */
  readonly impressionsPerClick: Float64Array;
  readonly traffic: TrafficPlan[];
}

/** An empty board for so many platforms: no evidence, flat empty traffic plan. */
export function createBoard(forecaster: string, platforms: number, periodTicks: number): ForecastBoard {
  const column = () => new Float64Array(platforms);
  return {
    forecaster,
    tick: 0,
    cvr: column(),
    cvrMean: column(),
    cvrRelSd: column(),
    stillChance: column(),
    cpcMicros: column(),
    cpcMeanMicros: column(),
    evidence: column(),
    delayTicks: column(),
    ageTicks: column(),
    health: new Uint8Array(platforms),
    impressionsPerClick: new Float64Array(platforms).fill(1),
    traffic: Array.from({ length: platforms }, () => ({
      periodTicks,
      profile: new Float64Array(periodTicks),
      cumulative: new Float64Array(periodTicks + 1),
      level: 1,
    })),
  };
}

/** The columns of a platform's row, with the greatest believable figure of each: a conversion per click; a million of any currency a click. */
const MOST = {
  cvr: 1,
  cvrMean: 1,
  cvrRelSd: 1e9,
  stillChance: 1,
  cpcMicros: 1e12,
  cpcMeanMicros: 1e12,
  evidence: 1e15,
  delayTicks: 1e9,
  ageTicks: 1e15,
  impressionsPerClick: 1e12,
} as const;
/** Their names. */
export const ROW_COLUMNS = Object.keys(MOST) as readonly (keyof typeof MOST)[];

/** What is wrong with a platform's row (B1), or null. */
export function rowFault(board: ForecastBoard, platform: number): string | null {
  for (const column of ROW_COLUMNS) {
    const figure = board[column][platform];
    if (!(figure >= 0 && figure <= MOST[column])) return `${column} became ${figure} (B1)`;
  }
  const { level } = board.traffic[platform];
  return level >= 0 && level < Number.POSITIVE_INFINITY ? null : `traffic became ${level} (B1)`;
}

/** Puts what was on another board of the same kind onto this one. */
export function restoreBoard(board: ForecastBoard, saved: ForecastBoard): void {
  board.tick = saved.tick;
  for (const column of ROW_COLUMNS) board[column].set(saved[column]);
  board.health.set(saved.health);
  for (const [platform, { profile, cumulative, level, far }] of saved.traffic.entries()) {
    const plan = board.traffic[platform];
    plan.profile.set(profile);
    plan.cumulative.set(cumulative);
    plan.level = level;
    // Its keeper holds the same object.
    if (far !== undefined) plan.far = Object.assign(plan.far ?? {}, far);
  }
}

/**
 * One platform's forecaster: fed one tick of metrics at a time, it keeps its row of a board up to date. One that is {@link Savable} as well spares its
 * service the way through the whole log after a crash.
 */
export interface Forecaster extends Partial<Savable> {
  /** Learns from the metrics of one tick, or from their absence (`null`), and writes its row for tick + 1. */
  update(metrics: import("../platform.ts").PlatformMetrics | null, tick: number): void;
}

/** Makes the forecaster of one platform on a board. */
export type ForecasterFactory = (board: ForecastBoard, platform: number, options: ForecasterOptions) => Forecaster;

/** What every forecaster is told. */
export interface ForecasterOptions {
  /** Length of a tick [ms]: half-lives are durations. */
  readonly tickMs: number;
  /** Ticks in a day: the period of the traffic plan. */
  readonly periodTicks: number;
}
