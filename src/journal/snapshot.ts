/**
 * A snapshot's bytes: first how the accounts stand, for bookkeeping; then all that the engine and those around it know, to go on from. Both are compressed: a
 * disk takes longer to write what is left out than the processor to leave it out.
 *
 * SN1 the first part is read without the second; SN2 what was written by another version of the second part is not gone on from.
 */
import { deserialize, serialize } from "node:v8";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { EngineError } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { Manifest } from "./manifest.ts";

/** Version of what a snapshot says: another one means that classes save something else than they did. */
const VERSION = 5;
/** Versions from this on compress. The first part of earlier ones is read all the same: the books of a log may begin with it. */
const FIRST_COMPRESSED = 5;

/** The first part. */
export interface SnapshotHead {
  readonly manifest: Manifest;
  /** Ids of the campaigns, by slot. */
  readonly campaigns: readonly string[];
  readonly ledger: LedgerState;
}

const PREFIX_BYTES = 8;

/** @throws EngineError CE_STATE_UNSAVABLE for a state that is no plain data */
export function writeSnapshot(head: SnapshotHead, state: unknown): Uint8Array {
  const first = compressed(serialize(head));
  const second = compressed(serialized(state));
  const bytes = new Uint8Array(PREFIX_BYTES + first.length + second.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION);
  view.setUint32(4, first.length);
  bytes.set(first, PREFIX_BYTES);
  bytes.set(second, PREFIX_BYTES + first.length);
  return bytes;
}

/** The first part (SN1). */
export function readSnapshotHead(bytes: Uint8Array): SnapshotHead {
  const first = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headLength(bytes));
  return deserialize(versionOf(bytes) < FIRST_COMPRESSED ? first : zstdDecompressSync(first)) as SnapshotHead;
}

/** The second part; null where another version wrote it (SN2). */
export function readSnapshotState(bytes: Uint8Array): unknown {
  if (versionOf(bytes) !== VERSION) return null;
  return deserialize(zstdDecompressSync(bytes.subarray(PREFIX_BYTES + headLength(bytes))));
}

function serialized(state: unknown): Uint8Array {
  try {
    return serialize(state);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new EngineError("CE_STATE_UNSAVABLE", `What the engine knows is not plain data: ${what}`, {
      hint: "The memory of a policy must be plain data.",
    });
  }
}

/** At the level that is quickest by far, and gives away a tenth. */
function compressed(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

function versionOf(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(0);
}

function headLength(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(4);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
