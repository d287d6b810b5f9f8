/** Where a log's bytes go, and how much of them got there. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { EngineError } from "../core/errors.ts";

/** A destination of bytes that says how far a failed write came. */
export interface LogSink {
  readonly name: string;
  /** The bytes are the caller's again when it returns. @returns how many were written before `error`, which is null when all were. */
  write(bytes: Buffer): { written: number; error: unknown };
  /** Goes on after so many bytes of what is there, in place of replacing it. @returns false where there are fewer; then nothing has changed */
  goOnAfter?(bytes: number): boolean;
  /** @returns the error, or null. */
  close(): unknown;
}

/**
 * A file, replaced with the first write, or the end, and written synchronously. sonic-boom does not tell how much of its buffer reached the disk, which D3 must know.
 * @throws EngineError CE_OUTPUT_UNWRITABLE when it cannot be opened.
 */
export function fileSink(path: string): LogSink {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o666);
  } catch (error) {
    throw unwritable(path, error, "nothing was written");
  }
  /** Where the next byte goes; null while what was there before still is. */
  let position: number | null = null;
  // Anything else, such as a device, has no length and no places.
  const isFile = fstatSync(fd).isFile();
  const begin = (at: number) => {
    if (isFile) ftruncateSync(fd, at);
    return at;
  };
  return {
    name: path,
    goOnAfter(bytes) {
      if (fstatSync(fd).size < bytes) return false;
      position = begin(bytes);
      return true;
    },
    write(bytes) {
      let written = 0;
      try {
        position ??= begin(0);
        while (written < bytes.length) {
          written += writeSync(fd, bytes, written, null, isFile ? position + written : null);
        }
        position += written;
        return { written, error: null };
      } catch (error) {
        return { written, error };
      }
    },
    close() {
      try {
        position ??= begin(0);
        closeSync(fd);
        return null;
      } catch (error) {
        return error;
      }
    },
  };
}

/** A stream; its errors come later, and are thrown by the next write or by `close`. */
export function streamSink(stream: Writable): LogSink {
  let failure: unknown = null;
  stream.on("error", (error) => {
    failure ??= error;
  });
  return {
    name: "the stream",
    write(bytes) {
      if (failure === null) stream.write(Buffer.from(bytes));
      return { written: 0, error: failure };
    },
    close: () => failure,
  };
}

/** The error of an output that cannot be written. `extent` says what is safe. */
export function unwritable(name: string, error: unknown, extent: string): EngineError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EngineError(
    "CE_OUTPUT_UNWRITABLE",
    `The decision log cannot be written to ${name}: ${reason}; ${extent}.`,
    { file: name },
    { cause: error },
  );
}
