/** Figures as people read them. */

const locale = navigator.language;
const cache = new Map<string, Intl.NumberFormat>();

function format(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  let made = cache.get(key);
  if (made === undefined) cache.set(key, (made = new Intl.NumberFormat(locale, options)));
  return made;
}

/** Stands for what is not known. */
export const NONE = "–";

/** An amount in full, in its currency. */
export function money(micros: number | null, currency: string): string {
  return amount(micros, currency, 2);
}

/** A price per click: small, and compared with others. */
export function price(micros: number | null, currency: string): string {
  return amount(micros, currency, 3);
}

function amount(micros: number | null, currency: string, digits: number): string {
  if (micros === null) return NONE;
  const options = { currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`money ${currency} ${digits}`, { style: "currency", ...options }).format(micros / 1e6);
}

/** An amount where space is short: 12.3K. */
export function shortMoney(micros: number | null, currency: string): string {
  if (micros === null) return NONE;
  if (Math.abs(micros) < 1e10) return money(micros, currency);
  return format(`short ${currency}`, {
    style: "currency",
    currency,
    notation: "compact",
    maximumFractionDigits: 1,
  }).format(micros / 1e6);
}

/** A count, fractions rounded away. */
export function count(value: number | null): string {
  return value === null ? NONE : format("count", { maximumFractionDigits: 0 }).format(value);
}

/** A count where space is short. */
export function shortCount(value: number | null): string {
  if (value === null) return NONE;
  return value < 10_000
    ? count(value)
    : format("short", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** A ratio in per cent. */
export function percent(ratio: number | null, digits = 0): string {
  if (ratio === null) return NONE;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`percent ${digits}`, { style: "percent", ...options }).format(ratio);
}

/** A number with so many digits. */
export function figure(value: number | null, digits = 1): string {
  return value === null ? NONE : format(`figure ${digits}`, { maximumFractionDigits: digits }).format(value);
}

/** A time of the engine, in UTC, hours and minutes. */
export function clock(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 16);
}

const days = new Intl.DateTimeFormat(locale, { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });

const dates = new Intl.DateTimeFormat(locale, { timeZone: "UTC", day: "numeric", month: "short" });

/** A day of the engine, in UTC. */
export function day(timeMs: number): string {
  return dates.format(timeMs);
}

/** A time of the engine with its date, in UTC. */
export function dateTime(timeMs: number): string {
  return `${days.format(timeMs)} ${clock(timeMs)}`;
}

/** A size in memory. */
export function bytes(value: number): string {
  return `${figure(value / 2 ** 20, 0)} MiB`;
}

/** A span of wall-clock time. */
export function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${figure(seconds / 3600)} h` : `${figure(seconds / 86_400)} days`;
}
