import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { afterAll, describe, expect, it } from "vitest";
import { Ledger } from "../../src/core/ledger.ts";
import { AccountBook, bookOf } from "../../src/journal/account-book.ts";
import type { Manifest } from "../../src/journal/manifest.ts";
import { manifestOf } from "../../src/journal/manifest.ts";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { readSnapshotHead, readSnapshotState, writeSnapshot } from "../../src/journal/snapshot.ts";
import type { StoredEntry } from "../../src/journal/store.ts";
import { processOf } from "../crash/store-simulation.ts";
import type { SimulatedSnapshots } from "../crash/store-simulation.ts";
import { scenarioOf } from "../runtime/played-run.ts";

const manifest = { kind: "test", name: "small", campaigns: [] } as unknown as Manifest;

describe("a snapshot's bytes", () => {
  const ledger = new Ledger(2);
  ledger.open(1_000_000);
  ledger.reserve(0, 3, 1, 400_000);
  const head = { manifest, campaigns: ["shoes"], ledger: ledger.save() };

  it("are what was written, in two parts", () => {
    const state = { names: new Map([[1, "a"]]), column: new Float64Array([Number.NaN, -0]) };
    const bytes = writeSnapshot(head, state);
    expect(readSnapshotHead(bytes)).toEqual(head);
    expect(readSnapshotState(bytes)).toEqual(state);
  });

  it("are not gone on from where another version wrote them", () => {
    const bytes = writeSnapshot(head, {});
    bytes[3] += 1;
    expect(readSnapshotState(bytes)).toBeNull();
    expect(readSnapshotHead(bytes).campaigns).toEqual(["shoes"]);
  });

  it("begin with accounts that are read where a version before compression wrote them", () => {
    const first = serialize(head);
    const bytes = Buffer.alloc(8 + first.length);
    bytes.writeUInt32BE(4, 0);
    bytes.writeUInt32BE(first.length, 4);
    bytes.set(first, 8);
    expect(readSnapshotHead(bytes)).toEqual(head);
    expect(readSnapshotState(bytes)).toBeNull();
  });

  it("are not made of what is no plain data", () => {
    const make = () => writeSnapshot(head, { act: () => undefined });
    expect(make).toThrow(expect.objectContaining({ code: "CE_STATE_UNSAVABLE" }));
  });

  it("are where the books begin, which must balance", () => {
    const book = new AccountBook();
    book.bringForward({ seq: 9, tick: 4 }, head);
    expect(book.rows).toMatchObject([{ campaign: "shoes", budgetMicros: 1_000_000, reservedMicros: 400_000 }]);
    const wrong = { ...head, ledger: { ...head.ledger, openMicros: Float64Array.of(400_001) } };
    expect(() => new AccountBook().bringForward({ seq: 9, tick: 4 }, wrong)).toThrow(
      expect.objectContaining({ code: "CE_STATE_UNBALANCED" }),
    );
  });
});

describe("a log with snapshots", () => {
  const directory = mkdtempSync(join(tmpdir(), "ce-snapshots-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const scenario = scenarioOf({ duration: "40m", warmup: "1h" });

  async function played(store: MemoryStore, retainTicks: number): Promise<void> {
    const snapshots: SimulatedSnapshots = { everyTicks: 7, retainTicks, directory: mkdtempSync(join(directory, "x")) };
    const { run } = processOf(scenario, store, new Map(), snapshots);
    await run.recover();
    await run.start();
    for (let tick = 0; tick < 30; tick += 1) await run.tick();
    await run.saveAccounts();
    run.stop();
  }

  async function recovered(store: MemoryStore) {
    const snapshots = { everyTicks: 7, retainTicks: 10, directory: mkdtempSync(join(directory, "x")) };
    const { run } = processOf(scenario, store, new Map(), snapshots);
    try {
      return await run.recover();
    } finally {
      run.stop();
    }
  }

  /** A store whose snapshots from `seq` on are damaged. */
  class Damaged extends MemoryStore {
    fromSeq = Number.POSITIVE_INFINITY;

    override async snapshot(shard: number, seq: number) {
      return seq >= this.fromSeq ? null : super.snapshot(shard, seq);
    }
  }

  it("goes on from the newest that is sound, and else goes through all that is there", async () => {
    const store = new Damaged();
    await played(store, Number.POSITIVE_INFINITY);
    expect(await recovered(store)).toMatchObject({ isNew: false, snapshotTick: 28, entries: 2, nextTick: 30 });
    const [, newest] = await store.snapshots(0);
    store.fromSeq = newest.seq;
    expect(await recovered(store)).toMatchObject({ snapshotTick: 21, nextTick: 30 });
    store.fromSeq = 0;
    expect(await recovered(store)).toMatchObject({ snapshotTick: null, nextTick: 30 });
  });

  it("is refused where what stood for its beginning is damaged as well", async () => {
    const store = new Damaged();
    await played(store, 10);
    expect((await store.head(0)).firstSeq).toBeGreaterThan(1);
    store.fromSeq = 0;
    await expect(recovered(store)).rejects.toMatchObject({ code: "CE_STATE_CORRUPT" });
    await expect(bookOf(store, 0)).rejects.toMatchObject({ code: "CE_STATE_CORRUPT" });
  });

  it("has the same books, whether its beginning is gone or not", async () => {
    const [whole, short] = [new MemoryStore(), new MemoryStore()];
    await played(whole, Number.POSITIVE_INFINITY);
    await played(short, 10);
    const postings: string[][] = [[], []];
    const noting = (list: string[], fromSeq: number) => ({
      onPosting: (slot: number, { seq, ...posting }: { readonly seq: number }) => {
        if (seq >= fromSeq) list.push(JSON.stringify({ slot, seq, ...posting }));
      },
    });
    const { firstSeq } = await short.head(0);
    const entries: StoredEntry[] = [];
    for await (const entry of short.read(0)) entries.push(entry);
    expect(entries[0].seq).toBe(firstSeq);
    const [long, brief] = [
      await bookOf(whole, 0, noting(postings[0], firstSeq)),
      await bookOf(short, 0, noting(postings[1], firstSeq)),
    ];
    expect(brief.rows).toEqual(long.rows);
    expect(postings[1]).toEqual(postings[0]);
    expect(postings[1].length).toBeGreaterThan(50);
    expect(await manifestOf(short, 0)).toEqual(await manifestOf(whole, 0));
  });
});
