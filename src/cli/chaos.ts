/** `campaign-engine chaos`: random scenarios, every invariant checked at every tick. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError, Option } from "commander";
import type { FlightOptions } from "../proof/flight.ts";
import { playFlight } from "../proof/flight.ts";
import type { Violation } from "../proof/invariants.ts";
import { randomScenario } from "../proof/random-scenario.ts";
import { addTally, NO_FLIGHTS, optionsOf, tallyOf } from "../proof/tally.ts";
import type { Tally } from "../proof/tally.ts";
import { loadScenario } from "../scenario/loader.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import type { ScenarioFile } from "../scenario/schema.ts";
import {
  renderBroken,
  renderShrunk,
  renderTally,
  reproduceLine,
  scenarioText,
  shrinkFlight,
  untaken,
} from "./chaos-report.ts";
import type { FlightBlock } from "./chaos-worker.ts";
import { openPending } from "./output.ts";
import { parseSeed } from "./simulate.ts";

const EXIT_VIOLATED = 4;
const EXIT_INTERRUPTED = 130;
/** Flights handed to a thread at once. */
const BLOCK = 16;
const MAX_FLIGHTS = 10_000_000;
const MAX_THREADS = 64;

interface ChaosOptions {
  readonly flights: number;
  readonly seed: number;
  readonly from: number;
  readonly threads: number;
  readonly scenario?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly progress: boolean;
}

/** The `chaos` command. */
export function chaosCommand(): Command {
  return new Command("chaos")
    .summary("play random scenarios, checking every invariant at every tick")
    .description(
      "Plays random scenarios, with outages, shocks, late reports and an operator's orders, and checks at every tick what must hold of money, bids, actors and decisions.\n" +
        "A broken invariant is printed with the line that brings it back, shrunk to a small scenario and written as a file; exit code 4.",
    )
    .option("--flights <number>", "scenarios to play", wholeNumber(1, MAX_FLIGHTS), 1000)
    .option("--seed <number>", "seed of all that is random", parseSeed, 1)
    .option("--from <number>", "number of the first flight", wholeNumber(0, MAX_FLIGHTS), 0)
    .option("--threads <number>", "threads; the result does not depend on them", wholeNumber(1, MAX_THREADS))
    .addOption(
      new Option("--scenario <file>", "play this scenario alone, checked in the same way").conflicts([
        "from",
        "threads",
      ]),
    )
    .option("--out <file>", "where to write the smallest scenario that breaks")
    .option("--json", "print the result as JSON")
    .option("--no-progress", "no progress bar")
    .addHelpText(
      "before",
      `Examples:
  campaign-engine chaos                                 a thousand flights
  campaign-engine chaos --flights 10000 --seed 7
  campaign-engine chaos --seed 7 --from 123 --flights 1 one flight again
  campaign-engine chaos --scenario smallest.yaml        a scenario that broke, or one of yours
`,
    )
    .action(async (options: Omit<ChaosOptions, "threads"> & { readonly threads?: number }) => {
      const threads = options.threads ?? Math.min(MAX_THREADS, availableParallelism());
      if (options.scenario === undefined) await fly({ ...options, threads });
      else flyOne(options.scenario, { ...options, threads });
    });
}

async function fly(options: ChaosOptions): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = () => {
    process.stderr.write("\nInterrupted: ending the flights under way. Once more to stop at once.\n");
    interrupt.abort();
    process.removeListener("SIGINT", onSignal);
  };
  process.on("SIGINT", onSignal);
  const startedMs = performance.now();
  const bar = progressBar(options);
  let tally: Tally;
  try {
    tally = await playAll(options, interrupt.signal, (flights, faults) => {
      const perSecond = Math.round((1000 * flights) / (performance.now() - startedMs));
      bar?.update(flights, { perSecond, faults });
    });
  } finally {
    bar?.stop();
    process.removeListener("SIGINT", onSignal);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = `${tally.flights} flights in ${seconds.toFixed(1)} s, ${Math.round(tally.flights / seconds)} a second`;
  process.stderr.write(`${rate}, seed ${options.seed}, ${options.threads} threads\n`);
  const [first] = tally.broken;
  const file = first === undefined ? null : randomScenario(options.seed, first.flight);
  print(tally, options);
  if (interrupt.signal.aborted) process.exitCode = EXIT_INTERRUPTED;
  if (first === undefined || file === null) return;
  process.stderr.write(renderBroken(tally, options.seed));
  showSmallest(file, first.violation, optionsOf(first.flight), {
    ...options,
    out: options.out ?? `chaos-${options.seed}-${first.flight}.yaml`,
  });
}

