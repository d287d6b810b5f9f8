/** The market's thread: draws the worlds that it is asked for, serves their flights over the wire, and answers with the scores. */
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { Contender } from "./brief.ts";
import { MarketDesk } from "./market-desk.ts";
import { replayWorld } from "./replay-world.ts";
import type { RecordedMarket } from "./replay-world.ts";
import { sheetCapacity, Side, Wire } from "./wire.ts";
import { qualityWorld } from "./worlds.ts";
import type { Scenario, WorldOptions } from "./worlds.ts";

/** Worlds of one kind to play side by side, each under every contender. */
export interface Job {
  /** A scenario, or the name of a recording. */
  readonly scenario: string;
  readonly seeds: readonly number[];
}

/** What the market is started with. */
export interface MarketSetup {
  readonly contenders: readonly Contender[];
  readonly world: WorldOptions;
  readonly recordings: readonly RecordedMarket[];
}

const { contenders, world, recordings, engines } = workerData as MarketSetup & { readonly engines: MessagePort };
const port = parentPort!;

port.on("message", ({ scenario, seeds }: Job) => {
  const recorded = recordings.find(({ name }) => name === scenario);
  const desks = seeds.map((seed) => {
    const drawn = recorded === undefined ? qualityWorld(scenario as Scenario, seed, world) : replayWorld(recorded, seed);
    return new MarketDesk(drawn, contenders);
  });
  const briefs = desks.map(({ brief }) => brief);
  const memory = Wire.memory(desks.length * sheetCapacity(briefs[0].platforms.length, contenders.length));
  const wire = new Wire(memory, Side.market);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin
  engines.postMessage({ briefs, memory });
  do {
    wire.await();
    for (const desk of desks) desk.take(wire.sheet);
    wire.sheet.rewind();
    for (const desk of desks) desk.tell(wire.sheet);
    wire.pass();
  } while (!desks.every((desk) => desk.isOver));
  port.postMessage(desks.flatMap((desk) => desk.scores()));
});
