/**
 * The metrics feed: one stream per platform, from raw metrics through validation and sliding window to the forecast boards.
 *
 * F1 refused metrics never reach a forecaster: to it they are silence; F2 a push is synchronous: when it returns, every board is
 * about the pushed tick; F3 what fails in one platform's stream, in one of its forecasters or in a listener, stays there; F4 windows and
 * forecasters take every tick once, however many listen; F5 what failed is away until {@link Feed.restart}ed by whoever supervises it, and is then
 * fresh, and has learned again from the last accepted ticks.
 */
import { type Observable, Subject, map, scan } from "rxjs";
import { createBoard, restoreBoard } from "../core/forecast/board.ts";
import type { ForecastBoard, ForecasterFactory, HealthCode } from "../core/forecast/board.ts";
import { forecasterNamed } from "../core/forecast/index.ts";
import type { PlatformMetrics, PlatformSpec } from "../core/platform.ts";
import type { Savable } from "../core/saved.ts";
import type { SlidingWindow, WindowState } from "../core/window.ts";
import { SILENT, clicksWindow, validate, windowed } from "./feed-check.ts";
import type { AcceptedTick, FeedUpdate, RawTick } from "./feed-check.ts";
import { ForecasterRow } from "./forecaster-row.ts";
import type { RowState } from "./forecaster-row.ts";

/** A stage of a platform that failed: 0 is its stream, the others are its forecasters, in the order of the boards. */
export interface StageFailure {
  readonly platform: number;
  readonly stage: number;
  readonly error: string;
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

/** Days of accepted ticks that a new stage learns from, and the most ticks that those may be. */
const RECENT_DAYS = 2;
const MAX_RECENT_TICKS = 4_096;

/** Feeds all platforms' metrics to the forecasters in use, and says what became of them. */
export class Feed implements Savable<FeedState> {
  /** By forecaster name. A board's `tick` is the tick that it forecasts. */
  readonly boards: ReadonlyMap<string, ForecastBoard>;
  readonly #platforms: readonly PlatformStream[];

