/** A worker thread: plays the rounds that it is told to, one at a time, and says so in shared memory. */
import { deserialize, serialize } from "node:v8";
import { workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { Policy } from "../../core/policy/policy.ts";
import type { Known } from "../saved-campaign.ts";
import { Control } from "./control.ts";
import type { Reply, RoundMessage, ThreadSetup } from "./messages.ts";
import { rehearse } from "./rehearsal.ts";
import { Shard } from "./shard.ts";

/** Slots between two publications of a round: each wakes the engine's thread. */
const PUBLISH_EVERY = 256;
/** Campaigns whose first tick is long enough to be rehearsed. */
const LEAST_TO_REHEARSE = 5_000;

const { setup, port } = workerData as { readonly setup: ThreadSetup; readonly port: MessagePort };
const control = new Control(setup.control);
let hasBegun = false;
// The engine's thread may be blocked: it learns of this thread's end from shared memory.
process.on("exit", () => control.die());

try {
  const policies = new Map<string, Policy>();
  for (const [name, url] of Object.entries(setup.policyModules)) {
    policies.set(name, ((await import(url)) as { readonly default: Policy }).default);
  }
  const shard = new Shard(setup, policies);
  port.on("message", (message: RoundMessage) => {
    try {
      play(shard, message);
    } catch (error) {
      fail(error);
    }
  });
  process.on("uncaughtException", fail);
} catch (error) {
  fail(error);
}

function play(shard: Shard, { round, assignments, columns, accounts, reports, backups, saved }: RoundMessage): void {
  restore(shard, backups);
  shard.goOn(saved);
  if (columns !== null) shard.setColumns(columns);
  if (accounts !== null) shard.setAccounts(accounts);
  if (reports !== null) shard.setReports(reports);
  if (!hasBegun && assignments.length >= LEAST_TO_REHEARSE) {
    const campaigns = assignments.map(({ spec }) => spec);
    rehearse(setup, campaigns);
  }
  hasBegun = true;
  shard.assign(assignments);
  let unpublished = 0;
  const incidents = shard.play(round, (below) => {
    control.beat();
    unpublished += 1;
    if (unpublished < PUBLISH_EVERY) return;
    unpublished = 0;
    if (below > 0) control.publish(below);
  });
  if (round.type === "pareto") say({ type: "curve", curve: shard.pareto(round.slot, round.moment) });
  if (round.type === "save") say({ type: "saved", campaigns: shard.save() });
  if (incidents.length > 0) say({ type: "happened", incidents });
  control.publish(Control.DONE);
  // While the engine's thread places the bids.
  if (round.type === "tick") backUp(shard, round.moment.tick % setup.backupTicks);
}

function backUp(shard: Shard, share: number): void {
  const list: (readonly [number, Known])[] = [];
  for (const [slot, kept] of shard.kept(share, setup.backupTicks)) list.push([slot, kept]);
  if (list.length === 0) return;
  const bytes = serialize(list);
  const { buffer } = bytes;
  const own = buffer.byteLength === bytes.byteLength ? buffer : bytes.slice().buffer;
  port.postMessage({ type: "backup", share, bytes: own } satisfies Reply, [own]);
}

function restore(shard: Shard, backups: readonly ArrayBuffer[]): void {
  for (const bytes of backups) {
    for (const [slot, kept] of deserialize(new Uint8Array(bytes)) as (readonly [number, Known])[]) {
      shard.remember(slot, kept);
    }
  }
}

function fail(error: unknown): void {
  say({ type: "failed", error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

function say(reply: Reply): void {
  port.postMessage(reply);
}
