/** `campaign-engine simulate`: a scenario on a simulated market. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { DecisionLogLevel } from "../observe/decision-log.ts";
import { simulatePaths } from "../platforms/simulated-paths.ts";
import { loadScenario } from "../scenario/loader.ts";
import { parseDuration } from "../scenario/quantities.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import { EngineError } from "../core/errors.ts";
import type { FaultRates } from "../core/faults.ts";
import { compareAndPrint } from "./compare.ts";
import { faultArguments, withFaultOption, withFaults } from "./faults.ts";
import { findPolicy } from "./policy-module.ts";
import { runAndReport } from "./report.ts";
import type { ReportOptions } from "./report.ts";
import { fingerprintOf } from "./run.ts";
import type { RunPlan } from "./run.ts";
import { threadsFor, withThreadsOption } from "./threads.ts";

interface SimulateOptions extends ReportOptions {
  readonly seed?: number;
  readonly policy?: string;
  readonly policies?: readonly string[];
  readonly forecaster?: string;
  readonly interpreted?: boolean;
  readonly compare?: boolean;
  /** In place of the scenario's own. */
  readonly faults?: FaultRates;
  readonly seeds?: number;
  /** Period of the wall clock [ms]; absent: the virtual clock. */
  readonly every?: number;
  /** Directory in which the run is kept. */
  readonly state?: string;
}

/** Seeds that --compare plays unless told otherwise. */
const COMPARED_SEEDS = 10;

/** The `simulate` command. */
export function simulateCommand(): Command {
  return withFaultOption(
    withReportOptions(
      new Command("simulate")
        .summary("play a scenario on a simulated market and report")
        .description(
          "Plays a scenario's campaigns on a simulated market, as fast as it goes, and reports what they spent and got.",
        )
        .argument("[scenario]", "scenario file (YAML or JSON), or the name of a preset", "calm-day")
        .option("--seed <number>", "play with this seed instead of the scenario's", parseSeed)
        .option(
          "--policy <name or file>",
          "let every campaign decide by this policy, or by a module of yours (.ts, .js)",
        )
        .option("--policies <names>", "compare these policies on the same seed, e.g. greedy-roi,./mine.ts", parseNames)
        .option(
          "--every <duration>",
          "play in real time, a tick every so often (2s), instead of as fast as it goes",
          parsePeriod,
        )
        .addOption(
          new Option("--compare", "play the policy against equal-split and greedy-roi on several seeds").conflicts([
            "policies",
            "log",
            "report",
          ]),
        )
        .option("--seeds <number>", "with --compare: how many seeds, from --seed upwards (10)", parseSeeds)
        .addOption(
          new Option(
            "--state <directory>",
            "keep every step in this directory: killed, the same command goes on where it was",
          ).conflicts(["policies", "compare"]),
        )
        .option("--interpreted", "run the statecharts through XState's interpreter instead of compiled")
        .addHelpText(
          "after",
          `
Examples:
  campaign-engine simulate                                   a calm day
  campaign-engine simulate storm --report storm.html         with a page of plots
  campaign-engine simulate ten-thousand --threads 4          campaigns on four threads
  campaign-engine simulate storm --state kept                survives a kill -9: run it again to go on
  campaign-engine simulate my.yaml --seed 7 --json           figures for a machine
  campaign-engine simulate storm --compare --seeds 20        is it better than an equal split?
  campaign-engine simulate storm --policies greedy-roi,dual-descent
  campaign-engine simulate storm --faults decision-throws=0.05,report-lost=0.001`,
        ),
    ),
  ).action(async (source: string, options: SimulateOptions) => {
    if (options.seeds !== undefined && options.compare !== true) {
      throw new EngineError("CE_USAGE_INVALID", "--seeds belongs to --compare.", {
        hint: "Add --compare, or give the seed of a single run with --seed.",
      });
    }
    const { scenario, source: from } = loadScenario(source);
    const seeded = options.seed === undefined ? scenario : { ...scenario, seed: options.seed };
    const resolved = resolveScenario(seeded, from.locate);
    const plan = planOf(resolved, options.faults);
    const { state, faults, policy } = options;
    const keptState =
      state === undefined ? undefined : { directory: state, fingerprint: fingerprintOf({ resolved, faults, policy }) };
    const level = options.logLevel ?? (scenario.log.level as DecisionLogLevel);
    const chosen = options.policies ?? (options.policy === undefined ? [] : [options.policy]);
    const policies = await Promise.all(chosen.map((name) => findPolicy(name)));
    const isInterpreted = options.interpreted === true;
    const threads = threadsFor(plan.config.campaigns.length, options.threads);
    if (options.compare === true) {
      const planOfSeed = (seed: number): RunPlan => {
        const { config, ...market } = planOf(resolveScenario({ ...scenario, seed }, from.locate), options.faults);
        return { ...market, config: { ...config, isInterpreted, threads } };
      };
      // Seeds wrap around at 2^32, as a seed is 32 bits.
      const seeds = Array.from(
        { length: options.seeds ?? COMPARED_SEEDS },
        (_, i) => (plan.config.seed + i) % 0x1_0000_0000,
      );
      return compareAndPrint(planOfSeed, seeds, policies[0] ?? null, options);
    }
    await runAndReport(
      { ...plan, config: { ...plan.config, isInterpreted, threads } },
      {
        ...options,
        logLevel: level,
        policies,
        chosen,
        keptState,
        periodMs: options.every,
        command: `simulate ${source} --seed ${plan.config.seed}${faultArguments(options.faults)}`,
        notes: [],
      },
    );
  });
}

/** @throws InvalidArgumentError */
export function parsePeriod(text: string): number {
  const periodMs = parseDuration(text);
  if (periodMs === null || periodMs === 0) throw new InvalidArgumentError("A duration such as 2s or 500ms.");
  return periodMs;
}

/** The run of a scenario. */
export function planOf(resolved: ReturnType<typeof resolveScenario>, rates?: FaultRates): RunPlan {
  const { market, exposures, faults, expectations, ...config } = resolved;
  return { config, paths: simulatePaths(market), exposures, expectations, faults: withFaults(faults, rates) };
}

/** Options that `simulate` and `replay` share. */
export function withReportOptions(command: Command): Command {
  return withThreadsOption(command)
    .option("--json", "print the summary as JSON")
    .option("--log <file>", "write the decision log (NDJSON) to this file")
    .addOption(new Option("--log-level <level>", "all, changes, or sample:N").argParser(parseLogLevel))
    .option("--report <file>", "write a self-contained HTML page of plots to this file")
    .option("--no-progress", "no progress bar");
}

/** @throws InvalidArgumentError */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff) throw new InvalidArgumentError("A whole number from 0 to 4294967295.");
  return seed;
}

/** @throws InvalidArgumentError */
function parseSeeds(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("A whole number from 1 to 9999.");
  return Number(text);
}

/** @throws InvalidArgumentError */
export function parseNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw new InvalidArgumentError("Names with commas between them.");
  return names;
}

/** @throws InvalidArgumentError */
export function parseLogLevel(text: string): DecisionLogLevel {
  if (!/^(all|changes|sample:[1-9]\d{0,8})$/.test(text)) {
    throw new InvalidArgumentError("One of: all, changes, sample:N (every Nth decision).");
  }
  return text as DecisionLogLevel;
}