  /** @throws EngineError `CE_FORECASTER_UNKNOWN`. */
  constructor({ platforms, forecasterNames, tickMs, periodTicks, forecasters: custom }: FeedOptions) {
    const makers = [...new Set(forecasterNames)].map((name) => {
      return { board: createBoard(name, platforms.length, periodTicks), create: forecasterNamed(name, custom) };
    });
    this.boards = new Map(makers.map(({ board }) => [board.forecaster, board]));
    this.#platforms = platforms.map((_, platform) => {
      const rows = makers.map(({ board, create }) => {
        return new ForecasterRow(board, platform, () => create(board, platform, { tickMs, periodTicks }));
      });
      return new PlatformStream(platform, periodTicks, rows);
    });
  }

  /** Names of every platform's stages, in order: the stream, then the forecasters. */
  get stages(): readonly string[] {
    return ["feed", ...this.boards.keys()];
  }

  /**
   * One platform's updates from now on; completes with the feed. A listener that throws is heard no more of, and RxJS rethrows its error
   * outside of the call (F3).
   */
  updates(platform: number): Observable<FeedUpdate> {
    return this.#platforms[platform].updates;
  }

  /**
   * Takes what became known at the beginning of `tick`, about `tick - 1`: each platform hears its metrics or its silence, and every board
   * moves on to `tick` (F2). Ticks are consecutive. Returns one update per platform, by platform index.
   */
  push(tick: number, metrics: readonly PlatformMetrics[]): readonly FeedUpdate[] {
    for (const board of this.boards.values()) board.tick = tick;
    return this.#platforms.map((stream, platform) => {
      return stream.push({ tick: tick - 1, messages: metrics.filter((message) => message.platform === platform) });
    });
  }

  /** What has failed since the last call (F5). */
  takeFailures(): readonly StageFailure[] {
    return this.#platforms.flatMap((stream) => stream.takeFailures());
  }

  /** Puts new stages in the place of a platform's old ones; one that fails again is among the failures. */
  restart(platform: number, stages: readonly number[]): void {
    this.#platforms[platform].restart(stages);
  }

  /** A platform's stage is away for good: no more evidence from it, nor from those that need it. */
  giveUp(platform: number, stage: number): void {
    this.#platforms[platform].giveUp(stage);
  }

  /** Writes a platform's health on all boards. */
  setHealth(platform: number, code: HealthCode): void {
    for (const board of this.boards.values()) board.health[platform] = code;
  }

  /** @throws EngineError CE_STATE_UNSAVABLE for a forecaster that cannot be saved */
  save(): FeedState {
    return { boards: [...this.boards.values()], platforms: this.#platforms.map((stream) => stream.save()) };
  }

  restore({ boards, platforms }: FeedState): void {
    for (const [at, stream] of this.#platforms.entries()) stream.restore(platforms[at]);
    // After the forecasters, some of which write to their row at birth.
    for (const saved of boards) restoreBoard(this.boards.get(saved.forecaster)!, saved);
  }

  /** Ends all streams. A push after it changes nothing but the boards' ticks. */
  complete(): void {
    for (const stream of this.#platforms) stream.complete();
  }
}

/** What a platform's stream knows. */
interface StreamState {
  readonly recent: readonly AcceptedTick[];
  /** The window of the stream; null while it is away. */
  readonly clicks: WindowState | null;
  readonly rows: readonly RowState[];
}

/** What a feed knows. */
export interface FeedState {
  readonly boards: readonly ForecastBoard[];
  readonly platforms: readonly StreamState[];
}

/** One platform's stream, with the forecasters at its end. */
class PlatformStream implements Savable<StreamState> {
  readonly #platform: number;
  readonly #periodTicks: number;
  readonly #rows: readonly ForecasterRow[];
  readonly #updates = new Subject<FeedUpdate>();
  /** Accepted lately, ascending. */
  readonly #recent: AcceptedTick[] = [];
  #failures: StageFailure[] = [];
  /** Null while the stream is away. */
  #source: Subject<RawTick> | null = null;
  #clicks!: SlidingWindow;
  #heard: FeedUpdate | null = null;
  #isComplete = false;

  constructor(platform: number, periodTicks: number, rows: readonly ForecasterRow[]) {
    this.#platform = platform;
    this.#periodTicks = periodTicks;
    this.#rows = rows;
    this.#open();
  }

  get updates(): Observable<FeedUpdate> {
    return this.#updates.asObservable();
  }

  push(raw: RawTick): FeedUpdate {
    this.#heard = null;
    this.#source?.next(raw);
    // Nothing comes out of a stream that is away, or has failed on this very tick.
    const heard = this.#heard ?? { platform: this.#platform, tick: raw.tick, metrics: null, refused: null };
    if (this.#isComplete) return heard;
    this.#remember(heard);
    for (const [at, row] of this.#rows.entries()) this.#try(at + 1, () => row.update(heard.metrics, heard.tick));
    this.#updates.next(heard);
    return heard;
  }

  takeFailures(): readonly StageFailure[] {
    if (this.#failures.length === 0) return this.#failures;
    const failures = this.#failures;
    this.#failures = [];
    return failures;
  }

  restart(stages: readonly number[]): void {
    for (const stage of stages) {
      if (stage === 0) this.#open();
      else this.#try(stage, () => this.#rows[stage - 1].restart(this.#recent));
    }
  }

  giveUp(stage: number): void {
    if (stage > 0) {
      this.#rows[stage - 1].giveUp();
      return;
    }
    this.#source = null;
    for (const row of this.#rows) row.giveUp();
  }

  complete(): void {
    this.#isComplete = true;
    this.#source?.complete();
    this.#source = null;
    this.#updates.complete();
  }

  save(): StreamState {
    const clicks = this.#source === null ? null : this.#clicks.save();
    return { recent: this.#recent, clicks, rows: this.#rows.map((row) => row.save()) };
  }

  restore({ recent, clicks, rows }: StreamState): void {
    this.#recent.splice(0, this.#recent.length, ...recent);
    if (clicks === null) this.#source = null;
    else this.#clicks.restore(clicks);
    for (const [at, row] of this.#rows.entries()) row.restore(rows[at]);
  }

  /** A new stream, its window warmed from what was accepted lately. */
  #open(): void {
    const source = new Subject<RawTick>();
    const platform = this.#platform;
    this.#clicks = clicksWindow(this.#periodTicks, this.#recent);
    source
      .pipe(
        map((raw) => validate(raw, platform)),
        scan(windowed(this.#periodTicks, this.#clicks), SILENT),
      )
      .subscribe({
        next: (update) => {
          this.#heard = update;
        },
        error: (error: unknown) => {
          this.#source = null;
          this.#fail(0, error);
          // What lives on the stream is away with it, until both are restarted.
          for (const row of this.#rows) row.leave();
        },
      });
    this.#source = source;
  }

  #remember({ tick, metrics }: FeedUpdate): void {
    this.#recent.push({ tick, metrics });
    const most = Math.min(MAX_RECENT_TICKS, RECENT_DAYS * this.#periodTicks);
    // In blocks: shifting a long list by one costs as much as copying it.
    if (this.#recent.length >= 2 * most) this.#recent.splice(0, this.#recent.length - most);
  }

  #try(stage: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(stage, error);
    }
  }

  #fail(stage: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#failures.push({ platform: this.#platform, stage, error: message });
  }
}
