/** What `campaign-engine chaos` prints: the table of what was played, and a broken invariant with the way back to it. */
import Table from "cli-table3";
import { stringify } from "yaml";
import { FAULT_KINDS } from "../core/faults.ts";
import { fromMicros } from "../core/money.ts";
import { allCoverage } from "../proof/census.ts";
import { playFlight } from "../proof/flight.ts";
import type { FlightOptions } from "../proof/flight.ts";
import { INVARIANTS } from "../proof/invariants.ts";
import type { Violation } from "../proof/invariants.ts";
import { shrink } from "../proof/shrink.ts";
import type { Shrunk } from "../proof/shrink.ts";
import { Story } from "../proof/story.ts";
import type { Tally } from "../proof/tally.ts";
import type { ScenarioFile } from "../scenario/schema.ts";

/** Broken flights that are named one by one. */
const MAX_NAMED = 10;

/** The table of a tally, and the flights that broke. */
export function renderTally(tally: Tally): string {
  const all = allCoverage();
  const count = (value: number) => value.toLocaleString("en-US");
  const of = (seen: readonly string[], known: ReadonlySet<string>) =>
    `${seen.filter((name) => known.has(name)).length} of ${known.size}`;
  const faults = Object.entries(tally.faults);
  const chars = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };
  const table = new Table({ chars, colAligns: ["left", "right"], style: { head: [], border: [] } });
  table.push(
    ["flights", count(tally.flights)],
    ["ticks", count(tally.ticks)],
    ["decisions", count(tally.decisions)],
    ...(faults.length === 0 ? [] : faultRows(faults)),
    ["restarts", count(tally.restarts)],
    ["quarantines", count(tally.quarantines)],
    ["escalations", count(tally.escalations)],
    ["refused reports", count(tally.refusedReports)],
    ["disputed money", fromMicros(tally.disputedMicros).toFixed(2)],
    ["states of statecharts", of(tally.states, all.states)],
    ["transitions", of(tally.transitions, all.transitions)],
    ["violations", count(tally.broken.length)],
  );
  return `${table.toString()}\n`;
}

function faultRows(faults: readonly (readonly [string, number])[]): [string, string][] {
  const count = (value: number) => value.toLocaleString("en-US");
  const kinds = faults.map(([kind, times]): [string, string] => [`  ${kind}`, count(times)]);
  return [
    ["faults", count(faults.reduce((sum, [, times]) => sum + times, 0))],
    ...kinds.sort(([a], [b]) => a.localeCompare(b)),
    ["kinds of fault", `${faults.length} of ${Object.keys(FAULT_KINDS).length}`],
  ];
}

/** The transitions that no flight took. */
export function untaken(tally: Tally): readonly string[] {
  const taken = new Set(tally.transitions);
  return [...allCoverage().transitions].filter((name) => !taken.has(name)).sort();
}

/** The lines that bring back each broken flight. */
export function renderBroken({ broken }: Tally, seed: number): string {
  const lines = broken
    .slice(0, MAX_NAMED)
    .map(({ flight, violation }) => `${reproduceLine(seed, flight)}   # ${describeViolation(violation)}`);
  if (broken.length > MAX_NAMED) lines.push(`… and ${broken.length - MAX_NAMED} more`);
  return `${lines.join("\n")}\n`;
}

/** The command that plays one flight again. */
export function reproduceLine(seed: number, flight: number): string {
  return `campaign-engine chaos --seed ${seed} --from ${flight} --flights 1`;
}

/** A violation in one line. */
export function describeViolation({ invariant, tick, campaign, text }: Violation): string {
  return `${invariant} at tick ${tick}${campaign === null ? "" : `, ${campaign}`}: ${text}`;
}

/** The smallest scenario found in which the same invariant breaks. */
export function shrinkFlight(
  file: ScenarioFile,
  violation: Violation,
  options: FlightOptions,
  onPlay?: (plays: number) => void,
): Shrunk {
  return shrink(file, violation, (candidate) => playFlight(candidate, options).violations[0] ?? null, onPlay);
}

/** A scenario as a file, with what is wrong with it on top. */
export function scenarioText(file: ScenarioFile, violation: Violation): string {
  return `# ${INVARIANTS[violation.invariant]}\n# Broken: ${describeViolation(violation)}\n${stringify(file, { lineWidth: 120 })}`;
}

/** What broke, how small it got, and what happened last. */
export function renderShrunk(before: ScenarioFile, { file, violation, plays }: Shrunk, options: FlightOptions): string {
  const story = new Story(violation.campaign, violation.tick);
  playFlight(file, { ...options, isTwice: false, observers: [story] });
  const size = (one: ScenarioFile) =>
    `${one.campaigns.length} campaigns, ${one.platforms.length} platforms, ${one.duration ?? "1d"}`;
  return [
    `${violation.invariant}: ${INVARIANTS[violation.invariant]}`,
    `Broken: ${describeViolation(violation)}`,
    `Shrunk in ${plays} plays: from ${size(before)} to ${size(file)}. What happened last:`,
    ...story.lines.map((line) => `  ${line}`),
    "",
  ].join("\n");
}
