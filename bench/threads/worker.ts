/** One flight of the threads bench, in a process of its own: how long ticks take, and what they cost. */
import { Engine } from "../../src/runtime/engine.ts";
import type { Market } from "../../src/platforms/market.ts";
import { median } from "../speed/timing.ts";
import { benchWorld } from "../speed/world.ts";

/** What is flown. */
export interface FlightOrder {
  readonly campaigns: number;
  readonly ticks: number;
  readonly policy: string;
  readonly threads: number;
}

/** What a tick took and cost, the simulated market's own time apart. */
export interface FlightFigures {
  /** Median wall-clock time of a tick [ms]. */
  readonly tickMs: number;
  /** CPU time per tick of all threads, garbage collection included [ms]. */
  readonly cpuMs: number;
  /** The part of it that the engine's own thread used [ms]. */
  readonly ownCpuMs: number;
  readonly startMs: number;
}

/** Ticks before forecasts, pages of the heap and compiled code have settled. */
const WARM_TICKS = 3;

process.once("message", (order: FlightOrder) => {
  process.send!(fly(order), () => process.exit());
});

function fly({ campaigns, ticks, policy, threads }: FlightOrder): FlightFigures {
  const { config, createMarket } = benchWorld(campaigns, ticks, policy);
  const inner = createMarket();
  let marketMs = 0;
  let marketCpuMs = 0;
  const timed = <Result>(act: () => Result): Result => {
    const fromMs = performance.now();
    const from = process.threadCpuUsage();
    const result = act();
    marketMs += performance.now() - fromMs;
    marketCpuMs += milliseconds(process.threadCpuUsage(from));
    return result;
  };
  const market: Market = {
    platforms: inner.platforms,
    advance: (tick) => timed(() => inner.advance(tick)),
    place: (bids) => timed(() => inner.place(bids)),
    isSettled: () => inner.isSettled(),
  };
  const bornMs = performance.now();
  const engine = new Engine({ ...config, threads }, { market, observers: [], nowMs: () => performance.now() });
  engine.start();
  const startMs = performance.now() - bornMs - marketMs;
  const tickMs: number[] = [];
  let cpu = process.cpuUsage();
  let ownCpu = process.threadCpuUsage();
  for (let tick = 0; tick < config.ticks; tick += 1) {
    if (tick === WARM_TICKS) [cpu, ownCpu, marketCpuMs] = [process.cpuUsage(), process.threadCpuUsage(), 0];
    marketMs = 0;
    const fromMs = performance.now();
    engine.tick();
    if (tick >= WARM_TICKS) tickMs.push(performance.now() - fromMs - marketMs);
  }
  const perTick = (used: NodeJS.CpuUsage) => (milliseconds(used) - marketCpuMs) / tickMs.length;
  const [cpuMs, ownCpuMs] = [perTick(process.cpuUsage(cpu)), perTick(process.threadCpuUsage(ownCpu))];
  engine.stop();
  return { tickMs: median(tickMs), cpuMs, ownCpuMs, startMs };
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
