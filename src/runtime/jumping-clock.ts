/** A clock that jumps, forwards or backwards, where the run's faults say so; around any clock. */
import type { Faults } from "../core/faults.ts";
import type { Clock } from "./clock.ts";

/** The jumps of one run: at most one for every tick awaited, so that time goes on in the end. */
export class ClockJumps {
  readonly #faults: Faults;
  #jumpedAt = -1;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** The tick that the clock shows when this one is due. */
  shownAt(tick: number): number {
    const faults = this.#faults;
    if (this.#jumpedAt === tick || !faults.strikes("clock-jump", tick)) return tick;
    this.#jumpedAt = tick;
    const ticks = faults.lasting("clock-jump", tick);
    const isBack = faults.shape("clock-jump", "direction", tick) < 0.5;
    faults.note({ kind: "clock-jump", detail: `${ticks} ticks ${isBack ? "back" : "forwards"}` });
    return tick + (isBack ? -ticks : ticks);
  }
}

/** The same clock, with jumps. */
export function jumpingClock(clock: Clock, jumps: ClockJumps): Clock {
  return {
    nowMs: () => clock.nowMs(),
    awaitTick: async (ordinal, signal) => jumps.shownAt(await clock.awaitTick(ordinal, signal)),
  };
}
