/** A worker thread of `campaign-engine chaos`: plays the flights that it is told to, and answers with their tally. */
import { parentPort } from "node:worker_threads";
import { playFlights } from "../proof/tally.ts";

/** A block of flights to play. */
export interface FlightBlock {
  readonly seed: number;
  readonly from: number;
  readonly count: number;
}

parentPort?.on("message", ({ seed, from, count }: FlightBlock) => {
  parentPort?.postMessage(playFlights(seed, from, count));
});
