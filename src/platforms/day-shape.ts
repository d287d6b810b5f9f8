/** Daily traffic shapes: how the volume on offer is spread over the hours of a day. */
import { parse } from "csv-parse/sync";
import { EngineError } from "../core/errors.ts";
import type { RandomStream } from "../core/random.ts";

const HOURS = 24;

/** Traffic of each hour of the day, hour 0 first, in units of the day's mean: 24 factors ≥ 0 with mean 1. */
export type DayShape = readonly number[];

/** The factor at a time of day, `dayFraction` in [0, 1): linear between the middles of the hours, so that its mean over a day stays 1. */
export function shapeAt(shape: DayShape, dayFraction: number): number {
  const hour = dayFraction * HOURS - 0.5;
  const before = Math.floor(hour);
  const weight = hour - before;
  return shape[(before + HOURS) % HOURS] * (1 - weight) + shape[(before + 1) % HOURS] * weight;
}

/**
 * Draws a shape like those of real regions: a trough at night, a peak before noon and a lower one in the evening,
 * a shift of the whole day of 1.5 hours (sd), and 6 % of noise on every hour.
 */
export function syntheticDayShape(stream: RandomStream): DayShape {
  const { next } = stream;
  const between = (low: number, high: number): number => low + (high - low) * next();
  const shift = (next() + next() + next() - 1.5) * 3;
  const trough = between(0.02, 0.12);
  const noon = { hour: 11.5 + shift + between(-1, 1), width: between(2.4, 3.2), height: 1 };
  const evening = { hour: 18 + shift + between(-1.5, 1.5), width: between(2.6, 4), height: between(0.35, 0.95) };
  const shape = Array.from({ length: HOURS }, (_, hour) => {
    const level = trough + bump(hour + 0.5, noon) + bump(hour + 0.5, evening);
    return level * between(0.9, 1.1);
  });
  return normalised(shape);
}

/**
 * The shapes in a table with the columns `region_id,dow,hour,traffic_share`: one for each region and day of the week, in the order of the file.
 * @param file its name, for messages.
 * @throws EngineError CE_DATA_INVALID where a column, an hour or a number is missing or wrong.
 */
export function parseDayShapes(text: string, file = "traffic_share.csv"): readonly DayShape[] {
  const days = new Map<string, number[]>();
  const [header = [], ...rows] = readRows(text, file);
  const [region, dow, hour, share] = ["region_id", "dow", "hour", "traffic_share"].map((field) => {
    const at = header.indexOf(field);
    if (at < 0) throw invalid(file, 1, field, "a column of this name");
    return at;
  });
  for (const [index, row] of rows.entries()) {
    const line = index + 2;
    const key = `${row[region]}/${row[dow]}`;
    const at = Number(row[hour] || Number.NaN);
    const value = Number(row[share] || Number.NaN);
    if (!Number.isInteger(at) || at < 0 || at >= HOURS) throw invalid(file, line, "hour", "a whole number 0 … 23");
    if (!(value >= 0 && value <= 1)) throw invalid(file, line, "traffic_share", "a share 0 … 1");
    const day = days.get(key) ?? [];
    if (day[at] !== undefined) throw invalid(file, line, "hour", "each hour of a day once");
    day[at] = value;
    days.set(key, day);
  }
  if (days.size === 0) throw invalid(file, 1, "traffic_share", "at least one day");
  return [...days].map(([key, day]) => {
    const isWhole = day.length === HOURS && !day.includes(undefined as never);
    if (!isWhole || !day.some((value) => value > 0)) throw invalid(file, undefined, "hour", `24 hours of day ${key}`);
    return normalised(day);
  });
}

function readRows(text: string, file: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw new EngineError(
      "CE_DATA_INVALID",
      `${file} is not a CSV table: ${(cause as Error).message}`,
      { file },
      { cause },
    );
  }
}

function bump(hour: number, peak: { hour: number; width: number; height: number }): number {
  const distance = Math.abs(((((hour - peak.hour) % HOURS) + HOURS * 1.5) % HOURS) - HOURS / 2);
  return peak.height * Math.exp(-0.5 * (distance / peak.width) ** 2);
}

function normalised(shape: readonly number[]): DayShape {
  const mean = shape.reduce((sum, value) => sum + value, 0) / HOURS;
  return shape.map((value) => value / mean);
}

function invalid(file: string, line: number | undefined, field: string, expected: string): EngineError {
  const where = line === undefined ? file : `${file}, line ${line}`;
  return new EngineError("CE_DATA_INVALID", `${where}: ${field} should be ${expected}.`, {
    file,
    line,
    field,
    expected,
  });
}
