/**
 * The beat of a live engine: a tick each period of the wall clock, then, when it is to end, an orderly drain.
 *
 * BE1 ticks follow one another, never two at once; BE2 a tick that is late is told, begins at once, and none is skipped; BE3 a drain places
 * no bid and ends when every bid is answered, or after its limit.
 */
import { wallClock } from "../runtime/clock.ts";
import type { LiveRun } from "./live-run.ts";

/** How a live engine beats. */
export interface BeatOptions {
  /** Aborting it ends the run with a drain. */
  readonly signal: AbortSignal;
  /** Longest drain [ms]. */
  readonly drainMs: number;
  /** Called after every tick, warm-up and drain included, so that logs can be written out. */
  readonly onTick?: () => void;
  /** Called for each tick that begins more than half a period late. */
  readonly onLate?: (tick: number, lateMs: number) => void;
  /** Called once the engine runs. */
  readonly onReady?: () => void;
}

/** How a run ended. */
export interface BeatEnd {
  readonly ticks: number;
  /** Bids that nobody answered: their money stays reserved. */
  readonly openBids: number;
}

/** Runs the engine until the signal, or its last tick. @throws what the engine throws; it is stopped first */
export async function beat(run: LiveRun, { signal, drainMs, onTick, onLate, onReady }: BeatOptions): Promise<BeatEnd> {
  const { engine, everyMs } = run;
  const clock = wallClock(everyMs);
  let played = 0;
  try {
    engine.start();
    run.isReady = true;
    onReady?.();
    const firstMs = clock.nowMs();
    while (played < engine.ticks) {
      await (run.time === null ? clock.awaitTick(played, signal) : run.time.awaitTurn(signal));
      if (signal.aborted) break;
      const lateMs = run.time === null ? clock.nowMs() - (firstMs + played * everyMs) : 0;
      if (lateMs > everyMs / 2) {
        run.view.noteLateTick();
        run.metrics.noteLateTick();
        onLate?.(played, lateMs);
      }
      await run.play();
      played += 1;
      onTick?.();
    }
    run.isReady = false;
    engine.beginDrain(signal.aborted ? "the operator ends the run" : "the run is over");
    onTick?.();
    const endMs = clock.nowMs() + drainMs;
    // A simulated market answers when it is asked; others need their time.
    const stepMs = run.isDemo ? 0 : Math.min(everyMs, 250);
    while (run.market.outstanding > 0 && clock.nowMs() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, stepMs));
      engine.drainTick();
      onTick?.();
    }
    engine.endDrain();
    return { ticks: played, openBids: run.market.outstanding };
  } finally {
    run.isReady = false;
    engine.stop();
    onTick?.();
  }
}
