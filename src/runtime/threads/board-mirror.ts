/**
 * A forecast board in shared memory: the engine's thread copies its board in before each round, the others read it during the round.
 */
import { ROW_COLUMNS } from "../../core/forecast/board.ts";
import type { ForecastBoard, FarTraffic, TrafficPlan } from "../../core/forecast/board.ts";

/** Of each platform's traffic: level, whether there is a far view, and its four figures. */
const TRAFFIC_SCALARS = 6;

/** What crosses so that another thread has the same board. */
export interface SharedBoard {
  readonly forecaster: string;
  readonly platforms: number;
  readonly periodTicks: number;
  readonly buffer: SharedArrayBuffer;
}

/** Makes the memory of a board. */
export function shareBoard({ forecaster, cvr, traffic }: ForecastBoard): SharedBoard {
  const platforms = cvr.length;
  const { periodTicks } = traffic[0];
  const floats = 1 + platforms * (ROW_COLUMNS.length + TRAFFIC_SCALARS + 2 * periodTicks + 1);
  const buffer = new SharedArrayBuffer(floats * Float64Array.BYTES_PER_ELEMENT + platforms);
  return { forecaster, platforms, periodTicks, buffer };
}

/** One side's view of a shared board. */
export class BoardMirror {
  /** The board over the shared columns; its single figures are those of the last {@link read}. */
  readonly board: ForecastBoard;
  readonly #tick: Float64Array;
  readonly #scalars: readonly Float64Array[];

  constructor({ forecaster, platforms, periodTicks, buffer }: SharedBoard) {
    let at = 0;
    const take = (length: number): Float64Array => {
      const column = new Float64Array(buffer, at, length);
      at += column.byteLength;
      return column;
    };
    this.#tick = take(1);
    const columns = Object.fromEntries(ROW_COLUMNS.map((name) => [name, take(platforms)])) as Pick<
      ForecastBoard,
      (typeof ROW_COLUMNS)[number]
    >;
    const traffic = Array.from({ length: platforms }, (): TrafficPlan => {
      return { periodTicks, profile: take(periodTicks), cumulative: take(periodTicks + 1), level: 0 };
    });
    this.#scalars = traffic.map(() => take(TRAFFIC_SCALARS));
    this.board = { forecaster, tick: 0, ...columns, health: new Uint8Array(buffer, at, platforms), traffic };
  }

  /** Copies a board in. */
  write(from: ForecastBoard): void {
    this.#tick[0] = from.tick;
    for (const name of ROW_COLUMNS) this.board[name].set(from[name]);
    this.board.health.set(from.health);
    for (const [platform, { profile, cumulative, level, far }] of from.traffic.entries()) {
      this.board.traffic[platform].profile.set(profile);
      this.board.traffic[platform].cumulative.set(cumulative);
      this.#scalars[platform].set([
        level,
        far === undefined ? 0 : 1,
        far?.tick ?? 0,
        far?.level ?? 0,
        far?.reversionTicks ?? 0,
        far?.horizonTicks ?? 0,
      ]);
    }
  }

  /** Takes over the single figures that were copied in. */
  read(): ForecastBoard {
    [this.board.tick] = this.#tick;
    for (const [platform, plan] of this.board.traffic.entries()) {
      const [level, hasFar, tick, farLevel, reversionTicks, horizonTicks] = this.#scalars[platform];
      plan.level = level;
      const far: FarTraffic = { tick, level: farLevel, reversionTicks, horizonTicks };
      if (hasFar === 0) delete plan.far;
      else plan.far = far;
    }
    return this.board;
  }
}
