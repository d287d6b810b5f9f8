/**
 * How the spend of each campaign grew: samples spread evenly over the whole run, whatever its length.
 *
 * SH1 memory is bounded by {@link MOST_CELLS}: when it is full, every other sample is dropped and from then on half as many are taken.
 */
import type { Ledger } from "../core/ledger.ts";
import type { Savable } from "../core/saved.ts";

/** Most figures kept, all campaigns together. */
const MOST_CELLS = 1_000_000;
const [LEAST_SAMPLES, MOST_SAMPLES] = [16, 240];

/** One sample of all campaigns. */
interface Column {
  readonly tick: number;
  /** By slot. */
  readonly spentMicros: Float64Array;
}

/** The samples, and how far they are apart. */
export interface SpendHistoryState {
  readonly columns: readonly Column[];
  readonly strideTicks: number;
}

/** Samples of one run. */
export class SpendHistory implements Savable<SpendHistoryState> {
  readonly #ledger: Ledger;
  #columns: Column[] = [];
  #strideTicks = 1;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Takes a sample where it is time for one. */
  ticked(tick: number): void {
    if (tick % this.#strideTicks !== 0) return;
    const { size } = this.#ledger;
    const spentMicros = new Float64Array(size);
    for (let slot = 0; slot < size; slot += 1) spentMicros[slot] = this.#ledger.view(slot).spentMicros;
    this.#columns.push({ tick, spentMicros });
    const most = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.floor(MOST_CELLS / Math.max(1, size))));
    if (this.#columns.length <= most) return;
    this.#strideTicks *= 2;
    this.#columns = this.#columns.filter((column) => column.tick % this.#strideTicks === 0);
  }

  save(): SpendHistoryState {
    return { columns: this.#columns, strideTicks: this.#strideTicks };
  }

  restore({ columns, strideTicks }: SpendHistoryState): void {
    this.#columns = [...columns];
    this.#strideTicks = strideTicks;
  }

  /** The samples of a campaign, oldest first. */
  of(slot: number): { tick: number; spentMicros: number }[] {
    return this.#columns
      .filter(({ spentMicros }) => slot < spentMicros.length)
      .map(({ tick, spentMicros }) => ({ tick, spentMicros: spentMicros[slot] }));
  }
}
