/** A diagnostic, not a contender: a forecaster that is told the true current CVR and price, and forecasts the rest as the default does. */
import type { ForecastBoard, ForecasterFactory } from "../../src/core/forecast/board.ts";
import { CountWeightedForecaster } from "../../src/core/forecast/count-weighted.ts";
import type { ToldPaths } from "./brief.ts";

/** What is lost with it is lost to not knowing the future, with another to not knowing the present. */
export function toldForecaster(paths: ToldPaths): ForecasterFactory {
  return (board: ForecastBoard, platform, options) => {
    const usual = new CountWeightedForecaster(board, platform, options);
    const { cvr, priceMicros } = paths.platforms[platform];
    return {
      update(metrics, tick) {
        usual.update(metrics, tick);
        const now = Math.min(cvr.length - 1, tick + 1 + paths.warmupTicks);
        board.cvr[platform] = cvr[now];
        board.cvrRelSd[platform] = 0;
        board.cpcMicros[platform] = priceMicros[now];
      },
    };
  };
}
