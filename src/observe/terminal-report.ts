/** The report of a run for the terminal: tables, sparklines and the line that reproduces it. */
import { styleText } from "node:util";
import Table from "cli-table3";
import { CAMPAIGN_STATES } from "../core/events.ts";
import { REASONS } from "../core/decision.ts";
import { formatMoney, fromMicros } from "../core/money.ts";
import { bar, sparkline } from "./sparkline.ts";
import type { Outcome, RunSummary } from "./summary.ts";
import type { RunTimeline } from "./timeline.ts";

/** How to write a report. */
export interface TerminalOptions {
  /** Columns to stay within; 100 by default. */
  readonly width?: number;
  /** Colour; by default as stdout and NO_COLOR have it. */
  readonly color?: boolean;
  /** Command that reproduces the run. */
  readonly reproduce?: string;
  /** Mean of the biggest campaigns' conversions ÷ those of hindsight at the same spend; null where unknown. */
  readonly frontierEfficiency?: number | null;
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** A column of a table of outcomes; those with the highest rank are left out first on a narrow terminal. */
interface Column {
  readonly head: string;
  readonly rank: number;
  readonly cell: (outcome: Outcome) => string;
}

const TOP_REASONS = 6;
const SHOWN_INCIDENTS = 6;

const COLUMNS: readonly Column[] = [
  { head: "Spend", rank: 0, cell: (row) => money(row.spendMicros) },
  { head: "Impr.", rank: 4, cell: (row) => count(row.impressions) },
  { head: "Clicks", rank: 2, cell: (row) => count(row.clicks) },
  { head: "Conv.", rank: 0, cell: (row) => count(row.conversions) },
  { head: "CTR", rank: 5, cell: (row) => percent(row.ctr) },
  { head: "CVR", rank: 3, cell: (row) => percent(row.cvr) },
  { head: "CPC", rank: 2, cell: (row) => money(row.cpcMicros) },
  { head: "CPA", rank: 0, cell: (row) => money(row.cpaMicros) },
  { head: "ROAS", rank: 1, cell: (row) => factor(row.roas) },
  { head: "ROI/click", rank: 3, cell: (row) => money(row.roiMicros) },
  { head: "Net", rank: 0, cell: (row) => money(row.netMicros) },
  { head: "Waste", rank: 1, cell: (row) => money(row.wasteMicros) },
];

/** A run for people to read. Ends without a line break. */
export function renderTerminalReport(
  summary: RunSummary,
  timeline: RunTimeline,
  { width = 100, color, reproduce, frontierEfficiency = null }: TerminalOptions = {},
): string {
  const paint = painter(color);
  const { currency, total } = summary;
  const blocks = [
    heading(summary, paint),
    `Money in ${currency}; ROI per click = CVR × value − CPC, as it came out.\n${outcomeTable(summary, width, paint)}`,
    overTime(timeline, currency, width, paint),
    states(summary, paint),
    reasons(summary, width, paint),
    goals(summary, paint),
    health(summary, paint),
    incidents(summary, width, paint),
    faults(summary, paint),
  ];
  if (total.wasteMicros === null) {
    blocks[1] += "\nWaste is known only in a simulated market.";
  }
  if (frontierEfficiency !== null) {
    const head = paint("bold", "Frontier efficiency");
    blocks.push(`${head}  ${percent(frontierEfficiency)} of hindsight's conversions at the same spend`);
  }
  if (reproduce !== undefined) blocks.push(`${paint("bold", "Reproduce")}  ${reproduce}`);
  return blocks.filter((block) => block !== "").join("\n\n");
}

/** Several runs of one scenario and seed side by side, one row each; the best figure of a column is marked with `*`. */
export function renderComparison(
  runs: readonly { readonly label: string; readonly summary: RunSummary }[],
  { color }: Pick<TerminalOptions, "color"> = {},
): string {
  const paint = painter(color);
  const columns: {
    head: string;
    best: "most" | "least" | null;
    value: (run: RunSummary) => number | null;
    text: (value: number | null) => string;
  }[] = [
    { head: "Net value", best: "most", value: (run) => run.total.netMicros, text: money },
    { head: "Spend", best: null, value: (run) => run.total.spendMicros, text: money },
    { head: "Budget", best: null, value: (run) => run.budgetUsed, text: percent },
    { head: "Conv.", best: "most", value: (run) => run.total.conversions, text: count },
    { head: "CPA", best: "least", value: (run) => run.total.cpaMicros, text: money },
    { head: "ROAS", best: "most", value: (run) => run.total.roas, text: factor },
    { head: "Waste", best: "least", value: (run) => run.total.wasteMicros, text: money },
  ];
  const table = plainTable(["Policy", ...columns.map(({ head }) => head)], paint);
  const best = columns.map((column) => {
    const values = runs.map(({ summary }) => column.value(summary)).filter((value) => value !== null);
    if (column.best === null || new Set(values).size < 2) return null;
    return column.best === "most" ? Math.max(...values) : Math.min(...values);
  });
  for (const { label, summary } of runs) {
    const cells = columns.map((column, at) => {
      const value = column.value(summary);
      const text = column.text(value);
      return value !== null && value === best[at] ? paint(["green", "bold"], `${text}*`) : `${text} `;
    });
    table.push([label, ...cells]);
  }
  return `${trimmed(table)}\n* best of the column; money in ${runs[0]?.summary.currency ?? ""}`;
}

function heading(summary: RunSummary, paint: Paint): string {
  const { name, seed, ticks, plannedTicks, tickMs, campaigns, policies, currency, total, budgetMicros } = summary;
  const length = ticks === plannedTicks ? count(ticks) : `${count(ticks)} of ${count(plannedTicks)}`;
  const net = paint(total.netMicros >= 0 ? ["green", "bold"] : ["red", "bold"], formatMoney(total.netMicros, currency));
  return [
    `${paint("bold", name)}  seed ${seed}, ${length} ticks of ${tickMs / 1000} s, ${count(campaigns)} campaigns, ${policies.join(", ")}`,
    `Net value ${net} from ${formatMoney(total.spendMicros, currency)} spent, ${percent(summary.budgetUsed)} of ${formatMoney(budgetMicros, currency)}`,
  ].join("\n");
}

function outcomeTable(summary: RunSummary, width: number, paint: Paint): string {
  for (let rank = 5; ; rank--) {
    const columns = COLUMNS.filter((column) => column.rank <= rank);
    const table = plainTable(["Platform", "Share", ...columns.map(({ head }) => head)], paint);
    for (const row of summary.platforms) {
      table.push([row.id, percent(row.spendShare), ...columns.map(({ cell }) => cell(row))]);
    }
    table.push(["Total", "", ...columns.map(({ cell }) => cell(summary.total))].map((cell) => paint("bold", cell)));
    if (table.width <= width || rank === 0) return trimmed(table);
  }
}

function overTime(timeline: RunTimeline, currency: string, width: number, paint: Paint): string {
  const spend = timeline.timeMs.map((_, bin) => timeline.spendMicros.reduce((sum, row) => sum + row[bin], 0));
  if (spend.length === 0) return "";
  const cells = Math.min(spend.length, width - 40);
  const binMinutes = (timeline.binTicks * timeline.tickMs) / 60_000;
  const peak = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), 0);
  const lines = [
    `${paint("bold", "Spend")}        ${paint("cyan", sparkline(spend, cells))} peak ${formatMoney(peak(spend), currency)}`,
    `${paint("bold", "Conversions")}  ${paint("green", sparkline(timeline.conversions, cells))} peak ${count(peak(timeline.conversions))}`,
    `             per ${decimal(binMinutes)} min of simulated time`,
  ];
  if (timeline.lateConversions > 0) lines[2] += `; ${count(timeline.lateConversions)} conversions came after the end`;
  return lines.join("\n");
}

