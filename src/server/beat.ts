/**
 * The beat of a live engine: a tick each period of the wall clock, then, when it is to end, an orderly drain.
 *
 * BE1 ticks follow one another, never two at once; BE2 a tick that is late is told, begins at once, and none is skipped; BE3 a drain places
 * no bid and ends when every bid is answered, or after its limit; BE4 with a log, an end is no drain: bids that are out stay reserved, and are settled
 * after the next start; while the log cannot be written, time stands still, and the clock's tick is shown afterwards.
 */
import type { EngineError } from "../core/errors.ts";
import { wallClock } from "../runtime/clock.ts";
import type { DurableRun, Recovery } from "../runtime/durable-run.ts";
import type { LiveRun } from "./live-run.ts";

/** How often a log that cannot be written is tried again [ms]. */
const RETRY_MS = 1_000;

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
  readonly onReady?: (recovery: Recovery) => void;
  /** The tick that real time is at, where ticks that were missed are to be passed over; absent: time stands still while the engine does. */
  readonly presentTick?: () => number;
  /** Called when the log cannot be written, and with null when it can be again. */
  readonly onStuck?: (why: EngineError | null) => void;
}

/** How a run ended. */
export interface BeatEnd {
  readonly ticks: number;
  /** Bids that nobody answered: their money stays reserved. */
  readonly openBids: number;
}

/** Runs the engine until the signal, or its last tick. @throws what the engine throws; it is stopped first */
export async function beat(run: LiveRun, options: BeatOptions): Promise<BeatEnd> {
  const { signal, drainMs, onTick, onReady, presentTick } = options;
  const { engine, durable, everyMs } = run;
  try {
    const recovery = await run.start();
    run.isReady = true;
    onReady?.(recovery);
    let isResumed = !recovery.isNew;
    while (engine.nextTick < engine.ticks && !signal.aborted) {
      const { nextTick } = engine;
      await stretch(run, options, isResumed ? Math.max(nextTick, presentTick?.() ?? nextTick) : nextTick);
      isResumed = true;
    }
    run.isReady = false;
    if (durable !== null && engine.nextTick < engine.ticks) {
      if (durable.stuckBecause === null) await durable.saveAccounts();
      return { ticks: engine.nextTick, openBids: run.market.outstanding };
    }
    const ticks = engine.nextTick;
    engine.beginDrain(signal.aborted ? "the operator ends the run" : "the run is over");
    onTick?.();
    const endMs = performance.now() + drainMs;
    // A simulated market answers when it is asked; others need their time.
    const stepMs = run.isDemo ? 0 : Math.min(everyMs, 250);
    while (run.market.outstanding > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, stepMs));
      engine.drainTick();
      onTick?.();
    }
    engine.endDrain();
    return { ticks, openBids: run.market.outstanding };
  } finally {
    run.isReady = false;
    engine.stop();
    onTick?.();
  }
}

/** Plays tick after tick, the first as `shownTick`, until the end, the signal, or a standstill of the log, which it waits out. */
async function stretch(run: LiveRun, options: BeatOptions, shownTick: number): Promise<void> {
  const { engine, everyMs, time } = run;
  const { signal, onTick, onLate } = options;
  const clock = wallClock(everyMs);
  const firstMs = clock.nowMs();
  for (let beats = 0; engine.nextTick < engine.ticks; beats += 1) {
    await (time === null ? clock.awaitTick(beats, signal) : time.awaitTurn(signal));
    if (signal.aborted) return;
    const { nextTick } = engine;
    const lateMs = time === null ? clock.nowMs() - (firstMs + beats * everyMs) : 0;
    if (lateMs > everyMs / 2) {
      run.view.noteLateTick();
      run.metrics.noteLateTick();
      onLate?.(nextTick, lateMs);
    }
    try {
      await run.play(Math.max(nextTick, shownTick));
    } catch (error) {
      if (run.durable?.isStuckForNow !== true) throw error;
      await standstill(run.durable, everyMs, options);
      return;
    } finally {
      onTick?.();
    }
  }
}

/** Waits until the log can be written again, or the signal. @throws EngineError where it never will be */
async function standstill(durable: DurableRun, everyMs: number, { signal, onStuck }: BeatOptions): Promise<void> {
  onStuck?.(durable.stuckBecause);
  const clock = wallClock(Math.min(everyMs, RETRY_MS));
  await clock.awaitTick(0, signal);
  for (let tries = 1; !signal.aborted; tries += 1) {
    await clock.awaitTick(tries, signal);
    try {
      await durable.commit();
      onStuck?.(null);
      return;
    } catch (error) {
      if (!durable.isStuckForNow) throw error;
    }
  }
}
