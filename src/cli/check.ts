/** `campaign-engine check`: property tests of the life of a user's campaigns, as a gate. */
import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { FORECASTERS } from "../core/forecast/index.ts";
import { EngineError } from "../core/errors.ts";
import type { Verdict } from "../core/expectation.ts";
import type { Policy } from "../core/policy/policy.ts";
import { DecisionDigest } from "../proof/decision-digest.ts";
import { EVENT_KINDS } from "../proof/disturbance.ts";
import type { EventKind } from "../proof/disturbance.ts";
import { walkMachines } from "../proof/machine-walk.ts";
import { playTrial, subjectOf } from "../proof/trial.ts";
import { searchTrials } from "../proof/trial-search.ts";
import { loadScenario, parseScenario } from "../scenario/loader.ts";
import type { LoadedScenario } from "../scenario/loader.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import type { ResolvedScenario } from "../scenario/resolve.ts";
import { nearest } from "../scenario/spelling.ts";
import { wholeNumber } from "./chaos.ts";
import { checkJson, renderCheck, renderReplay, storyOf } from "./check-report.ts";
import type { CheckResult } from "./check-report.ts";
import { readCounterexample, writeCounterexample } from "./counterexample-file.ts";
import { findPolicy } from "./policy-module.ts";
import { play, withPolicy } from "./run.ts";
import { parseNames, parseSeed, planOf } from "./simulate.ts";

const EXIT_VIOLATED = 4;

interface CheckOptions {
  readonly policy?: string;
  readonly forecaster?: string;
  readonly runs: number;
  readonly seed: number;
  readonly maxEvents: number;
  readonly campaigns: number;
  readonly maxTicks: number;
  readonly without: readonly EventKind[];
  readonly out?: string;
  readonly replay?: string;
  readonly json?: boolean;
  readonly progress: boolean;
}

/** The `check` command. */
export function checkCommand(): Command {
  return new Command("check")
    .summary("test your campaigns against everything that may happen to them")
    .description(
      "Looks for a way to make your campaigns or your policy break a rule: walks every path of the statecharts, then plays random events\n" +
        "(top-ups, holds, failures, silent platforms, lost reports) on your scenario, with all invariants and your `expect` limits checked at\n" +
        "every tick. What breaks is shrunk to the fewest events and told as a story; exit code 4.",
    )
    .argument("[scenario]", "scenario file (YAML or JSON), or the name of a preset", "calm-day")
    .option("--policy <name or file>", "let every campaign decide by this policy, or by a module of yours (.ts, .js)")
    .option("--forecaster <name>", "let every campaign read this forecast", parseForecaster)
    .option("--runs <number>", "random sequences of events to play", wholeNumber(1, 1_000_000), 100)
    .option("--seed <number>", "seed of the random events; the market keeps the scenario's", parseSeed, 1)
    .option("--max-events <number>", "longest sequence", wholeNumber(1, 1000), 40)
    .option("--campaigns <number>", "play so many of the campaigns", wholeNumber(1, 1000), 5)
    .option("--max-ticks <number>", "play so many of the ticks", wholeNumber(1, 1_000_000), 1440)
    .option("--without <kinds>", `leave out kinds of events: ${eventKinds().join(", ")}`, parseKinds, [])
    .option("--out <file>", "where to write a counterexample (default: check-<scenario>-<seed>.json)")
    .option("--replay <file>", "play a counterexample again")
    .option("--json", "print the result as JSON")
    .option("--no-progress", "no progress bar")
    .addHelpText(
      "before",
      `Examples:
  campaign-engine check                              the preset calm-day
  campaign-engine check my.yaml --runs 1000          look harder
  campaign-engine check my.yaml --policy ./mine.ts   a policy of yours
  campaign-engine check --replay check-my-1.json     a counterexample again
`,
    )
    .action(async (source: string, options: CheckOptions) => {
      if (options.replay === undefined) await check(source, options);
      else await replay(options.replay, options);
    });
}

