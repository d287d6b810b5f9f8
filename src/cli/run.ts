/** Playing one run from the command line: engine, market, observers, progress, and what is written at the end. */
import { createHash } from "node:crypto";
import { SingleBar } from "cli-progress";
import type { CampaignSpec } from "../core/campaign.ts";
import type { EngineObserver } from "../core/events.ts";
import { Faults, hasFaults } from "../core/faults.ts";
import type { FaultPlan } from "../core/faults.ts";
import { ExpectationCheck } from "../core/expectation.ts";
import type { Expectation, Verdict } from "../core/expectation.ts";
import { policies } from "../core/policy/index.ts";
import type { PlatformSpec } from "../core/platform.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { Manifest } from "../journal/manifest.ts";
import { SqliteStore } from "../journal/sqlite-store.ts";
import { DecisionLog } from "../observe/decision-log.ts";
import type { DecisionLogEnd, DecisionLogLevel } from "../observe/decision-log.ts";
import { RunObserver } from "../observe/run-observer.ts";
import type { RunSummary } from "../observe/summary.ts";
import type { RunTimeline } from "../observe/timeline.ts";
import type { MarketTruth } from "../platforms/market.ts";
import { FaultyMarket } from "../platforms/faulty-market.ts";
import { PathMarket } from "../platforms/path-market.ts";
import type { CampaignExposure, MarketPaths } from "../platforms/paths.ts";
import { virtualClock, wallClock } from "../runtime/clock.ts";
import { DurableRun } from "../runtime/durable-run.ts";
import { Engine } from "../runtime/engine.ts";
import type { EngineConfig } from "../runtime/engine.ts";
import { ClockJumps, jumpingClock } from "../runtime/jumping-clock.ts";
import { JournaledMarket } from "../runtime/journaled-market.ts";
import { runEngine } from "../runtime/scheduler.ts";
import type { Playable } from "../runtime/scheduler.ts";
import { moduleOf } from "./policy-module.ts";

/** Everything that a run depends on: play it twice, get the same bytes. */
export interface RunPlan {
  readonly config: EngineConfig;
  readonly paths: MarketPaths;
  readonly exposures: readonly CampaignExposure[];
  /** Faults to inject; absent: none. */
  readonly faults?: FaultPlan;
  /** What must come of it. */
  readonly expectations?: readonly Expectation[];
}

/** Where a run is kept so that it survives, and what says that it is this run. */
export interface KeptState {
  readonly directory: string;
  /** Over everything that the run depends on. */
  readonly fingerprint: string;
}

/** What a run is asked to leave behind. */
export interface RunOptions {
  /** File of the decision log. */
  readonly log?: string;
  readonly logLevel: DecisionLogLevel;
  /** Shown beside the progress bar. */
  readonly label: string;
  readonly signal: AbortSignal;
  /** Period of the wall clock [ms]; absent: as fast as it goes. */
  readonly periodMs?: number | undefined;
  readonly hasProgress: boolean;
  /** Absent: the run is not kept. */
  readonly state?: KeptState | undefined;
  /** Further listeners. */
  readonly observers?: readonly EngineObserver[];
}

/** A finished, or interrupted, run. */
export interface PlayedRun {
  readonly plan: RunPlan;
  readonly label: string;
  readonly summary: RunSummary;
  readonly timeline: RunTimeline;
  readonly log: DecisionLogEnd | null;
  readonly isInterrupted: boolean;
  /** What came of the plan's expectations. */
  readonly verdicts: readonly Verdict[];
  /** The market's own account, by campaign and platform. */
  readonly truth: MarketTruth;
  /** Expected value of the clicks bought at their true CVR − invoiced cost, as only the market knows it [micros]. */
  readonly trueNetMicros: number;
}

/** The same plan with every campaign under another policy: the name of one, or the policy itself. */
export function withPolicy(plan: RunPlan, policy: string | Policy): RunPlan {
  const name = typeof policy === "string" ? policy : policy.name;
  const campaigns = plan.config.campaigns.map((spec): CampaignSpec => ({ ...spec, policy: name }));
  const config = { ...plan.config, campaigns };
  if (typeof policy === "string" || policies.get(name) === policy) return { ...plan, config };
  const url = moduleOf(policy);
  // Threads load it by themselves.
  const policyModules = url === undefined ? {} : { [name]: url };
  return { ...plan, config: { ...config, policyOf: () => policy, policyModules } };
}

