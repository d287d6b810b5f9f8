/**
 * Clocks: when the next tick may begin. The virtual clock goes as fast as it can; the wall clock keeps a period. The only file of the
 * runtime that knows real time.
 */

/** Paces ticks, and measures how long they take. Neither has any influence on what is decided. */
export interface Clock {
  /** Monotonic time [ms], for latency figures only. */
  nowMs(): number;
  /**
   * Resolves when the tick with this ordinal (0, 1, 2 …) may begin, or at once when `signal` aborts, with the ordinal of the tick that the
   * clock then shows: another one where the clock has jumped.
   */
  awaitTick(ordinal: number, signal: AbortSignal): Promise<number>;
}

/** How long the virtual clock computes before it lets signals and output through [ms]. */
const BREATH_MS = 40;

/** As fast as it goes, with a breath for the event loop now and then so that Ctrl-C and progress get through. */
export function virtualClock(): Clock {
  let breathedAtMs = performance.now();
  return {
    nowMs: () => performance.now(),
    async awaitTick(ordinal) {
      if (performance.now() - breathedAtMs < BREATH_MS) return ordinal;
      await new Promise<void>((resolve) => setImmediate(resolve));
      breathedAtMs = performance.now();
      return ordinal;
    },
  };
}

/** A tick every `periodMs` of real time from the first one on. A tick that is late begins at once; none is skipped. */
export function wallClock(periodMs: number): Clock {
  let originMs: number | null = null;
  return {
    nowMs: () => performance.now(),
    awaitTick(ordinal, signal) {
      originMs ??= performance.now() - ordinal * periodMs;
      const waitMs = originMs + ordinal * periodMs - performance.now();
      return new Promise<number>((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", finish);
          resolve(ordinal);
        };
        const timer = setTimeout(finish, Math.max(0, waitMs));
        signal.addEventListener("abort", finish);
        if (signal.aborted) finish();
      });
    },
  };
}