async function check(source: string, options: CheckOptions): Promise<void> {
  const loaded = loadScenario(source);
  const resolved = resolvedWith(loaded, options.forecaster ?? null);
  const policy = options.policy === undefined ? null : await findPolicy(options.policy);
  const { runs, seed, maxEvents, without } = options;
  const declared = await judgeDeclared(resolved, policy, options.progress);
  const subject = subjectOf(resolved, { campaigns: options.campaigns, ticks: options.maxTicks }, policy);
  const walked = walkMachines(subject);
  const bar = progressBar(runs, options.progress);
  const searched = searchTrials(subject, { runs, seed, maxEvents, without }, (played, shrinks) => {
    bar?.update(played, { what: shrinks === 0 ? "trials" : `trials, shrinking: ${shrinks}` });
  });
  bar?.stop();
  const { counterexample } = searched;
  const file = counterexample === null ? null : (options.out ?? `check-${resolved.name}-${seed}.json`);
  const result: CheckResult = {
    subject,
    scenario: resolved,
    seed,
    walked,
    searched,
    ...declared,
    story: counterexample === null ? [] : storyOf(subject, counterexample.plan, counterexample.breach),
    file,
    reproduce: reproduceLine(source, options),
  };
  if (counterexample !== null && file !== null) {
    writeCounterexample(file, {
      format: "campaign-engine check 1",
      scenario: { file: loaded.source.file, text: loaded.source.text },
      policy: options.policy ?? null,
      forecaster: options.forecaster ?? null,
      campaigns: options.campaigns,
      maxTicks: options.maxTicks,
      plan: { ...counterexample.plan, events: [...counterexample.plan.events] },
      breach: counterexample.breach,
    });
  }
  process.stdout.write(options.json === true ? `${JSON.stringify(checkJson(result), null, 2)}\n` : renderCheck(result));
  const isBroken = counterexample !== null || walked.broken !== null || result.verdicts.some(({ isMet }) => !isMet);
  if (isBroken) process.exitCode = EXIT_VIOLATED;
}

async function replay(file: string, options: CheckOptions): Promise<void> {
  const content = readCounterexample(file);
  const resolved = resolvedWith(parseScenario(content.scenario.text, content.scenario.file), content.forecaster);
  const policy = content.policy === null ? null : await findPolicy(content.policy);
  const subject = subjectOf(resolved, { campaigns: content.campaigns, ticks: content.maxTicks }, policy);
  const { breach } = playTrial(subject, content.plan);
  const story = breach === null ? [] : storyOf(subject, content.plan, breach);
  const isReproduced = breach?.rule === content.breach.rule;
  const outcome = { expected: content.breach, breach, isReproduced, story };
  process.stdout.write(
    options.json === true ? `${JSON.stringify(outcome, null, 2)}\n` : renderReplay(subject, content.plan, outcome),
  );
  if (breach !== null) process.exitCode = EXIT_VIOLATED;
}

/** The whole scenario as it is declared, undisturbed, where something is expected of it. */
async function judgeDeclared(
  resolved: ResolvedScenario,
  policy: Policy | null,
  hasProgress: boolean,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly digest: DecisionDigest }> {
  const digest = new DecisionDigest();
  if (resolved.expectations.length === 0) return { verdicts: [], digest };
  const plan = planOf(resolved);
  const { verdicts } = await play(policy === null ? plan : withPolicy(plan, policy), {
    label: resolved.name,
    logLevel: "changes",
    signal: new AbortController().signal,
    hasProgress,
    observers: [digest],
  });
  return { verdicts, digest };
}

/** @throws EngineError CE_SCENARIO_INVALID */
function resolvedWith({ scenario, source }: LoadedScenario, forecaster: string | null): ResolvedScenario {
  const resolved = resolveScenario(scenario, source.locate);
  if (forecaster === null) return resolved;
  return { ...resolved, campaigns: resolved.campaigns.map((spec) => Object.assign({}, spec, { forecaster })) };
}

function reproduceLine(source: string, options: CheckOptions): string {
  const { policy, forecaster, runs, seed, maxEvents, campaigns, maxTicks, without } = options;
  const parts = [`campaign-engine check ${source} --seed ${seed} --runs ${runs}`];
  if (policy !== undefined) parts.push(`--policy ${policy}`);
  if (forecaster !== undefined) parts.push(`--forecaster ${forecaster}`);
  if (maxEvents !== 40) parts.push(`--max-events ${maxEvents}`);
  if (campaigns !== 5) parts.push(`--campaigns ${campaigns}`);
  if (maxTicks !== 1440) parts.push(`--max-ticks ${maxTicks}`);
  if (without.length > 0) parts.push(`--without ${without.join(",")}`);
  return parts.join(" ");
}

function progressBar(total: number, isWanted: boolean): SingleBar | null {
  if (!isWanted || !process.stderr.isTTY) return null;
  const bar = new SingleBar({
    format: "{bar} {value}/{total} {what} | {eta_formatted} left",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0, { what: "trials" });
  return bar;
}

function eventKinds(): readonly EventKind[] {
  return (Object.keys(EVENT_KINDS) as EventKind[]).filter((kind) => kind !== "play");
}

/** @throws InvalidArgumentError */
function parseKinds(text: string): readonly EventKind[] {
  return parseNames(text).map((name) => {
    const kind = eventKinds().find((known) => known === name);
    if (kind !== undefined) return kind;
    const near = nearest(name, eventKinds());
    throw new InvalidArgumentError(`There is no kind "${name}".${near === null ? "" : ` Did you mean ${near}?`}`);
  });
}

/** @throws EngineError CE_FORECASTER_UNKNOWN */
function parseForecaster(name: string): string {
  if (name in FORECASTERS) return name;
  throw new EngineError("CE_FORECASTER_UNKNOWN", `There is no forecaster "${name}".`, {
    hint: `Forecasters: ${Object.keys(FORECASTERS).join(", ")}.`,
  });
}
