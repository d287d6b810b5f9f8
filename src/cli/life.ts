/** One life of a live service: an engine with its market, its log and its pages. */
import { readFileSync } from "node:fs";
import type { EngineEvent, EngineObserver } from "../core/events.ts";
import { SqliteStore } from "../journal/sqlite-store.ts";
import { DecisionLog } from "../observe/decision-log.ts";
import type { DecisionLogLevel } from "../observe/decision-log.ts";
import { LiveView } from "../observe/live-view.ts";
import { ServiceMetrics } from "../observe/metrics.ts";
import { EndlessMarket } from "../platforms/endless-market.ts";
import { LiveMarket } from "../platforms/live-market.ts";
import { DurableRun } from "../runtime/durable-run.ts";
import { Engine } from "../runtime/engine.ts";
import { JournaledMarket } from "../runtime/journaled-market.ts";
import { endless } from "../scenario/endless.ts";
import type { LoadedScenario } from "../scenario/loader.ts";
import type { ResolvedScenario } from "../scenario/resolve.ts";
import { MAX_TICKS } from "../scenario/schema.ts";
import { createApp } from "../server/app.ts";
import { LiveRun } from "../server/live-run.ts";
import type { Life } from "../server/lives.ts";
import { isLoopback } from "../server/security.ts";
import type { TimeControl } from "../server/time-control.ts";
import { Vitals } from "../server/vitals.ts";
import { fingerprintOf, manifestOfRun } from "./run.ts";
import { threadsFor } from "./threads.ts";

/** Options of a live service. */
export interface ServeOptions {
  readonly demo?: boolean;
  readonly every: number;
  readonly host: string;
  readonly port: number;
  readonly allowHost: readonly string[];
  readonly tokenFile?: string;
  readonly seed?: number;
  readonly log?: string;
  readonly logLevel?: DecisionLogLevel;
  readonly drain: number;
  readonly metricsPerCampaign: number;
  readonly threads?: number;
  /** Directory in which everything is written down. */
  readonly state?: string;
  readonly snapshotTicks?: number;
  /** How long entries of the log are kept [ms]. Absent: for good. */
  readonly retain?: number;
  readonly json?: boolean;
}

/** A service whose time can be stopped, and the page of it that is announced. */
export interface Looking {
  readonly time: TimeControl;
  readonly page: string;
}

/** Campaigns that may be created while the service runs. */
const SPARE_CAMPAIGNS = 1_000;

/** What a life is made of. */
interface LifeParts {
  readonly loaded: LoadedScenario;
  readonly round: ResolvedScenario;
  readonly store: SqliteStore | null;
  readonly token: string | null;
  readonly options: ServeOptions;
  readonly looking?: Looking;
}

/** An engine with its market, its log and its pages. */
export function lifeOf({ loaded, round, store, token, options, looking }: LifeParts): Life {
  const isDemo = options.demo === true;
  const { market: simulation, exposures, ...config } = isDemo ? endless(round) : { ...round, ticks: MAX_TICKS };
  const spare = Array.from({ length: SPARE_CAMPAIGNS }, () => ({
    volumeShare: 1,
    cvrFactors: config.platforms.map(() => 1),
  }));
  const simulated = isDemo ? new EndlessMarket(simulation, [...exposures, ...spare]) : null;
  const market = new LiveMarket(config.platforms, simulated, { answerTicks: 2 * config.settlementTimeoutTicks });
  const view = new LiveView();
  const metrics = new ServiceMetrics(options.metricsPerCampaign);
  const journaled = store === null ? null : new JournaledMarket(market, () => performance.now());
  const observers: EngineObserver[] = [view, metrics, { wantsDecisions: false, observe: sayLoad }];
  if (journaled !== null) observers.push(journaled);
  const level = options.logLevel ?? (loaded.scenario.log.level as DecisionLogLevel);
  const log = options.log === undefined ? null : new DecisionLog(options.log, level);
  if (log !== null) observers.push(log);
  const threads = threadsFor(config.campaigns.length, options.threads);
  const engine = new Engine(
    { ...config, threads, periodMs: options.every },
    { market: journaled ?? market, observers, nowMs: () => journaled?.nowMs() ?? performance.now() },
  );
  const vitals = new Vitals();
  const kind = isDemo ? "serve --demo" : "serve";
  const fingerprint = fingerprintOf({ scenario: loaded.scenario, seed: options.seed, every: options.every });
  const manifest = manifestOfRun(kind, config, config.platforms, fingerprint);
  const durable =
    store === null || journaled === null
      ? undefined
      : new DurableRun({
          store,
          engine,
          market: journaled,
          manifest,
          onOrder: ({ key }) => run.remember(key),
          onReceived: (feed, reports) => run.takeAgain(feed, reports),
          snapshots: {
            parts: () => (log === null ? run.savable : { ...run.savable, log }),
            ...(options.snapshotTicks === undefined ? {} : { everyTicks: options.snapshotTicks }),
            ...(options.retain === undefined ? {} : { retainTicks: Math.ceil(options.retain / options.every) }),
            onUnsavable: (why) => say(`no snapshots: after a crash the whole log is gone through. ${why.message}`),
          },
        });
  const run: LiveRun = new LiveRun({
    engine,
    durable,
    view,
    market,
    metrics,
    vitals,
    everyMs: options.every,
    maxCampaigns: config.campaigns.length + SPARE_CAMPAIGNS,
    isDemo,
    ...(looking === undefined ? {} : { time: looking.time }),
  });
  metrics.readGauges(() => ({ queued: market.queued, outstandingBids: market.outstanding, viewers: vitals.viewers }));
  const guard = {
    token,
    hosts: [...addressOf(options.host), ...options.allowHost],
    isPublic: !isLoopback(options.host),
  };
  const onUnexpected = (error: unknown) => say(`unexpected: ${error instanceof Error ? error.stack : String(error)}`);
  return {
    run,
    app: createApp({ run, guard, version: version(), onUnexpected }),
    flush: () => log?.flush(),
    close: () => {
      vitals.close();
      log?.close();
    },
  };
}

/** Says when less is done in a tick than should be, and when more again. */
function sayLoad(event: EngineEvent): void {
  if (event.type !== "engine.overloaded" && event.type !== "engine.relieved") return;
  say(
    `tick ${event.tick} took ${Math.round(event.tookMs)} of ${event.periodMs} ms: load is ${event.state} after ${event.from}`,
  );
}

/** The address as a host name of its own; none where it stands for all addresses. */
function addressOf(host: string): string[] {
  if (host === "0.0.0.0" || host === "::") return [];
  return [host.includes(":") ? `[${host}]` : host];
}

function version(): string {
  const manifest = new URL(
    import.meta.url.includes("/dist/") ? "../../../package.json" : "../../package.json",
    import.meta.url,
  );
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** Says something to whoever runs the service. */
export function say(text: string): void {
  process.stderr.write(`campaign-engine: ${text}\n`);
}
