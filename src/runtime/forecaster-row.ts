/**
 * One forecaster on its row of a board, made so that its failure stays its own.
 *
 * B2 a row is always as its forecaster last wrote it in full: what a failed update left behind is undone; B3 while its forecaster is away a row
 * ages, so that campaigns grow cautious by their fallback ladder; given up, its evidence is 0; B4 a new forecaster learns again what was accepted
 * lately, but not the tick on which its predecessor failed.
 */
import { EngineError } from "../core/errors.ts";
import { ROW_COLUMNS, rowFault } from "../core/forecast/board.ts";
import type { ForecastBoard, Forecaster } from "../core/forecast/board.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import type { Savable } from "../core/saved.ts";
import type { AcceptedTick } from "./feed-check.ts";

/** What a row and its forecaster know. */
export interface RowState {
  readonly good: Float64Array;
  readonly goodLevel: number;
  readonly poison: readonly number[];
  /** What the forecaster knows; null while it is away. */
  readonly forecaster: { readonly state: unknown } | null;
}

/** A forecaster, or the place of one that is away. */
export class ForecasterRow implements Savable<RowState> {
  readonly board: ForecastBoard;
  readonly #platform: number;
  readonly #create: () => Forecaster;
  /** The row as last written in full, in the order of {@link ROW_COLUMNS}. */
  readonly #good = new Float64Array(ROW_COLUMNS.length);
  /** Ticks on which a forecaster failed: they are not learned again (B4). */
  readonly #poison: number[] = [];
  #goodLevel = 0;
  #forecaster: Forecaster | null;

  /** @throws what `create` throws: a forecaster that cannot even begin is a mistake of whoever put the engine together. */
  constructor(board: ForecastBoard, platform: number, create: () => Forecaster) {
    this.board = board;
    this.#platform = platform;
    this.#create = create;
    this.#forecaster = create();
    this.#keep();
  }

  /** Learns a tick, or ages where the forecaster is away. @throws what the forecaster throws, which is away from then on */
  update(metrics: PlatformMetrics | null, tick: number): void {
    if (this.#forecaster === null) {
      this.#age();
      return;
    }
    try {
      this.#learn(this.#forecaster, metrics, tick);
      this.#keep();
    } catch (error) {
      this.leave();
      this.#age();
      throw error;
    }
  }

  /** The forecaster is away from here on (B3). */
  leave(): void {
    this.#forecaster = null;
    for (const [at, column] of ROW_COLUMNS.entries()) this.board[column][this.#platform] = this.#good[at];
    this.board.traffic[this.#platform].level = this.#goodLevel;
  }

  /** The forecaster is away for good (B3). */
  giveUp(): void {
    this.leave();
    this.board.evidence[this.#platform] = 0;
    this.#keep();
  }

  /** Puts a new forecaster in place, which learns again from these ticks (B4). @throws what it throws, and is away again */
  restart(recent: readonly AcceptedTick[]): void {
    const [oldest] = recent;
    while (this.#poison.length > 0 && this.#poison[0] < (oldest?.tick ?? 0)) this.#poison.shift();
    // What is left when the new one fails as well: the old row, as old as it is.
    try {
      this.#reset();
      const forecaster = this.#create();
      for (const { metrics, tick } of recent) {
        if (!this.#poison.includes(tick)) this.#learn(forecaster, metrics, tick);
      }
      this.#forecaster = forecaster;
      this.#keep();
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** @throws EngineError CE_STATE_UNSAVABLE for a forecaster that cannot be saved */
  save(): RowState {
    const forecaster = this.#forecaster === null ? null : { state: this.#savable(this.#forecaster).save() };
    return { good: this.#good, goodLevel: this.#goodLevel, poison: this.#poison, forecaster };
  }

  /** The row itself is its board's, and restored with it. */
  restore({ good, goodLevel, poison, forecaster }: RowState): void {
    this.#good.set(good);
    this.#goodLevel = goodLevel;
    this.#poison.splice(0, this.#poison.length, ...poison);
    if (forecaster === null) this.#forecaster = null;
    else this.#savable(this.#forecaster!).restore(forecaster.state);
  }

  #savable(forecaster: Forecaster): Savable {
    if (forecaster.save === undefined || forecaster.restore === undefined) {
      throw new EngineError("CE_STATE_UNSAVABLE", `The forecaster ${this.board.forecaster} cannot be saved.`, {
        expected: "a forecaster with save() and restore()",
      });
    }
    return forecaster as Savable;
  }

  #learn(forecaster: Forecaster, metrics: PlatformMetrics | null, tick: number): void {
    try {
      forecaster.update(metrics, tick);
      const wrong = rowFault(this.board, this.#platform);
      if (wrong !== null) throw new RangeError(wrong);
    } catch (error) {
      this.#poison.push(tick);
      throw error;
    }
  }

  #age(): void {
    this.board.ageTicks[this.#platform] += 1;
    this.#good[ROW_COLUMNS.indexOf("ageTicks")] += 1;
  }

  #keep(): void {
    for (const [at, column] of ROW_COLUMNS.entries()) this.#good[at] = this.board[column][this.#platform];
    this.#goodLevel = this.board.traffic[this.#platform].level;
  }

  /** The row as it was before any forecaster wrote to it. */
  #reset(): void {
    for (const column of ROW_COLUMNS) this.board[column][this.#platform] = column === "impressionsPerClick" ? 1 : 0;
    this.board.traffic[this.#platform].level = 1;
  }
}
