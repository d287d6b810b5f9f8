/**
 * The forecaster of the requirements: a sliding window of 30 and a regression line, on the ratios as they come.
 *
 * It is the named baseline. Its weakness is known and kept: a ratio of few clicks weighs as much as one of many, and
 * conversions still under way count as failures.
 */
import type { PlatformMetrics } from "../platform.ts";
import type { Savable } from "../saved.ts";
import { SlidingWindow } from "../window.ts";
import type { WindowState } from "../window.ts";
import type { ForecastBoard, Forecaster } from "./board.ts";
import { flattenPlan } from "./traffic-plan.ts";

/** Entries in each window. */
const WINDOW_TICKS = 30;

/**
 * CVR and CPC by ordinary least squares on time over the last 30 ticks with clicks, read one tick ahead and clamped at 0
 * from below (CVR at 1 from above). Long-run means are the window's means, `evidence` is the conversions in it, and the traffic plan is flat: the
 * mean clicks of the last 30 ticks heard.
 */
export class OlsForecaster implements Forecaster, Savable<readonly WindowState[]> {
  readonly #board: ForecastBoard;
  readonly #platform: number;
  readonly #cvr: SlidingWindow;
  readonly #cpc: SlidingWindow;
  readonly #conversions: SlidingWindow;
  readonly #clicks: SlidingWindow;
  readonly #impressions: SlidingWindow;

  /** @param windowTicks entries in each window; default: 30 */
  constructor(board: ForecastBoard, platform: number, windowTicks = WINDOW_TICKS) {
    this.#board = board;
    this.#platform = platform;
    this.#cvr = new SlidingWindow(windowTicks);
    this.#cpc = new SlidingWindow(windowTicks);
    this.#conversions = new SlidingWindow(windowTicks);
    this.#clicks = new SlidingWindow(windowTicks);
    this.#impressions = new SlidingWindow(windowTicks);
    flattenPlan(board.traffic[platform]);
  }

  update(metrics: PlatformMetrics | null, tick: number): void {
    const board = this.#board;
    const p = this.#platform;
    if (metrics === null) board.ageTicks[p] += 1;
    else {
      board.ageTicks[p] = 0;
      this.#learn(metrics, tick);
    }
    const cvrMean = Math.min(1, Math.max(0, this.#cvr.mean));
    board.cvrMean[p] = cvrMean;
    board.cvr[p] = Math.min(1, Math.max(0, this.#cvr.at(tick + 1)));
    board.cvrRelSd[p] = cvrMean > 0 ? Math.min(1, this.#cvr.residualSd / cvrMean / Math.sqrt(this.#cvr.length)) : 1;
    board.cpcMeanMicros[p] = Math.max(0, this.#cpc.mean);
    board.cpcMicros[p] = Math.max(0, this.#cpc.at(tick + 1));
    board.evidence[p] = Math.max(0, this.#conversions.mean * this.#conversions.length);
    board.traffic[p].level = Math.max(0, this.#clicks.mean);
    board.impressionsPerClick[p] =
      this.#clicks.mean > 1e-9 ? Math.max(1, this.#impressions.mean / this.#clicks.mean) : board.impressionsPerClick[p];
  }

  save(): readonly WindowState[] {
    return this.#windows.map((window) => window.save());
  }

  restore(state: readonly WindowState[]): void {
    for (const [at, window] of this.#windows.entries()) window.restore(state[at]);
  }

  get #windows(): readonly SlidingWindow[] {
    return [this.#cvr, this.#cpc, this.#conversions, this.#clicks, this.#impressions];
  }

  #learn(metrics: PlatformMetrics, tick: number): void {
    this.#clicks.push(tick, metrics.clicks);
    this.#impressions.push(tick, metrics.impressions);
    if (metrics.clicks < 1) return;
    this.#cvr.push(tick, metrics.conversions / metrics.clicks);
    this.#conversions.push(tick, metrics.conversions);
    this.#cpc.push(tick, metrics.cpcMicros);
  }
}
