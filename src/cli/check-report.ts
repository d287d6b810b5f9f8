/** What `campaign-engine check` prints: what was done, what was covered, and the story of what broke. */
import { styleText } from "node:util";
import Table from "cli-table3";
import { machines } from "../../machines/index.ts";
import { REASONS } from "../core/decision.ts";
import { EXPECTATIONS } from "../core/expectation.ts";
import type { Verdict } from "../core/expectation.ts";
import { allCoverage } from "../proof/census.ts";
import type { Coverage } from "../proof/census.ts";
import type { DecisionDigest } from "../proof/decision-digest.ts";
import { INVARIANTS } from "../proof/invariants.ts";
import type { WalkOutcome } from "../proof/machine-walk.ts";
import { Narration } from "../proof/narration.ts";
import type { StoryLine } from "../proof/narration.ts";
import { playTrial } from "../proof/trial.ts";
import type { Breach, TrialPlan, TrialSubject } from "../proof/trial.ts";
import type { SearchOutcome } from "../proof/trial-search.ts";
import type { ResolvedScenario } from "../scenario/resolve.ts";
import { renderVerdicts, verdictRows } from "./verdicts.ts";

/** All that a check found out. */
export interface CheckResult {
  readonly subject: TrialSubject;
  readonly scenario: ResolvedScenario;
  readonly seed: number;
  readonly walked: WalkOutcome;
  readonly searched: SearchOutcome;
  /** Of the run as declared. */
  readonly verdicts: readonly Verdict[];
  readonly digest: DecisionDigest;
  readonly story: readonly StoryLine[];
  /** Where the counterexample was written; null where there is none. */
  readonly file: string | null;
  /** The command that does it again. */
  readonly reproduce: string;
}

/** A counterexample played again. */
export interface ReplayOutcome {
  /** What broke when it was written. */
  readonly expected: Breach;
  /** What broke now. */
  readonly breach: Breach | null;
  readonly isReproduced: boolean;
  readonly story: readonly StoryLine[];
}

/** Lines of a story: its beginning, and more of its end. */
const FIRST_LINES = 6;
const LAST_LINES = 18;
const TOP_REASONS = 3;

/** Plays a broken plan again, and tells about the campaigns that have a part in it. */
export function storyOf(subject: TrialSubject, plan: TrialPlan, breach: Breach): readonly StoryLine[] {
  const named = plan.events.flatMap((event) => ("campaign" in event ? [event.campaign] : []));
  const all = subject.config.campaigns.map(({ id }) => id);
  const narration = new Narration(new Set(breach.campaign === null ? all : [breach.campaign, ...named]));
  playTrial(subject, plan, { observers: [narration], onEvent: (event, tick) => narration.tell(event, tick) });
  return narration.lines;
}

