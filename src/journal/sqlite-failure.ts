/** What a failure of SQLite means for the engine: one code for each reaction. */
import { EngineError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import { corrupt } from "./store.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const UNWRITABLE: Meaning = {
  code: "CE_STATE_UNWRITABLE",
  what: "cannot be written",
  hint: "Give --state a directory that this user may write to. What was acknowledged is safe.",
};

/** By SQLite's primary result code. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  3: UNWRITABLE,
  5: {
    code: "CE_STATE_BUSY",
    what: "is used by another process",
    hint: "Stop the other process first. Nothing was changed.",
  },
  8: UNWRITABLE,
  10: {
    code: "CE_STATE_UNWRITABLE",
    what: "could not be read or written",
    hint: "The disk reports an error: look at it before going on. What was acknowledged is safe.",
  },
  13: {
    code: "CE_STATE_FULL",
    what: "has no room to grow",
    hint: "Make room on the disk, then start again: it goes on where it was. What was acknowledged is safe.",
  },
  14: UNWRITABLE,
  26: {
    code: "CE_STATE_FOREIGN",
    what: "is no file of campaign-engine",
    hint: "Give --state a directory of its own. Nothing was changed.",
  },
};

const SQLITE_CORRUPT = 11;

/** The error to throw for one of SQLite or of the file system; others are handed on as they are. @param seq the entry that was being read */
export function failureOf(error: unknown, file: string, seq = 1): unknown {
  if (error instanceof EngineError) return error;
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string };
  const place = (meaning: Meaning) =>
    new EngineError(
      meaning.code,
      `${file} ${meaning.what}: ${message}.`,
      { file, hint: meaning.hint },
      { cause: error },
    );
  // What the operating system says of the directory has a name; SQLite's extended codes keep the primary one in their low byte.
  if (errcode === undefined) return code !== undefined && /^E[A-Z]+$/.test(code) ? place(UNWRITABLE) : error;
  const primary = errcode % 256;
  if (primary === SQLITE_CORRUPT) return corrupt(file, seq, message ?? "");
  const meaning = MEANINGS[primary];
  return meaning === undefined ? error : place(meaning);
}
