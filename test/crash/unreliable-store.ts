/** A store whose disk is full now and then, or whose acknowledgements get lost; by seeded draws. */
import { EngineError } from "../../src/core/errors.ts";
import type { RandomStream } from "../../src/core/random.ts";
import type {
  Entry,
  JournalStore,
  LogHead,
  StoredAccounts,
  StoredEntry,
  SnapshotPlace,
  StoredSnapshot,
} from "../../src/journal/store.ts";

/** Wraps a sound store. */
export class UnreliableStore implements JournalStore {
  readonly name = "unreliable";
  readonly #store: JournalStore;
  readonly #random: RandomStream;
  /** Appends that failed before, and after, they were written. */
  readonly failures = { full: 0, unacknowledged: 0 };

  constructor(store: JournalStore, random: RandomStream) {
    this.#store = store;
    this.#random = random;
  }

  async append(shard: number, epoch: number, expectedSeq: number, entries: readonly Entry[]): Promise<number> {
    const draw = this.#random.next();
    if (draw < 0.06) {
      this.failures.full += 1;
      throw new EngineError("CE_STATE_FULL", "The disk is full.");
    }
    const seq = await this.#store.append(shard, epoch, expectedSeq, entries);
    if (draw > 0.94) {
      this.failures.unacknowledged += 1;
      throw new EngineError("CE_STATE_UNWRITABLE", "The disk does not answer.");
    }
    return seq;
  }

  claim(shard: number): Promise<number> {
    return this.#store.claim(shard);
  }

  head(shard: number): Promise<LogHead> {
    return this.#store.head(shard);
  }

  read(shard: number, afterSeq?: number): AsyncIterable<StoredEntry> {
    return this.#store.read(shard, afterSeq);
  }

  saveSnapshot(shard: number, epoch: number, snapshot: StoredSnapshot, keep: readonly number[]): Promise<void> {
    return this.#store.saveSnapshot(shard, epoch, snapshot, keep);
  }

  snapshots(shard: number): Promise<readonly SnapshotPlace[]> {
    return this.#store.snapshots(shard);
  }

  snapshot(shard: number, seq: number): Promise<StoredSnapshot | null> {
    return this.#store.snapshot(shard, seq);
  }

  saveAccounts(shard: number, epoch: number, accounts: StoredAccounts): Promise<void> {
    return this.#store.saveAccounts(shard, epoch, accounts);
  }

  accounts(shard: number): Promise<StoredAccounts | null> {
    return this.#store.accounts(shard);
  }

  forget(shard: number, epoch: number, untilSeq: number): Promise<number> {
    return this.#store.forget(shard, epoch, untilSeq);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
