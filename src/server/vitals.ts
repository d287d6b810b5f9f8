/** The process in figures: memory, the event loop's delay, viewers. */
import { availableParallelism, hostname, loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ProcessVitals } from "../observe/frames.ts";

/** Measures this process until it is closed. */
export class Vitals {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #startedMs = performance.now();
  #loop = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #readMs = performance.now();
  /** Viewers of live streams now. */
  viewers = 0;

  constructor() {
    this.#delay.enable();
  }

  /** The figures now; the event loop's delay and the load are those since the last call. */
  read(): ProcessVitals {
    const { rss, heapUsed } = process.memoryUsage();
    const eventLoopDelayMs = this.#delay.count === 0 ? 0 : this.#delay.percentile(99) / 1e6;
    this.#delay.reset();
    const { user, system } = process.cpuUsage(this.#cpu);
    const nowMs = performance.now();
    const cpuShare = (user + system) / 1000 / Math.max(1, nowMs - this.#readMs);
    this.#cpu = process.cpuUsage();
    this.#readMs = nowMs;
    const loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(loop, this.#loop);
    this.#loop = loop;
    const threads = [{ name: "engine and service", busyShare: utilization }];
    return {
      uptimeSeconds: Math.round((nowMs - this.#startedMs) / 100) / 10,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      eventLoopDelayMs,
      cpuShare,
      viewers: this.viewers,
      nodes: [{ name: hostname(), cores: availableParallelism(), loadAverage: loadavg()[0], threads }],
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
