/** One flight of the whole engine on the simulated market, measured, with the market's own time set apart. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { EngineEvent, EngineObserver } from "../../src/core/events.ts";
import { DecisionLog } from "../../src/observe/decision-log.ts";
import type { DecisionLogLevel } from "../../src/observe/decision-log.ts";
import { TimedMarket } from "../../src/platforms/timed-market.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { cpuMicroseconds, heapBytes, quantile } from "./timing.ts";
import type { BenchWorld } from "./world.ts";

/** How a flight is played. */
export interface FlightOptions {
  /** Level of a decision log that ends in /dev/null; default: none is written. */
  readonly log?: DecisionLogLevel | null;
  /** Threads of the campaigns' actors. */
  readonly threads?: number;
  /** Ticks that are played before anything is measured: what they compile, an engine that goes on for days compiles once. */
  readonly warmupTicks?: number;
}

/** What a flight cost, its warm-up left out. */
export interface Flight {
  readonly decisions: number;
  /** CPU time of all threads per decision, without the market's [µs]. */
  readonly engine: number;
  /** The market's CPU time per decision [µs]. */
  readonly market: number;
  /** CPU time until the first tick, without the market's [ms]. */
  readonly startupMs: number;
  /** Wall-clock time of each tick, from its begin to its last decision, without the market's [ms]. */
  readonly latenciesMs: readonly number[];
  /** How late the event loop ran its timers, p99 [ms]. */
  readonly loopDelayMs: number;
  /** Heap that is really in use at the end, market included [bytes]. */
  readonly liveBytes: number;
  /** Memory resident at the end, garbage included [bytes]. */
  readonly residentBytes: number;
}

/** Plays all ticks of a world, each from the event loop as a service would. */
export async function fly({ config, createMarket }: BenchWorld, options: FlightOptions = {}): Promise<Flight> {
  const market = new TimedMarket(createMarket(), cpuMicroseconds);
  let decisions = 0;
  const counter: EngineObserver = {
    wantsDecisions: false,
    observe: (event: EngineEvent) => {
      if (event.type === "tick.completed") decisions += event.decisions;
    },
  };
  const log = options.log ? new DecisionLog("/dev/null", options.log) : null;
  const observers = log === null ? [counter] : [log, counter];
  const bornAt = cpuMicroseconds();
  const { threads = 1, warmupTicks = 0 } = options;
  const engine = new Engine({ ...config, threads }, { market, observers, nowMs: () => performance.now() });
  engine.start();
  const startupMs = (cpuMicroseconds() - bornAt - market.spent) / 1000;
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const latenciesMs: number[] = [];
  let startedAt = 0;
  for (let tick = 0; tick < config.ticks; tick += 1) {
    if (tick === warmupTicks) {
      [decisions, market.spent] = [0, 0];
      latenciesMs.length = 0;
      loop.enable();
      startedAt = cpuMicroseconds();
    }
    const fromMs = performance.now();
    const before = market.spent;
    engine.tick();
    latenciesMs.push(performance.now() - fromMs - (market.spent - before) / 1000);
    // Two turns of the event loop: one for timers, one for what they set off.
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const cpu = cpuMicroseconds() - startedAt - market.spent;
  loop.disable();
  const residentBytes = process.memoryUsage.rss();
  const liveBytes = heapBytes();
  engine.stop();
  log?.close();
  return {
    decisions,
    engine: cpu / decisions,
    market: market.spent / decisions,
    startupMs,
    latenciesMs,
    loopDelayMs: loop.percentile(99) / 1e6,
    liveBytes,
    residentBytes,
  };
}

/** Figures of several flights: their common quantile of the ticks' latencies [ms]. The first tick, which compiles, is left out. */
export function latency(flights: readonly Flight[], share: number): number {
  return quantile(
    flights.flatMap(({ latenciesMs }) => latenciesMs.slice(1)),
    share,
  );
}
