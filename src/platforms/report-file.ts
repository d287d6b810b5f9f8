/**
 * Report files: streams one export of an ad platform, or one recording, from disk and sums its rows per platform and time.
 *
 * F1 what cannot be read is an EngineError that names file, line and column, never a guess; F2 counts and money are read, rates and totals are not.
 */
import { open } from "node:fs/promises";
import { CsvError, parse } from "csv-parse";
import type { Parser } from "csv-parse";
import { EngineError } from "../core/errors.ts";
import type { ErrorPlace } from "../core/errors.ts";
import { MICROS } from "../core/money.ts";
import { decimalMark, isAbsent, parseNumber, parseTime } from "./cells.ts";
import type { DecimalMark } from "./cells.ts";
import { DIALECTS, readHeader } from "./dialects.ts";
import type { DialectName, Field, Header } from "./dialects.ts";

/** What one platform did in one tick. */
export interface RecordedCounts {
  impressions: number;
  clicks: number;
  costMicros: number;
  conversions: number;
  valueMicros: number;
}

/** How much is read before a file is refused. */
export interface ReportLimits {
  /** Default 100 MiB. */
  readonly maxBytes: number;
  /** Default 1,000,000. */
  readonly maxRows: number;
  /** Default 256. */
  readonly maxColumns: number;
  /** Default 64, over all files. */
  readonly maxPlatforms: number;
  /** Ticks × platforms of all files together. Default 4,000,000. */
  readonly maxCells: number;
}

/** The defaults of {@link ReportLimits}. */
export const REPORT_LIMITS: ReportLimits = {
  maxBytes: 100 * 2 ** 20,
  maxRows: 1_000_000,
  maxColumns: 256,
  maxPlatforms: 64,
  maxCells: 4_000_000,
};

/** One file, summed. */
export interface Report {
  readonly file: string;
  readonly dialect: DialectName;
  readonly tickMs: number;
  /** ISO 4217 code, or null where the file does not say. */
  readonly currency: string | null;
  readonly hasConversions: boolean;
  readonly hasValue: boolean;
  /** Platform name → beginning of the tick [ms] → counts. */
  readonly platforms: ReadonlyMap<string, ReadonlyMap<number, RecordedCounts>>;
  readonly warnings: readonly string[];
}

/** How a file is to be read. */
export interface ReportOptions {
  /** The dialect it has to be in; absent: whichever its header says. */
  readonly dialect?: DialectName;
  readonly limits?: Partial<ReportLimits>;
}

const HEAD_BYTES = 65_536;
const HEADER_WITHIN_LINES = 20;
const MAX_RECORD_CHARACTERS = 100_000;
const MAX_COUNT = 1_000_000_000;

/** Reads a file from disk. @throws EngineError CE_DATA_UNREADABLE, CE_DATA_TOO_LARGE, CE_DATA_INVALID. */
export async function readReport(file: string, options: ReportOptions = {}): Promise<Report> {
  const limits = { ...REPORT_LIMITS, ...options.limits };
  try {
    await using handle = await open(file);
    const stat = await handle.stat();
    if (!stat.isFile()) {
      const expected = "a CSV file";
      throw new EngineError("CE_DATA_UNREADABLE", `${file} is not a file.`, { file, expected });
    }
    if (stat.size > limits.maxBytes) throw tooLarge(file, `${stat.size} bytes`, `${limits.maxBytes} bytes`);
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    return await sumRows(file, head, options, (parser) => {
      const bytes = handle.createReadStream({ start: 0, autoClose: false });
      bytes.on("error", (error) => parser.destroy(error));
      bytes.pipe(parser);
      return () => bytes.destroy();
    });
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    const hint = reason === "ENOENT" ? "Check the spelling of the path." : undefined;
    throw new EngineError("CE_DATA_UNREADABLE", `${file} cannot be read: ${reason}.`, { file, hint }, { cause });
  }
}

/** Reads what a file holds. @throws EngineError CE_DATA_TOO_LARGE, CE_DATA_INVALID. */
export function parseReport(content: Uint8Array, file: string, options: ReportOptions = {}): Promise<Report> {
  return sumRows(file, content.subarray(0, HEAD_BYTES), options, (parser) => {
    parser.end(content);
    return () => undefined;
  });
}