function states(summary: RunSummary, paint: Paint): string {
  const lines = CAMPAIGN_STATES.map((state) => {
    const share = summary.campaigns === 0 ? 0 : summary.states[state] / summary.campaigns;
    return `  ${state.padEnd(11)} ${bar(share, 30)} ${count(summary.states[state]).padStart(7)}`;
  });
  return [paint("bold", "Campaigns by state after the last tick"), ...lines].join("\n");
}

function reasons(summary: RunSummary, width: number, paint: Paint): string {
  if (summary.reasons.length === 0) return "";
  const lines = summary.reasons.slice(0, TOP_REASONS).map(({ reason, share }) => {
    const line = `  ${percent(share).padStart(6)}  ${reason.padEnd(22)} ${REASONS[reason]}`;
    return line.length > width ? `${line.slice(0, width - 1)}…` : line;
  });
  return [paint("bold", "Why the campaigns did what they did"), ...lines].join("\n");
}

function goals(summary: RunSummary, paint: Paint): string {
  const lines = Object.entries(summary.goals)
    .filter(([, { declared }]) => declared > 0)
    .map(([goal, { declared, reached }]) => `${goal === "cpa" ? "CPA" : goal} ${count(reached)} of ${count(declared)}`);
  return lines.length === 0 ? "" : `${paint("bold", "Goals reached")}  ${lines.join(", ")}`;
}

