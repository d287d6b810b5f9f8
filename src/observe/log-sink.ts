/** Where a log's bytes go, and how much of them got there. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { EngineError } from "../core/errors.ts";

/** A destination of bytes that says how far a failed write came. */
export interface LogSink {
  readonly name: string;
  /** @returns the bytes written before `error`, which is null when all were. */
  write(bytes: Buffer): { written: number; error: unknown };
  /** @returns the error, or null. */
  close(): unknown;
}

/**
 * A file, replaced and written synchronously. sonic-boom does not tell how much of its buffer reached the disk, which D3 must know.
 * @throws EngineError CE_OUTPUT_UNWRITABLE when it cannot be opened.
 */
export function fileSink(path: string): LogSink {
  let fd: number;
  try {
    fd = openSync(path, "w");
  } catch (error) {
    throw unwritable(path, error, "nothing was written");
  }
  return {
    name: path,
    write(bytes) {
      let written = 0;
      try {
        while (written < bytes.length) written += writeSync(fd, bytes, written);
        return { written, error: null };
      } catch (error) {
        return { written, error };
      }
    },
    close() {
      try {
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
      if (failure === null) stream.write(bytes);
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
