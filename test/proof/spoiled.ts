/** What goes wrong in flights for tests: campaigns that fail, and platforms whose reports are late, lost, repeated, restated, too high or garbage. */
import { policyNamed } from "../../src/core/policy/index.ts";
import { uniformOf } from "../../src/core/random.ts";
import { ReportBatch, ReportKind } from "../../src/core/reports.ts";
import type { ReportRow } from "../../src/core/reports.ts";
import type { Market } from "../../src/platforms/market.ts";
import type { FlightOptions } from "../../src/proof/flight.ts";

const RATES = [0.005, 0.03, 0.15, 0.5];

/** Campaigns that throw at random, in decisions and in learning; the rate goes by the seed. */
export function failing(seed: number): Pick<FlightOptions, "policyOf"> {
  const throwAtRandom = (what: string) => {
    if (uniformOf(seed, what) < RATES[seed % RATES.length]) throw new RangeError("planted");
  };
  return {
    policyOf: (name) => {
      const policy = policyNamed(name);
      return {
        ...policy,
        decide(input, memory) {
          throwAtRandom(`decide/${input.spec.id}/${input.tick}`);
          return policy.decide(input, memory);
        },
        learn(input, memory, ...rows) {
          throwAtRandom(`learn/${input.spec.id}/${input.tick}`);
          return policy.learn(input, memory, ...rows);
        },
      };
    },
  };
}

/** Reports that go wrong at random. */
export function spoiled(seed: number): Pick<FlightOptions, "spoil"> {
  return { spoil: (market) => spoil(market, seed) };
}

function spoil(market: Market, seed: number): Market {
  const rate = RATES[seed % RATES.length];
  const late = new Map<number, ReportRow[]>();
  return {
    platforms: market.platforms,
    place: (bids) => market.place(bids),
    isSettled: () => market.isSettled() && late.size === 0,
    advance(tick) {
      const { feed, reports } = market.advance(tick);
      const rows = late.get(tick) ?? [];
      late.delete(tick);
      const put = (row: ReportRow, afterTicks: number) => {
        if (afterTicks === 0) rows.push(row);
        else late.set(tick + afterTicks, [...(late.get(tick + afterTicks) ?? []), row]);
      };
      for (let at = 0; at < reports.length; at += 1) {
        const row = reports.row(at);
        const chance = (what: string) =>
          uniformOf(seed, `${what}/${row.kind}/${row.campaign}/${row.platform}/${row.tick}`);
        const does = (what: string) => chance(what) < rate;
        const isSpend = row.kind === ReportKind.spend;
        const delay = does("late") ? 1 + Math.floor(12 * chance("ticks")) : 0;
        if (does("lost")) continue;
        if (isSpend && does("garbage")) put({ ...row, costMicros: Number.NaN }, delay);
        const costMicros =
          isSpend && does("over") ? Math.round(row.costMicros * (1 + 9 * chance("factor"))) : row.costMicros;
        put({ ...row, costMicros }, delay);
        if (isSpend && does("twice")) put({ ...row, costMicros }, delay);
        if (isSpend && does("restated")) put({ ...row, costMicros: costMicros + 1000 }, delay + 3);
      }
      const heard = new ReportBatch();
      const order = (row: ReportRow) => row.campaign * market.platforms.length + row.platform;
      // Half of the seeds keep the order of campaigns.
      if (seed % 2 === 0) rows.sort((a, b) => order(a) - order(b));
      for (const row of rows) heard.push(row);
      return { feed, reports: heard };
    },
  };
}
