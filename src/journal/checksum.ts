/** The chain of checksums through a log: each covers its entry and, by the one before it, everything that came earlier. */
import { crc32 } from "node:zlib";
import type { Entry } from "./store.ts";

/** Checksum (CRC-32) of an entry that follows the one with checksum `before`; 0 before the first. */
export function chained(before: number, seq: number, epoch: number, { kind, tick, bytes }: Entry): number {
  return crc32(bytes, crc32(`${seq} ${epoch} ${kind} ${tick}`, before));
}

/** Checksum of a snapshot. */
export function snapshotSum(seq: number, tick: number, bytes: Uint8Array): number {
  return crc32(bytes, crc32(`${seq} ${tick}`));
}
