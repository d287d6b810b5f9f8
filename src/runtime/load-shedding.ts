/**
 * Overload in real time: measures ticks against their period, and says which campaigns are passed over meanwhile.
 *
 * LS1 what is urgent is where most money waits for the fewest ticks: (budget − spent) ÷ ticks left in the flight; the lesser half gives way, by turns;
 * LS2 every change is told before it takes effect; LS3 it leaves undone nothing but what {@link LOAD_LEVELS} declares.
 */
import { initialTransition, transition } from "xstate";
import type { ContextFrom, SnapshotFrom } from "xstate";
import { DEFAULT_LOAD_LIMITS, loadMachine } from "../../machines/load.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import type { Ledger } from "../core/ledger.ts";
import { LOAD_LEVELS } from "../core/load.ts";
import type { LoadLevelName } from "../core/load.ts";
import type { Savable } from "../core/saved.ts";
import type { Announcer } from "./announcer.ts";

/** Ticks between two looks at who is urgent. */
const LOOK_TICKS = 30;

/** What load is measured on. */
export interface LoadParts {
  /** Real time from tick to tick [ms]. */
  readonly periodMs: number;
  readonly campaigns: readonly CampaignSpec[];
  readonly ledger: Ledger;
  readonly announcer: Announcer;
}

/** What was measured, and who gives way. */
export interface LoadState {
  readonly value: LoadLevelName;
  readonly context: object;
  readonly isPatient: Uint8Array;
  readonly lookedTick: number;
}

/** Keeps ticks within their period as far as it can. */
export class LoadShedding implements Savable<LoadState> {
  readonly #parts: LoadParts;
  #snapshot: SnapshotFrom<typeof loadMachine>;
  /** By slot: 1 for the campaigns that may be passed over. */
  #isPatient = new Uint8Array(0);
  #lookedTick = Number.NEGATIVE_INFINITY;

  constructor(parts: LoadParts) {
    this.#parts = parts;
    [this.#snapshot] = initialTransition(loadMachine, { limits: DEFAULT_LOAD_LIMITS });
  }

  /** Whether a campaign is to evaluate in a tick. */
  isDue(slot: number, tick: number): boolean {
    const { evaluateEvery } = LOAD_LEVELS[this.#level];
    return evaluateEvery === 1 || this.#isPatient[slot] !== 1 || (slot + tick) % evaluateEvery === 0;
  }

  /** Looks at who is urgent, where that matters in this tick. */
  prepare(tick: number): void {
    if (LOAD_LEVELS[this.#level].evaluateEvery === 1 || tick < this.#lookedTick + LOOK_TICKS) return;
    this.#lookedTick = tick;
    const { campaigns, ledger } = this.#parts;
    const microsPerTick = Float64Array.from(campaigns, ({ flight }, slot) => {
      const ticks = flight.endTick - Math.max(tick, flight.startTick);
      const { budgetMicros, spentMicros } = ledger.view(slot);
      return ticks > 0 ? (budgetMicros - spentMicros) / ticks : 0;
    });
    const slots = [...campaigns.keys()].sort((a, b) => microsPerTick[a] - microsPerTick[b] || b - a);
    this.#isPatient = new Uint8Array(campaigns.length);
    for (const slot of slots.slice(0, Math.floor(slots.length / 2))) this.#isPatient[slot] = 1;
  }

  /** Takes note of how long a tick took, and tells of what follows. */
  note(tick: number, tookMs: number): void {
    const { periodMs, announcer } = this.#parts;
    const from = this.#level;
    [this.#snapshot] = transition(loadMachine, this.#snapshot, { type: "tick.timed", tookMs, periodMs });
    const state = this.#level;
    if (state === from) return;
    this.#lookedTick = Number.NEGATIVE_INFINITY;
    const level = Object.keys(LOAD_LEVELS).indexOf(state);
    const isLess = level > Object.keys(LOAD_LEVELS).indexOf(from);
    announcer.emit({
      type: isLess ? "engine.overloaded" : "engine.relieved",
      ...announcer.at(tick),
      from,
      state,
      level,
      ...LOAD_LEVELS[state],
      tookMs,
      periodMs,
    });
  }

  save(): LoadState {
    const { value, context } = this.#snapshot;
    return { value, context, isPatient: this.#isPatient, lookedTick: this.#lookedTick };
  }

  restore({ value, context, isPatient, lookedTick }: LoadState): void {
    this.#snapshot = loadMachine.resolveState({ value, context: context as ContextFrom<typeof loadMachine> });
    this.#isPatient = isPatient.slice();
    this.#lookedTick = lookedTick;
  }

  get #level(): LoadLevelName {
    return this.#snapshot.value;
  }
}
