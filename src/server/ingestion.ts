/**
 * Records coming in: metrics of platforms, and settlements of bids; one as JSON, or a batch of lines (NDJSON).
 *
 * IN1 a bad record is refused with its line and field, and the others are taken; IN2 a record that is sent again counts once; IN3 a batch
 * that does not fit into the queue is refused whole, with the time after which to try again; IN4 where the service keeps a log, what is answered for is
 * in it.
 */
import type { Context } from "hono";
import type { z } from "zod";
import type { RecordKind, RecordOutcome } from "../observe/metrics.ts";
import { ReportKind } from "../core/reports.ts";
import type { LiveRun } from "./live-run.ts";
import { operation } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { Problem, faultOf } from "./problem.ts";
import { metricsRecord, settlementRecord } from "./schemas.ts";
import type { MetricsRecord, SettlementRecord } from "./schemas.ts";

/** Most records of one request. */
export const MAX_RECORDS = 10_000;
/** Most errors that an answer lists. */
const MAX_ERRORS = 100;

/** What became of the records of one request. */
export interface Receipt {
  readonly accepted: number;
  /** Records that had been taken before. */
  readonly duplicates: number;
  readonly refused: number;
  /** The first of the refused: at most 100. Lines count from 1. */
  readonly errors: readonly RecordError[];
}

interface RecordError {
  readonly line: number;
  readonly code: RecordOutcome;
  readonly message: string;
  readonly field?: string;
}

/** What a record of the right shape turned out to be; `null` message where it was taken. */
type Verdict = { readonly outcome: RecordOutcome; readonly message?: string; readonly field?: string };

const WHY: Readonly<Record<RecordOutcome, string>> = {
  accepted: "",
  duplicate: "",
  late: "its tick is over: see /v1/clock",
  early: "its tick is too far ahead: see /v1/clock",
  "unknown-bid": "there is no such bid, or its spend was reported long ago",
  "unknown-name": "",
  invalid: "",
};

/** The operations that take records. */
export const ingestionOperations: readonly Operation[] = [
  operation({
    method: "post",
    path: "/v1/metrics",
    summary: "Takes what platforms' metrics feeds say; idempotent by platform and tick.",
    record: metricsRecord,
    answer: "How many records were accepted, had been taken before, or were refused and why.",
    handle: (_, run, context) => takeIn(context, run, "metrics", metricsRecord, (record) => heard(run, record)),
  }),
  operation({
    method: "post",
    path: "/v1/settlements",
    summary:
      "Takes spend reports, refusals of bids and late conversions; idempotent by kind, campaign, platform and tick.",
    record: settlementRecord,
    answer: "How many records were accepted, had been taken before, or were refused and why.",
    handle: (_, run, context) =>
      takeIn(context, run, "settlements", settlementRecord, (record) => settled(run, record)),
  }),
];

function heard(run: LiveRun, record: MetricsRecord): Verdict {
  const platform = run.view.platformOf(record.platform);
  if (platform === null) return unknownName("platform", record.platform);
  return { outcome: run.takeMetrics({ ...record, platform }) };
}

function settled(run: LiveRun, record: SettlementRecord): Verdict {
  const campaign = run.view.slotOf(record.campaign);
  if (campaign === null) return unknownName("campaign", record.campaign);
  const platform = run.view.platformOf(record.platform);
  if (platform === null) return unknownName("platform", record.platform);
  const { tick } = record;
  const nothing = { costMicros: 0, impressions: 0, clicks: 0, conversions: 0, conversionAgeTicks: 0 };
  const { kind: _, ...figures } = record;
  const row = { ...nothing, ...figures, kind: ReportKind[record.kind], campaign, platform, tick };
  return { outcome: run.takeReport(row) };
}

function unknownName(field: "campaign" | "platform", name: string): Verdict {
  return { outcome: "unknown-name", message: `there is no ${field} ${name}`, field };
}

async function takeIn<Schema extends z.ZodType>(
  context: Context,
  run: LiveRun,
  kind: "metrics" | "settlements",
  schema: Schema,
  take: (record: z.output<Schema>) => Verdict,
): Promise<Response> {
  run.assertTaking();
  const startedMs = performance.now();
  const lines = await linesOf(context);
  if (lines.length > MAX_RECORDS) {
    throw new Problem("body.too-large", `The batch has ${lines.length} records, more than ${MAX_RECORDS}.`);
  }
  await run.readyToTake();
  if (kind === "settlements" && !run.market.hasRoomFor(lines.length)) {
    throw new Problem("queue.full", "The queue is full; nothing was taken.", {}, Math.ceil(run.everyMs / 1000));
  }
  const counts = { accepted: 0, duplicates: 0, refused: 0 };
  const errors: RecordError[] = [];
  for (const { line, text } of lines) {
    const [recordKind, verdict] = judged(text, kind, schema, take);
    run.metrics.countRecord(recordKind, verdict.outcome);
    if (verdict.outcome === "accepted") counts.accepted += 1;
    else if (verdict.outcome === "duplicate") counts.duplicates += 1;
    else {
      counts.refused += 1;
      const { outcome, message = WHY[outcome], field } = verdict;
      if (errors.length < MAX_ERRORS) errors.push({ line, code: outcome, message, ...(field && { field }) });
    }
  }
  await run.keep();
  run.metrics.noteIngestion(kind, (performance.now() - startedMs) / 1000);
  const receipt: Receipt = { ...counts, errors };
  return context.json(receipt, counts.refused > 0 && counts.accepted + counts.duplicates === 0 ? 422 : 200);
}

function judged<Schema extends z.ZodType>(
  text: string,
  kind: "metrics" | "settlements",
  schema: Schema,
  take: (record: z.output<Schema>) => Verdict,
): [RecordKind, Verdict] {
  const fallback = kind === "metrics" ? "metrics" : "spend";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [fallback, { outcome: "invalid", message: "not JSON" }];
  }
  const result = schema.safeParse(value);
  if (!result.success) return [fallback, { outcome: "invalid", ...faultOf(result.error) }];
  const recordKind = kind === "metrics" ? "metrics" : (result.data as SettlementRecord).kind;
  return [recordKind, take(result.data)];
}

/** The lines of the body that are not empty, with their numbers. @throws Problem for another media type */
async function linesOf(context: Context): Promise<{ line: number; text: string }[]> {
  const type = (context.req.header("content-type") ?? "").split(";")[0].trim().toLowerCase();
  const text = await context.req.text();
  if (type === "application/json") return [{ line: 1, text }];
  if (type !== "application/x-ndjson") {
    throw new Problem("body.unsupported", "A record is sent as application/json, a batch as application/x-ndjson.");
  }
  const lines = text.split("\n").map((one, at) => ({ line: at + 1, text: one }));
  return lines.filter((one) => one.text.trim() !== "");
}
