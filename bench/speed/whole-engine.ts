/** The whole engine on the simulated market, with the market's own time set apart. */
import type { BidBatch } from "../../src/core/reports.ts";
import type { EngineEvent } from "../../src/core/events.ts";
import type { Market, MarketNews } from "../../src/platforms/market.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { benchWorld } from "./world.ts";
import type { BenchWorld } from "./world.ts";
import { cpuMicroseconds, heapBytes, median, plain, quantile } from "./timing.ts";
import type { Figure, Sizes } from "./timing.ts";

const POLICY = "dual-descent";
/** Rounds of minutes each would be too many. */
const MAX_ROUNDS = 3;

/** A market that adds up its own time. */
class TimedMarket implements Market {
  readonly platforms: Market["platforms"];
  readonly #market: Market;
  /** CPU time [µs]. */
  cpu = 0;
  /** Wall-clock time [ms]. */
  wallMs = 0;

  constructor(market: Market) {
    this.#market = market;
    this.platforms = market.platforms;
  }

  advance(tick: number): MarketNews {
    return this.#timed(() => this.#market.advance(tick));
  }

  place(bids: BidBatch): void {
    this.#timed(() => this.#market.place(bids));
  }

  isSettled(): boolean {
    return this.#market.isSettled();
  }

  #timed<T>(act: () => T): T {
    const fromMs = performance.now();
    const from = cpuMicroseconds();
    const result = act();
    this.cpu += cpuMicroseconds() - from;
    this.wallMs += performance.now() - fromMs;
    return result;
  }
}

interface Flight {
  /** CPU time per decision [µs]. */
  readonly engine: number;
  readonly market: number;
  /** CPU time until the first tick, without the market's [ms]. */
  readonly startupMs: number;
  /** Wall-clock time of each tick, without the market's [ms]. */
  readonly latenciesMs: readonly number[];
  /** Heap that is really in use at the end, market included [bytes]. */
  readonly liveBytes: number;
}

/** Few campaigns against many: the cost of a decision must not grow with their number. */
export function wholeEngine({ campaigns, fewCampaigns, ticks, rounds }: Sizes): Figure[] {
  const bench = `whole engine, ${ticks} ticks, ${POLICY}`;
  const few = benchWorld(fewCampaigns, ticks, POLICY);
  const many = benchWorld(campaigns, ticks, POLICY);
  fly(many);
  // Of one flight: later ones leave garbage of earlier ones in it.
  const residentMebibytes = process.resourceUsage().maxRSS / 1024;
  const flights = Array.from({ length: Math.min(rounds, MAX_ROUNDS) }, () => ({ few: fly(few), many: fly(many) }));
  const engine = median(flights.map((flight) => flight.many.engine));
  const latencies = flights.flatMap((flight) => flight.many.latenciesMs);
  const small = `${fewCampaigns} campaigns: engine, per decision`;
  const at = `${campaigns} campaigns:`;
  return [
    plain(bench, small, median(flights.map((flight) => flight.few.engine)), "µs"),
    {
      bench,
      subject: `${at} engine, per decision`,
      value: engine,
      unit: "µs",
      baseline: small,
      ratio: median(flights.map((flight) => flight.many.engine / flight.few.engine)),
      goal: { most: 1.5, ofRatio: true },
    },
    {
      bench,
      subject: `${at} market, per decision`,
      value: median(flights.map((flight) => flight.many.market)),
      unit: "µs",
      baseline: `${at} engine, per decision`,
      ratio: median(flights.map((flight) => flight.many.market / flight.many.engine)),
      goal: null,
    },
    ...[0.5, 0.95, 0.99].map((share) =>
      plain(bench, `${at} engine's tick, p${share * 100}`, quantile(latencies, share), "ms"),
    ),
    plain(bench, `${at} startup`, median(flights.map((flight) => flight.many.startupMs)), "ms", 2000),
    plain(
      bench,
      `${at} live heap, market included`,
      median(flights.map((flight) => flight.many.liveBytes)) / 2 ** 20,
      "MiB",
    ),
    plain(bench, `${at} peak resident memory, market included`, residentMebibytes, "MiB", 400),
  ];
}

function fly({ config, createMarket }: BenchWorld): Flight {
  const market = new TimedMarket(createMarket());
  let decisions = 0;
  const observe = (event: EngineEvent) => {
    if (event.type === "tick.completed") decisions += event.decisions;
  };
  const parts = { market, observers: [{ observe, wantsDecisions: false }], nowMs: () => performance.now() };
  const bornAt = cpuMicroseconds();
  const engine = new Engine(config, parts);
  engine.start();
  const startedAt = cpuMicroseconds();
  const startupMs = (startedAt - bornAt - market.cpu) / 1000;
  const latenciesMs: number[] = [];
  market.cpu = 0;
  for (let tick = 0; tick < config.ticks; tick += 1) {
    const fromMs = performance.now();
    market.wallMs = 0;
    engine.tick();
    latenciesMs.push(performance.now() - fromMs - market.wallMs);
  }
  const cpu = cpuMicroseconds() - startedAt - market.cpu;
  const liveBytes = heapBytes();
  engine.stop();
  return { engine: cpu / decisions, market: market.cpu / decisions, startupMs, latenciesMs, liveBytes };
}
