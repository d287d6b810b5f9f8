/**
 * The lives of a service with a log: where a part of its engine dies of which the log knows nothing, a worker thread, another engine goes on where the log
 * ends, as it would in another process.
 *
 * LV1 one code path: an engine begins by its log, whatever ended the one before; LV2 deaths as frequent as no supervisor may have end the service;
 * LV3 who is connected stays so: requests are refused for a moment, streams begin anew.
 */
import type { Hono } from "hono";
import { EngineError } from "../core/errors.ts";
import { beat } from "./beat.ts";
import type { BeatEnd, BeatOptions } from "./beat.ts";
import type { LiveRun } from "./live-run.ts";

/** As often as the engine restarts a supervisor of its own: more deaths in so many ticks are too many (LV2). */
const MAX_DEATHS = 3;
const WINDOW_TICKS = 1_440;

/** One engine with all that is around it. */
export interface Life {
  readonly run: LiveRun;
  /** Answers requests about it. */
  readonly app: Hono;
  /** Writes its logs out; called after every tick. */
  flush(): void;
  /** Gives back what it holds but the store. */
  close(): void;
}

/** How a service lives. */
export interface LivesOptions extends Omit<BeatOptions, "onTick"> {
  /** Makes an engine: the first, and others after it. */
  readonly born: () => Life;
  /** Called when one has died and another is to go on. */
  readonly onDeath: () => void;
}

/** Lives until the end of a life that is not by death. @throws what the engine throws; where deaths are too frequent, CE_STATE_INTERRUPTED (LV2) */
export async function live({ born, onDeath, ...options }: LivesOptions): Promise<BeatEnd> {
  let deathTicks: readonly number[] = [];
  for (;;) {
    const life = born();
    const { run } = life;
    try {
      return await beat(run, { ...options, onTick: () => life.flush() });
    } catch (error) {
      const tick = run.engine.nextTick;
      deathTicks = [...deathTicks.filter((at) => at > tick - WINDOW_TICKS), tick];
      const isDeath = error instanceof EngineError && error.code === "CE_STATE_INTERRUPTED";
      if (!isDeath || options.signal.aborted || deathTicks.length > MAX_DEATHS) throw error;
      onDeath();
    } finally {
      run.closing.abort();
      life.close();
    }
  }
}