/** The result for people. */
export function renderCheck(result: CheckResult): string {
  const { subject, scenario, walked, searched, verdicts, file, reproduce } = result;
  const { campaigns, ticks } = subject.config;
  const count = (value: number) => value.toLocaleString("en-US");
  const policies = [...new Set(campaigns.map(({ policy }) => policy))].join(", ");
  const found = searched.counterexample;
  const met = verdicts.filter(({ isMet }) => isMet).length;
  const limits = subject.expectations.filter(({ name }) => EXPECTATIONS[name].isAlways).length;
  const rules = `${Object.keys(INVARIANTS).length} invariants${limits === 0 ? "" : ` and ${limits} of your limits`}`;
  const rows: readonly (readonly [boolean, string, string])[] = [
    [
      walked.broken === null,
      "Statecharts",
      `${count(walked.walks)} walks with your own campaigns and policy, compiled and interpreted`,
    ],
    [
      found === null,
      "Random events",
      `${countOf(searched.runs, "trial")}, ${countOf(searched.events, "event")}, ${countOf(searched.ticks, "tick")}; ${rules} at every tick`,
    ],
    ...(verdicts.length === 0
      ? []
      : [[met === verdicts.length, "Expected", `${met} of ${verdicts.length} met by the run as declared`] as const]),
  ];
  const blocks = [
    `${bold(scenario.name)}  seed ${result.seed}, ${count(campaigns.length)} of ${count(scenario.campaigns.length)} campaigns, ` +
      `${policies}, up to ${count(ticks)} ticks of ${scenario.tickMs / 1000} s`,
    rows.map(([isMet, name, text]) => `${mark(isMet)} ${name.padEnd(14)} ${text}`).join("\n"),
    renderCoverage(united(walked.coverage, searched.coverage), found === null),
  ];
  if (verdicts.length > 0) blocks.push([renderVerdicts(verdicts, scenario).trimEnd(), ...whys(result)].join("\n"));
  if (walked.broken !== null) {
    const { machine, campaign, steps, text } = walked.broken;
    blocks.push(
      [
        `${mark(false)} ${bold("A walk of the statechart breaks:")} ${campaign ?? machine}`,
        ...steps.map((step, at) => `  ${at + 1}. ${step}`),
        `  ${red(text)}`,
      ].join("\n"),
    );
  }
  if (found !== null) {
    const { plan, breach, foundEvents, plays } = found;
    const fewest = `${countOf(plan.events.length, "event")} of ${foundEvents}, found after ${countOf(plays, "trial")} of shrinking`;
    blocks.push(renderStory(subject, plan, breach, result.story, fewest));
    blocks.push(`Again  campaign-engine check --replay ${file}\n       ${reproduce}`);
  } else blocks.push(`Again  ${reproduce}`);
  return `${blocks.join("\n\n")}\n`;
}

/** A counterexample that was played again, for people. */
export function renderReplay(subject: TrialSubject, plan: TrialPlan, outcome: ReplayOutcome): string {
  const { expected, breach, isReproduced, story } = outcome;
  if (breach === null) return `${mark(true)} It breaks no more: ${expected.law}\n`;
  const head = isReproduced ? "reproduced" : `another rule than ${expected.rule} breaks now`;
  return `${renderStory(subject, plan, breach, story, `${countOf(plan.events.length, "event")}; ${head}`)}\n`;
}

/** The result as plain data. */
export function checkJson(result: CheckResult): object {
  const { subject, scenario, seed, walked, searched, verdicts, story, file, reproduce } = result;
  const { counterexample, coverage, ...counts } = searched;
  return {
    scenario: scenario.name,
    seed,
    campaigns: subject.config.campaigns.map(({ id }) => id),
    policies: [...new Set(subject.config.campaigns.map(({ policy }) => policy))],
    statecharts: { walks: walked.walks, broken: walked.broken },
    trials: counts,
    coverage: coverageRows(united(walked.coverage, coverage)),
    expectations: verdictRows(verdicts, scenario),
    counterexample: counterexample === null ? null : { ...counterexample, story, file },
    reproduce,
  };
}

/** Why the expectations that are violated are: what their campaigns decided. */
function whys({ verdicts, digest, scenario }: CheckResult): string[] {
  const ids = scenario.campaigns.map(({ id }) => id);
  return verdicts
    .filter(({ isMet, expectation }) => !isMet && !EXPECTATIONS[expectation.name].isAlways)
    .map(({ expectation, slot }) => {
      const shares = digest.shares(slot === null ? expectation.slots : [slot]).slice(0, TOP_REASONS);
      const texts = shares.map(({ reason, share }) => `${Math.round(share * 100)}% ${REASONS[reason] ?? reason}`);
      return dim(
        `  ${expectation.field}: of all decisions of ${slot === null ? "these campaigns" : ids[slot]}, ${texts.join("; ")}`,
      );
    });
}

