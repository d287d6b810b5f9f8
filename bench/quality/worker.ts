/** A worker of the quality bench: plays flights that it is sent and answers with their scores. */
import { parentPort, workerData } from "node:worker_threads";
import { playFlight } from "./flight.ts";
import type { Contender, FlightScore } from "./flight.ts";
import { qualityWorld } from "./worlds.ts";
import type { Scenario, WorldOptions } from "./worlds.ts";

/** One world, played under every contender on the same seed. */
export interface Job {
  readonly scenario: Scenario;
  readonly seed: number;
}

/** What a worker is started with. */
export interface WorkerSetup {
  readonly contenders: readonly Contender[];
  readonly world: WorldOptions;
}

const { contenders, world } = workerData as WorkerSetup;
const port = parentPort!;

port.on("message", ({ scenario, seed }: Job) => {
  const drawn = qualityWorld(scenario, seed, world);
  const scores: FlightScore[] = contenders.map((contender) => playFlight(drawn, contender));
  port.postMessage(scores);
});
