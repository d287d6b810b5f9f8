/** A worker of the quality bench: plays flights that it is sent and answers with their scores. */
import { parentPort, workerData } from "node:worker_threads";
import { playFlight } from "./flight.ts";
import type { Contender, FlightScore } from "./flight.ts";
import { replayWorld } from "./replay-world.ts";
import type { RecordedMarket } from "./replay-world.ts";
import { qualityWorld } from "./worlds.ts";
import type { Scenario, WorldOptions } from "./worlds.ts";

/** One world, played under every contender on the same seed. */
export interface Job {
  /** A scenario, or the name of a recording. */
  readonly scenario: string;
  readonly seed: number;
}

/** What a worker is started with. */
export interface WorkerSetup {
  readonly contenders: readonly Contender[];
  readonly world: WorldOptions;
  readonly recordings: readonly RecordedMarket[];
}

const { contenders, world, recordings } = workerData as WorkerSetup;
const port = parentPort!;

port.on("message", ({ scenario, seed }: Job) => {
  const recorded = recordings.find(({ name }) => name === scenario);
  const drawn = recorded === undefined ? qualityWorld(scenario as Scenario, seed, world) : replayWorld(recorded, seed);
  const scores: FlightScore[] = contenders.map((contender) => playFlight(drawn, contender));
  port.postMessage(scores);
});
