/** What every store must do, as tests that each of them passes. */
import { describe, expect, it } from "vitest";
import { newestSnapshot } from "../../src/journal/store.ts";
import type { AccountRow, Entry, JournalStore, StoredEntry } from "../../src/journal/store.ts";

/** A place that stores are opened in, one after another. */
export interface StorePlace {
  /** Opens the store; what an earlier one has written is there. */
  open(): JournalStore;
}

export function entry(tick: number, text = `entry of tick ${tick}`): Entry {
  return { kind: "tick", tick, bytes: new TextEncoder().encode(text) };
}

export async function entriesOf(store: JournalStore, shard = 0, afterSeq = 0): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const one of store.read(shard, afterSeq)) entries.push(one);
  return entries;
}

export async function ticksOf(store: JournalStore, shard = 0, afterSeq = 0): Promise<number[]> {
  return (await entriesOf(store, shard, afterSeq)).map(({ tick }) => tick);
}

const ACCOUNT: AccountRow = {
  slot: 0,
  campaign: "shoes",
  budgetMicros: 100,
  spentMicros: 40,
  reservedMicros: 10,
  disputedMicros: 0,
};

/** Registers the contract's tests. */
export function storeContract(name: string, newPlace: () => StorePlace): void {
  describe(`the ${name} store`, () => {
    it("begins empty, and gives each owner an epoch of its own", async () => {
      const place = newPlace();
      const store = place.open();
      expect(await store.head(0)).toEqual({ seq: 0, firstSeq: 1, epoch: 0 });
      expect([await store.claim(0), await store.claim(0), await store.claim(3)]).toEqual([1, 2, 1]);
      expect(await store.snapshots(0)).toEqual([]);
      expect(await newestSnapshot(store, 0)).toBeNull();
      await store.close();
    });

    it("has what it acknowledged, in order and unchanged, for the next owner (J1)", async () => {
      const place = newPlace();
      const first = place.open();
      const epoch = await first.claim(0);
      expect(await first.append(0, epoch, 0, [entry(0), entry(1)])).toBe(2);
      expect(await first.append(0, epoch, 2, [entry(2, "")])).toBe(3);
      await first.close();
      const second = place.open();
      const entries = await entriesOf(second);
      expect(entries.map(({ seq, tick, kind }) => [seq, tick, kind])).toEqual([
        [1, 0, "tick"],
        [2, 1, "tick"],
        [3, 2, "tick"],
      ]);
      expect(Buffer.from(entries[1].bytes).toString()).toBe("entry of tick 1");
      expect(await ticksOf(second, 0, 2)).toEqual([2]);
      expect(await second.head(0)).toEqual({ seq: 3, firstSeq: 1, epoch });
      await second.close();
    });

    it("keeps the logs of shards apart", async () => {
      const store = newPlace().open();
      const [one, two] = [await store.claim(0), await store.claim(1)];
      await store.append(0, one, 0, [entry(5)]);
      await store.append(1, two, 0, [entry(6), entry(7)]);
      expect([await ticksOf(store, 0), await ticksOf(store, 1)]).toEqual([[5], [6, 7]]);
      await store.close();
    });

    it("fences the owner that another has replaced (J3)", async () => {
      const store = newPlace().open();
      const old = await store.claim(0);
      await store.append(0, old, 0, [entry(0)]);
      const young = await store.claim(0);
      await expect(store.append(0, old, 1, [entry(1)])).rejects.toMatchObject({ code: "CE_STATE_FENCED" });
      await expect(store.saveSnapshot(0, old, { seq: 1, tick: 1, bytes: new Uint8Array() }, [])).rejects.toMatchObject({
        code: "CE_STATE_FENCED",
      });
      await expect(store.forget(0, old, 1)).rejects.toMatchObject({ code: "CE_STATE_FENCED" });
      expect(await store.append(0, young, 1, [entry(1)])).toBe(2);
      await store.close();
    });

    it("recognises an append whose acknowledgement was lost, and writes it once (J4)", async () => {
      const store = newPlace().open();
      const epoch = await store.claim(0);
      await store.append(0, epoch, 0, [entry(0)]);
      expect(await store.append(0, epoch, 1, [entry(1), entry(2)])).toBe(3);
      expect(await store.append(0, epoch, 1, [entry(1), entry(2)])).toBe(3);
      expect(await ticksOf(store)).toEqual([0, 1, 2]);
      const other = store.append(0, epoch, 1, [entry(1), entry(9)]);
      await expect(other).rejects.toMatchObject({ code: "CE_STATE_FENCED" });
      await expect(store.append(0, epoch, 7, [entry(9)])).rejects.toMatchObject({ code: "CE_STATE_FENCED" });
      await store.close();
    });

    it("keeps the snapshots it is told to, and lets go of entries only where one stands for them (J6)", async () => {
      const place = newPlace();
      const store = place.open();
      const epoch = await store.claim(0);
      await store.append(
        0,
        epoch,
        0,
        [0, 1, 2, 3, 4, 5].map((tick) => entry(tick)),
      );
      await expect(store.forget(0, epoch, 4)).rejects.toMatchObject({ code: "CE_ENGINE_INVARIANT" });
      for (const [seq, keep] of [
        [1, []],
        [2, []],
        [4, [2]],
        [5, [2, 4]],
      ] as const) {
        await store.saveSnapshot(0, epoch, { seq, tick: seq, bytes: new Uint8Array([seq]) }, keep);
      }
      expect((await store.snapshots(0)).map(({ seq }) => seq)).toEqual([2, 4, 5]);
      await store.saveAccounts(0, epoch, { seq: 6, tick: 5, rows: [ACCOUNT] });
      expect(await store.forget(0, epoch, 4)).toBe(4);
      expect(await store.forget(0, epoch, 4)).toBe(0);
      await store.close();
      const next = place.open();
      expect(await next.snapshots(0)).toEqual([
        { seq: 4, tick: 4 },
        { seq: 5, tick: 5 },
      ]);
      expect(await next.snapshot(0, 4)).toEqual({ seq: 4, tick: 4, bytes: new Uint8Array([4]) });
      expect(await next.snapshot(0, 3)).toBeNull();
      expect(await newestSnapshot(next, 0)).toEqual({ seq: 5, tick: 5, bytes: new Uint8Array([5]) });
      expect(await next.accounts(0)).toEqual({ seq: 6, tick: 5, rows: [ACCOUNT] });
      expect(await next.accounts(1)).toBeNull();
      expect(await next.head(0)).toMatchObject({ seq: 6, firstSeq: 5 });
      expect(await ticksOf(next)).toEqual([4, 5]);
      expect(await ticksOf(next, 0, 5)).toEqual([5]);
      expect(await next.append(0, await next.claim(0), 6, [entry(6)])).toBe(7);
      await next.close();
    });
  });
}
