/** Reads the bids in a thread of its own and hands out spend reports in batches, so that the sender measures the service and not itself. */
import { parentPort, workerData } from "node:worker_threads";
import { streamed } from "./client.ts";

/** What the thread is started with. */
export interface BidReader {
  readonly base: string;
  /** Records of a batch. */
  readonly batch: number;
}

interface BidsMessage {
  readonly tick: number;
  readonly platform: string;
  readonly bids: readonly { readonly campaign: string; readonly capMicros: number }[];
}

/** Batches that wait for the sender, at most: whoever is told of more bids answers some of them only. */
const MOST_BATCHES = 5_000;

const { base, batch } = workerData as BidReader;
let lines: string[] = [];
let handedOut = 0;
parentPort!.on("message", () => (handedOut -= 1));
await streamed(new URL(base), "/v1/bids/stream", new AbortController().signal, (text) => {
  const { tick, platform, bids } = JSON.parse(text) as BidsMessage;
  for (const { campaign, capMicros } of bids) {
    if (handedOut >= MOST_BATCHES) return;
    const costMicros = Math.floor(capMicros / 4);
    lines.push(JSON.stringify({ kind: "spend", campaign, platform, tick, costMicros, impressions: 100, clicks: 2 }));
    if (lines.length < batch) continue;
    parentPort!.postMessage(lines.join("\n"));
    handedOut += 1;
    lines = [];
  }
});
