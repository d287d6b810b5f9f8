/**
 * A diagnostic, not a contender: a forecaster that is told the true current CVR, the campaign's own, and the true current price, and forecasts the rest as the
 * default does. What is lost with it is lost to not knowing the future, what is lost without it to not knowing the present.
 */
import type { ForecastBoard, ForecasterFactory } from "../../src/core/forecast/board.ts";
import { CountWeightedForecaster } from "../../src/core/forecast/count-weighted.ts";
import type { GammaMemory } from "../../src/core/policy/gamma-calibration.ts";
import { gammaPacing } from "../../src/core/policy/gamma-pacing.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import type { ToldPaths } from "./brief.ts";

/** The forecaster. */
export function toldForecaster(paths: ToldPaths): ForecasterFactory {
  return (board: ForecastBoard, platform, options) => {
    const usual = new CountWeightedForecaster(board, platform, options);
    const { cvr, cvrFactor, priceMicros } = paths.platforms[platform];
    return {
      update(metrics, tick) {
        usual.update(metrics, tick);
        const now = Math.min(cvr.length - 1, tick + 1 + paths.warmupTicks);
        board.cvr[platform] = cvr[now] * cvrFactor;
        board.cvrMean[platform] *= cvrFactor;
        board.cvrRelSd[platform] = 0;
        board.cpcMicros[platform] = priceMicros[now];
      },
    };
  };
}

/** The policies as they go with it: gamma pacing has nothing of the campaign's own to learn, which is in what it is told. */
export function toldPolicy(name: string): Policy {
  if (name !== gammaPacing.name) return policyNamed(name);
  return {
    ...(gammaPacing as Policy),
    decide: (input, memory) => gammaPacing.decide(input, { ...(memory as GammaMemory), ownChance: 0 }),
  };
}