function health(summary: RunSummary, paint: Paint): string {
  const { overspendMicros, disputedMicros, currency, performance } = summary;
  const overspend = `overspend ${formatMoney(overspendMicros, currency)}`;
  const facts = [
    overspendMicros === 0 ? paint("green", overspend) : paint(["red", "bold"], overspend),
    `disputed ${formatMoney(disputedMicros, currency)}`,
    `${count(summary.restarts)} restarts`,
    `${count(summary.quarantined)} quarantined`,
    ...(summary.stopped > 0 ? [`${count(summary.stopped)} given up`] : []),
    `refused: ${count(summary.refusedReports)} reports, ${count(summary.refusedFeeds)} feed records`,
  ];
  const latency = performance.tickLatencyMs;
  const speed = [`${count(summary.decisions)} decisions`];
  if (performance.decisionsPerSecond !== null) speed.push(`${count(performance.decisionsPerSecond)} a second`);
  if (latency !== null) {
    speed.push(`tick p50 ${decimal(latency.p50)}, p95 ${decimal(latency.p95)}, p99 ${decimal(latency.p99)} ms`);
  }
  return `${paint("bold", "Money")}   ${facts.slice(0, 2).join(", ")}\n${paint("bold", "Health")}  ${facts.slice(2).join(", ")}\n${paint("bold", "Speed")}   ${speed.join(", ")}`;
}

/** What failed so badly that it shows; nothing where nothing did. */
function incidents({ incidents: list, incidentCount }: RunSummary, width: number, paint: Paint): string {
  if (list.length === 0) return "";
  const lines = list.slice(0, SHOWN_INCIDENTS).map(({ tick, event, subject, why }) => {
    const line = `  tick ${String(tick).padEnd(6)} ${subject} ${event.slice(event.indexOf(".") + 1)}: ${oneLine(why)}`;
    return line.length > width ? `${line.slice(0, width - 1)}…` : line;
  });
  if (incidentCount > lines.length)
    lines.push(`  … and ${count(incidentCount - lines.length)} more: see the decision log`);
  return [paint("bold", "Failures and what was done"), ...lines].join("\n");
}

/** The faults that were injected, and what they did to bids and money. */
function faults({ faults: list, refusedBids, expiredMicros, currency }: RunSummary, paint: Paint): string {
  const total = list.reduce((sum, fault) => sum + fault.count, 0);
  if (total === 0 && refusedBids === 0 && expiredMicros === 0) return "";
  const lines = list.map((fault) => `  ${count(fault.count).padStart(8)}  ${fault.kind}`);
  const costs = `bids refused ${count(refusedBids)}, spent without a report ${formatMoney(expiredMicros, currency)}`;
  return [`${paint("bold", "Faults injected")}  ${count(total)}; ${costs}`, ...lines].join("\n");
}

/** An error's message may be many lines long, and may hold control characters, which a terminal would obey. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ");
}

/** A table with a rule under its head and no other lines; all columns but the first are flush right. */
function plainTable(head: readonly string[], paint: Paint): Table.Table {
  const none = { top: "", "top-mid": "", "top-left": "", "top-right": "", left: "", right: "", middle: "  " };
  const bottom = { bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" };
  const rule = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };
  const table = new Table({
    chars: { ...none, ...bottom, ...rule },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colAligns: head.map((_, at) => (at === 0 ? "left" : "right")),
  });
  table.push(head.map((text) => paint("dim", text)));
  return table;
}

function trimmed(table: Table.Table): string {
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function painter(color: boolean | undefined): Paint {
  if (color === undefined) return (format, text) => styleText(format, text);
  return color ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}

function money(micros: number | null): string {
  return micros === null ? "–" : number(fromMicros(micros), 2, 2);
}

function count(value: number | null): string {
  return value === null ? "–" : number(value, 0, Number.isInteger(value) || value >= 1000 ? 0 : 1);
}

function decimal(value: number | null): string {
  return value === null ? "–" : number(value, 0, 2);
}

function factor(value: number | null): string {
  return value === null ? "–" : number(value, 2, 2);
}

function percent(share: number | null): string {
  return share === null ? "–" : `${number(share * 100, 1, 1)}%`;
}

function number(value: number, minimumFractionDigits: number, maximumFractionDigits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits, maximumFractionDigits });
}
