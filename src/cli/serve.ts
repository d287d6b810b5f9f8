/** `campaign-engine serve`: the engine as a live service. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { EngineError } from "../core/errors.ts";
import { manifestOf } from "../journal/manifest.ts";
import { SqliteStore } from "../journal/sqlite-store.ts";
import { CHECKPOINT_TICKS } from "../runtime/durable-run.ts";
import type { Recovery } from "../runtime/durable-run.ts";
import { loadScenario } from "../scenario/loader.ts";
import type { LoadedScenario } from "../scenario/loader.ts";
import { formatDuration, parseDuration } from "../scenario/quantities.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import type { ResolvedScenario } from "../scenario/resolve.ts";
import { listen } from "../server/listen.ts";
import { live } from "../server/lives.ts";
import { lifeOf, say } from "./life.ts";
import type { Looking, ServeOptions } from "./life.ts";
import { parseLogLevel, parsePeriod, parseSeed } from "./simulate.ts";
import { withThreadsOption } from "./threads.ts";
import { newToken, TOKEN_VARIABLE, tokenOf } from "./token.ts";

const EXIT_INTERRUPTED = 130;
/** How long open connections may take to end [ms]. */
const CLOSE_MS = 1_000;

/** The `serve` command. */
export function serveCommand(): Command {
  return withThreadsOption(new Command("serve"))
    .summary("run the engine as a live service")
    .description(
      "Runs a scenario's campaigns as a live service: metrics and spend reports come in over HTTP, bids go out. With --demo a simulated market answers.",
    )
    .addHelpText(
      "before",
      `Examples:
  campaign-engine serve storm --demo                    everything alive, on a simulated market
  campaign-engine serve storm --demo --state kept       survives a kill -9: start it again to go on
  campaign-engine serve my.yaml --every 2s --log decisions.ndjson
  ${TOKEN_VARIABLE}=… campaign-engine serve my.yaml --host 0.0.0.0 --allow-host ads.example
`,
    )
    .argument("[scenario]", "scenario file (YAML or JSON), or the name of a preset", "calm-day")
    .option("--demo", "let a simulated market answer the bids, without an end")
    .option("--every <duration>", "a tick every so often", parsePeriod, 2_000)
    .option("--host <address>", "address to listen on; beyond this machine only with a token", "127.0.0.1")
    .option("--port <number>", "port to listen on; 0 takes a free one", parsePort, 8080)
    .option(
      "--allow-host <names>",
      "further host names under which the service is reached, with commas",
      parseHosts,
      [],
    )
    .option("--token-file <file>", `file with the token of orders; made if there is none. Or set ${TOKEN_VARIABLE}`)
    .option("--seed <number>", "with --demo: play with this seed instead of the scenario's", parseSeed)
    .option("--log <file>", "write the decision log (NDJSON), with all orders, to this file")
    .addOption(new Option("--log-level <level>", "all, changes, or sample:N").argParser(parseLogLevel))
    .option(
      "--state <directory>",
      "write every step down in this directory before its bids leave; started again, it goes on from there",
    )
    .option(
      "--snapshot-ticks <number>",
      "with --state: take a snapshot every so many ticks",
      parseTicks,
      CHECKPOINT_TICKS,
    )
    .option(
      "--retain <duration>",
      "with --state: let go of what is older, behind a snapshot; default: nothing",
      parseRetain,
    )
    .option("--drain <duration>", "how long to wait for spend reports at the end", parsePeriod, 10_000)
    .option(
      "--metrics-per-campaign <number>",
      "metrics of their own for so many campaigns, at most 1000",
      parseCount,
      0,
    )
    .option("--json", "say where the service listens as one line of JSON")
    .addHelpText(
      "after",
      `
With --state, SIGTERM and Ctrl-C end after the present tick: bids that are out stay reserved, and are settled after the next start. Without,
they stop bidding, wait for spend reports and exit with 0; a second Ctrl-C exits at once with 130.
/openapi.json describes the service; /healthz, /readyz and /metrics are for monitoring.`,
    )
    .action((source: string, options: ServeOptions) => serve(source, options));
}

