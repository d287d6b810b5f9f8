/**
 * The port of the durable log: one ordered log per shard, with one writer.
 *
 * J1 what an append has acknowledged is there after any crash, in its order, unchanged; J2 an append that was not acknowledged is there as a whole or not at
 * all, group by group; J3 a later claim fences every earlier owner: it can append nothing more; J4 an append that is repeated after a lost
 * acknowledgement is recognised, never written twice; J5 what is damaged is refused with its place, never skipped and never guessed;
 * J6 a snapshot is there as a whole or not at all, and entries go only where a snapshot stands for them.
 */
import { EngineError } from "../core/errors.ts";

/** What an entry is about; its place in the list is its number in the log. */
export const ENTRY_KINDS = ["opened", "started", "tick", "received", "order", "ended"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** One entry to write. */
export interface Entry {
  readonly kind: EntryKind;
  /** The engine's next tick when it was written, for people who read the log. */
  readonly tick: number;
  readonly bytes: Uint8Array;
}

/** One entry as it stands in the log; `seq` counts from 1 without gaps. */
export interface StoredEntry extends Entry {
  readonly seq: number;
  /** The owner that wrote it. */
  readonly epoch: number;
}

/** A snapshot, without its bytes: of the state after the entry `seq`, with `tick` next. */
export interface SnapshotPlace {
  readonly seq: number;
  readonly tick: number;
}

/** The state of a shard after an entry. */
export interface StoredSnapshot extends SnapshotPlace {
  readonly bytes: Uint8Array;
}

/** One campaign's totals, as people read them in the store's table [micros]. */
export interface AccountRow {
  readonly slot: number;
  readonly campaign: string;
  readonly budgetMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  readonly disputedMicros: number;
}

/** All campaigns' totals after the entry `seq`. */
export interface StoredAccounts {
  readonly seq: number;
  readonly tick: number;
  /** By slot. */
  readonly rows: readonly AccountRow[];
}

/** Where a shard's log stands. */
export interface LogHead {
  /** Number of the newest entry; 0 where there is none. */
  readonly seq: number;
  /** Number of the oldest entry that is kept. */
  readonly firstSeq: number;
  readonly epoch: number;
}

/** A durable store of logs. Every method may throw an EngineError `CE_STATE_…`. */
export interface JournalStore {
  /** Name of the place, for messages. */
  readonly name: string;
  /** Makes the caller the shard's owner and fences all others (J3). @returns its epoch */
  claim(shard: number): Promise<number>;
  head(shard: number): Promise<LogHead>;
  /** The entries after `afterSeq`, oldest first, each checked (J5). */
  read(shard: number, afterSeq?: number): AsyncIterable<StoredEntry>;
  /**
   * Appends entries as one group (J2); durable when it resolves (J1).
   * @param expectedSeq the head that the owner knows
   * @returns the new head
   * @throws EngineError CE_STATE_FENCED where another has claimed the shard; CE_STATE_FULL, CE_STATE_UNWRITABLE: try again later (J4)
   */
  append(shard: number, epoch: number, expectedSeq: number, entries: readonly Entry[]): Promise<number>;
  /** Keeps the state after an entry, and of the snapshots before it those named. @throws EngineError as {@link append} does */
  saveSnapshot(shard: number, epoch: number, snapshot: StoredSnapshot, keep: readonly number[]): Promise<void>;
  /** The snapshots that are kept, oldest first. */
  snapshots(shard: number): Promise<readonly SnapshotPlace[]>;
  /** The snapshot after an entry; null where there is none that is sound (J5). */
  snapshot(shard: number, seq: number): Promise<StoredSnapshot | null>;
  /** Keeps the campaigns' totals after an entry, as people read them. @throws EngineError as {@link append} does */
  saveAccounts(shard: number, epoch: number, accounts: StoredAccounts): Promise<void>;
  /** The totals that were kept last, or null. */
  accounts(shard: number): Promise<StoredAccounts | null>;
  /** Lets go of the entries up to one that a snapshot stands for, and of the snapshots before that (J6). @returns how many entries went */
  forget(shard: number, epoch: number, untilSeq: number): Promise<number>;
  close(): Promise<void>;
}

/** The newest snapshot that is sound, or null. */
export async function newestSnapshot(store: JournalStore, shard: number): Promise<StoredSnapshot | null> {
  for (const { seq } of (await store.snapshots(shard)).toReversed()) {
    const snapshot = await store.snapshot(shard, seq);
    if (snapshot !== null) return snapshot;
  }
  return null;
}

/** The error of a log whose entries may not go: nothing stands for them (J6). */
export function irreplaceable(store: string, untilSeq: number): EngineError {
  return new EngineError("CE_ENGINE_INVARIANT", `No snapshot stands for the entries up to ${untilSeq}.`, {
    file: store,
  });
}

/** The error of an owner that another has replaced. */
export function fenced(store: string, shard: number, epoch: number, now: number): EngineError {
  return new EngineError("CE_STATE_FENCED", `Shard ${shard} has another owner: epoch ${now}, not ${epoch}.`, {
    file: store,
    hint: "Another process has taken this state over. This one has stopped and wrote nothing more.",
  });
}

/** The error of an append that does not go on where the log ends. */
export function outOfOrder(store: string, expectedSeq: number, seq: number): EngineError {
  return new EngineError("CE_STATE_FENCED", `The log ends with entry ${seq}, not ${expectedSeq}.`, { file: store });
}

/** The error of a damaged log (J5). @param seq number of the first entry that cannot be trusted */
export function corrupt(store: string, seq: number, what: string): EngineError {
  return new EngineError("CE_STATE_CORRUPT", `Entry ${seq} of the log is damaged: ${what}.`, {
    file: store,
    expected: `entries as they were written; those before ${seq} are sound`,
    hint: "Nothing was changed. Take a copy of the directory, restore a backup, or look at what is left with: campaign-engine state export.",
  });
}
