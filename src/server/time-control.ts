/** Time in a simulation that somebody looks at: played at a pace, paused, or stepped. */
import type { TimeFrame } from "../observe/inspection-frames.ts";

/** Says when the next tick may begin. */
export class TimeControl {
  #isPlaying: boolean;
  #everyMs: number;
  /** Ticks that may be played although time is paused. */
  #steps = 0;
  #wake: (() => void) | null = null;

  constructor({ isPlaying, everyMs }: TimeFrame) {
    this.#isPlaying = isPlaying;
    this.#everyMs = everyMs;
  }

  get frame(): TimeFrame {
    return { isPlaying: this.#isPlaying, everyMs: this.#everyMs };
  }

  /** Goes on at a pace; the present one where none is given. */
  play(everyMs = this.#everyMs): void {
    this.#everyMs = everyMs;
    this.#isPlaying = true;
    this.#wake?.();
  }

  pause(): void {
    this.#isPlaying = false;
    this.#steps = 0;
  }

  /** Plays so many ticks, then stands still. */
  step(ticks: number): void {
    this.#isPlaying = false;
    this.#steps += ticks;
    this.#wake?.();
  }

  /** Resolves when the next tick may begin, or the signal aborts. */
  async awaitTurn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#steps > 0) {
        this.#steps -= 1;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#wake = wake;
      signal.addEventListener("abort", wake, { once: true });
      const timer = this.#isPlaying ? setTimeout(wake, this.#everyMs) : undefined;
      const sinceMs = performance.now();
      await promise;
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      if (this.#isPlaying && performance.now() - sinceMs >= this.#everyMs - 1) return;
    }
  }
}
