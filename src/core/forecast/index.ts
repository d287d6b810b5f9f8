/**
 * The forecasters by name. They are chosen apart from policies, and share one board shape.
 */
import { createBoard } from "./board.ts";
import type { ForecastBoard, Forecaster, ForecasterFactory, ForecasterOptions } from "./board.ts";
import { EngineError } from "../errors.ts";
import { CountWeightedForecaster } from "./count-weighted.ts";
import { OlsForecaster } from "./ols.ts";

/** A forecaster that a scenario can name. */
export interface ForecasterEntry {
  /** One line for people. */
  readonly description: string;
  readonly create: ForecasterFactory;
}

/** Every forecaster that a scenario can name. */
export const FORECASTERS: Readonly<Record<string, ForecasterEntry>> = {
  "ols-30": {
    description: "Sliding window of 30 and linear regression on the CVR ratios and prices: the named baseline.",
    create: (board, platform) => new OlsForecaster(board, platform),
  },
  "count-weighted": {
    description: "Counts instead of ratios, delay-aware, with drift, time of day and sudden changes: the default.",
    create: (board, platform, options) => new CountWeightedForecaster(board, platform, options),
  },
};

/** A board and the forecasters that keep its rows; index = platform index. */
export interface ForecasterSet {
  readonly board: ForecastBoard;
  readonly forecasters: readonly Forecaster[];
}

/**
 * The named forecaster for so many platforms, on a board of its own.
 * @throws EngineError `CE_FORECASTER_UNKNOWN`.
 */
export function createForecasters(name: string, platforms: number, options: ForecasterOptions): ForecasterSet {
  const create = forecasterNamed(name);
  const board = createBoard(name, platforms, options.periodTicks);
  return { board, forecasters: Array.from({ length: platforms }, (_, platform) => create(board, platform, options)) };
}

/**
 * What makes the named forecaster of a platform.
 * @param custom forecasters beside those of {@link FORECASTERS}
 * @throws EngineError `CE_FORECASTER_UNKNOWN`.
 */
export function forecasterNamed(name: string, custom?: ReadonlyMap<string, ForecasterFactory>): ForecasterFactory {
  const create = custom?.get(name) ?? (Object.hasOwn(FORECASTERS, name) ? FORECASTERS[name].create : null);
  if (create === null) {
    throw new EngineError("CE_FORECASTER_UNKNOWN", `There is no forecaster "${name}".`, {
      expected: Object.keys(FORECASTERS).join(", "),
    });
  }
  return create;
}