async function sumRows(
  file: string,
  head: Uint8Array,
  options: ReportOptions,
  feed: (parser: Parser) => () => void,
): Promise<Report> {
  if (head.length === 0) throw invalid("is empty", { file, line: 1, expected: "a header line" });
  const limits = { ...REPORT_LIMITS, ...options.limits };
  const layout = findLayout(file, head, options.dialect);
  const sums = new Sums(file, layout, limits);
  const parser = parse({
    bom: true,
    delimiter: layout.delimiter,
    from_line: layout.line,
    info: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  const stop = feed(parser);
  try {
    let isHeader = true;
    for await (const { info, record } of parser as AsyncIterable<{ info: { lines: number }; record: string[] }>) {
      if (!isHeader) sums.add(record, info.lines);
      isHeader = false;
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = Number.isInteger(cause.lines) ? (cause.lines as number) : undefined;
    const hint = "Check the quotes around this line.";
    throw invalid(`is not a CSV table: ${cause.message}`, { file, line, expected: "a CSV table", hint }, { cause });
  } finally {
    stop();
  }
  return sums.report();
}

/** How a file is laid out. */
interface Layout {
  readonly header: Header;
  readonly delimiter: string;
  /** Line of the header, from 1. */
  readonly line: number;
  readonly mark: DecimalMark;
}

function findLayout(file: string, head: Uint8Array, asked: DialectName | undefined): Layout {
  const isUtf16 = head[0] === 0xff && head[1] === 0xfe;
  const text = new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(head);
  const lines = text.split(/\r\n|\n|\r/).slice(0, HEADER_WITHIN_LINES);
  for (const [index, line] of lines.entries()) {
    for (const delimiter of [",", ";", "\t"]) {
      const header = readHeader(line.replaceAll('"', "").split(delimiter));
      if (header === null) continue;
      const place = { file, line: index + 1, field: "header" };
      if (asked !== undefined && header.dialect.name !== asked) {
        const hint = `Ask for ${header.dialect.name}, or for no dialect: it is detected.`;
        throw invalid(`is a ${header.dialect.name} report`, { ...place, expected: `a ${asked} report`, hint });
      }
      const seen = header.names.indexOf(header.names.find((name, at) => header.names.indexOf(name) !== at) ?? "");
      if (seen >= 0 && Object.values(header.places).includes(seen)) {
        const twice = header.names[seen];
        throw invalid(`has the column "${twice}" twice`, { ...place, field: twice, expected: "each column once" });
      }
      return { header, delimiter, line: index + 1, mark: decimalMark(text, delimiter) };
    }
  }
  const columns = DIALECTS.filter((dialect) => dialect.name === (asked ?? dialect.name)).map((dialect) => {
    const names = dialect.required.map((field) => dialect.columns[field]?.[0] ?? field);
    return `${dialect.name} (${names.map((name) => (name.endsWith("(") ? `${name}USD)` : name)).join(", ")})`;
  });
  const first = (lines.find((line) => line.trim() !== "") ?? "").slice(0, 80);
  throw invalid(`has no header line of a known report; it begins with ${JSON.stringify(first)}`, {
    file,
    line: 1,
    field: "header",
    expected: `the columns of ${columns.join(" or ")}`,
    hint: "Export the report by day, in English, with these columns.",
  });
}

/** A number of rows with the first one's line, for a warning. */
class Tally {
  #count = 0;
  #line = 0;

  add(line: number): void {
    if (this.#count === 0) this.#line = line;
    this.#count += 1;
  }

  toWarnings(file: string, what: (count: number) => string): string[] {
    return this.#count === 0 ? [] : [`${file}: ${what(this.#count)}; the first is on line ${this.#line}.`];
  }
}

/** The rows of one file, as they come in. */
class Sums {
  readonly #file: string;
  readonly #layout: Layout;
  readonly #limits: ReportLimits;
  readonly #platforms = new Map<string, Map<number, RecordedCounts>>();
  readonly #campaigns = new Set<string>();
  readonly #keys = new Set<string>();
  readonly #totals = new Tally();
  readonly #duplicates = new Tally();
  readonly #oddClicks = new Tally();
  #currency: string | null;
  #rows = 0;

  constructor(file: string, layout: Layout, limits: ReportLimits) {
    this.#file = file;
    this.#layout = layout;
    this.#limits = limits;
    this.#currency = layout.header.currency;
    const columns = layout.header.names.length;
    if (columns > limits.maxColumns) throw tooLarge(file, `${columns} columns`, `${limits.maxColumns} columns`);
  }

  add(row: readonly string[], line: number): void {
    this.#rows += 1;
    if (this.#rows > this.#limits.maxRows) throw tooLarge(this.#file, "more rows", `${this.#limits.maxRows} rows`);
    if (this.#isTotal(row)) {
      this.#totals.add(line);
      return;
    }
    const columns = this.#layout.header.names.length;
    if (row.length < columns || row.slice(columns).some((cell) => cell !== "")) {
      const hint =
        row.length < columns ? "The row is cut off: export the file again." : "Quote cells that hold the delimiter.";
      const expected = `${columns} columns`;
      throw invalid(`has ${row.length} columns`, { file: this.#file, line, column: row.length, expected, hint });
    }
    const timeMs = this.#time(row, line);
    const platform = this.#layout.header.dialect.platform ?? this.#text(row, "platform");
    if (platform === "") throw this.#wrong("platform", "", line, "a platform's name");
    this.#readCurrency(row, line);
    if (this.#isUnknown(row)) return;
    const counts: RecordedCounts = {
      impressions: this.#count(row, "impressions", line),
      clicks: this.#count(row, "clicks", line),
      costMicros: Math.round(this.#number(row, "cost", line) * MICROS),
      conversions: this.#number(row, "conversions", line),
      valueMicros: Math.round(this.#number(row, "value", line) * MICROS),
    };
    if (counts.clicks > counts.impressions) this.#oddClicks.add(line);
    const campaign = this.#text(row, "campaign");
    this.#campaigns.add(campaign);
    const key = JSON.stringify([platform, timeMs, campaign, this.#text(row, "part")]);
    if (this.#keys.has(key)) this.#duplicates.add(line);
    this.#keys.add(key);
    this.#sum(platform, timeMs, counts);
  }

  report(): Report {
    const { header } = this.#layout;
    const file = this.#file;
    if (this.#platforms.size === 0) {
      throw invalid("has no rows", { file, line: this.#layout.line, expected: "at least one row with a date" });
    }
    return {
      file,
      dialect: header.dialect.name,
      tickMs: header.dialect.tickMs,
      currency: this.#currency,
      hasConversions: header.places.conversions !== undefined,
      hasValue: header.places.value !== undefined,
      platforms: this.#platforms,
      warnings: [
        ...this.#totals.toWarnings(file, (count) => `skipped ${count} total row${count > 1 ? "s" : ""}`),
        ...this.#duplicates.toWarnings(file, (count) => `${count} rows repeat a date and campaign and are added up`),
        ...this.#oddClicks.toWarnings(file, (count) => `${count} rows have more clicks than impressions`),
        ...(this.#campaigns.size > 1 ? [`${file}: ${this.#campaigns.size} campaigns are added up per platform.`] : []),
      ],
    };
  }

  #sum(platform: string, timeMs: number, counts: RecordedCounts): void {
    let ticks = this.#platforms.get(platform);
    if (ticks === undefined) {
      const limit = this.#limits.maxPlatforms;
      if (this.#platforms.size >= limit) throw tooLarge(this.#file, "more platforms", `${limit} platforms`);
      ticks = new Map();
      this.#platforms.set(platform, ticks);
    }
    const sum = ticks.get(timeMs);
    if (sum === undefined) {
      ticks.set(timeMs, counts);
      return;
    }
    sum.impressions += counts.impressions;
    sum.clicks += counts.clicks;
    sum.costMicros += counts.costMicros;
    sum.conversions += counts.conversions;
    sum.valueMicros += counts.valueMicros;
  }

  #text(row: readonly string[], field: Field): string {
    const place = this.#layout.header.places[field];
    return place === undefined ? "" : row[place];
  }

  /** Totals say so in the first cell or instead of a date; Meta leaves the campaign empty and spans all days. */
  #isTotal(row: readonly string[]): boolean {
    if (/^total/i.test(row[0]) && this.#layout.header.places.platform !== 0) return true;
    if (/^total/i.test(this.#text(row, "date") ?? "")) return true;
    const { places } = this.#layout.header;
    if (places.endDate === undefined || places.campaign === undefined) return false;
    return this.#text(row, "campaign") === "" && this.#text(row, "date") !== this.#text(row, "endDate");
  }

  #isUnknown(row: readonly string[]): boolean {
    return (["impressions", "clicks", "cost"] as const).every((field) => isAbsent(this.#text(row, field)));
  }

  #time(row: readonly string[], line: number): number {
    const cell = this.#text(row, "date");
    const timeMs = parseTime(cell);
    const { tickMs } = this.#layout.header.dialect;
    if (Number.isNaN(timeMs)) {
      const expected = tickMs < 86_400_000 ? "a time, YYYY-MM-DDTHH:MM" : "a day, YYYY-MM-DD";
      throw this.#wrong("date", cell, line, expected, "Export the report by day, with dates in ISO 8601.");
    }
    const endCell = this.#text(row, "endDate");
    if (endCell !== "" && parseTime(endCell) !== timeMs) {
      throw this.#wrong("endDate", endCell, line, `the day ${cell}`, "Break the report down by day.");
    }
    return Math.floor(timeMs / tickMs) * tickMs;
  }

  #readCurrency(row: readonly string[], line: number): void {
    const cell = this.#text(row, "currency");
    if (isAbsent(cell)) return;
    if (!/^[A-Za-z]{3}$/.test(cell)) throw this.#wrong("currency", cell, line, "an ISO 4217 code");
    this.#currency ??= cell.toUpperCase();
    if (this.#currency === cell.toUpperCase()) return;
    throw this.#wrong("currency", cell, line, this.#currency, "Export each currency's accounts apart.");
  }

  /** A number ≥ 0; 0 where the cell is absent. */
  #number(row: readonly string[], field: Field, line: number): number {
    const cell = this.#text(row, field);
    if (isAbsent(cell)) return 0;
    const value = parseNumber(cell, this.#layout.mark);
    if (value <= MAX_COUNT) return value;
    const marks = this.#layout.mark === "." ? "1234.56 or 1,234.56" : "1234,56 or 1.234,56";
    const hint = /^\d+[.,]\d+$/.test(cell)
      ? "Files delimited by commas have decimal points, those by semicolons decimal commas: do not mix them."
      : undefined;
    throw this.#wrong(field, cell, line, `a number from 0 to ${MAX_COUNT}, as in ${marks}`, hint);
  }

  #count(row: readonly string[], field: Field, line: number): number {
    const value = this.#number(row, field, line);
    if (Number.isInteger(value)) return value;
    throw this.#wrong(field, this.#text(row, field), line, "a whole number");
  }

  #wrong(field: Field, cell: string, line: number, expected: string, hint?: string): EngineError {
    const { names, places } = this.#layout.header;
    const place = places[field] as number;
    const shown = cell === "" ? "is empty" : `is ${JSON.stringify(cell.slice(0, 40))}`;
    const where = { file: this.#file, line, column: place + 1, field: names[place], expected, hint };
    return invalid(`"${names[place]}" ${shown}`, where);
  }
}

function invalid(what: string, place: ErrorPlace, options?: ErrorOptions): EngineError {
  const where = place.line === undefined ? `${place.file}` : `${place.file}, line ${place.line}`;
  return new EngineError("CE_DATA_INVALID", `${where}: ${what}; expected ${place.expected}.`, place, options);
}

function tooLarge(file: string, what: string, limit: string): EngineError {
  return new EngineError("CE_DATA_TOO_LARGE", `${file} has ${what}; the limit is ${limit}.`, {
    file,
    expected: `at most ${limit}`,
    hint: "Aggregate it to one row per platform and day, or split it by time.",
  });
}
