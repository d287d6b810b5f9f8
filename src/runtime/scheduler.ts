/**
 * The scheduler: plays an engine tick by tick to the clock's beat, drains it, and stops it, whatever ends the run.
 */
import type { Clock } from "./clock.ts";

/** How a run ended. */
export interface RunOutcome {
  /** True when the run was cut short by the signal. */
  readonly isInterrupted: boolean;
  /** Ticks played, those that a jump of the clock missed included; without warm-up and drain. */
  readonly ticks: number;
}

/** What is played: an engine, or one that writes every step down and may begin in the middle. */
export interface Playable {
  readonly ticks: number;
  readonly nextTick: number;
  start(): void | Promise<void>;
  /** @returns the tick to play next */
  tick(shownTick: number): number | Promise<number>;
  drain(): void | Promise<void>;
  stop(): void;
}

export interface RunOptions {
  readonly clock: Clock;
  /** Aborting it ends the run after the current tick: no more bids, outstanding reports are still booked. */
  readonly signal?: AbortSignal;
  /** Called after every tick with the number of ticks played. */
  readonly onTick?: (played: number) => void;
}

/**
 * Runs an engine from start to stop.
 * @throws what the engine throws when an invariant is broken; it is stopped first
 */
export async function runEngine(engine: Playable, { clock, signal, onTick }: RunOptions): Promise<RunOutcome> {
  const stop = signal ?? new AbortController().signal;
  let played = 0;
  try {
    await engine.start();
    played = engine.nextTick;
    while (played < engine.ticks) {
      const shownTick = await clock.awaitTick(played, stop);
      if (stop.aborted) break;
      played = await engine.tick(shownTick);
      onTick?.(played);
    }
    await engine.drain();
  } finally {
    engine.stop();
  }
  return { isInterrupted: played < engine.ticks, ticks: played };
}
