/** A store in memory: for tests and simulations, and the yardstick of the others. It outlives its owners as long as the object does. */
import { chained } from "./checksum.ts";
import { corrupt, fenced, irreplaceable, outOfOrder } from "./store.ts";
import type {
  Entry,
  JournalStore,
  LogHead,
  SnapshotPlace,
  StoredAccounts,
  StoredEntry,
  StoredSnapshot,
} from "./store.ts";

interface Kept extends StoredEntry {
  readonly sum: number;
}

interface Shard {
  epoch: number;
  /** Entries that were let go of. */
  forgotten: number;
  /** Checksum of the last of those. */
  baseSum: number;
  readonly entries: Kept[];
  snapshots: StoredSnapshot[];
  accounts: StoredAccounts | null;
}

/** Logs as arrays. */
export class MemoryStore implements JournalStore {
  readonly name = "memory";
  readonly #shards = new Map<number, Shard>();

  async claim(shard: number): Promise<number> {
    const log = this.#shard(shard);
    log.epoch += 1;
    return log.epoch;
  }

  async head(shard: number): Promise<LogHead> {
    const { epoch, forgotten, entries } = this.#shard(shard);
    return { seq: forgotten + entries.length, firstSeq: forgotten + 1, epoch };
  }

  async *read(shard: number, afterSeq = 0): AsyncGenerator<StoredEntry> {
    const { entries, baseSum } = this.#shard(shard);
    let before = baseSum;
    for (const entry of entries) {
      if (chained(before, entry.seq, entry.epoch, entry) !== entry.sum) throw corrupt(this.name, entry.seq, "checksum");
      before = entry.sum;
      if (entry.seq > afterSeq) yield entry;
    }
  }

  async append(shard: number, epoch: number, expectedSeq: number, entries: readonly Entry[]): Promise<number> {
    const log = this.#shard(shard);
    if (log.epoch !== epoch) throw fenced(this.name, shard, epoch, log.epoch);
    let seq = log.forgotten + log.entries.length;
    if (seq === expectedSeq + entries.length && this.#isRepeated(log, epoch, expectedSeq, entries)) return seq;
    if (seq !== expectedSeq) throw outOfOrder(this.name, expectedSeq, seq);
    for (const entry of entries) {
      seq += 1;
      const sum = chained(log.entries.at(-1)?.sum ?? log.baseSum, seq, epoch, entry);
      log.entries.push({ ...entry, bytes: entry.bytes.slice(), seq, epoch, sum });
    }
    return seq;
  }

  async saveSnapshot(shard: number, epoch: number, snapshot: StoredSnapshot, keep: readonly number[]): Promise<void> {
    const log = this.#shard(shard);
    if (log.epoch !== epoch) throw fenced(this.name, shard, epoch, log.epoch);
    const others = log.snapshots.filter(({ seq }) => seq !== snapshot.seq && keep.includes(seq));
    log.snapshots = [...others, { ...snapshot, bytes: snapshot.bytes.slice() }];
  }

  async snapshots(shard: number): Promise<readonly SnapshotPlace[]> {
    return this.#shard(shard).snapshots.map(({ seq, tick }) => ({ seq, tick }));
  }

  async snapshot(shard: number, seq: number): Promise<StoredSnapshot | null> {
    return this.#shard(shard).snapshots.find((one) => one.seq === seq) ?? null;
  }

  async saveAccounts(shard: number, epoch: number, accounts: StoredAccounts): Promise<void> {
    const log = this.#shard(shard);
    if (log.epoch !== epoch) throw fenced(this.name, shard, epoch, log.epoch);
    log.accounts = accounts;
  }

  async accounts(shard: number): Promise<StoredAccounts | null> {
    return this.#shard(shard).accounts;
  }

  async forget(shard: number, epoch: number, untilSeq: number): Promise<number> {
    const log = this.#shard(shard);
    if (log.epoch !== epoch) throw fenced(this.name, shard, epoch, log.epoch);
    if (!log.snapshots.some(({ seq }) => seq === untilSeq)) throw irreplaceable(this.name, untilSeq);
    log.snapshots = log.snapshots.filter(({ seq }) => seq >= untilSeq);
    const count = Math.max(0, untilSeq - log.forgotten);
    const gone = log.entries.splice(0, count);
    log.forgotten += gone.length;
    log.baseSum = gone.at(-1)?.sum ?? log.baseSum;
    return gone.length;
  }

  async close(): Promise<void> {
    // What is kept in memory is there for the next owner.
  }

  #isRepeated(log: Shard, epoch: number, expectedSeq: number, entries: readonly Entry[]): boolean {
    const at = expectedSeq - log.forgotten;
    let before = log.entries[at - 1]?.sum ?? log.baseSum;
    return entries.every((entry, i) => {
      before = chained(before, expectedSeq + i + 1, epoch, entry);
      return before === log.entries[at + i].sum;
    });
  }

  #shard(shard: number): Shard {
    let log = this.#shards.get(shard);
    if (log === undefined) {
      log = { epoch: 0, forgotten: 0, baseSum: 0, entries: [], snapshots: [], accounts: null };
      this.#shards.set(shard, log);
    }
    return log;
  }
}
