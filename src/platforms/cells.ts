/**
 * Cells of a report: numbers and dates as the ad platforms print them in different countries.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What stands between the whole and the decimals. */
export type DecimalMark = "." | ",";

const GROUPED = {
  ".": /^\d{1,3}(,\d{3})+(\.\d*)?$/,
  ",": /^\d{1,3}([. \u00A0\u202F']\d{3})+(,\d*)?$/,
};
const PLAIN = { ".": /^(\d+\.?\d*|\.\d+)$/, ",": /^(\d+,?\d*|,\d+)$/ };

/** True for a cell that says "nothing known": empty, or dashes. */
export function isAbsent(cell: string): boolean {
  return cell === "" || cell === "-" || cell === "--" || cell === "—";
}

/** A number ≥ 0, with or without thousands separators; NaN for everything else. */
export function parseNumber(cell: string, mark: DecimalMark): number {
  if (!PLAIN[mark].test(cell) && !GROUPED[mark].test(cell)) return Number.NaN;
  const plain = mark === "." ? cell.replaceAll(",", "") : cell.replaceAll(/[. \u00A0\u202F']/g, "").replace(",", ".");
  return Number(plain);
}

/**
 * The decimal mark of a table, from its delimiter and its first lines: a comma delimiter leaves the point; with any other the comma is meant,
 * unless a cell has a point that cannot separate thousands and none has a comma.
 */
export function decimalMark(text: string, delimiter: string): DecimalMark {
  if (delimiter === ",") return ".";
  let mark: DecimalMark = ",";
  for (const line of text.split(/\r?\n/)) {
    for (const raw of line.split(delimiter)) {
      const cell = raw.replaceAll('"', "").trim();
      if (/^[\d.]*,\d+$/.test(cell) && !GROUPED["."].test(cell)) return ",";
      if (PLAIN["."].test(cell) && cell.includes(".") && (!GROUPED[","].test(cell) || cell.startsWith("0"))) mark = ".";
      else if (/^\d{1,3}(,\d{3})+\.\d+$/.test(cell)) mark = ".";
    }
  }
  return mark;
}

/** `YYYY-MM-DD`, optionally with a time (`T` or a space, hours and minutes, seconds, `Z`), as UTC [ms since 1970]; NaN for everything else. */
export function parseTime(cell: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?Z?)?$/.exec(cell);
  if (!match) return Number.NaN;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 || day > days[month - 1]) return Number.NaN;
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  const dayOfYear = days.slice(0, month - 1).reduce((sum, length) => sum + length, day - 1);
  return ((year - 1970) * 365 + leapDays + dayOfYear) * DAY_MS + (hour * 60 + minute) * MINUTE_MS + second * 1000;
}

const dayFormat = new Intl.DateTimeFormat("en-CA", {
  timeZone: "UTC",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

/** The UTC day of a time, as `YYYY-MM-DD`. */
export function formatDay(ms: number): string {
  return dayFormat.format(ms);
}
