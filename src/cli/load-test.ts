/**
 * A load test: synthetic campaigns against the wall clock, and how well the engine kept its time.
 *
 * LT1 a tick is late when its decisions are placed after the next tick was due; LT2 only whole ticks are measured: the warm-up does not count, and
 * bids outstanding at the end are not waited for.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { EngineObserver } from "../core/events.ts";
import type { Policy } from "../core/policy/policy.ts";
import { DecisionLog } from "../observe/decision-log.ts";
import type { DecisionLogLevel } from "../observe/decision-log.ts";
import { PathMarket } from "../platforms/path-market.ts";
import { simulatePaths } from "../platforms/simulated-paths.ts";
import { TimedMarket } from "../platforms/timed-market.ts";
import { wallClock } from "../runtime/clock.ts";
import { Engine } from "../runtime/engine.ts";
import { loadScenario } from "../scenario/loader.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import { withPolicy } from "./run.ts";

/** The preset whose platforms and campaigns the load is made of. */
const PRESET = "ten-thousand";
/** Precision of the event loop's delay [ms]. */
const LOOP_RESOLUTION_MS = 10;

/** What load to put on. */
export interface LoadPlan {
  readonly campaigns: number;
  readonly ticks: number;
  /** Time from tick to tick [ms]. */
  readonly periodMs: number;
  readonly policy: Policy;
  readonly seed: number;
  readonly threads: number;
  readonly log: string;
  readonly logLevel: DecisionLogLevel;
  readonly signal: AbortSignal;
  /** Called after each tick, with what has been measured so far. */
  readonly onTick: (played: number, lateTicks: number, latencyMs: number) => void;
}

/** Quantiles of a duration [ms]. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What came of it. */
export interface LoadResult {
  readonly campaigns: number;
  readonly platforms: number;
  readonly ticks: number;
  readonly lateTicks: number;
  readonly decisions: number;
  /** From the begin of a tick until its last bid is placed; the simulated market's time is not in it. */
  readonly latencyMs: Spread;
  /** Time that the simulated market took per tick. */
  readonly marketMs: Spread;
  /** How late the event loop ran its timers. */
  readonly eventLoopDelayMs: Spread;
  readonly wallSeconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  readonly decisionsPerSecond: number;
  readonly decisionsPerCpuSecond: number;
  /** Most memory resident at the end of a tick [bytes]. */
  readonly peakResidentBytes: number;
  /** The same, without what the process had before the campaigns [bytes]. */
  readonly residentBytesPerCampaign: number;
  readonly logLines: number;
}

/** Plays the load. Aborting the signal ends it after the tick under way. @throws EngineError when the log cannot be written */
export async function putLoad(plan: LoadPlan): Promise<LoadResult> {
  const { signal, onTick } = plan;
  const baseBytes = process.memoryUsage.rss();
  const { config, market, platforms } = worldOf(plan);
  const log = new DecisionLog(plan.log, plan.logLevel);
  const clock = wallClock(plan.periodMs);
  const counter = new TickCounter();
  const engine = new Engine(config, { market, observers: [log, counter], nowMs: () => clock.nowMs() });
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  const latencies: number[] = [];
  const marketTimes: number[] = [];
  let lateTicks = 0;
  let peakBytes = 0;
  let ended = { cpuSeconds: 0, wallSeconds: 0 };
  let lines = 0;
  try {
    engine.start();
    loop.enable();
    const begunCpu = process.cpuUsage();
    const begunMs = clock.nowMs();
    for (let tick = 0; tick < plan.ticks; tick += 1) {
      await clock.awaitTick(tick, signal);
      if (signal.aborted) break;
      market.spent = 0;
      engine.tick();
      const nowMs = clock.nowMs();
      const { user, system } = process.cpuUsage(begunCpu);
      ended = { cpuSeconds: (user + system) / 1e6, wallSeconds: (nowMs - begunMs) / 1000 };
      const latencyMs = counter.latencyMs - market.spent;
      latencies.push(latencyMs);
      marketTimes.push(market.spent);
      if (nowMs > begunMs + (tick + 1) * plan.periodMs) lateTicks += 1;
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      onTick(tick + 1, lateTicks, latencyMs);
    }
  } finally {
    engine.stop();
    loop.disable();
    lines = log.close().lines;
  }
  const { decisions } = counter;
  return {
    campaigns: plan.campaigns,
    platforms,
    ticks: latencies.length,
    lateTicks,
    decisions,
    latencyMs: spreadOf(latencies),
    marketMs: spreadOf(marketTimes),
    eventLoopDelayMs: {
      p50: loop.percentile(50) / 1e6,
      p95: loop.percentile(95) / 1e6,
      p99: loop.percentile(99) / 1e6,
      max: loop.max / 1e6,
    },
    ...ended,
    decisionsPerSecond: ratio(decisions, ended.wallSeconds),
    decisionsPerCpuSecond: ratio(decisions, ended.cpuSeconds),
    peakResidentBytes: peakBytes,
    residentBytesPerCampaign: Math.max(0, peakBytes - baseBytes) / plan.campaigns,
    logLines: lines,
  };
}

function worldOf({ campaigns, ticks, policy, seed, threads }: LoadPlan) {
  const { scenario, source } = loadScenario(PRESET);
  const given = {
    ...scenario,
    name: "load",
    seed,
    duration: `${ticks}m`,
    campaigns: [{ ...scenario.campaigns[0], count: campaigns }],
  };
  const { market, exposures, ...resolved } = resolveScenario(given, source.locate);
  const paths = simulatePaths(market);
  const { config } = withPolicy({ config: resolved, paths, exposures }, policy);
  const values = config.campaigns.map((spec) => spec.valuePerConversionMicros);
  const played = new PathMarket({ paths, exposures, valuesPerConversionMicros: values, seed });
  const timed = new TimedMarket(played, () => performance.now());
  return { config: { ...config, threads }, market: timed, platforms: played.platforms.length };
}

/** Counts decisions, and keeps the latency of the last tick. */
class TickCounter implements EngineObserver {
  readonly wantsDecisions = false;
  decisions = 0;
  latencyMs = 0;

  observe(event: Parameters<EngineObserver["observe"]>[0]): void {
    if (event.type !== "tick.completed") return;
    this.decisions += event.decisions;
    this.latencyMs = event.latencyMs;
  }
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
