/**
 * Report dialects: which columns the exports of the ad platforms and the known recordings have, and what those mean.
 */

const DAY_MS = 86_400_000;
const MINUTES_5_MS = 300_000;

/** The formats that are told apart by their header line. */
export const DIALECT_NAMES = ["google", "meta", "tiktok", "online_adv", "ipinyou"] as const;

/** A name out of {@link DIALECT_NAMES}. */
export type DialectName = (typeof DIALECT_NAMES)[number];

/** What a column may hold. */
export type Field =
  | "date"
  | "endDate"
  | "platform"
  | "campaign"
  | "part"
  | "currency"
  | "impressions"
  | "clicks"
  | "cost"
  | "conversions"
  | "value";

/** One format. */
export interface Dialect {
  readonly name: DialectName;
  /** Time that one row is about [ms]. */
  readonly tickMs: number;
  /** The platform that the whole file is about; null where a column says it row by row. */
  readonly platform: string | null;
  /** Names of each column in lower case, the preferred first; a name that ends in `(` has the currency in brackets after it. */
  readonly columns: Readonly<Partial<Record<Field, readonly string[]>>>;
  /** Fields without which a file is not of this dialect. */
  readonly required: readonly Field[];
}

/** All dialects; a header that fits several is of the first. */
export const DIALECTS: readonly Dialect[] = [
  {
    name: "google",
    tickMs: DAY_MS,
    platform: "google",
    columns: {
      date: ["day"],
      campaign: ["campaign"],
      currency: ["currency code", "currency"],
      impressions: ["impr.", "impressions"],
      clicks: ["clicks"],
      cost: ["cost"],
      conversions: ["conversions"],
      value: ["conv. value", "conversion value"],
    },
    required: ["date", "currency", "impressions", "clicks", "cost"],
  },
  {
    name: "meta",
    tickMs: DAY_MS,
    platform: "meta",
    columns: {
      date: ["reporting starts"],
      endDate: ["reporting ends"],
      campaign: ["campaign name"],
      impressions: ["impressions"],
      clicks: ["link clicks", "clicks (all)"],
      cost: ["amount spent ("],
      conversions: ["results", "purchases"],
      value: ["purchases conversion value", "conversion value", "results value"],
    },
    required: ["date", "endDate", "impressions", "clicks", "cost"],
  },
  {
    name: "tiktok",
    tickMs: DAY_MS,
    platform: "tiktok",
    columns: {
      date: ["date", "by day"],
      campaign: ["campaign name"],
      currency: ["currency"],
      impressions: ["impressions"],
      clicks: ["clicks (destination)", "clicks (all)"],
      cost: ["cost (", "cost"],
      conversions: ["conversions"],
      value: ["total conversion value", "conversion value"],
    },
    required: ["date", "impressions", "clicks", "cost"],
  },
  {
    name: "online_adv",
    tickMs: DAY_MS,
    platform: null,
    columns: {
      date: ["date"],
      campaign: ["campaign"],
      platform: ["platform"],
      currency: ["currency"],
      impressions: ["impressions"],
      clicks: ["clicks"],
      cost: ["cost"],
      conversions: ["conversions"],
      value: ["revenue"],
    },
    required: ["date", "platform", "impressions", "clicks", "cost"],
  },
  {
    name: "ipinyou",
    tickMs: MINUTES_5_MS,
    platform: null,
    columns: {
      date: ["utc"],
      platform: ["platform"],
      part: ["part"],
      impressions: ["impressions"],
      clicks: ["clicks"],
      cost: ["cost"],
    },
    required: ["date", "platform", "impressions", "clicks", "cost"],
  },
];

/** Where a file keeps its fields. */
export interface Header {
  readonly dialect: Dialect;
  /** Names as written. */
  readonly names: readonly string[];
  /** Place of each field among the columns, from 0. */
  readonly places: Readonly<Partial<Record<Field, number>>>;
  /** The currency in the header, e.g. of `Cost (EUR)`. */
  readonly currency: string | null;
}

/** Reads a line as the header of a dialect; null where it is none. Capitals and spaces around the names do not matter. */
export function readHeader(cells: readonly string[]): Header | null {
  const names = cells.map((cell) => cell.trim());
  const lower = names.map((name) => name.toLowerCase());
  for (const dialect of DIALECTS) {
    const places: Partial<Record<Field, number>> = {};
    for (const [field, spellings] of Object.entries(dialect.columns) as [Field, readonly string[]][]) {
      const place = placeOf(spellings, lower);
      if (place !== undefined) places[field] = place;
    }
    if (dialect.required.some((field) => places[field] === undefined)) continue;
    const currency = /\(([A-Za-z]{3})\)$/.exec(names[places.cost as number]);
    return { dialect, names, places, currency: currency && currency[1].toUpperCase() };
  }
  return null;
}

function placeOf(spellings: readonly string[], names: readonly string[]): number | undefined {
  for (const spelling of spellings) {
    const place = names.findIndex((name) => (spelling.endsWith("(") ? name.startsWith(spelling) : name === spelling));
    if (place >= 0) return place;
  }
  return undefined;
}
