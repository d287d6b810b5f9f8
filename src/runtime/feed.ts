/**
 * The metrics feed: one stream per platform, from raw metrics through validation and sliding window to the forecast boards.
 *
 * F1 refused metrics never reach a forecaster: to it they are silence; F2 a push is synchronous: when it returns, every board is
 * about the pushed tick; F3 what fails in one platform's stream, or in one of its listeners, stays there;
 * F4 windows and forecasters take every tick once, however many listen.
 */
import { type Observable, Subject, map, scan, share } from "rxjs";
import { copyRow, restoreRow, rowFault } from "../core/forecast/board.ts";
import type { ForecastBoard, Forecaster, ForecasterFactory, HealthCode } from "../core/forecast/board.ts";
import { createForecasters } from "../core/forecast/index.ts";
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import { SlidingWindow } from "../core/window.ts";

/** What became of one platform's metrics of one tick. */
export interface FeedUpdate {
  readonly platform: number;
  /** The tick that the metrics are about. */
  readonly tick: number;
  /** `null` when the platform was silent, or what it said was refused. */
  readonly metrics: PlatformMetrics | null;
  /** Why the metrics were refused, or which forecaster failed on them; `null` when nothing was wrong. */
  readonly refused: string | null;
}

/** What a feed is made of. */
export interface FeedOptions {
  readonly platforms: readonly PlatformSpec[];
  /** The forecasters in use; each has a board. */
  readonly forecasterNames: Iterable<string>;
  /** Length of a tick [ms]. */
  readonly tickMs: number;
  /** Ticks in a day. */
  readonly periodTicks: number;
  /** Forecasters beside the registered ones, by name. */
  readonly forecasters?: ReadonlyMap<string, ForecasterFactory> | undefined;
}

/** What was said about one platform's tick: nothing, one message, or more than one. */
interface RawTick {
  readonly tick: number;
  readonly messages: readonly PlatformMetrics[];
}

interface Row {
  readonly board: ForecastBoard;
  readonly forecaster: Forecaster;
}

/** Conversions that may arrive in one tick beyond the clicks of the last day: from clicks older than that or never heard of. */
const SPARE_CONVERSIONS = 100;
/** Greatest believable mean age of a tick's conversions [days]: the longest attribution window in use. */
const MAX_AGE_DAYS = 90;

/** Feeds all platforms' metrics to the forecasters in use, and says what became of them. */
export class Feed {
  /** By forecaster name. A board's `tick` is the tick that it forecasts. */
  readonly boards: ReadonlyMap<string, ForecastBoard>;
  readonly #sources: Subject<RawTick>[] = [];
  readonly #streams: Observable<FeedUpdate>[] = [];
  readonly #heard: FeedUpdate[] = [];

  /** @throws EngineError `CE_FORECASTER_UNKNOWN`. */
  constructor({ platforms, forecasterNames, tickMs, periodTicks, forecasters: custom }: FeedOptions) {
    const boards = new Map<string, ForecastBoard>();
    const rows: Row[][] = platforms.map(() => []);
    for (const name of new Set(forecasterNames)) {
      const { board, forecasters } = createForecasters(name, platforms.length, { tickMs, periodTicks }, custom);
      boards.set(name, board);
      for (const [platform, forecaster] of forecasters.entries()) rows[platform].push({ board, forecaster });
    }
    this.boards = boards;
    for (let platform = 0; platform < platforms.length; platform += 1) {
      const source = new Subject<RawTick>();
      const stream = source.pipe(
        map((raw) => validate(raw, platform)),
        scan(windowed(periodTicks), SILENT),
        map((update) => learn(rows[platform], update)),
        share(),
      );
      this.#sources.push(source);
      this.#streams.push(stream);
      // This listener keeps the boards going when nobody else listens (F2).
      stream.subscribe((update) => {
        this.#heard[platform] = update;
      });
    }
  }

