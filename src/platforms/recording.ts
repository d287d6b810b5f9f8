/**
 * Recordings: what ad platforms did in the past, tick by tick, out of one or several report files.
 *
 * C1 the columns hold exactly what the files say: their sums are the files' sums; C2 where a platform has no row it has a gap.
 */
import { EngineError } from "../core/errors.ts";
import { formatDay } from "./cells.ts";
import type { DialectName } from "./dialects.ts";
import { REPORT_LIMITS, readReport } from "./report-file.ts";
import type { RecordedCounts, Report, ReportOptions } from "./report-file.ts";

/** One platform's columns, an entry per tick. */
export interface RecordedPlatform {
  readonly id: string;
  readonly impressions: Float64Array;
  readonly clicks: Float64Array;
  /** Integer micros. */
  readonly costMicros: Float64Array;
  readonly conversions: Float64Array;
  /** Value of the conversions [integer micros]. */
  readonly valueMicros: Float64Array;
  /** 1 where the recording says nothing about this platform. */
  readonly isGap: Uint8Array;
}

/** A market's past. */
export interface Recording {
  /** ISO 4217 code, or null where no file says. */
  readonly currency: string | null;
  readonly tickMs: number;
  /** Beginning of the first tick [ms since 1970, UTC]. */
  readonly startMs: number;
  readonly ticks: number;
  /** False where no file has a column of conversions. */
  readonly hasConversions: boolean;
  /** False where no file has a column of the conversions' value. */
  readonly hasValue: boolean;
  readonly platforms: readonly RecordedPlatform[];
  readonly files: readonly { readonly file: string; readonly dialect: DialectName }[];
  /** What the reader should know, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads report files into one market: a platform per file, or per name in its platform column; from the first day of any to the last of any.
 * @throws EngineError CE_DATA_UNREADABLE, CE_DATA_TOO_LARGE, CE_DATA_INVALID.
 */
export async function readRecordings(files: readonly string[], options: ReportOptions = {}): Promise<Recording> {
  const reports: Report[] = [];
  for (const file of files) reports.push(await readReport(file, options));
  return mergeReports(reports, options);
}

/** Joins reports into one market. @throws EngineError CE_DATA_INVALID where they do not belong together, CE_DATA_TOO_LARGE. */
export function mergeReports(reports: readonly Report[], options: ReportOptions = {}): Recording {
  if (reports.length === 0)
    throw new EngineError("CE_DATA_INVALID", "No file to replay.", { expected: "a report file" });
  const limits = { ...REPORT_LIMITS, ...options.limits };
  const [first] = reports;
  const currency = commonCurrency(reports);
  const spans = reports.map(spanOf);
  for (const [index, report] of reports.entries()) {
    const { file } = report;
    if (report.tickMs !== first.tickMs) {
      const expected = `rows of ${first.tickMs / 60_000} minutes, as in ${first.file}`;
      throw new EngineError("CE_DATA_INVALID", `${file} has rows of ${report.tickMs / 60_000} minutes.`, {
        file,
        expected,
      });
    }
    const overlaps = spans.some(
      (span, other) => other !== index && span.fromMs <= spans[index].toMs && span.toMs >= spans[index].fromMs,
    );
    if (!overlaps && reports.length > 1) {
      const days = `${formatDay(spans[index].fromMs)} to ${formatDay(spans[index].toMs)}`;
      const hint = "Export all platforms for the same days.";
      const expected = "days that another file has too";
      throw new EngineError("CE_DATA_INVALID", `${file} is about ${days}, no other file is.`, { file, expected, hint });
    }
  }
  const startMs = Math.min(...spans.map((span) => span.fromMs));
  const ticks = (Math.max(...spans.map((span) => span.toMs)) - startMs) / first.tickMs + 1;
  const named = nameSeries(reports);
  if (named.length > limits.maxPlatforms || named.length * ticks > limits.maxCells) {
    const message = `The files have ${named.length} platforms × ${ticks} ticks.`;
    const expected = `at most ${limits.maxPlatforms} platforms and ${limits.maxCells} platforms × ticks`;
    const hint = `They reach from ${formatDay(startMs)} for ${Math.ceil((ticks * first.tickMs) / 86_400_000)} days: check the dates.`;
    throw new EngineError("CE_DATA_TOO_LARGE", message, { file: first.file, expected, hint });
  }
  return {
    currency,
    tickMs: first.tickMs,
    startMs,
    ticks,
    hasConversions: reports.some((report) => report.hasConversions),
    hasValue: reports.some((report) => report.hasValue),
    platforms: named.map(([id, series]) => columnsOf(id, series, startMs, first.tickMs, ticks)),
    files: reports.map(({ file, dialect }) => ({ file, dialect })),
    warnings: reports.flatMap((report) => report.warnings),
  };
}

type Series = ReadonlyMap<number, RecordedCounts>;

function commonCurrency(reports: readonly Report[]): string | null {
  const known = reports.find((report) => report.currency !== null);
  for (const { currency, file } of reports) {
    if (known === undefined || currency === null || currency === known.currency) continue;
    const hint = "Amounts of two currencies cannot be compared: convert one of the files.";
    const place = { file, field: "currency", expected: `${known.currency}, as in ${known.file}`, hint };
    throw new EngineError("CE_DATA_INVALID", `${file} is in ${currency}, ${known.file} in ${known.currency}.`, place);
  }
  return known?.currency ?? null;
}

function spanOf(report: Report): { fromMs: number; toMs: number } {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const series of report.platforms.values()) {
    for (const timeMs of series.keys()) {
      fromMs = Math.min(fromMs, timeMs);
      toMs = Math.max(toMs, timeMs);
    }
  }
  return { fromMs, toMs };
}

/** Platforms of one name in several files are told apart by a number: `google`, `google-2`. */
function nameSeries(reports: readonly Report[]): [string, Series][] {
  const named = new Map<string, Series>();
  for (const report of reports) {
    for (const [name, series] of report.platforms) {
      let id = name;
      for (let copy = 2; named.has(id); copy += 1) id = `${name}-${copy}`;
      named.set(id, series);
    }
  }
  return [...named];
}

function columnsOf(id: string, series: Series, startMs: number, tickMs: number, ticks: number): RecordedPlatform {
  const platform = {
    id,
    impressions: new Float64Array(ticks),
    clicks: new Float64Array(ticks),
    costMicros: new Float64Array(ticks),
    conversions: new Float64Array(ticks),
    valueMicros: new Float64Array(ticks),
    isGap: new Uint8Array(ticks).fill(1),
  };
  for (const [timeMs, counts] of series) {
    const tick = (timeMs - startMs) / tickMs;
    platform.impressions[tick] = counts.impressions;
    platform.clicks[tick] = counts.clicks;
    platform.costMicros[tick] = counts.costMicros;
    platform.conversions[tick] = counts.conversions;
    platform.valueMicros[tick] = counts.valueMicros;
    platform.isGap[tick] = 0;
  }
  return platform;
}
