/**
 * The store on one machine: a SQLite file in a directory, which any SQLite tool can read.
 *
 * Durable on power loss (WAL, `synchronous = FULL`); a group of entries is one transaction. SQLite cuts off the torn tail of a write that a crash
 * interrupted; all else that is damaged is found by the chain of checksums. One process owns a directory, by a lock that ends with it.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { EngineError } from "../core/errors.ts";
import { chained, snapshotSum } from "./checksum.ts";
import { ownerLock } from "./owner-lock.ts";
import type { OwnerLock } from "./owner-lock.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { failureOf } from "./sqlite-failure.ts";
import { ENTRY_KINDS, corrupt, fenced, irreplaceable, outOfOrder } from "./store.ts";
import type {
  AccountRow,
  Entry,
  JournalStore,
  LogHead,
  SnapshotPlace,
  StoredAccounts,
  StoredEntry,
  StoredSnapshot,
} from "./store.ts";

/** How a directory is opened. */
export interface SqliteStoreOptions {
  /** Only read; needs no lock, and sees what is durable at the time. Default false. */
  readonly isReadOnly?: boolean;
  /** Refuse a directory in which there is no state yet. Default: as `isReadOnly`. */
  readonly mustExist?: boolean;
  /** Most pages of the file, of 4,096 bytes. Default: SQLite's own, 16 TB. */
  readonly maxPages?: number;
}

/** Name of the log's file in its directory. */
const FILE = "journal.sqlite";
/** Pages that may be written ahead before a write moves them to their place by itself, where the event loop never turns: 64 MB. */
const MOST_WAL_PAGES = 16_000;
/** Entries of a shard are numbered from `shard × SHARD_SPAN`: one whole number that SQLite keeps in order. */
const SHARD_SPAN = 2 ** 40;

interface Row {
  readonly id: number;
  readonly epoch: number;
  readonly kind: number;
  readonly tick: number;
  readonly sum: number;
  readonly bytes: Uint8Array;
}

interface ShardRow {
  readonly epoch: number;
  readonly seq: number;
  readonly sum: number;
  readonly forgotten: number;
  readonly forgotten_sum: number;
}

const NO_SHARD: ShardRow = { epoch: 0, seq: 0, sum: 0, forgotten: 0, forgotten_sum: 0 };

/** Logs in one SQLite file. */
export class SqliteStore implements JournalStore {
  readonly name: string;
  readonly #db: DatabaseSync;
  readonly #lock: OwnerLock | null;
  readonly #statements = new Map<string, StatementSync>();
  #isTidying = false;

  /**
   * @throws EngineError CE_STATE_MISSING, CE_STATE_BUSY, CE_STATE_FOREIGN, CE_STATE_NEWER, CE_STATE_CORRUPT, CE_STATE_UNWRITABLE, CE_STATE_FULL
   */
  constructor(directory: string, { isReadOnly = false, mustExist = isReadOnly, maxPages }: SqliteStoreOptions = {}) {
    this.name = join(directory, FILE);
    if (mustExist && !existsSync(this.name)) {
      throw new EngineError("CE_STATE_MISSING", `There is no state in ${directory}.`, {
        file: directory,
        expected: `a directory that was given as --state, with a file ${FILE}`,
      });
    }
    this.#lock = isReadOnly ? null : this.#guard(() => locked(directory));
    try {
      this.#db = this.#guard(
        () => new DatabaseSync(this.name, { readOnly: isReadOnly, timeout: isReadOnly ? 2_000 : 0 }),
      );
      this.#guard(() => this.#prepareFile(isReadOnly, maxPages));
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
  }

