/** Running plans and printing what came of them: data to stdout, everything else to stderr. */
import type { Policy } from "../core/policy/policy.ts";
import type { DecisionLogLevel } from "../observe/decision-log.ts";
import { meanEfficiency, renderHtmlReport } from "../observe/html-report.ts";
import type { ParetoSection } from "../observe/html-report.ts";
import { renderComparison, renderTerminalReport } from "../observe/terminal-report.ts";
import { openPending } from "./output.ts";
import { ParetoWatch } from "./pareto.ts";
import { play, withPolicy } from "./run.ts";
import type { KeptState, PlayedRun, RunPlan } from "./run.ts";
import { renderVerdicts, verdictRows } from "./verdicts.ts";

/** Exit code of a run that came out otherwise than expected. */
const EXIT_VIOLATED = 4;
/** Exit code of a run that was interrupted, after its partial report. */
const EXIT_INTERRUPTED = 130;

/** Options that `simulate` and `replay` share. */
export interface ReportOptions {
  readonly json?: boolean;
  readonly log?: string;
  readonly logLevel?: DecisionLogLevel;
  readonly report?: string;
  readonly progress: boolean;
  readonly threads?: number;
}

interface ReportRequest extends ReportOptions {
  readonly logLevel: DecisionLogLevel;
  /** Policies to play, one run each; none: as the campaigns declare. */
  readonly policies: readonly (string | Policy)[];
  /** The same policies as the user named them, for the line that reproduces the run. */
  readonly chosen: readonly string[];
  /** Period of the wall clock [ms]; absent: as fast as it goes. */
  readonly periodMs?: number | undefined;
  /** The part of the command line that reproduces the run. */
  readonly command: string;
  /** Where the run is kept; absent: it is not. */
  readonly keptState?: KeptState | undefined;
  /** What the reader must know to read the figures right. */
  readonly notes: readonly string[];
}

interface ReportedRun extends PlayedRun {
  readonly pareto: readonly ParetoSection[];
}

/**
 * Plays a plan once, or once a policy, and prints the report. Ctrl-C ends the run after the current tick: late reports are still booked, the partial
 * report is printed, and the exit code is 130; a second Ctrl-C ends the process.
 */
export async function runAndReport(plan: RunPlan, request: ReportRequest): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = () => {
    process.stderr.write("\nInterrupted: draining. Once more to stop at once.\n");
    interrupt.abort();
    process.removeListener("SIGINT", onSignal);
  };
  process.on("SIGINT", onSignal);
  const page = request.report === undefined ? null : openPending(request.report);
  const runs: ReportedRun[] = [];
  try {
    for (const [label, each] of variants(plan, request.policies)) {
      const log = request.log === undefined || runs.length > 0 ? undefined : request.log;
      const watch = new ParetoWatch(each);
      const options = {
        label,
        observers: [watch],
        logLevel: request.logLevel,
        signal: interrupt.signal,
        hasProgress: request.progress,
        periodMs: request.periodMs,
        state: request.keptState,
      };
      const run = await play(each, log === undefined ? options : { ...options, log });
      // A run that was cut off is not to be measured against its whole flight.
      runs.push({ ...run, pareto: run.isInterrupted ? [] : watch.sections(run.truth) });
      if (interrupt.signal.aborted) break;
    }
    const [{ summary, timeline, pareto }] = runs;
    page?.commit(renderHtmlReport(summary, timeline, { reproduce: reproduceLine(request), pareto }));
  } catch (error) {
    page?.abandon();
    throw error;
  } finally {
    process.removeListener("SIGINT", onSignal);
  }
  print(runs, request);
  if (interrupt.signal.aborted) process.exitCode = EXIT_INTERRUPTED;
  else if (runs.some(({ verdicts }) => verdicts.some(({ isMet }) => !isMet))) process.exitCode = EXIT_VIOLATED;
}

function variants(plan: RunPlan, policies: readonly (string | Policy)[]): (readonly [string, RunPlan])[] {
  if (policies.length === 0) return [[plan.config.name, plan]];
  return policies.map((policy) => [nameOf(policy), withPolicy(plan, policy)] as const);
}

function nameOf(policy: string | Policy): string {
  return typeof policy === "string" ? policy : policy.name;
}

function reproduceLine({ command, chosen }: ReportRequest): string {
  const { length } = chosen;
  return `campaign-engine ${command}${length === 0 ? "" : ` ${length === 1 ? "--policy" : "--policies"} ${chosen.join(",")}`}`;
}

function print(runs: readonly ReportedRun[], request: ReportRequest): void {
  const reproduce = reproduceLine(request);
  if (request.json === true) {
    const results = runs.map(({ label, plan, summary, timeline, pareto, log, isInterrupted, verdicts }) => ({
      label,
      isInterrupted,
      expectations: verdictRows(verdicts, plan.config),
      summary,
      timeline,
      pareto,
      log,
    }));
    const document = { reproduce, notes: request.notes, ...(results.length === 1 ? results[0] : { runs: results }) };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const [first] = runs;
  const body =
    runs.length === 1
      ? renderTerminalReport(first.summary, first.timeline, {
          reproduce,
          width: process.stdout.columns ?? 100,
          frontierEfficiency: meanEfficiency(first.pareto),
        })
      : `${renderComparison(runs)}\n\n${reproduce}\n`;
  process.stdout.write(body.endsWith("\n") ? body : `${body}\n`);
  for (const { label, plan, verdicts } of runs) {
    const text = renderVerdicts(verdicts, plan.config);
    if (text !== "") process.stdout.write(`\n${runs.length === 1 ? "" : `${label}: `}${text}`);
  }
  for (const note of request.notes) process.stdout.write(`Note: ${note}\n`);
  const { log } = first;
  if (log !== null) process.stderr.write(`Decision log: ${request.log}, ${log.lines} lines, sha256 ${log.sha256}\n`);
  if (request.report !== undefined) process.stderr.write(`Report: ${request.report}\n`);
}
