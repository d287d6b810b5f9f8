/** Report exports: writes daily totals as the ad platforms' own exports look. */
import { MICROS } from "../core/money.ts";
import { formatDay } from "./cells.ts";
import type { RecordedCounts } from "./report-file.ts";

/** The dialects that can be written. */
export type ExportDialect = "google" | "meta" | "tiktok";

/** One day of one campaign. Counts are whole numbers, money integer micros. */
export interface DailyTotals extends Readonly<RecordedCounts> {
  /** Beginning of the day [ms since 1970, UTC]. */
  readonly dayMs: number;
  readonly campaign: string;
}

/** How an export is written. */
export interface ExportOptions {
  /** ISO 4217 code. */
  readonly currency: string;
  /** Semicolons, decimal commas and a byte order mark, as in much of Europe. Default false. */
  readonly decimalComma?: boolean;
}

/** The text of an export. Days are written in the order given. */
export function writeReport(dialect: ExportDialect, days: readonly DailyTotals[], options: ExportOptions): string {
  const { decimalComma = false, currency } = options;
  const write = new Writer(decimalComma);
  const total = { impressions: 0, clicks: 0, costMicros: 0, conversions: 0, valueMicros: 0 };
  for (const day of days) {
    for (const field of Object.keys(total) as (keyof RecordedCounts)[]) total[field] += day[field];
  }
  const rows = layouts[dialect](days, total, currency, write);
  return (decimalComma ? "\uFEFF" : "") + rows.map((row) => `${write.line(row)}\n`).join("");
}

type Rows = (days: readonly DailyTotals[], total: RecordedCounts, currency: string, write: Writer) => string[][];

const layouts: Record<ExportDialect, Rows> = {
  google: (days, total, currency, write) => {
    const figures = (of: RecordedCounts) => [
      write.grouped(of.clicks),
      write.grouped(of.impressions),
      of.impressions > 0 ? `${write.number((100 * of.clicks) / of.impressions, 2)}%` : "--",
      of.clicks > 0 ? write.money(Math.round(of.costMicros / of.clicks / 10_000) * 10_000) : "--",
      write.money(of.costMicros),
      write.number(of.conversions, 2),
      write.money(of.valueMicros),
    ];
    const range = days.length === 0 ? "" : `${formatDay(days[0].dayMs)} - ${formatDay(days[days.length - 1].dayMs)}`;
    return [
      ["Campaign performance"],
      [range],
      ["Day", "Campaign", "Currency code", "Clicks", "Impr.", "CTR", "Avg. CPC", "Cost", "Conversions", "Conv. value"],
      ...days.map((day) => [formatDay(day.dayMs), day.campaign, currency, ...figures(day)]),
      ["Total: Campaigns", "--", currency, ...figures(total)],
    ];
  },
  meta: (days, _total, currency, write) => [
    [
      "Reporting starts",
      "Reporting ends",
      "Campaign name",
      `Amount spent (${currency})`,
      "Impressions",
      "Link clicks",
      "Results",
      "Purchases conversion value",
    ],
    ...days.map((day) => [
      formatDay(day.dayMs),
      formatDay(day.dayMs),
      day.campaign,
      write.money(day.costMicros),
      write.grouped(day.impressions),
      write.grouped(day.clicks),
      write.number(day.conversions, 2),
      write.money(day.valueMicros),
    ]),
  ],
  tiktok: (days, total, currency, write) => {
    const figures = (of: RecordedCounts) => [
      write.money(of.costMicros),
      `${of.impressions}`,
      `${of.clicks}`,
      write.number(of.conversions, 2),
      write.money(of.valueMicros),
    ];
    return [
      [
        "Date",
        "Campaign name",
        `Cost (${currency})`,
        "Impressions",
        "Clicks (destination)",
        "Conversions",
        "Total conversion value",
      ],
      ...days.map((day) => [formatDay(day.dayMs), day.campaign, ...figures(day)]),
      [`Total of ${days.length} results`, "-", ...figures(total)],
    ];
  },
};

/** Cells and lines in one country's manner. */
class Writer {
  readonly #decimalComma: boolean;

  constructor(decimalComma: boolean) {
    this.#decimalComma = decimalComma;
  }

  /** Two decimals, and as many more as the amount has. */
  money(micros: number): string {
    const text = `${Math.floor(micros / MICROS)}.${`${micros % MICROS}`.padStart(6, "0")}`.replace(
      /(\.\d\d\d*?)0+$/,
      "$1",
    );
    return this.#decimalComma ? text.replace(".", ",") : text;
  }

  number(value: number, digits: number): string {
    const text = value.toFixed(digits);
    return this.#decimalComma ? text.replace(".", ",") : text;
  }

  /** A whole number with thousands separators. */
  grouped(value: number): string {
    return value.toLocaleString(this.#decimalComma ? "de-DE" : "en-US");
  }

  line(cells: readonly string[]): string {
    const delimiter = this.#decimalComma ? ";" : ",";
    const needsQuotes = (cell: string) => cell.includes(delimiter) || /["\r\n]/.test(cell);
    return cells.map((cell) => (needsQuotes(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(delimiter);
  }
}
