/** The market's thread: draws the world that it is asked for, serves its flights over the wire, and answers with the scores. */
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { Contender } from "./brief.ts";
import { MarketDesk } from "./market-desk.ts";
import { replayWorld } from "./replay-world.ts";
import type { RecordedMarket } from "./replay-world.ts";
import { sheetCapacity, Side, Wire } from "./wire.ts";
import { qualityWorld } from "./worlds.ts";
import type { Scenario, WorldOptions } from "./worlds.ts";

/** A world to play under every contender. */
export interface Job {
  /** A scenario, or the name of a recording. */
  readonly scenario: string;
  readonly seed: number;
}

/** What the market is started with. */
export interface MarketSetup {
  readonly contenders: readonly Contender[];
  readonly world: WorldOptions;
  readonly recordings: readonly RecordedMarket[];
}

const { contenders, world, recordings, engines } = workerData as MarketSetup & { readonly engines: MessagePort };
const port = parentPort!;

port.on("message", ({ scenario, seed }: Job) => {
  const recorded = recordings.find(({ name }) => name === scenario);
  const drawn = recorded === undefined ? qualityWorld(scenario as Scenario, seed, world) : replayWorld(recorded, seed);
  const desk = new MarketDesk(drawn, contenders);
  const memory = Wire.memory(sheetCapacity(desk.brief.platforms.length, contenders.length));
  const wire = new Wire(memory, Side.market);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin
  engines.postMessage({ brief: desk.brief, memory });
  do {
    wire.await();
    desk.take(wire.sheet);
    wire.sheet.rewind();
    desk.tell(wire.sheet);
    wire.pass();
  } while (!desk.isOver);
  port.postMessage(desk.scores());
});
