/** Recorded markets as worlds of the bench: any file that `campaign-engine replay` can read. */
import { basename } from "node:path";
import { RandomStream } from "../../src/core/random.ts";
import { hindsightCurve, hindsightOptimum } from "../../src/platforms/hindsight.ts";
import type { Recording } from "../../src/platforms/recording.ts";
import { replayCampaign, replayPaths } from "../../src/platforms/replay-paths.ts";
import type { ReplayOptions } from "../../src/platforms/replay-paths.ts";
import { drawValuePerConversion } from "../../src/platforms/simulated-paths.ts";
import type { QualityWorld } from "./worlds.ts";

/** A recording, ready to be played with any seed. */
export interface RecordedMarket {
  readonly name: string;
  readonly recording: Recording;
  readonly options: ReplayOptions;
}

/** Names a recorded market after its file. */
export function recordedMarket(file: string, recording: Recording, options: ReplayOptions): RecordedMarket {
  return { name: basename(file).replace(/\.[^.]*$/, ""), recording, options };
}

/**
 * The world of a recording. The seed moves the value of a conversion and the budget, drawn as in the simulated worlds, the auctions' outcomes and
 * the panel; volumes, prices and conversion rates are the recording's.
 */
export function replayWorld({ name, recording, options }: RecordedMarket, seed: number): QualityWorld {
  const replay = replayPaths(recording, options);
  const { paths, tickMs } = replay;
  const valuePerConversionMicros = drawValuePerConversion(paths, seed);
  const exposure = { volumeShare: 1, cvrFactors: paths.platforms.map(() => 1) };
  const question = { paths, exposure };
  const [{ spendMicros: unconstrainedSpendMicros }] = hindsightCurve(question, [valuePerConversionMicros]);
  const budgetShare = 0.15 + 0.45 * new RandomStream(seed, "world:budget").next();
  const budgetMicros = Math.max(1, Math.round(budgetShare * unconstrainedSpendMicros));
  const settings = { id: name, policy: "", forecaster: "", budgetMicros, valuePerConversionMicros };
  const campaign = replayCampaign(recording, replay, settings);
  const bound = hindsightOptimum({ ...question, valuePerConversionMicros, budgetMicros, cpaTargetMicros: null });
  return { scenario: name, seed, tickMs, paths, exposure, campaign, bound, unconstrainedSpendMicros };
}
