/** A market in its thread and the engines in theirs, with a wire between them. */
import { MessageChannel, Worker } from "node:worker_threads";
import type { Job, MarketSetup } from "./market-worker.ts";
import type { FlightScore } from "./score.ts";

/** Plays one job after the other. */
export class Bout {
  readonly #market: Worker;
  readonly #engines: Worker;

  constructor(setup: MarketSetup) {
    const { port1: engines, port2: market } = new MessageChannel();
    this.#market = new Worker(new URL("./market-worker.ts", import.meta.url), {
      workerData: { ...setup, engines },
      transferList: [engines],
    });
    this.#engines = new Worker(new URL("./engine-worker.ts", import.meta.url), {
      workerData: { contenders: setup.contenders, market },
      transferList: [market],
    });
  }

  /** Plays a world under every contender. One job at a time. @throws what either thread throws */
  play(job: Job): Promise<FlightScore[]> {
    return new Promise((resolve, reject) => {
      const threads = [this.#market, this.#engines];
      const finish = (settle: () => void) => {
        for (const thread of threads) thread.removeAllListeners("error");
        this.#market.removeAllListeners("message");
        settle();
      };
      for (const thread of threads) thread.once("error", (error) => finish(() => reject(error)));
      this.#market.once("message", (scores: FlightScore[]) => finish(() => resolve(scores)));
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      this.#market.postMessage(job);
    });
  }

  /** Ends both threads. */
  async stop(): Promise<void> {
    await Promise.all([this.#market.terminate(), this.#engines.terminate()]);
  }
}
