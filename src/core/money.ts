/**
 * Money: integer micros (1/1,000,000) of one ISO 4217 currency.
 *
 * M1 every stored amount is a safe integer; M2 fractions exist only inside price arithmetic and are rounded once, on the way out.
 */

/** One currency unit in micros, as in the Google Ads API. */
export const MICROS = 1_000_000;

/** True for an amount that may be stored: a safe, non-negative integer of micros (M1). */
export function isMicros(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Currency units to micros, rounded half up. @throws RangeError when the result is not a safe integer. */
export function toMicros(units: number): number {
  const micros = Math.round(units * MICROS);
  if (!Number.isSafeInteger(micros)) throw new RangeError(`${units} is outside the range of money`);
  return micros;
}

/** Micros to currency units: for display and ratios only, never to be stored. */
export function fromMicros(micros: number): number {
  return micros / MICROS;
}

/** An amount for people, e.g. `1,234.56 EUR`. `digits` is the number of decimals. */
export function formatMoney(micros: number, currency: string, digits = 2): string {
  return `${formatOf(digits).format(fromMicros(micros))} ${currency}`;
}

/** By number of decimals: to make a format takes longer than to use it. */
const formats = new Map<number, Intl.NumberFormat>();

function formatOf(digits: number): Intl.NumberFormat {
  let format = formats.get(digits);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(digits, format);
  }
  return format;
}