/** Runs a service until it is told to end. @param looking in a simulation that is looked at */
export async function serve(source: string, options: ServeOptions, looking?: Looking): Promise<void> {
  // Who looks at a simulation gets its token with the address: there is nothing to guard but the page.
  const { token, isMade } = looking === undefined ? tokenOf(options) : { token: newToken(), isMade: true };
  const loaded = loadScenario(source);
  const store = options.state === undefined ? null : new SqliteStore(options.state);
  const kept = store === null ? null : await manifestOf(store, 0);
  const isDemo = options.demo === true;
  const round = isDemo ? demoOf(loaded, options.seed) : liveOf(loaded, options.every, kept?.startMs);
  const { name, startMs } = round;
  const born = () => lifeOf({ loaded, round, store, token, options, ...(looking && { looking }) });
  let life = born();
  let [isBorn, isAnnounced] = [false, false];
  const stop = new AbortController();
  const listening = await listen({ fetch: (...request) => life.app.fetch(...request) }, options.host, options.port);
  const release = obeySignals(stop, store === null ? DRAINING : ENDING);
  try {
    const end = await live({
      born: () => {
        if (isBorn) life = born();
        isBorn = true;
        return life;
      },
      onDeath: () => say(`a worker thread has died: the service goes on where the log of ${options.state} ends`),
      signal: stop.signal,
      drainMs: options.drain,
      onLate: lateness(),
      onReady: (recovery) => {
        sayRecovery(recovery, options.state);
        if (!isAnnounced) announce(options, listening.port, name, isMade ? token : null, looking?.page);
        isAnnounced = true;
      },
      onStuck: sayStuck,
      ...(isDemo ? {} : { presentTick: () => Math.floor((Date.now() - startMs) / options.every) }),
    });
    say(`stopped after ${end.ticks} ticks; ${end.openBids} bids without an answer`);
  } finally {
    await listening.close(CLOSE_MS);
    await store?.close();
    release();
  }
}

/** The scenario as a demonstration: one round of its simulated market. */
function demoOf({ scenario, source }: LoadedScenario, seed: number | undefined): ResolvedScenario {
  return resolveScenario(seed === undefined ? scenario : { ...scenario, seed }, source.locate);
}

/** The scenario in real time: it begins now, or began when its log did; its ticks are the clock's, and nothing is known of what was before. */
function liveOf({ scenario, source }: LoadedScenario, everyMs: number, startMs = Date.now()): ResolvedScenario {
  const start = new Date(Math.floor(startMs / everyMs) * everyMs).toISOString();
  const timed = { ...scenario, tick: formatDuration(everyMs), start, warmup: "0s" };
  return resolveScenario(timed, source.locate);
}

function announce(
  { host, demo, json, every }: ServeOptions,
  port: number,
  name: string,
  token: string | null,
  page?: string,
): void {
  const base = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  // What is behind # never leaves the browser: the page takes the token from there.
  const url = page === undefined ? base : `${base}/${page}${token === null ? "" : `&token=${token}`}`;
  const kind = demo === true ? "a simulated market" : "live";
  if (json === true)
    process.stdout.write(`${JSON.stringify({ url, port, name, isDemo: demo === true, pid: process.pid })}\n`);
  say(`${name} on ${kind}, a tick every ${formatDuration(every)}: ${url}`);
  if (token !== null && page === undefined) say(`token of orders, for this run: ${token}`);
}

const DRAINING = "draining: no more bids; spend reports are still taken";
const ENDING = "ending after this tick; bids that are out are settled after the next start";

/** The first signal ends the run; a second Ctrl-C ends the process. @returns how to stop listening for them */
function obeySignals(stop: AbortController, saying: string): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted && signal === "SIGINT") process.exit(EXIT_INTERRUPTED);
    if (!stop.signal.aborted) say(saying);
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.removeListener("SIGINT", onSignal);
    process.removeListener("SIGTERM", onSignal);
  };
}

/** Tells of late ticks, at most once every ten seconds. */
function lateness(): (tick: number, lateMs: number) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  let late = 0;
  return (tick, lateMs) => {
    late += 1;
    if (performance.now() - toldMs < 10_000) return;
    say(`tick ${tick} is ${Math.round(lateMs)} ms late; ${late} late so far`);
    toldMs = performance.now();
  };
}

function sayRecovery({ isNew, snapshotTick, entries, nextTick }: Recovery, directory: string | undefined): void {
  if (directory === undefined) return;
  const from = snapshotTick === null ? "" : `the snapshot of tick ${snapshotTick} and `;
  say(
    isNew
      ? `everything is written down in ${directory}`
      : `goes on from tick ${nextTick}, by ${from}${entries} entries of ${directory}`,
  );
}

/** Says that nothing can be written down, or that it can be again. */
function sayStuck(why: EngineError | null): void {
  if (why === null) say("the state can be written again: bidding goes on");
  else
    say(`nothing is bid and nothing is taken until the state can be written: ${why.message} ${why.place.hint ?? ""}`);
}

/** @throws InvalidArgumentError */
export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("A whole number from 0 to 65535.");
  return Number(text);
}

/** @throws InvalidArgumentError */
function parseCount(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) > 1_000) throw new InvalidArgumentError("A whole number from 0 to 1000.");
  return Number(text);
}

/** @throws InvalidArgumentError */
function parseTicks(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("A whole number from 1 to 9999999.");
  return Number(text);
}

/** @throws InvalidArgumentError */
function parseRetain(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new InvalidArgumentError("A duration such as 7d or 12h.");
  return ms;
}

/** @throws InvalidArgumentError */
function parseHosts(text: string): readonly string[] {
  const hosts = text.split(",").map((host) => host.trim());
  if (hosts.some((host) => !/^[\w.:[\]-]{1,253}$/.test(host)))
    throw new InvalidArgumentError("Host names with commas.");
  return hosts;
}
