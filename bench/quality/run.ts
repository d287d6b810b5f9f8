/** `npm run bench:quality`: what share of the hindsight optimum each policy captures, world by world. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command } from "commander";
import { Bout } from "./bout.ts";
import type { Contender } from "./brief.ts";
import { readRecordings } from "../../src/platforms/recording.ts";
import { parseDayShapes } from "../../src/platforms/day-shape.ts";
import { failures, isJudged, tabulate } from "./gates.ts";
import type { Row } from "./gates.ts";
import type { Job, MarketSetup } from "./market-worker.ts";
import { recordedMarket } from "./replay-world.ts";
import type { RecordedMarket } from "./replay-world.ts";
import type { FlightScore } from "./score.ts";
import { SCENARIOS } from "./worlds.ts";
import type { Scenario } from "./worlds.ts";

interface Options {
  readonly seeds: string;
  readonly seedFile?: string;
  readonly scenarios: string;
  readonly policies: string;
  readonly platforms: string;
  readonly ticks: string;
  readonly volume: string;
  readonly money: string;
  readonly shapes?: string;
  readonly histograms?: string;
  readonly recordings: readonly string[];
  readonly workers: string;
  readonly json?: string;
}

/** The policies of the table. A label `policy/forecaster` names both. */
const CONTENDERS = [
  "greedy-roi/ols-30",
  "greedy-cpc/ols-30",
  "uniform/ols-30",
  "pid/ols-30",
  "ortb/count-weighted",
  "dual-descent/count-weighted",
  "gamma-pacing/count-weighted",
  "gamma-pacing/told",
];

const program = new Command("bench:quality")
  .description("Plays whole flights in worlds whose hindsight optimum is known.")
  .option("--seeds <list>", "seeds and ranges of seeds", "10001-10020")
  .option("--seed-file <file>", "a file of seeds, one a line, instead")
  .option("--scenarios <list>", "scenarios by name", SCENARIOS.join(","))
  .option("--policies <list>", "policy/forecaster pairs", CONTENDERS.join(","))
  .option("--platforms <n>", "platforms", "5")
  .option("--ticks <n>", "ticks of the flight", "1440")
  .option("--volume <factor>", "scale of all volumes", "1")
  .option("--money <factor>", "scale of all money", "1")
  .option("--shapes <file>", "hourly traffic shapes (region_id,dow,hour,traffic_share) instead of synthetic ones")
  .option("--histograms <file>", "price histograms (JSON: name → count per price) for S12 and the recordings")
  .option("--recordings <files...>", "recorded markets to play as well, e.g. exports of your own", [])
  .option(
    "--workers <n>",
    "worlds at a time, each with a thread for the market and one for the engines",
    String(availableParallelism()),
  )
  .option("--json <file>", "write seeds, scores and table to this file");

const options = program.parse().opts<Options>();
const seeds = parseSeeds(options.seedFile === undefined ? options.seeds : readFileSync(options.seedFile, "utf8"));
const histograms =
  options.histograms === undefined
    ? {}
    : { priceHistograms: JSON.parse(readFileSync(options.histograms, "utf8")) as Record<string, readonly number[]> };
const recordings: RecordedMarket[] = [];
for (const file of options.recordings) {
  recordings.push(recordedMarket(file, await readRecordings([file]), histograms));
}
const scenarios: string[] = [
  ...options.scenarios.split(",").filter(Boolean).map(parseScenario),
  ...recordings.map(({ name }) => name),
];
const setup: MarketSetup = {
  contenders: options.policies.split(",").map(parseContender),
  world: {
    platforms: Number(options.platforms),
    ticks: Number(options.ticks),
    volumeScale: Number(options.volume),
    moneyScale: Number(options.money),
    ...(options.shapes === undefined ? {} : { shapes: parseDayShapes(readFileSync(options.shapes, "utf8")) }),
    ...histograms,
  },
  recordings,
};

const scores = await playAll();
const rows = tabulate(scores);
process.stdout.write(`${renderTable(rows)}\n`);
const broken = rows
  .filter(({ policy }) => isJudged(policy))
  .flatMap((row) => failures(row).map((failure) => `${row.scenario}: ${failure}`));
process.stdout.write(broken.length === 0 ? "Every gate holds.\n" : `Gates missed:\n  ${broken.join("\n  ")}\n`);
if (options.json !== undefined) {
  const command = `npm run bench:quality -- ${process.argv.slice(2).join(" ")}`;
  const columns = Object.keys(scores[0]) as (keyof FlightScore)[];
  const lines = scores.map((score) => JSON.stringify(columns.map((column) => rounded(score[column]))));
  const table = rows.map((row) => JSON.stringify(row));
  writeFileSync(
    options.json,
    `{"command":${JSON.stringify(command)},\n"rows":[\n${table.join(",\n")}\n],\n"columns":${JSON.stringify(columns)},\n"scores":[\n${lines.join(",\n")}\n]}\n`,
  );
}

/** Deals the worlds out; scores come back in the order of the jobs, whoever played them. */
async function playAll(): Promise<FlightScore[]> {
  const jobs: Job[] = scenarios.flatMap((scenario) => seeds.map((seed) => ({ scenario, seed })));
  const results: FlightScore[][] = [];
  const bar = new SingleBar({ format: "{bar} {value}/{total} worlds | {eta_formatted} left", stream: process.stderr });
  if (process.stderr.isTTY) bar.start(jobs.length, 0);
  const left = jobs.entries();
  const work = async (): Promise<void> => {
    const bout = new Bout(setup);
    for (const [index, job] of left) {
      results[index] = await bout.play(job);
      bar.increment();
    }
    await bout.stop();
  };
  await Promise.all(Array.from({ length: Math.min(jobs.length, Number(options.workers)) }, work));
  bar.stop();
  return results.flat();
}

function parseSeeds(text: string): number[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [from, to = from] = part.split("-").map(Number);
      if (!Number.isInteger(from) || !Number.isInteger(to) || to < from)
        program.error(`not a seed or a range: ${part}`);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
}

function parseScenario(name: string): Scenario {
  const known = SCENARIOS.find((scenario) => scenario === name);
  return known ?? program.error(`no scenario "${name}"; there are ${SCENARIOS.join(", ")}`);
}

function parseContender(label: string): Contender {
  const [policy, forecaster = "count-weighted"] = label.split("/");
  return { label: `${policy}/${forecaster}`, policy, forecaster };
}

function renderTable(table: readonly Row[]): string {
  const head = [
    "scenario",
    "policy",
    "flights",
    "mean %",
    "± SE",
    "p10",
    "min",
    "used %",
    "waste %",
    "frontier %",
    "goal %",
  ];
  const out = new Table({ head, style: { head: [], border: [] } });
  for (const row of table) {
    const isBroken = isJudged(row.policy) && failures(row).length > 0;
    out.push([
      row.scenario,
      `${row.policy}${isBroken ? " ✗" : ""}`,
      row.flights,
      ...[
        row.mean,
        row.standardError,
        row.worstDecile,
        row.min,
        row.utilisation,
        row.waste,
        row.frontierEfficiency,
      ].map((figure, column) => figure.toFixed(column === 1 ? 2 : 1)),
      row.goalReached === null ? "" : row.goalReached.toFixed(1),
    ]);
  }
  return out.toString();
}

/** Six digits are more than a flight's noise leaves. */
function rounded(value: FlightScore[keyof FlightScore]): typeof value {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
