/** Reports to campaigns in shared memory: the columns of a batch, read by all threads, and their answers to it. */
import type { REPORT_COLUMNS, ReportBatch } from "../../core/reports.ts";

/** Columns of a {@link ReportBatch} in shared memory, and the answers to it. */
export type ReportColumns = Pick<ReportBatch, (typeof REPORT_COLUMNS)[number]> & {
  /** State code of the campaign after it has learned from the rows that begin here; -1 where nobody heard. */
  readonly answer: Int8Array;
};

/** Makes the columns of so many rows. */
export function shareReports(capacity: number): ReportColumns {
  const floats = () => new Float64Array(new SharedArrayBuffer(capacity * Float64Array.BYTES_PER_ELEMENT));
  const integers = () => new Int32Array(new SharedArrayBuffer(capacity * Int32Array.BYTES_PER_ELEMENT));
  const bytes = () => new Uint8Array(new SharedArrayBuffer(capacity));
  return {
    answer: new Int8Array(new SharedArrayBuffer(capacity)),
    kind: bytes(),
    campaign: integers(),
    platform: bytes(),
    tick: integers(),
    costMicros: floats(),
    impressions: floats(),
    clicks: floats(),
    conversions: floats(),
    conversionAgeTicks: floats(),
  };
}
