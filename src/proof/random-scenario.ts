/**
 * Random scenarios: from a seed and a number, a whole scenario file that leaves no corner of the schema in peace.
 *
 * D1 a scenario is a function of (seed, number) alone; D2 it is valid; D3 it is plain data, as it would stand in a file.
 */
import { FAULT_KINDS } from "../core/faults.ts";
import type { FaultKind } from "../core/faults.ts";
import { FORECASTERS } from "../core/forecast/index.ts";
import { policies } from "../core/policy/index.ts";
import { RandomStream } from "../core/random.ts";
import { formatDuration } from "../scenario/quantities.ts";
import type { ScenarioFile } from "../scenario/schema.ts";

const MINUTE_MS = 60_000;

/** Lengths of a tick, with their weights: short ones make long flights cheap, long ones make days pass. */
const TICKS_MS: readonly (readonly [number, number])[] = [
  [30_000, 1],
  [MINUTE_MS, 3],
  [5 * MINUTE_MS, 3],
  [15 * MINUTE_MS, 4],
  [60 * MINUTE_MS, 3],
  [360 * MINUTE_MS, 1],
];

/** Zones with days on which their clocks change, and the eves of those; or with none. */
const ZONES: readonly { readonly timeZone: string; readonly days: readonly string[] }[] = [
  { timeZone: "UTC", days: ["2026-01-05", "2026-12-31"] },
  { timeZone: "Europe/Berlin", days: ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"] },
  { timeZone: "America/New_York", days: ["2026-03-07", "2026-03-08", "2026-10-31", "2026-11-01"] },
  { timeZone: "Australia/Lord_Howe", days: ["2026-04-04", "2026-10-03"] },
  { timeZone: "Asia/Kathmandu", days: ["2026-02-28"] },
  // Its clocks went forward at midnight: the day had no first hour.
  { timeZone: "America/Sao_Paulo", days: ["2017-10-14", "2018-11-03"] },
  // A whole day was left out.
  { timeZone: "Pacific/Apia", days: ["2011-12-29", "2011-12-30"] },
];

type Platforms = ScenarioFile["platforms"];
type Campaigns = ScenarioFile["campaigns"];

/** The scenario of a flight (D1). */
export function randomScenario(seed: number, flight: number): ScenarioFile {
  const draw = new Draw(new RandomStream(seed, `chaos/flight:${flight}`));
  const tickMs = draw.weighted(TICKS_MS);
  const ticks = draw.wholeBelow(4) === 0 ? draw.whole(100, 400) : draw.whole(20, 100);
  const span: Span = { tickMs, ticks };
  const { timeZone, days } = draw.one(ZONES);
  const platforms = Array.from({ length: draw.few(6) }, (_, index) => platform(draw, span, index));
  const ids = platforms.map(({ id }) => id);
  const entries = campaigns(draw, span, ids);
  return {
    name: `flight-${flight}`,
    seed: draw.wholeBelow(0x1_0000_0000),
    start: startOf(draw, draw.one(days)),
    timeZone,
    tick: formatDuration(tickMs),
    duration: formatDuration(ticks * tickMs),
    warmup: formatDuration(draw.one([0, 1, 10, 60]) * tickMs),
    policy: draw.one([...policies.keys()]),
    forecaster: draw.one(Object.keys(FORECASTERS)),
    market: {
      ...draw.maybe(0.5, () => ({ conversionDelay: some(draw, span, 40) })),
      ...draw.maybe(0.5, () => ({ reportLag: some(draw, span, 15) })),
      ...draw.maybe(0.2, () => ({ panelShare: draw.amount(0.01, 20) })),
      ...draw.maybe(0.2, () => ({ dayShape: Array.from({ length: 24 }, (_, hour) => hour % 5) })),
    },
    platforms,
    campaigns: entries,
    ...draw.maybe(0.7, () => ({
      supervision: {
        maxRestarts: draw.wholeBelow(6),
        within: some(draw, span, 60),
        backoff: some(draw, span, 4),
        maxBackoff: some(draw, span, 20),
        jitter: draw.wholeBelow(11) / 10,
        maxQuarantined: draw.wholeBelow(4),
        maxPortfolioRestarts: draw.wholeBelow(4),
        portfolioWithin: some(draw, span, 60),
      },
    })),
    ...draw.maybe(0.5, () => ({ operator: orders(draw, span, entries) })),
    ...draw.maybe(0.7, () => ({ faults: faults(draw) })),
  };
}

/** Some kinds of fault, each at a rate from once in a long while to every other time. */
function faults(draw: Draw): Partial<Record<FaultKind, number>> {
  const kinds = Object.keys(FAULT_KINDS) as FaultKind[];
  const few = draw.few(kinds.length);
  return Object.fromEntries(Array.from({ length: few }, () => [draw.one(kinds), draw.amount(0.002, 0.5)]));
}

/** The time that a flight covers. */
interface Span {
  readonly tickMs: number;
  readonly ticks: number;
}

function platform(draw: Draw, span: Span, index: number): Platforms[number] {
  return {
    id: `p${index + 1}`,
    pricing: draw.one(["second-price", "first-price", "cpc"] as const),
    ...draw.maybe(0.3, () => ({ control: "budget" as const })),
    ...draw.maybe(0.4, () => ({ floor: draw.amount(0.005, 3) })),
    ...draw.maybe(0.4, () => ({ overDelivery: 1 + draw.wholeBelow(200) / 100 })),
    ...draw.maybe(0.7, () => ({ cpc: draw.amount(0.02, 8) })),
    ...draw.maybe(0.7, () => ({ cvr: draw.amount(0.0005, 0.5) })),
    // By tick, so that long ticks do not sell a million clicks.
    clicksPerMinute: draw.amount((0.02 * MINUTE_MS) / span.tickMs, (60 * MINUTE_MS) / span.tickMs),
    ...draw.maybe(0.3, () => ({ drift: false })),
    ...draw.maybe(0.2, () => ({ cvrSwing: draw.wholeBelow(100) / 100 })),
    ...draw.maybe(0.2, () => ({ trafficSwing: draw.wholeBelow(101) / 100 })),
    ...draw.maybe(0.2, () => ({ landscape: 1.1 + draw.wholeBelow(100) / 10 })),
    ...draw.maybe(0.2, () => ({ impressionsPerClick: draw.whole(1, 2000) })),
    ...draw.maybe(0.35, () => ({
      outages: Array.from({ length: draw.few(3) }, () => {
        const from = draw.wholeBelow(span.ticks);
        return { from: time(span, from), to: time(span, from + draw.whole(1, 40)) };
      }),
    })),
    ...draw.maybe(0.35, () => ({
      shocks: Array.from({ length: draw.few(3) }, () => {
        const at = draw.wholeBelow(span.ticks);
        return {
          at: time(span, at),
          ...draw.maybe(0.5, () => ({ until: time(span, at + draw.whole(1, 60)) })),
          ...draw.maybe(0.6, () => ({ price: draw.amount(0.05, 20) })),
          ...draw.maybe(0.6, () => ({ cvr: draw.amount(0.05, 5) })),
          ...draw.maybe(0.6, () => ({ clicks: draw.amount(0.05, 10) })),
        };
      }),
    })),
  };
}

function campaigns(draw: Draw, span: Span, platformIds: readonly string[]): Campaigns {
  const portfolios = draw.whole(1, 3);
  return Array.from({ length: draw.few(12) }, (_, index): Campaigns[number] => {
    const minBid = draw.wholeBelow(5) === 0 ? draw.amount(0.001, 2) : 0;
    const startTick = draw.wholeBelow(3) === 0 ? draw.wholeBelow(span.ticks) : 0;
    const isShort = draw.wholeBelow(3) === 0;
    return {
      id: `c${index + 1}`,
      portfolio: `f${1 + draw.wholeBelow(portfolios)}`,
      budget: draw.wholeBelow(8) === 0 ? draw.amount(0.000001, 0.1) : draw.amount(0.1, 30_000),
      ...draw.maybe(0.35, () => ({ dailyBudget: draw.amount(0.01, 500) })),
      ...draw.maybe(startTick > 0 || isShort ? 1 : 0, () => ({
        flight: {
          start: time(span, startTick),
          ...(isShort ? { end: time(span, draw.whole(startTick + 1, span.ticks)) } : {}),
        },
      })),
      valuePerConversion: draw.amount(0.01, 400),
      ...draw.maybe(0.25, () => ({
        goals: { [draw.one(["impressions", "clicks", "conversions"])]: draw.amount(1, 5000) },
      })),
      ...draw.maybe(0.25, () => ({ cpaTarget: draw.amount(0.01, 400) })),
      ...draw.maybe(0.3, () => ({ platforms: draw.some(platformIds) })),
      ...(minBid === 0 ? {} : { minBid }),
      ...draw.maybe(0.3, () => ({ maxBid: Math.max(minBid, draw.amount(0.005, 20)) })),
      ...draw.maybe(0.7, () => ({ policy: draw.one([...policies.keys()]) })),
      ...draw.maybe(0.4, () => ({ forecaster: draw.one(Object.keys(FORECASTERS)) })),
      ...draw.maybe(0.2, () => ({ wasteAversion: draw.wholeBelow(30) / 10 })),
      ...draw.maybe(0.2, () => ({ wasteAllowance: draw.wholeBelow(30) / 10 })),
      ...draw.maybe(0.3, () => ({ volumeShare: draw.amount(0.05, 3) })),
      ...draw.maybe(0.3, () => ({ cvrFactor: draw.amount(0.05, 3) })),
    };
  });
}

/** What an operator does to such campaigns in between. */
function orders(draw: Draw, span: Span, entries: Campaigns): NonNullable<ScenarioFile["operator"]> {
  const ids = entries.map(({ id }) => id);
  return Array.from({ length: draw.few(12) }, () => {
    const order = draw.one(["hold", "release", "release", "top-up"] as const);
    return {
      at: time(span, draw.wholeBelow(span.ticks)),
      campaigns: draw.some(ids),
      do: order,
      ...(order === "top-up" ? { amount: draw.amount(0.000001, 3000) } : {}),
    };
  });
}

/** Any hour of that day, now and then not a full one. */
function startOf(draw: Draw, day: string): string {
  return `${day}T${String(draw.wholeBelow(24)).padStart(2, "0")}:${draw.one(["00", "00", "30", "07"])}:00Z`;
}

function time({ tickMs }: Span, ticks: number): string {
  return formatDuration(ticks * tickMs);
}

/** A stretch of 0 to so many ticks, not always whole ones. */
function some(draw: Draw, { tickMs }: Span, most: number): string {
  return formatDuration(Math.round((draw.wholeBelow(4 * most + 1) / 4) * tickMs));
}

/** Draws of one scenario, in the order of its fields. */
class Draw {
  readonly #stream: RandomStream;

  constructor(stream: RandomStream) {
    this.#stream = stream;
  }

  /** A whole number in [0, end). */
  wholeBelow(end: number): number {
    return Math.floor(this.#stream.next() * end);
  }

  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + this.wholeBelow(most - least + 1);
  }

  /** 1 to `most`, more often few than many. */
  few(most: number): number {
    return 1 + this.wholeBelow(1 + this.wholeBelow(most));
  }

  one<T>(list: readonly T[]): T {
    return list[this.wholeBelow(list.length)];
  }

  weighted<T>(list: readonly (readonly [T, number])[]): T {
    let left = this.#stream.next() * list.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of list) {
      left -= weight;
      if (left < 0) return item;
    }
    return list[0][0];
  }

  /** At least one of the list, in its order. */
  some<T>(list: readonly T[]): T[] {
    const sure = this.wholeBelow(list.length);
    return list.filter((_, index) => index === sure || this.wholeBelow(2) === 0);
  }

  /** Even in the logarithm, with 6 decimals at most. */
  amount(least: number, most: number): number {
    const value = least * (most / least) ** this.#stream.next();
    return Math.max(0.000001, Math.round(value * 1e6) / 1e6);
  }

  /** The fields with this probability, else none. */
  maybe<T extends object>(probability: number, fields: () => T): Partial<T> {
    return this.#stream.next() < probability ? fields() : {};
  }
}
