/** `campaign-engine replay`: a campaign on a recorded market. */
import { Command, InvalidArgumentError, Option } from "commander";
import { readFileSync } from "node:fs";
import { DEFAULT_LIMITS } from "../../machines/portfolio.ts";
import { DEFAULT_LONGEST_TICKS } from "../core/faults.ts";
import type { FaultRates } from "../core/faults.ts";
import { EngineError } from "../core/errors.ts";
import { formatMoney, toMicros } from "../core/money.ts";
import { DIALECT_NAMES } from "../platforms/dialects.ts";
import type { DialectName } from "../platforms/dialects.ts";
import { readRecordings } from "../platforms/recording.ts";
import { offeredTotals, replayCampaign, replayPaths } from "../platforms/replay-paths.ts";
import type { Replay, ReplayOptions } from "../platforms/replay-paths.ts";
import { faultArguments, withFaultOption } from "./faults.ts";
import { findPolicy } from "./policy-module.ts";
import { runAndReport } from "./report.ts";
import type { ReportOptions } from "./report.ts";
import type { RunPlan } from "./run.ts";
import { parseNames, parseSeed, withReportOptions } from "./simulate.ts";
import { threadsFor } from "./threads.ts";

interface Options extends ReportOptions {
  readonly dialect?: DialectName;
  readonly histograms?: string;
  readonly seed: number;
  readonly policy: string;
  readonly policies?: readonly string[];
  readonly forecaster: string;
  readonly budget?: number;
  readonly value?: number;
  readonly faults?: FaultRates;
}

const DAY_MS = 86_400_000;

/** The `replay` command. */
export function replayCommand(): Command {
  return withFaultOption(
    withReportOptions(
      new Command("replay")
        .summary("play a campaign on a recorded market and report")
        .description("Plays one campaign on the market that report exports or recordings describe.")
        .argument("<files...>", "CSV exports (Google Ads, Meta Ads, TikTok Ads), one a platform, or recordings")
        .addOption(new Option("--dialect <name>", "what the files are, instead of finding out").choices(DIALECT_NAMES))
        .option("--histograms <file>", "recorded prices as JSON: platform → number of auctions at price 0, 1, 2 …")
        .option("--seed <number>", "seed of the auctions' outcomes", parseSeed, 1)
        .option("--policy <name or file>", "how the campaign decides", "gamma-pacing")
        .option("--policies <names>", "compare these policies on the same seed", parseNames)
        .option("--forecaster <name>", "which forecast it reads", "count-weighted")
        .option(
          "--budget <amount>",
          "budget in the recording's currency (default: half of what was spent)",
          parseAmount,
        )
        .option("--value <amount>", "value of a conversion (default: as recorded, or 1.1 × the usual CPA)", parseAmount)
        .addHelpText(
          "after",
          `
Examples:
  campaign-engine replay google.csv meta.csv tiktok.csv
  campaign-engine replay export.csv --dialect google --budget 500 --report replay.html
  campaign-engine replay recording.csv --policies greedy-roi,dual-descent
  campaign-engine replay recording.csv --faults platform-silent=0.01`,
        ),
    ),
  ).action(async (files: string[], options: Options) => {
    const chosen = options.policies ?? [options.policy];
    const policies = await Promise.all(chosen.map((name) => findPolicy(name)));
    const recording = await readRecordings(files, options.dialect === undefined ? {} : { dialect: options.dialect });
    const replay = replayPaths(recording, replayOptions(options));
    const currency = recording.currency ?? "XXX";
    const offered = offeredTotals(replay);
    const figures = [
      `${Math.round(offered.impressions).toLocaleString("en-US")} impressions`,
      `${Math.round(offered.clicks).toLocaleString("en-US")} clicks`,
      formatMoney(Math.round(offered.costMicros), currency),
      `${Math.round(offered.conversions).toLocaleString("en-US")} conversions`,
    ];
    const command = ["replay", ...files, `--seed ${options.seed}`].join(" ") + faultArguments(options.faults);
    await runAndReport(planOf(recording, replay, options, currency), {
      ...options,
      logLevel: options.logLevel ?? "changes",
      policies,
      chosen,
      command,
      notes: [`The recording holds ${figures.join(", ")}.`, ...replay.notes, ...recording.warnings],
    });
  });
}

function planOf(
  recording: Parameters<typeof replayCampaign>[0],
  replay: Replay,
  options: Options,
  currency: string,
): RunPlan {
  const { paths, tickMs, startMs } = replay;
  const campaign = replayCampaign(recording, replay, {
    id: "replay",
    policy: options.policy,
    forecaster: options.forecaster,
    ...(options.budget === undefined ? {} : { budgetMicros: options.budget }),
    ...(options.value === undefined ? {} : { valuePerConversionMicros: options.value }),
  });
  return {
    config: {
      name: "replay",
      seed: options.seed,
      currency,
      startMs,
      tickMs,
      ticks: paths.ticks,
      warmupTicks: paths.warmupTicks,
      periodTicks: Math.max(1, Math.round(DAY_MS / tickMs)),
      timeZone: "UTC",
      campaigns: [campaign],
      threads: threadsFor(1, options.threads),
      supervision: DEFAULT_LIMITS,
    },
    paths,
    faults: {
      rates: options.faults ?? {},
      fromTick: 0,
      toTick: paths.ticks,
      longestTicks: Math.min(DEFAULT_LONGEST_TICKS, paths.ticks),
    },
    exposures: [{ volumeShare: 1, cvrFactors: paths.platforms.map(() => 1) }],
  };
}

function replayOptions({ histograms: file }: Options): ReplayOptions {
  if (file === undefined) return {};
  const expected = "a JSON object: platform → array of counts per price";
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    const code = cause instanceof SyntaxError ? "CE_DATA_INVALID" : "CE_DATA_UNREADABLE";
    throw new EngineError(code, `${file} cannot be read: ${String(cause)}`, { file, expected }, { cause });
  }
  const isHistogram = (counts: unknown) =>
    Array.isArray(counts) && counts.length > 1 && counts.every((count) => Number.isFinite(count) && count >= 0);
  if (typeof data !== "object" || data === null || !Object.values(data).every(isHistogram)) {
    throw new EngineError("CE_DATA_INVALID", `${file} holds no price histograms.`, { file, expected });
  }
  return { priceHistograms: data as Record<string, readonly number[]> };
}

/** Currency units to micros. @throws InvalidArgumentError */
function parseAmount(text: string): number {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || Number(text) === 0) {
    throw new InvalidArgumentError("An amount in currency units above zero, such as 250 or 19.99.");
  }
  return toMicros(Number(text));
}