  async claim(shard: number): Promise<number> {
    return this.#transaction(() => {
      const { epoch } = this.#shard(shard);
      this.#sql("INSERT INTO shards (shard, epoch) VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1").run(
        shard,
      );
      return epoch + 1;
    });
  }

  async head(shard: number): Promise<LogHead> {
    const { seq, epoch, forgotten } = this.#guard(() => this.#shard(shard));
    return { seq, firstSeq: forgotten + 1, epoch };
  }

  async *read(shard: number, afterSeq = 0): AsyncGenerator<StoredEntry> {
    const { seq: head, forgotten, forgotten_sum: base } = this.#guard(() => this.#shard(shard));
    const base0 = shard * SHARD_SPAN;
    let seq = Math.max(afterSeq, forgotten);
    let before = seq === forgotten ? base : this.#guard(() => this.#sumOf(shard, seq));
    const rows = this.#sql("SELECT * FROM entries WHERE id > ? AND id <= ? ORDER BY id").iterate(
      base0 + seq,
      base0 + head,
    );
    try {
      for (;;) {
        const next = this.#guard(() => rows.next(), seq + 1);
        if (next.done === true) break;
        const row = next.value as unknown as Row;
        seq += 1;
        const entry = { kind: ENTRY_KINDS[row.kind], tick: row.tick, bytes: row.bytes };
        if (row.id !== base0 + seq) throw corrupt(this.name, seq, "it is missing");
        if (chained(before, seq, row.epoch, entry) !== row.sum) throw corrupt(this.name, seq, "its checksum is wrong");
        before = row.sum;
        yield { ...entry, seq, epoch: row.epoch };
      }
    } finally {
      // Whoever stops reading would hold up SQLite's own housekeeping: its write-ahead file would grow without end.
      rows.return?.();
    }
    if (seq !== head && head > afterSeq) throw corrupt(this.name, seq + 1, `the log should end with entry ${head}`);
  }

  async append(shard: number, epoch: number, expectedSeq: number, entries: readonly Entry[]): Promise<number> {
    return this.#transaction(() => {
      const log = this.#owned(shard, epoch);
      if (log.seq === expectedSeq + entries.length && this.#isRepeated(shard, epoch, expectedSeq, entries)) {
        return log.seq;
      }
      if (log.seq !== expectedSeq) throw outOfOrder(this.name, expectedSeq, log.seq);
      const insert = this.#sql("INSERT INTO entries (id, epoch, kind, tick, sum, bytes) VALUES (?, ?, ?, ?, ?, ?)");
      let { seq, sum } = log;
      for (const entry of entries) {
        seq += 1;
        sum = chained(sum, seq, epoch, entry);
        const { kind, tick, bytes } = entry;
        insert.run(shard * SHARD_SPAN + seq, epoch, ENTRY_KINDS.indexOf(kind), tick, sum, bytes);
      }
      this.#sql("UPDATE shards SET seq = ?, sum = ? WHERE shard = ?").run(seq, sum, shard);
      this.#tidySoon();
      return seq;
    });
  }

  async saveSnapshot(
    shard: number,
    epoch: number,
    { seq, tick, bytes }: StoredSnapshot,
    keep: readonly number[],
  ): Promise<void> {
    this.#transaction(() => {
      this.#owned(shard, epoch);
      const sum = snapshotSum(seq, tick, bytes);
      const values = [shard, seq, tick, sum, bytes];
      this.#sql("INSERT OR REPLACE INTO snapshots (shard, seq, tick, sum, bytes) VALUES (?, ?, ?, ?, ?)").run(
        ...values,
      );
      const drop = this.#sql("DELETE FROM snapshots WHERE shard = ? AND seq = ?");
      for (const { seq: old } of this.#snapshotPlaces(shard)) {
        if (old !== seq && !keep.includes(old)) drop.run(shard, old);
      }
    });
  }

  async snapshots(shard: number): Promise<readonly SnapshotPlace[]> {
    return this.#guard(() => this.#snapshotPlaces(shard));
  }

  async snapshot(shard: number, seq: number): Promise<StoredSnapshot | null> {
    const row = this.#guard(() =>
      this.#sql("SELECT tick, sum, bytes FROM snapshots WHERE shard = ? AND seq = ?").get(shard, seq),
    ) as unknown as { readonly tick: number; readonly sum: number; readonly bytes: Uint8Array } | undefined;
    if (row === undefined || snapshotSum(seq, row.tick, row.bytes) !== row.sum) return null;
    return { seq, tick: row.tick, bytes: row.bytes };
  }

  async saveAccounts(shard: number, epoch: number, { seq, tick, rows }: StoredAccounts): Promise<void> {
    this.#transaction(() => {
      this.#owned(shard, epoch);
      const insert = this.#sql("INSERT OR REPLACE INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
      for (const { slot, campaign, budgetMicros, spentMicros, reservedMicros, disputedMicros } of rows) {
        insert.run(shard, slot, campaign, budgetMicros, spentMicros, reservedMicros, disputedMicros, tick, seq);
      }
    });
  }

  async accounts(shard: number): Promise<StoredAccounts | null> {
    const rows = this.#guard(() =>
      this.#sql(
        `SELECT slot, campaign, budget_micros AS budgetMicros, spent_micros AS spentMicros, reserved_micros AS reservedMicros,
           disputed_micros AS disputedMicros, as_of_tick AS tick, as_of_seq AS seq FROM campaigns WHERE shard = ? ORDER BY slot`,
      ).all(shard),
    ) as unknown as readonly (AccountRow & { readonly tick: number; readonly seq: number })[];
    if (rows.length === 0) return null;
    const [{ seq, tick }] = rows;
    return { seq, tick, rows: rows.map(({ seq: _seq, tick: _tick, ...row }) => row) };
  }

  async forget(shard: number, epoch: number, untilSeq: number): Promise<number> {
    const count = this.#transaction(() => {
      const { forgotten } = this.#owned(shard, epoch);
      if (!this.#snapshotPlaces(shard).some(({ seq }) => seq === untilSeq)) throw irreplaceable(this.name, untilSeq);
      this.#sql("DELETE FROM snapshots WHERE shard = ? AND seq < ?").run(shard, untilSeq);
      if (untilSeq <= forgotten) return 0;
      const sum = this.#sumOf(shard, untilSeq);
      const from = shard * SHARD_SPAN;
      this.#sql("DELETE FROM entries WHERE id > ? AND id <= ?").run(from, from + untilSeq);
      const update = this.#sql("UPDATE shards SET forgotten = ?, forgotten_sum = ? WHERE shard = ?");
      update.run(untilSeq, sum, shard);
      return untilSeq - forgotten;
    });
    this.#guard(() => this.#db.exec("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)"));
    return count;
  }

  /** Writes the file anew without what it does not need. */
  async compact(): Promise<void> {
    this.#guard(() => this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"));
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
    this.#lock?.release();
  }

  /** Refuses what is not a log of this version, or an earlier one, which is brought up to date. */
  #prepareFile(isReadOnly: boolean, maxPages: number | undefined): void {
    const pragma = (name: string) => Number(Object.values(this.#db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    const tables = this.#db.prepare("SELECT count(*) AS n FROM sqlite_schema").get();
    const isNew = Number(tables?.["n"]) === 0 && pragma("application_id") === 0;
    if (!isNew && pragma("application_id") !== APPLICATION_ID) {
      throw new EngineError("CE_STATE_FOREIGN", `${this.name} is a database of another program.`, {
        file: this.name,
        hint: "Give --state a directory of its own. Nothing was changed.",
      });
    }
    const version = pragma("user_version");
    if (version > MIGRATIONS.length) {
      throw new EngineError("CE_STATE_NEWER", `${this.name} was written by a newer version of campaign-engine.`, {
        file: this.name,
        expected: `schema version ${MIGRATIONS.length} or older; this is ${version}`,
        hint: "Update campaign-engine. Nothing was changed.",
      });
    }
    if (isReadOnly) return;
    if (isNew) this.#db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    this.#db.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${MOST_WAL_PAGES}`,
    );
    if (maxPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${maxPages}`);
    if (version === MIGRATIONS.length) return;
    this.#transaction(() => {
      for (const migration of MIGRATIONS.slice(version)) this.#db.exec(migration);
      this.#db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }

  #snapshotPlaces(shard: number): readonly SnapshotPlace[] {
    const rows = this.#sql("SELECT seq, tick FROM snapshots WHERE shard = ? ORDER BY seq").all(shard);
    return rows.map(({ seq, tick }) => ({ seq: Number(seq), tick: Number(tick) }));
  }

  /** Moves what was written ahead to its place when nobody waits any more: after the bids have left. What is durable stays so either way. */
  #tidySoon(): void {
    if (this.#isTidying) return;
    this.#isTidying = true;
    setImmediate(() => {
      this.#isTidying = false;
      if (!this.#db.isOpen) return;
      try {
        this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
      } catch {
        // A disk that is full or gone is told of by the next write, which has someone to hear it.
      }
    });
  }

  #shard(shard: number): ShardRow {
    return (
      (this.#sql("SELECT * FROM shards WHERE shard = ?").get(shard) as unknown as ShardRow | undefined) ?? NO_SHARD
    );
  }

  /** @throws EngineError CE_STATE_FENCED */
  #owned(shard: number, epoch: number): ShardRow {
    const log = this.#shard(shard);
    if (log.epoch !== epoch) throw fenced(this.name, shard, epoch, log.epoch);
    return log;
  }

  #isRepeated(shard: number, epoch: number, expectedSeq: number, entries: readonly Entry[]): boolean {
    let sum = this.#sumOf(shard, expectedSeq);
    for (const [i, entry] of entries.entries()) sum = chained(sum, expectedSeq + i + 1, epoch, entry);
    return sum === this.#shard(shard).sum;
  }

  #sumOf(shard: number, seq: number): number {
    const { forgotten, forgotten_sum: base } = this.#shard(shard);
    if (seq === forgotten) return base;
    const row = this.#sql("SELECT sum FROM entries WHERE id = ?").get(shard * SHARD_SPAN + seq);
    if (row === undefined) throw corrupt(this.name, seq, "it is missing");
    return Number(row["sum"]);
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #transaction<T>(act: () => T): T {
    return this.#guard(() => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        const result = act();
        this.#db.exec("COMMIT");
        return result;
      } catch (error) {
        // A full disk ends a transaction by itself.
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /** @param seq the entry that is being read */
  #guard<T>(act: () => T, seq?: number): T {
    try {
      return act();
    } catch (error) {
      throw failureOf(error, this.name, seq);
    }
  }
}

/** Makes the directory where there is none, and locks it. */
function locked(directory: string): OwnerLock {
  mkdirSync(directory, { recursive: true });
  return ownerLock(directory);
}
