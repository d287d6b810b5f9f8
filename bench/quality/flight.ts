/** Flights of the quality bench on the engines' side: the engine's real actors, over a market that only speaks the public messages. */
import { DEFAULT_LIMITS } from "../../machines/portfolio.ts";
import type { EngineObserver } from "../../src/core/events.ts";
import type { Market } from "../../src/platforms/market.ts";
import { Engine } from "../../src/runtime/engine.ts";
import type { Contender, FlightBrief } from "./brief.ts";
import { RemoteMarket } from "./remote-market.ts";
import { toldForecaster, toldPolicy } from "./told.ts";
import { readFeed, Sheet } from "./wire.ts";

/** Prepares an engine for one contender's flight. */
export function flightEngine(
  brief: FlightBrief,
  contender: Contender,
  market: Market,
  observers: readonly EngineObserver[] = [],
): Engine {
  const { tickMs, ticks, warmupTicks, told } = brief;
  const isTold = told !== null && contender.forecaster === "told";
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
      ...(isTold ? { forecasters: new Map([["told", toldForecaster(told)]]), policyOf: toldPolicy } : {}),
    },
    { market, observers, nowMs: () => 0 },
  );
}

/**
 * Flies every contender on a brief, tick by tick side by side, so that one message carries the news of all and one the bids of all.
 * @param exchange sends what is on the sheet and returns when the answer is on it
 */
export function flyAll(brief: FlightBrief, contenders: readonly Contender[], sheet: Sheet, exchange: () => void): void {
  const { platforms, ticks, warmupTicks } = brief;
  const markets = contenders.map(() => new RemoteMarket(platforms));
  const engines = contenders.map((contender, flight) => flightEngine(brief, contender, markets[flight]));
  const askFor = (tick: number): void => {
    sheet.rewind();
    for (const market of markets) market.tell(sheet);
    exchange();
    sheet.rewind();
    const feed = readFeed(sheet);
    for (const market of markets) market.hear(tick, feed, sheet);
  };

  const warmup = new Sheet(brief.warmup);
  for (let tick = 1 - warmupTicks; tick < 0; tick += 1) {
    const feed = readFeed(warmup);
    for (const market of markets) market.hearFeed(tick, feed);
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
