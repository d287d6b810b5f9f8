/** Playing one run from the command line: engine, market, observers, progress, and what is written at the end. */
import { SingleBar } from "cli-progress";
import type { CampaignSpec } from "../core/campaign.ts";
import type { EngineObserver } from "../core/events.ts";
import { Faults, hasFaults } from "../core/faults.ts";
import type { FaultPlan } from "../core/faults.ts";
import { ExpectationCheck } from "../core/expectation.ts";
import type { Expectation, Verdict } from "../core/expectation.ts";
import type { Policy } from "../core/policy/policy.ts";
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
import { Engine } from "../runtime/engine.ts";
import type { EngineConfig } from "../runtime/engine.ts";
import { ClockJumps, jumpingClock } from "../runtime/jumping-clock.ts";
import { runEngine } from "../runtime/scheduler.ts";

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
  const policyOf = typeof policy === "string" ? {} : { policyOf: () => policy };
  return { ...plan, config: { ...plan.config, campaigns, ...policyOf } };
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
  const log = options.log === undefined ? null : new DecisionLog(options.log, options.logLevel);
  if (log !== null) observers.push(log);
  const steady = options.periodMs === undefined ? virtualClock() : wallClock(options.periodMs);
  const clock = faults === undefined ? steady : jumpingClock(steady, new ClockJumps(faults));
  const engine = new Engine(config, {
    market: faults === undefined ? market : new FaultyMarket(market, faults, config.campaigns.length),
    observers,
    nowMs: () => clock.nowMs(),
    ...(faults === undefined ? {} : { faults }),
  });
  const bar = progressBar(options.label, config.ticks, options.hasProgress);
  try {
    const outcome = await runEngine(engine, {
      clock,
      signal: options.signal,
      onTick: (played) => bar.update(played),
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
  }
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
