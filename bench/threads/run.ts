/** `npm run bench:threads`: what worker threads gain, flights with and without them in turn, a process each. */
import { fork } from "node:child_process";
import Table from "cli-table3";
import { Command } from "commander";
import nodeFlags from "../../src/cli/node-flags.json" with { type: "json" };
import { median } from "../speed/timing.ts";
import type { FlightFigures, FlightOrder } from "./worker.ts";

interface Options {
  readonly campaigns: string;
  readonly ticks: string;
  readonly rounds: string;
  readonly threads: string;
  readonly policy: string;
  readonly nodeFlags: string;
}

const options = new Command("bench:threads")
  .description(
    "Measures ticks on one thread and on several, in turn: ratios are medians over rounds, each within one round.",
  )
  .option("--campaigns <number>", "campaigns, each on five platforms", "100000")
  .option("--ticks <number>", "ticks of a flight", "15")
  .option("--rounds <number>", "flights of each kind", "3")
  .option("--threads <numbers>", "numbers of threads, the first is the baseline", "1,2")
  .option("--policy <name>", "what campaigns decide by", "gamma-pacing")
  // Otherwise V8 collects the garbage of one thread on all cores, and CPU time does not tell whose it was.
  .option("--node-flags <flags>", "flags of Node, beside those of the command line", "--single-threaded-gc")
  .parse()
  .opts<Options>();

const kinds = options.threads.split(",").map(Number);
const rounds: FlightFigures[][] = [];
for (let round = 0; round < Number(options.rounds); round += 1) {
  const flown: FlightFigures[] = [];
  for (const threads of kinds) flown.push(await fly(threads));
  rounds.push(flown);
}

const table = new Table({
  head: ["threads", "tick ms", "times as fast", "CPU ms a tick", "one after another", "times as fast", "start ms"],
  colAligns: kinds.map(() => "right"),
  style: { head: [], border: [] },
});
for (const [at, threads] of kinds.entries()) {
  const of = (figure: (flown: FlightFigures, base: FlightFigures) => number) =>
    median(rounds.map((flown) => figure(flown[at], flown[0])));
  table.push([
    threads,
    of(({ tickMs }) => tickMs).toFixed(1),
    of(({ tickMs }, base) => base.tickMs / tickMs).toFixed(2),
    of(({ cpuMs }) => cpuMs).toFixed(1),
    of((flown) => sequential(flown, threads)).toFixed(1),
    of((flown, base) => sequential(base, kinds[0]) / sequential(flown, threads)).toFixed(2),
    of(({ startMs }) => startMs).toFixed(0),
  ]);
}
process.stdout.write(
  `${options.campaigns} campaigns, ${options.policy}, ${options.ticks} ticks\n${table.toString()}\n`,
);

/** CPU time that nothing else can overlap: that of the engine's thread, then that of one worker thread [ms]. */
function sequential({ cpuMs, ownCpuMs }: FlightFigures, threads: number): number {
  return threads === 1 ? cpuMs : ownCpuMs + (cpuMs - ownCpuMs) / threads;
}

function fly(threads: number): Promise<FlightFigures> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("worker.ts", import.meta.url), {
      execArgv: [...nodeFlags, ...options.nodeFlags.split(" ").filter(Boolean)],
    });
    child.on("message", (figures) => resolve(figures as FlightFigures));
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`A flight on ${threads} threads ended with exit code ${code}.`)));
    const { campaigns, ticks, policy } = options;
    child.send({ campaigns: Number(campaigns), ticks: Number(ticks), policy, threads } satisfies FlightOrder);
  });
}
