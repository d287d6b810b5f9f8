/** The lock of a state directory: held by one process, and gone with it, however it ends. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EngineError } from "../core/errors.ts";

/** A lock that is held. */
export interface OwnerLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * Locks a directory. Node has no file locks of its own; SQLite has, and the operating system gives them back when a process is killed.
 * @throws EngineError CE_STATE_BUSY
 */
export function ownerLock(directory: string): OwnerLock {
  const db = new DatabaseSync(join(directory, "owner.lock"), { timeout: 0 });
  try {
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new EngineError("CE_STATE_BUSY", `Another process works with the state in ${directory}.`, {
      file: directory,
      hint: "Stop it first, or give --state another directory. `campaign-engine state show` may look at any time.",
    });
  }
  return { release: () => db.isOpen && db.close() };
}
