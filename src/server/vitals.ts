/** The process in figures: memory, the event loop's delay, viewers. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ProcessVitals } from "../observe/frames.ts";

/** Measures this process until it is closed. */
export class Vitals {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #startedMs = performance.now();
  /** Viewers of live streams now. */
  viewers = 0;

  constructor() {
    this.#delay.enable();
  }

  /** The figures now; the event loop's delay is that since the last call. */
  read(): ProcessVitals {
    const { rss, heapUsed } = process.memoryUsage();
    const eventLoopDelayMs = this.#delay.count === 0 ? 0 : this.#delay.percentile(99) / 1e6;
    this.#delay.reset();
    return {
      uptimeSeconds: Math.round((performance.now() - this.#startedMs) / 100) / 10,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      eventLoopDelayMs,
      viewers: this.viewers,
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