/** Plays a plan on the virtual clock. @throws EngineError when an output cannot be written or an invariant breaks */
export async function play(plan: RunPlan, options: RunOptions): Promise<PlayedRun> {
  const { config, paths, exposures, expectations = [] } = plan;
  const faults = hasFaults(plan.faults) ? new Faults(config.seed, plan.faults) : undefined;
  const market = new PathMarket({
    paths,
    exposures,
    valuesPerConversionMicros: config.campaigns.map((spec) => spec.valuePerConversionMicros),
    seed: config.seed,
  });
  const run = new RunObserver();
  const expected = new ExpectationCheck(expectations);
  const observers: EngineObserver[] = [run, ...(options.observers ?? [])];
  if (expectations.length > 0) observers.push(expected);
  const log = options.log === undefined ? null : new DecisionLog(options.log, options.logLevel, true);
  if (log !== null) observers.push(log);
  const steady = options.periodMs === undefined ? virtualClock() : wallClock(options.periodMs);
  const jumps = faults === undefined ? null : new ClockJumps(faults);
  const clock = jumps === null ? steady : jumpingClock(steady, jumps);
  const world = faults === undefined ? market : new FaultyMarket(market, faults, config.campaigns.length);
  const store = options.state === undefined ? null : new SqliteStore(options.state.directory);
  const journaled = store === null ? null : new JournaledMarket(world, () => clock.nowMs());
  if (journaled !== null) observers.push(journaled);
  const engine = new Engine(config, {
    market: journaled ?? world,
    observers,
    nowMs: () => journaled?.nowMs() ?? clock.nowMs(),
    ...(faults === undefined ? {} : { faults }),
  });
  const bar = progressBar(options.label, config.ticks, options.hasProgress);
  try {
    let played: Playable = engine;
    if (store !== null && journaled !== null) {
      const { fingerprint } = options.state!;
      const manifest = manifestOfRun("simulate", config, world.platforms, fingerprint);
      const shownAt = jumps === null ? {} : { shownAt: (tick: number) => jumps.shownAt(tick) };
      const durable = new DurableRun({ store, engine, market: journaled, manifest, ...shownAt });
      const { entries, nextTick } = await durable.recover();
      if (entries > 0) process.stderr.write(`Goes on from tick ${nextTick}, ${entries} entries replayed.\n`);
      played = durable;
    }
    const outcome = await runEngine(played, {
      clock,
      signal: options.signal,
      onTick: (ticks) => bar.update(ticks),
    });
    return {
      plan,
      label: options.label,
      summary: run.summary(market.truth),
      timeline: run.timeline(),
      log: log?.close() ?? null,
      isInterrupted: outcome.isInterrupted,
      verdicts: expected.verdicts(),
      truth: market.truth,
      trueNetMicros: trueNetMicros(market, config.campaigns),
    };
  } finally {
    bar.stop();
    await store?.close();
  }
}

/** What the log of a run begins with. */
export function manifestOfRun(
  kind: string,
  { name, seed, currency, startMs, tickMs, campaigns }: EngineConfig,
  platforms: readonly PlatformSpec[],
  fingerprint: string,
): Manifest {
  return { kind, name, seed, currency, startMs, tickMs, fingerprint, platforms, campaigns };
}

/** SHA-256 over everything that a run depends on, but for its code. */
export function fingerprintOf(inputs: object): string {
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
}

function trueNetMicros({ truth, platforms }: PathMarket, campaigns: readonly CampaignSpec[]): number {
  return truth.expectedConversions.reduce((net, conversions, cell) => {
    const { valuePerConversionMicros } = campaigns[Math.floor(cell / platforms.length)];
    return net + conversions * valuePerConversionMicros - truth.costMicros[cell];
  }, 0);
}

/** A bar on stderr; silent when stderr is not a terminal. */
function progressBar(label: string, total: number, isWanted: boolean): Pick<SingleBar, "update" | "stop"> {
  if (!isWanted || !process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${label} {bar} {percentage} % | {value}/{total} ticks | {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 200,
  });
  bar.start(total, 0);
  return bar;
}
