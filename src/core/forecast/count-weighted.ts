/**
 * The default forecaster: weighs counts instead of ratios, knows of delay, drift, time of day and sudden changes.
 *
 * Every half-life and correlation time is a duration; a tick of any length gets the exact discretisation of the same processes. At
 * hour or day ticks the short-lived drift thus turns into plain noise about the base, instead of a memory shorter than one tick.
 */
import type { PlatformMetrics } from "../platform.ts";
import type { Savable } from "../saved.ts";
import type { ForecastBoard, Forecaster, ForecasterOptions } from "./board.ts";
import { CpcFilter } from "./cpc-filter.ts";
import { CvrMixture } from "./cvr-mixture.ts";
import type { CvrMixtureState } from "./cvr-mixture.ts";
import { TrafficPlanner } from "./traffic-plan.ts";
import type { TrafficPlannerState } from "./traffic-plan.ts";

const MINUTE_MS = 60_000;
/** Half-life of the traffic level, and its least in ticks: a level of one tick's clicks is noise. */
const LEVEL_MINUTES = 60;
const LEVEL_MIN_TICKS = 6;
/** The traffic profile is a mean over ± so much time. */
const SMOOTH_MINUTES = 20;
/** Half-life of the impressions per click. */
const IMPRESSIONS_MINUTES = 960;

/** What a forecaster of this kind knows. */
export interface CountWeightedState {
  readonly cvr: CvrMixtureState;
  readonly cpc: readonly number[];
  readonly traffic: TrafficPlannerState;
  readonly impressions: number;
  readonly clicks: number;
}

/**
 * One platform's row: CVR by {@link CvrMixture}, CPC by {@link CpcFilter}, traffic by {@link TrafficPlanner}. `evidence` is the conversions that a
 * Gamma posterior of the same relative standard deviation would have behind it, at most those heard.
 */
export class CountWeightedForecaster implements Forecaster, Savable<CountWeightedState> {
  readonly #board: ForecastBoard;
  readonly #platform: number;
  readonly #cvr: CvrMixture;
  readonly #cpc: CpcFilter;
  readonly #traffic: TrafficPlanner;
  readonly #keep: number;
  #impressions = 0;
  #clicks = 0;

  constructor(board: ForecastBoard, platform: number, { tickMs, periodTicks }: ForecasterOptions) {
    const minutes = tickMs / MINUTE_MS;
    this.#board = board;
    this.#platform = platform;
    this.#cvr = new CvrMixture(tickMs, periodTicks);
    this.#cpc = new CpcFilter(tickMs);
    this.#traffic = new TrafficPlanner(
      board.traffic[platform],
      Math.max(LEVEL_MIN_TICKS, LEVEL_MINUTES / minutes),
      Math.floor(SMOOTH_MINUTES / minutes),
    );
    this.#keep = 2 ** (-1 / Math.max(1, IMPRESSIONS_MINUTES / minutes));
  }

  update(metrics: PlatformMetrics | null, tick: number): void {
    if (metrics === null) this.#miss(tick);
    else this.#hear(metrics, tick);
    this.#write(tick + 1);
  }

  save(): CountWeightedState {
    return {
      cvr: this.#cvr.save(),
      cpc: this.#cpc.save(),
      traffic: this.#traffic.save(),
      impressions: this.#impressions,
      clicks: this.#clicks,
    };
  }

  restore({ cvr, cpc, traffic, impressions, clicks }: CountWeightedState): void {
    this.#cvr.restore(cvr);
    this.#cpc.restore(cpc);
    this.#traffic.restore(traffic);
    this.#impressions = impressions;
    this.#clicks = clicks;
  }

  #miss(tick: number): void {
    this.#board.ageTicks[this.#platform] += 1;
    this.#cvr.miss(tick);
    this.#cpc.update(0, 0);
    this.#traffic.update(null, tick);
  }

  #hear({ impressions, clicks, cpcMicros, conversions, conversionAgeTicks }: PlatformMetrics, tick: number): void {
    this.#board.ageTicks[this.#platform] = 0;
    this.#cvr.hear(tick, clicks, conversions, conversionAgeTicks);
    this.#cpc.update(clicks, cpcMicros);
    this.#traffic.update(clicks, tick);
    this.#impressions = this.#keep * this.#impressions + impressions;
    this.#clicks = this.#keep * this.#clicks + clicks;
  }

  #write(tick: number): void {
    const board = this.#board;
    const p = this.#platform;
    const variance = this.#cvr.varianceAt(tick);
    board.cvr[p] = this.#cvr.rateAt(tick);
    board.cvrMean[p] = this.#cvr.base;
    board.cvrRelSd[p] = Math.min(1, Math.sqrt(variance));
    board.stillChance[p] = this.#cvr.stillChance;
    board.evidence[p] = Math.min(this.#cvr.conversions, 1 / variance);
    board.delayTicks[p] = this.#cvr.delayTicks;
    board.cpcMicros[p] = this.#cpc.priceMicros;
    board.cpcMeanMicros[p] = this.#cpc.meanMicros;
    if (this.#clicks > 1e-9) board.impressionsPerClick[p] = Math.max(1, this.#impressions / this.#clicks);
  }
}
