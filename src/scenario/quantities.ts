/** Quantities as people write them: durations, amounts of money, instants. Pure conversions to integers; null for what is not one. */
import { isMicros, toMicros } from "../core/money.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Length of a day without a change of clocks [ms]. */
export const DAY_MS = 86_400_000;

/** `1m`, `90s`, `1d12h`, `1.5h`. */
export const DURATION_PATTERN = /^(?:\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d|w))+$/;

/** `250`, `250.00`, `250.00 EUR`. */
export const MONEY_PATTERN = /^\d{1,10}(?:\.\d{1,6})?(?: ?[A-Z]{3})?$/;

/** A duration in whole milliseconds, rounded, or null. */
export function parseDuration(text: string): number | null {
  if (!DURATION_PATTERN.test(text)) return null;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)([a-z]+)/g)) totalMs += Number(count) * UNIT_MS[unit];
  const wholeMs = Math.round(totalMs);
  return Number.isSafeInteger(wholeMs) ? wholeMs : null;
}

/** A duration for people: the largest unit that divides it, e.g. `90m`. */
export function formatDuration(ms: number): string {
  const unit = ["d", "h", "m", "s"].find((name) => ms % UNIT_MS[name] === 0) ?? "ms";
  return `${ms / UNIT_MS[unit]}${unit}`;
}

/** An amount with the currency it names, or null where it names none. */
export interface Amount {
  readonly micros: number;
  readonly currency: string | null;
}

/** An amount of money from a number of currency units or a decimal string, or null. Never negative. */
export function parseMoney(value: number | string): Amount | null {
  if (typeof value === "number") {
    if (!(value >= 0) || value > 9_000_000_000) return null;
    return { micros: toMicros(value), currency: null };
  }
  if (!MONEY_PATTERN.test(value)) return null;
  const [, units, fraction = "", currency = null] = /^(\d+)(?:\.(\d+))? ?([A-Z]{3})?$/.exec(value) ?? [];
  // By digits, not by way of a binary fraction: 0.1 + 0.2 has no place in a budget.
  const micros = Number(units) * 1_000_000 + Number(fraction.padEnd(6, "0"));
  return isMicros(micros) ? { micros, currency } : null;
}

const INSTANT_PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))$/;

/** Milliseconds since the epoch of an ISO 8601 date-time with an offset, or null. Its day is taken to exist. */
export function parseInstant(text: string): number | null {
  const match = INSTANT_PATTERN.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second = 0] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const fractionMs = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const offsetMinutes = (match[8] === "-" ? -1 : 1) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0));
  const minutes = hour * 60 + minute - offsetMinutes;
  return daysSinceEpoch(year, month, day) * DAY_MS + minutes * 60_000 + second * 1000 + fractionMs;
}

/** Days from 1970-01-01 in the Gregorian calendar; source: H. Hinnant, chrono-compatible low-level date algorithms. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  // Years begin in March here, so that the leap day is their last.
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Milliseconds since local midnight at an instant, in an IANA time zone. */
export function timeOfDayMs(instantMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
  const units: Readonly<Record<string, number>> = { hour: 3_600_000, minute: 60_000, second: 1000 };
  let ms = ((instantMs % 1000) + 1000) % 1000;
  for (const part of format.formatToParts(instantMs)) {
    if (part.type in units) ms += units[part.type] * Number(part.value);
  }
  return ms;
}