function flyOne(source: string, options: ChaosOptions): void {
  const { scenario, source: from } = loadScenario(source);
  resolveScenario(scenario, from.locate);
  const how: FlightOptions = { isTwice: true };
  const outcome = playFlight(scenario, how);
  print(tallyOf(0, outcome), options);
  const [violation] = outcome.violations;
  if (violation !== undefined) showSmallest(scenario, violation, how, options);
}

/** Shrinks a broken scenario, tells its story and writes it. */
function showSmallest(
  file: ScenarioFile,
  violation: Violation,
  how: FlightOptions,
  { out, progress }: Pick<ChaosOptions, "out" | "progress">,
): void {
  process.exitCode = EXIT_VIOLATED;
  const isShown = progress && process.stderr.isTTY;
  const shrunk = shrinkFlight(file, violation, how, (plays) => {
    if (isShown) process.stderr.write(`\r\u001B[KShrinking: ${plays} plays`);
  });
  if (isShown) process.stderr.write("\r\u001B[K");
  process.stderr.write(renderShrunk(file, shrunk, how));
  if (out === undefined) return;
  openPending(out).commit(scenarioText(shrunk.file, shrunk.violation));
  process.stderr.write(`Smallest scenario: ${out}. Again: campaign-engine chaos --scenario ${out}\n`);
}

/** Hands blocks of flights to the threads until all are played, or the signal aborts. */
async function playAll(
  { flights, seed, from, threads }: ChaosOptions,
  signal: AbortSignal,
  onFlights: (flights: number, faults: number) => void,
): Promise<Tally> {
  let next = from;
  let tally = NO_FLIGHTS;
  const nextBlock = (): FlightBlock | null => {
    if (next >= from + flights || signal.aborted) return null;
    const block = { seed, from: next, count: Math.min(BLOCK, from + flights - next) };
    next += block.count;
    return block;
  };
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(`./chaos-worker.${import.meta.url.split(".").at(-1)}`, import.meta.url));
      const go = () => {
        const block = nextBlock();
        if (block !== null) worker.postMessage(block);
        else void worker.terminate().then(() => resolve(), reject);
      };
      worker.on("message", (played: Tally) => {
        tally = addTally(tally, played);
        onFlights(
          tally.flights,
          Object.values(tally.faults).reduce((sum, times) => sum + times, 0),
        );
        go();
      });
      worker.on("error", reject);
      go();
    });
  const crew = Array.from({ length: Math.min(threads, Math.ceil(flights / BLOCK)) }, work);
  await Promise.all(crew);
  return tally;
}

function print(tally: Tally, { json, seed, from, scenario }: ChaosOptions): void {
  if (json === true) {
    const origin = scenario === undefined ? { seed, from } : { scenario };
    const broken = tally.broken.map(({ flight, violation }) => ({
      ...(scenario === undefined ? { reproduce: reproduceLine(seed, flight) } : {}),
      ...violation,
    }));
    process.stdout.write(`${JSON.stringify({ ...origin, ...tally, broken, untaken: untaken(tally) }, null, 2)}\n`);
    return;
  }
  process.stdout.write(renderTally(tally));
}

function progressBar({ flights, progress }: ChaosOptions): SingleBar | null {
  if (!progress || !process.stderr.isTTY) return null;
  const bar = new SingleBar({
    format: "{bar} {value}/{total} flights | {perSecond} a second | {faults} faults | {eta_formatted} left",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(flights, 0, { perSecond: 0, faults: 0 });
  return bar;
}

/** Parses a whole number of a range. The function throws InvalidArgumentError. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`A whole number from ${least} to ${most}.`);
    }
    return value;
  };
}