  /**
   * One platform's updates from now on; completes with the feed. A listener that throws is heard no more of, and RxJS rethrows its error
   * outside of the call (F3).
   */
  updates(platform: number): Observable<FeedUpdate> {
    return this.#streams[platform];
  }

  /**
   * Takes what became known at the beginning of `tick`, about `tick - 1`: each platform hears its metrics or its silence, and every board
   * moves on to `tick` (F2). Ticks are consecutive. Returns one update per platform, by platform index.
   */
  push(tick: number, metrics: readonly PlatformMetrics[]): readonly FeedUpdate[] {
    for (const board of this.boards.values()) board.tick = tick;
    for (const [platform, source] of this.#sources.entries()) {
      source.next({ tick: tick - 1, messages: metrics.filter((message) => message.platform === platform) });
    }
    return [...this.#heard];
  }

  /** Writes a platform's health on all boards. */
  setHealth(platform: number, code: HealthCode): void {
    for (const board of this.boards.values()) board.health[platform] = code;
  }

  /** Ends all streams. A push after it changes nothing but the boards' ticks. */
  complete(): void {
    for (const source of this.#sources) source.complete();
  }
}

const SILENT: FeedUpdate = { platform: 0, tick: 0, metrics: null, refused: null };

/** Garbage that shows in the message alone. */
function validate({ tick, messages }: RawTick, platform: number): FeedUpdate {
  if (messages.length === 0) return { platform, tick, metrics: null, refused: null };
  const [metrics] = messages;
  const refused = messages.length > 1 ? `${messages.length} messages about one tick` : fault(metrics, tick);
  return { platform, tick, metrics: refused === null ? metrics : null, refused };
}

function fault(metrics: PlatformMetrics, tick: number): string | null {
  if (metrics.tick !== tick) return `about tick ${metrics.tick}, expected ${tick}`;
  for (const field of ["impressions", "clicks", "cpcMicros", "conversions", "conversionAgeTicks"] as const) {
    const value = metrics[field];
    if (typeof value !== "number" || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      return `${field} is ${value}`;
    }
  }
  if (metrics.conversions === 0 && metrics.conversionAgeTicks > 0) return "ages without conversions";
  return null;
}

/** Garbage that shows beside the last day's clicks, in a sliding window of accepted ticks. */
function windowed(periodTicks: number): (before: FeedUpdate, update: FeedUpdate) => FeedUpdate {
  const clicks = new SlidingWindow(Math.max(2, periodTicks));
  return (_, update) => {
    const { metrics, platform, tick } = update;
    if (metrics === null) return update;
    const most = clicks.mean * clicks.length + metrics.clicks + SPARE_CONVERSIONS;
    const oldest = MAX_AGE_DAYS * periodTicks * metrics.conversions;
    let refused: string | null = null;
    if (metrics.conversions > most) refused = `${metrics.conversions} conversions of ${Math.round(most)} possible`;
    else if (metrics.conversionAgeTicks > oldest) refused = `conversions older than ${MAX_AGE_DAYS} days`;
    if (refused !== null) return { platform, tick, metrics: null, refused };
    clicks.push(tick, metrics.clicks);
    return update;
  };
}

/** Lets every forecaster learn. One that fails, or says what breaks B1, has no say about this platform until it works again (F3). */
function learn(rows: readonly Row[], update: FeedUpdate): FeedUpdate {
  let { refused } = update;
  const { platform } = update;
  for (const { board, forecaster } of rows) {
    const before = copyRow(board, platform);
    try {
      forecaster.update(update.metrics, update.tick);
      const wrong = rowFault(board, platform);
      if (wrong !== null) throw new RangeError(wrong);
    } catch (error) {
      // What was last known to be sound stays readable: bids that are out are still judged by it.
      restoreRow(board, platform, before);
      board.evidence[platform] = 0;
      refused = `forecaster ${board.forecaster} failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return refused === update.refused ? update : { ...update, refused };
}
