/**
 * Which snapshots are kept, and which entries may go.
 *
 * RT1 the newest two are kept: should one be damaged, the other and the entries since then serve; RT2 the one that stands for what is gone is kept:
 * bookkeeping begins with it; RT3 entries go in strides of half the time that they are to be kept: none before its time, none much after it.
 */
import type { SnapshotPlace } from "./store.ts";

/** What becomes of a log's past. */
export interface Retention {
  /** The snapshots that are kept beside the new one. */
  readonly keep: readonly number[];
  /** Entries up to this one may go when the new snapshot is safe; 0: none. It is among those kept. */
  readonly forgetUntil: number;
}

/**
 * What is kept when a snapshot is taken.
 * @param kept the snapshots so far, oldest first
 * @param forgottenSeq the newest entry that is gone; 0: none is
 * @param retainTicks how long entries are kept; Infinity: for good
 */
export function retention(
  kept: readonly SnapshotPlace[],
  taken: SnapshotPlace,
  forgottenSeq: number,
  retainTicks: number,
): Retention {
  const due = kept.filter(({ seq, tick }) => seq > forgottenSeq && tick <= taken.tick - retainTicks);
  const forgetUntil = due.at(-1)?.seq ?? 0;
  const base = forgetUntil === 0 ? forgottenSeq : forgetUntil;
  const keep: number[] = [];
  let markTick = Number.NEGATIVE_INFINITY;
  for (const { seq, tick } of kept) {
    const isMark = Number.isFinite(retainTicks) && tick >= markTick + retainTicks / 2;
    if (seq < base || !(seq === base || isMark || seq === kept.at(-1)!.seq)) continue;
    markTick = tick;
    keep.push(seq);
  }
  return { keep, forgetUntil };
}
