import { afterEach, describe, expect, it } from "vitest";
import type { LedgerState } from "../../src/core/ledger.ts";
import { bookOf, differences } from "../../src/journal/account-book.ts";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { live } from "../../src/server/lives.ts";
import { scenarioOf } from "../runtime/played-run.ts";
import { LiveService } from "./live-service.ts";
import { MORTAL_TICK } from "./mortal-policy.ts";

const campaigns = scenarioOf().campaigns.map((spec) => Object.assign(spec, { policy: "mortal" }));
const policyModules = { mortal: new URL("./mortal-policy.ts", import.meta.url).href };

afterEach(() => {
  delete process.env[MORTAL_TICK];
});

/** Lives for 12 ticks. @param onDeath called for every death */
async function lived(onDeath: () => void) {
  const store = new MemoryStore();
  const stop = new AbortController();
  const recoveries: unknown[] = [];
  let accounts: LedgerState | null = null;
  let bids: readonly string[] = [];
  const end = await live({
    born: () => {
      const engine = { threads: 2, campaigns, policyModules };
      const service = new LiveService({ isDemo: true, store, snapshotTicks: 4, engine, everyMs: 20 });
      const { run, app } = service;
      const flush = () => {
        accounts = structuredClone(run.engine.ledger.save());
        bids = run.market.bidsAfter(-1).map((placed) => JSON.stringify(placed));
        if (run.engine.nextTick === 12) stop.abort();
      };
      return { run, app, flush, close: () => service.close() };
    },
    signal: stop.signal,
    drainMs: 0,
    onReady: ({ snapshotTick, nextTick }) => recoveries.push([snapshotTick, nextTick]),
    onDeath,
  });
  return { end, store, recoveries, accounts, bids };
}

describe("a service whose worker thread dies", () => {
  it("goes on from its log, as if nothing had been (LV1)", async () => {
    const undisturbed = await lived(() => undefined);
    expect(undisturbed.recoveries).toEqual([[null, 0]]);
    process.env[MORTAL_TICK] = "6";
    let deaths = 0;
    const { end, store, recoveries, accounts, bids } = await lived(() => {
      deaths += 1;
      delete process.env[MORTAL_TICK];
    });
    expect(deaths).toBe(1);
    expect(end.ticks).toBe(12);
    expect(recoveries).toEqual([
      [null, 0],
      [4, 6],
    ]);
    expect(accounts).toEqual(undisturbed.accounts);
    expect(bids).toEqual(undisturbed.bids);
    const book = await bookOf(store, 0);
    expect(differences(book.rows, (await store.accounts(0))!.rows)).toEqual([]);
  });

  it("ends where threads die as fast as they are started (LV2)", async () => {
    process.env[MORTAL_TICK] = "6";
    let deaths = 0;
    const lives = lived(() => {
      deaths += 1;
    });
    await expect(lives).rejects.toMatchObject({ code: "CE_STATE_INTERRUPTED" });
    expect(deaths).toBe(3);
  });
});
