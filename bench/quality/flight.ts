/** Flights of the quality bench on the engines' side: the engine's real actors, over a market that only speaks the public messages. */
import { DEFAULT_LIMITS } from "../../machines/portfolio.ts";
import type { EngineObserver } from "../../src/core/events.ts";
import type { Market } from "../../src/platforms/market.ts";
import { Engine } from "../../src/runtime/engine.ts";
import type { Contender, FlightBrief } from "./brief.ts";
import { RemoteMarket } from "./remote-market.ts";
import { toldForecaster } from "./told.ts";
import { readFeed, Sheet } from "./wire.ts";

/** Prepares an engine for one contender's flight. */
export function flightEngine(
  brief: FlightBrief,
  contender: Contender,
  market: Market,
  observers: readonly EngineObserver[] = [],
): Engine {
  const { tickMs, ticks, warmupTicks, told } = brief;
  return new Engine(
    {
      name: "quality bench",
      seed: 0,
      currency: "USD",
      startMs: 0,
      tickMs,
      ticks,
      warmupTicks,
      periodTicks: Math.round(86_400_000 / tickMs),
      timeZone: "UTC",
      campaigns: [{ ...brief.campaign, policy: contender.policy, forecaster: contender.forecaster }],
      supervision: DEFAULT_LIMITS,
      forecasters: told === null ? undefined : new Map([["told", toldForecaster(told)]]),
    },
    { market, observers, nowMs: () => 0 },
  );
}

/**
 * Flies every contender on every brief, tick by tick side by side, so that one message carries the news of all and one the bids of all.
 * @param briefs of equally long flights and warm-ups
 * @param exchange sends what is on the sheet and returns when the answer is on it
 */
export function flyAll(
  briefs: readonly FlightBrief[],
  contenders: readonly Contender[],
  sheet: Sheet,
  exchange: () => void,
): void {
  const worlds = briefs.map((brief) => ({
    warmup: new Sheet(brief.warmup),
    markets: contenders.map(() => new RemoteMarket(brief.platforms)),
  }));
  const markets = worlds.flatMap((world) => world.markets);
  const engines = worlds.flatMap((world, index) =>
    contenders.map((contender, at) => flightEngine(briefs[index], contender, world.markets[at])),
  );
  const askFor = (tick: number): void => {
    sheet.rewind();
    for (const market of markets) market.tell(sheet);
    exchange();
    sheet.rewind();
    for (const world of worlds) {
      const feed = readFeed(sheet);
      for (const market of world.markets) market.hear(tick, feed, sheet);
    }
  };

  const [{ ticks, warmupTicks }] = briefs;
  for (const { warmup, markets: hearers } of worlds) {
    for (let tick = 1 - warmupTicks; tick < 0; tick += 1) {
      const feed = readFeed(warmup);
      for (const market of hearers) market.hearFeed(tick, feed);
    }
  }
  for (const engine of engines) engine.start();
  for (let tick = 0; tick < ticks; tick += 1) {
    askFor(tick);
    for (const engine of engines) engine.tick();
  }
  // The market goes on until nothing is outstanding in any flight; each engine then reads its own letters.
  let tick = ticks;
  do askFor(tick++);
  while (!markets.every((market) => market.hasHeardAll));
  for (const engine of engines) {
    engine.drain();
    engine.stop();
  }
}
