/** The market's side of a world's flights: it owns paths and truth, takes bids, tells the news, and gives the scores. */
import { BidBatch } from "../../src/core/reports.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import type { Contender, FlightBrief } from "./brief.ts";
import { score } from "./score.ts";
import type { FlightScore } from "./score.ts";
import { METRICS_FIELDS } from "../../src/core/platform.ts";
import { readBids, Sheet, writeFeed, writeReports } from "./wire.ts";
import type { QualityWorld } from "./worlds.ts";

/** The market of a world. */
export function flightMarket(world: QualityWorld): PathMarket {
  return new PathMarket({
    paths: world.paths,
    exposures: [world.exposure],
    valuesPerConversionMicros: [world.campaign.valuePerConversionMicros],
    seed: world.seed,
  });
}

/** What is public of a world, without the warm-up. Field by field: what a world gains is not public by itself. */
export function briefOf(
  { tickMs, paths, campaign, exposure }: QualityWorld,
  contenders: readonly Contender[],
): FlightBrief {
  const isTold = contenders.some(({ forecaster }) => forecaster === "told");
  const platforms = paths.platforms.map(({ cvr, priceMicros }, platform) => ({
    cvr,
    cvrFactor: exposure.cvrFactors[platform],
    priceMicros,
  }));
  return {
    tickMs,
    ticks: paths.ticks,
    warmupTicks: paths.warmupTicks,
    platforms: paths.platforms.map(({ spec: { id, pricing, control, floorMicros, overDeliveryFactor } }) => ({
      id,
      pricing,
      control,
      floorMicros,
      overDeliveryFactor,
    })),
    campaign,
    warmup: new Float64Array(0),
    told: isTold ? { warmupTicks: paths.warmupTicks, platforms } : null,
  };
}

/** Serves a flight per contender, each on a market of its own that draws the same chances. */
export class MarketDesk {
  readonly brief: FlightBrief;
  readonly #world: QualityWorld;
  readonly #contenders: readonly Contender[];
  readonly #markets: readonly PathMarket[];
  readonly #batches: readonly BidBatch[];
  #tick = 0;

  constructor(world: QualityWorld, contenders: readonly Contender[]) {
    this.#world = world;
    this.#contenders = contenders;
    this.#markets = contenders.map(() => flightMarket(world));
    this.#batches = world.paths.platforms.map((_, platform) => new BidBatch(platform));
    this.brief = { ...briefOf(world, contenders), warmup: this.#warmUp() };
  }

  /** True when every flight is over and nothing is outstanding: the engines ask for no more. */
  get isOver(): boolean {
    return this.#tick > this.#world.paths.ticks && this.#markets.every((market) => market.isSettled());
  }

  /** Takes the flights' bids off the sheet. */
  take(sheet: Sheet): void {
    for (const market of this.#markets) readBids(sheet, this.#batches, (bids) => market.place(bids));
  }

  /** Puts the news of the next tick on the sheet. */
  tell(sheet: Sheet): void {
    for (const [flight, market] of this.#markets.entries()) {
      const { feed, reports } = market.advance(this.#tick);
      // The feed is of the platforms, and the same for every flight.
      if (flight === 0) writeFeed(sheet, feed);
      sheet.put(market.isSettled() ? 1 : 0);
      writeReports(sheet, reports);
    }
    this.#tick += 1;
  }

  /** The market's account of every flight, in the order of the contenders. */
  scores(): FlightScore[] {
    return this.#markets.map((market, flight) => score(this.#world, this.#contenders[flight].label, market.truth));
  }

  #warmUp(): Float64Array {
    const { platforms, warmupTicks } = this.#world.paths;
    const sheet = new Sheet(new Float64Array(warmupTicks * (1 + platforms.length * METRICS_FIELDS.length)));
    for (let tick = 1 - warmupTicks; tick < 0; tick += 1) {
      for (const [flight, market] of this.#markets.entries()) {
        const { feed } = market.advance(tick);
        if (flight === 0) writeFeed(sheet, feed);
      }
    }
    return sheet.figures.slice(0, sheet.length);
  }
}
