/** `campaign-engine load`: how many campaigns this machine carries in real time. */
import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import type { DecisionLogLevel } from "../observe/decision-log.ts";
import { MAX_CAMPAIGNS } from "../scenario/schema.ts";
import { wholeNumber } from "./chaos.ts";
import { putLoad } from "./load-test.ts";
import type { LoadResult, Spread } from "./load-test.ts";
import { findPolicy } from "./policy-module.ts";
import { parseLogLevel, parsePeriod, parseSeed } from "./simulate.ts";
import { threadsFor, withThreadsOption } from "./threads.ts";

const EXIT_LATE = 4;
const EXIT_INTERRUPTED = 130;
const DAY_SECONDS = 86_400;

interface LoadOptions {
  readonly campaigns: number;
  readonly seconds: number;
  readonly every: number;
  readonly policy: string;
  readonly seed: number;
  readonly threads?: number;
  readonly log: string;
  readonly logLevel: DecisionLogLevel;
  readonly failLate?: boolean;
  readonly json?: boolean;
  readonly progress: boolean;
}

/** The `load` command. */
export function loadCommand(): Command {
  return withThreadsOption(
    new Command("load")
      .summary("put synthetic campaigns on this machine, against the wall clock")
      .description(
        "Runs synthetic campaigns on five simulated platforms in real time, a tick every so often, and reports how long decisions took, whether a tick was late, and what it cost.",
      )
      .option("--campaigns <number>", "how many", wholeNumber(1, MAX_CAMPAIGNS), 10_000)
      .option("--seconds <number>", "how long", wholeNumber(1, DAY_SECONDS), 60)
      .addOption(new Option("--every <duration>", "time from tick to tick").argParser(parsePeriod).default(2000, "2s"))
      .option("--policy <name or file>", "who decides: a policy's name, or a module of yours", "gamma-pacing")
      .option("--seed <number>", "seed of all that is random", parseSeed, 1)
      .option("--log <file>", "where the decision log goes", "/dev/null")
      .addOption(
        new Option("--log-level <level>", "all, changes, or sample:N")
          .argParser(parseLogLevel)
          .default("changes" satisfies DecisionLogLevel),
      )
      .option("--fail-late", "exit with 4 when a tick was late")
      .option("--json", "print the result as JSON")
      .option("--no-progress", "no progress bar"),
  )
    .addHelpText(
      "before",
      `Examples:
  campaign-engine load                                          10,000 campaigns for a minute
  campaign-engine load --campaigns 100000 --seconds 60 --threads 2
  campaign-engine load --every 500ms --fail-late --json          as a check in a build
`,
    )
    .action(run);
}

async function run(options: LoadOptions): Promise<void> {
  const { campaigns, every: periodMs, seed, log, logLevel } = options;
  const policy = await findPolicy(options.policy);
  const ticks = Math.max(1, Math.round((options.seconds * 1000) / periodMs));
  const interrupt = new AbortController();
  const onSignal = () => {
    process.stderr.write("\nInterrupted: ending after this tick. Once more to stop at once.\n");
    interrupt.abort();
    process.removeListener("SIGINT", onSignal);
  };
  process.on("SIGINT", onSignal);
  const bar = progressBar(ticks, options.progress);
  let result: LoadResult;
  const threads = threadsFor(campaigns, options.threads);
  try {
    result = await putLoad({
      campaigns,
      ticks,
      periodMs,
      policy,
      seed,
      threads,
      log,
      logLevel,
      signal: interrupt.signal,
      onTick: (played, late, latencyMs) => bar?.update(played, { late, latency: latencyMs.toFixed(0) }),
    });
  } finally {
    bar?.stop();
    process.removeListener("SIGINT", onSignal);
  }
  const setting = { policy: policy.name, everyMs: periodMs, threads };
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ ...setting, ...result }, null, 2)}\n` : render(result, setting),
  );
  if (interrupt.signal.aborted) process.exitCode = EXIT_INTERRUPTED;
  else if (options.failLate === true && result.lateTicks > 0) process.exitCode = EXIT_LATE;
}

function render(
  result: LoadResult,
  { policy, everyMs, threads }: { policy: string; everyMs: number; threads: number },
) {
  const whole = (figure: number) => Math.round(figure).toLocaleString("en-US");
  const spread = ({ p50, p95, p99, max }: Spread) =>
    `p50 ${p50.toFixed(1)}  p95 ${p95.toFixed(1)}  p99 ${p99.toFixed(1)}  max ${max.toFixed(1)} ms`;
  const rows: readonly [string, string][] = [
    [
      "Load",
      `${whole(result.campaigns)} campaigns × ${result.platforms} platforms, ${policy}, a tick every ${everyMs} ms`,
    ],
    ["Threads", String(threads)],
    ["Ticks", `${result.ticks}, late: ${result.lateTicks}`],
    ["Tick to decision", spread(result.latencyMs)],
    ["Simulated market", `${spread(result.marketMs)}, on top`],
    ["Event loop delay", spread(result.eventLoopDelayMs)],
    ["Decisions", `${whole(result.decisions)}, ${whole(result.decisionsPerSecond)} a second`],
    [
      "CPU",
      `${result.cpuSeconds.toFixed(1)} s of ${result.wallSeconds.toFixed(1)} s, ${whole(result.decisionsPerCpuSecond)} decisions per CPU second, market included`,
    ],
    [
      "Memory",
      `${whole(result.peakResidentBytes / 2 ** 20)} MiB, ${whole(result.residentBytesPerCampaign)} bytes per campaign`,
    ],
    ["Decision log", `${whole(result.logLines)} lines`],
  ];
  return rows.map(([name, text]) => `${name.padEnd(18)}${text}\n`).join("");
}

function progressBar(total: number, isWanted: boolean): SingleBar | null {
  if (!isWanted || !process.stderr.isTTY) return null;
  const bar = new SingleBar({
    format: "load {bar} {value}/{total} ticks | {late} late | {latency} ms | {eta_formatted} left",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0, { late: 0, latency: 0 });
  return bar;
}
