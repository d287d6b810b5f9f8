/** A platform's metrics feed: what a panel of its auctions shows, with the noise of a sample. */
import type { PlatformMetrics } from "../core/platform.ts";
import { RandomStream } from "../core/random.ts";
import type { Savable } from "../core/saved.ts";
import { ConversionCalendar, delayAt } from "./conversion-calendar.ts";
import type { MarketPaths, PlatformPath } from "./paths.ts";
import { binomialQuantile, normalQuantile, poissonQuantile } from "./quantile.ts";

/** Relative sd of one panel click's price around the mean. */
const PRICE_NOISE = 0.3;

/** Where a panel stands. */
export interface PanelState {
  readonly draws: readonly number[];
  readonly delays: readonly number[];
  readonly late: ReadonlyMap<number, readonly number[]>;
  readonly heldConversions: number;
  readonly heldAgeTicks: number;
}

/** The panel of one platform. Ticks are asked for in ascending order, each once. */
export class PanelFeed implements Savable<PanelState> {
  readonly #paths: MarketPaths;
  readonly #path: PlatformPath;
  readonly #platform: number;
  readonly #draws: RandomStream;
  readonly #delays: RandomStream;
  readonly #late = new ConversionCalendar();
  /** Conversions that arrived while the platform was silent: they are told when it speaks again. */
  #heldConversions = 0;
  #heldAgeTicks = 0;

  constructor(paths: MarketPaths, platform: number, seed: number) {
    this.#paths = paths;
    this.#path = paths.platforms[platform];
    this.#platform = platform;
    this.#draws = new RandomStream(seed, `market:feed:${this.#path.spec.id}`);
    this.#delays = new RandomStream(seed, `market:feed-delay:${this.#path.spec.id}`);
  }

  save(): PanelState {
    return {
      draws: this.#draws.save(),
      delays: this.#delays.save(),
      late: this.#late.save(),
      heldConversions: this.#heldConversions,
      heldAgeTicks: this.#heldAgeTicks,
    };
  }

  restore({ draws, delays, late, heldConversions, heldAgeTicks }: PanelState): void {
    this.#draws.restore(draws);
    this.#delays.restore(delays);
    this.#late.restore(late);
    this.#heldConversions = heldConversions;
    this.#heldAgeTicks = heldAgeTicks;
  }

  /** The metrics of a tick; null where the platform is silent, or outside the paths. */
  report(tick: number): PlatformMetrics | null {
    const at = tick + this.#paths.warmupTicks;
    if (at < 0 || tick >= this.#paths.ticks) return null;
    const path = this.#path;
    // Three draws a tick, silent or not: an outage moves nothing after it.
    const volumeDraw = this.#draws.next();
    const priceDraw = this.#draws.next();
    const conversionDraw = this.#draws.next();
    const late = this.#late.take(tick);
    this.#heldAgeTicks += this.#heldConversions + (late.ageTicks[0] ?? 0);
    this.#heldConversions += late.count[0] ?? 0;
    if (path.isSilent[at] === 1) return null;

    const clicks = poissonQuantile(volumeDraw, this.#paths.panelShare * path.volume[at]);
    const noise = clicks === 0 ? 0 : (PRICE_NOISE / Math.sqrt(clicks)) * normalQuantile(priceDraw);
    const sold = binomialQuantile(conversionDraw, clicks, path.cvr[at]);
    for (let i = 0; i < sold; i += 1) {
      const age = delayAt(this.#delays.next(), this.#paths.conversionDelayTicks);
      if (age === 0) this.#heldConversions += 1;
      else this.#late.add(tick + age, 0, age);
    }
    const metrics = {
      platform: this.#platform,
      tick,
      impressions: Math.round(clicks * path.impressionsPerClick),
      clicks,
      cpcMicros: clicks === 0 ? 0 : Math.max(1, Math.round(path.priceMicros[at] * Math.max(0.05, 1 + noise))),
      conversions: this.#heldConversions,
      conversionAgeTicks: this.#heldAgeTicks,
    };
    this.#heldConversions = 0;
    this.#heldAgeTicks = 0;
    return metrics;
  }
}
