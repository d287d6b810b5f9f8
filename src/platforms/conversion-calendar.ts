/** Conversions on their way: what will be reported, and when. */
import type { Savable } from "../core/saved.ts";
import { geometricQuantile } from "./quantile.ts";

/** Delays are cut at this multiple of their mean: one conversion in 500 million would be later. */
const MAX_DELAY_MEANS = 20;

/** The delay at a uniform number `u`: geometric with this mean [ticks], bounded by 20 means. */
export function delayAt(u: number, meanTicks: number): number {
  return Math.min(geometricQuantile(u, meanTicks), Math.ceil(meanTicks * MAX_DELAY_MEANS));
}

/** Conversions that arrive in one tick, one row per cell, ascending. */
export interface Arrivals {
  readonly length: number;
  readonly cell: readonly number[];
  readonly count: readonly number[];
  /** Sum of the ages of the row's conversions [ticks]. */
  readonly ageTicks: readonly number[];
}

/** Conversions by the tick of their arrival and by cell: any whole number that says whose they are. */
export class ConversionCalendar implements Savable<ReadonlyMap<number, readonly number[]>> {
  /** Cell × AGES + age of each conversion, by tick of arrival. */
  readonly #due = new Map<number, number[]>();

  get isEmpty(): boolean {
    return this.#due.size === 0;
  }

  save(): ReadonlyMap<number, readonly number[]> {
    return this.#due;
  }

  restore(due: ReadonlyMap<number, readonly number[]>): void {
    this.#due.clear();
    for (const [tick, entries] of due) this.#due.set(tick, [...entries]);
  }

  /** Enters one conversion. */
  add(arrivalTick: number, cell: number, ageTicks: number): void {
    const entry = cell * AGES + ageTicks;
    const entries = this.#due.get(arrivalTick);
    if (entries === undefined) this.#due.set(arrivalTick, [entry]);
    else entries.push(entry);
  }

  /** Takes out what arrives in a tick. */
  take(tick: number): Arrivals {
    const arrivals = { length: 0, cell: [] as number[], count: [] as number[], ageTicks: [] as number[] };
    const entries = this.#due.get(tick);
    if (entries === undefined) return arrivals;
    this.#due.delete(tick);
    for (const entry of Float64Array.from(entries).sort()) {
      const cell = Math.floor(entry / AGES);
      const row = arrivals.length - 1;
      if (row >= 0 && arrivals.cell[row] === cell) {
        arrivals.count[row] += 1;
        arrivals.ageTicks[row] += entry % AGES;
      } else {
        arrivals.length = row + 2;
        arrivals.cell.push(cell);
        arrivals.count.push(1);
        arrivals.ageTicks.push(entry % AGES);
      }
    }
    return arrivals;
  }
}

/** Room for the age in an entry: 2^21 ticks are four years of minutes. */
const AGES = 2 ** 21;
