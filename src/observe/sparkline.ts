/** Sparklines and bars: a series of numbers as one line of text. */

const STEPS = "▁▂▃▄▅▆▇█";

/**
 * A series as block characters, lowest step 0 and highest step its maximum; gaps (null) are blank. A series longer than
 * `width` is shrunk to means of neighbours. Values below 0 count as 0.
 */
export function sparkline(values: readonly (number | null)[], width = values.length): string {
  const shown = shrink(values, width);
  const highest = shown.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  return shown
    .map((value) => {
      if (value === null) return " ";
      const step = highest === 0 ? 0 : Math.round((Math.max(0, value) / highest) * (STEPS.length - 1));
      return STEPS[step];
    })
    .join("");
}

/** Means of neighbours, so that at most `width` values are left; a group of gaps stays a gap. */
function shrink(values: readonly (number | null)[], width: number): (number | null)[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, at) => {
    const from = Math.floor((at * values.length) / width);
    const to = Math.floor(((at + 1) * values.length) / width);
    const known = values.slice(from, to).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

/** A bar of `width` cells, of which `share` (0..1) is filled; a share above 0 shows at least one cell. */
export function bar(share: number, width: number): string {
  const filled = share <= 0 ? 0 : Math.min(width, Math.max(1, Math.round(share * width)));
  return "█".repeat(filled) + "░".repeat(width - filled);
}
