/** Writing what a run leaves behind: whole files or none. */
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { EngineError } from "../core/errors.ts";

/** A file that appears at its path only when it is complete. */
export interface PendingFile {
  /** Puts the content in place. @throws EngineError CE_OUTPUT_UNWRITABLE; nothing is left half-written */
  commit(content: string): void;
  /** Leaves no trace. */
  abandon(): void;
}

/**
 * Opens a file for later, so that a long run does not end with a path that cannot be written.
 * @throws EngineError CE_OUTPUT_UNWRITABLE
 */
export function openPending(path: string): PendingFile {
  const partial = resolve(dirname(path), `.${process.pid}-${path.split("/").at(-1)}.partial`);
  const guard = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      rmSync(partial, { force: true });
      const reason = error instanceof Error ? error.message : String(error);
      throw new EngineError(
        "CE_OUTPUT_UNWRITABLE",
        `${path} cannot be written: ${reason}.`,
        { file: path, expected: "a path in an existing, writable folder with room on its disk" },
        { cause: error },
      );
    }
  };
  guard(() => closeSync(openSync(partial, "w")));
  return {
    commit: (content) =>
      guard(() => {
        writeFileSync(partial, content);
        renameSync(partial, path);
      }),
    abandon: () => rmSync(partial, { force: true }),
  };
}