function renderStory(
  subject: TrialSubject,
  plan: TrialPlan,
  breach: Breach,
  story: readonly StoryLine[],
  fewest: string,
): string {
  const { tickMs } = subject.config;
  const time = (tick: number) => elapsed(tick * tickMs);
  const lines = story.map(({ fromTick, toTick, isEvent, text }) => {
    const when = fromTick === toTick ? time(fromTick) : `${time(fromTick)} – ${time(toTick)}`;
    return `  ${when.padEnd(19)} ${isEvent ? bold(`• ${text}`) : `  ${text}`}`;
  });
  const cut = lines.length - FIRST_LINES - LAST_LINES;
  if (cut > 1) lines.splice(FIRST_LINES, cut, dim(`  ${"…".padEnd(19)}   ${cut} lines left out`));
  const who = breach.campaign === null ? "" : `${breach.campaign}: `;
  const rule = /^I\d+$|^policy$/.test(breach.rule) ? breach.rule : `your ${breach.rule}`;
  return [
    `${mark(false)} ${bold("Broken")}  ${rule}: ${breach.law}`,
    `  The fewest events that break it: ${fewest}`,
    ...(plan.laterHours > 0 ? [`  The run begins ${countOf(plan.laterHours, "hour")} later in the day.`] : []),
    ...lines,
    `  ${time(breach.tick).padEnd(19)} ${red(`✗ ${who}${breach.text}`)}`,
  ].join("\n");
}

interface CoverageRow {
  readonly machine: string;
  readonly states: { readonly taken: number; readonly of: number; readonly missing: readonly string[] };
  readonly transitions: { readonly taken: number; readonly of: number; readonly missing: readonly string[] };
}

/** How many states and transitions of each statechart were taken, and which not. */
function coverageRows(seen: Coverage): readonly CoverageRow[] {
  const all = allCoverage();
  const counted = (known: ReadonlySet<string>, taken: ReadonlySet<string>, machine: string) => {
    const own = [...known].filter((name) => name.split(/[. ]/, 1)[0] === machine);
    const missing = own.filter((name) => !taken.has(name));
    return { taken: own.length - missing.length, of: own.length, missing };
  };
  return machines.map(({ name }) => ({
    machine: name,
    states: counted(all.states, seen.states, name),
    transitions: counted(all.transitions, seen.transitions, name),
  }));
}

function renderCoverage(seen: Coverage, isWhole: boolean): string {
  const rows = coverageRows(seen);
  const chars = Object.fromEntries(
    ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
      .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid"])
      .map((part) => [part, ""])
      .concat([["middle", "  "]]),
  );
  const style = { head: [], border: [], "padding-left": 0, "padding-right": 0 };
  const head = ["Statechart", "States taken", "Transitions taken"].map(bold);
  const table = new Table({ chars, head, colAligns: ["left", "right", "right"], style });
  for (const { machine, states, transitions } of rows) {
    table.push([machine, `${states.taken} of ${states.of}`, `${transitions.taken} of ${transitions.of}`]);
  }
  const missing = rows.flatMap(({ states, transitions }) => states.missing.concat(transitions.missing));
  const lines = missing.map((name) => `  ${name}`);
  if (!isWhole) return `${table.toString()}\n${dim("So far: the search ended with what broke.")}`;
  return [table.toString(), ...(lines.length === 0 ? [] : ["Nothing led to:", ...lines])].join("\n");
}

function united(a: Coverage, b: Coverage): Coverage {
  const both = (one: ReadonlySet<string>, other: ReadonlySet<string>) => new Set([...one, ...other]);
  return { states: both(a.states, b.states), transitions: both(a.transitions, b.transitions) };
}

/** Time since the start, e.g. `06:15`, `1d 00:30`; seconds where there are any. */
function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const days = Math.floor(seconds / 86_400);
  const clock = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}`;
  return `${days === 0 ? "" : `${days}d `}${clock}${seconds % 60 === 0 ? "" : `:${two(seconds % 60)}`}`;
}

function countOf(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

function mark(isMet: boolean): string {
  return isMet ? styleText("green", "✓") : red("✗");
}

function red(text: string): string {
  return styleText(["red", "bold"], text);
}

function bold(text: string): string {
  return styleText("bold", text);
}

function dim(text: string): string {
  return styleText("dim", text);
}
