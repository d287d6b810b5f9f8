/** The plan that spend is held against: a budget spent as the day's traffic comes, as the forecasts have learned it. */
import type { ForecastBoard } from "../core/forecast/board.ts";
import type { Savable } from "../core/saved.ts";

/** Ticks between two looks at the forecasts' traffic plans, which change once a day. */
const LOOK_TICKS = 30;

/** Which share of a flight's traffic has passed. Even until a forecast has learned a day. */
export class TrafficShare implements Savable<Float64Array> {
  #cumulative: Float64Array = Float64Array.of(0, 1);
  #lookedTick = Number.NEGATIVE_INFINITY;

  /** Looks at the plans of all platforms, now and then. */
  learn(boards: readonly ForecastBoard[], tick: number): void {
    const [board] = boards;
    if (board === undefined || tick < this.#lookedTick + LOOK_TICKS) return;
    this.#lookedTick = tick;
    const cumulative = new Float64Array(board.traffic[0].cumulative.length);
    for (const plan of board.traffic) {
      for (let phase = 0; phase < cumulative.length; phase += 1) cumulative[phase] += plan.cumulative[phase];
    }
    // A market without any traffic has no shape.
    if (cumulative.at(-1)! > 0) this.#cumulative = cumulative;
  }

  save(): Float64Array {
    return this.#cumulative;
  }

  restore(cumulative: Float64Array): void {
    this.#cumulative = cumulative;
  }

  /** Traffic in `startTick` ≤ t < `tick` ÷ that until `endTick`; 0 before the flight and 1 after it. */
  share(startTick: number, endTick: number, tick: number): number {
    if (tick <= startTick) return 0;
    if (tick >= endTick) return 1;
    const from = this.#until(startTick);
    const all = this.#until(endTick) - from;
    return all > 0 ? (this.#until(tick) - from) / all : (tick - startTick) / (endTick - startTick);
  }

  #until(tick: number): number {
    const periodTicks = this.#cumulative.length - 1;
    const days = Math.floor(tick / periodTicks);
    return days * this.#cumulative[periodTicks] + this.#cumulative[tick - days * periodTicks];
  }
}
