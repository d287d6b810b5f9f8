/** A flight without the wire: what the two threads are compared with, in scores and in time. */
import type { EngineObserver } from "../../src/core/events.ts";
import type { Contender } from "./brief.ts";
import { flightEngine } from "./flight.ts";
import { briefOf, flightMarket } from "./market-desk.ts";
import { score } from "./score.ts";
import type { FlightScore } from "./score.ts";
import type { QualityWorld } from "./worlds.ts";

/** Plays a whole flight in this thread. */
export function playFlight(
  world: QualityWorld,
  contender: Contender,
  observers: readonly EngineObserver[] = [],
): FlightScore {
  const market = flightMarket(world);
  const engine = flightEngine(briefOf(world, [contender]), contender, market, observers);
  engine.start();
  for (let tick = 0; tick < engine.ticks; tick += 1) engine.tick();
  engine.drain();
  engine.stop();
  return score(world, contender.label, market.truth);
}
