/**
 * The report of a run as one HTML page that needs nothing else: no server, no network.
 *
 * H1 the page makes no external request, and forbids itself any; H2 no text of a scenario is read as markup or script;
 * H3 the same summary and timeline give the same page: wall-clock figures are left out.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { REASONS } from "../core/decision.ts";
import { CAMPAIGN_STATES } from "../core/events.ts";
import { FAULT_KINDS } from "../core/faults.ts";
import { fromMicros } from "../core/money.ts";
import type { ParetoPoint } from "../core/pareto.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./report-page.ts";
import type { CampaignSummary, Outcome, RunSummary } from "./summary.ts";
import type { RunTimeline } from "./timeline.ts";

/** A point of a campaign's plane of spend and conversions. */
export interface SpendPoint {
  readonly spendMicros: number;
  readonly conversions: number;
}

/** What one campaign could reach, and where it stood. */
export interface ParetoSection {
  readonly campaign: string;
  /** As expected at the first decision, ascending by spend. */
  readonly points: readonly ParetoPoint[];
  /** What came of it. */
  readonly operating: SpendPoint;
  readonly budgetMicros: number;
  readonly cpaTargetMicros: number | null;
  /** Where gamma is the value of a conversion: beyond it, another conversion costs more than it is worth. */
  readonly valuePoint: SpendPoint;
  /** The curve of an oracle, where the market tells the truth. */
  readonly hindsight: readonly SpendPoint[] | null;
  /** Conversions ÷ the oracle's at the same spend; null without spend or oracle. */
  readonly frontierEfficiency: number | null;
}

/** What a report says beyond summary and timeline. */
export interface ReportExtras {
  /** Command that reproduces the run. */
  readonly reproduce?: string;
  readonly pareto?: readonly ParetoSection[];
}

/** Mean frontier efficiency of campaigns, weighted by spend; null where none has one. */
export function meanEfficiency(pareto: readonly ParetoSection[]): number | null {
  let spendMicros = 0;
  let weighted = 0;
  for (const { frontierEfficiency, operating } of pareto) {
    if (frontierEfficiency === null) continue;
    spendMicros += operating.spendMicros;
    weighted += frontierEfficiency * operating.spendMicros;
  }
  return spendMicros > 0 ? weighted / spendMicros : null;
}

type Cell = readonly [head: string, text: (row: Outcome) => string];

const NOTHING = "–";

/** The whole page. */
export function renderHtmlReport(
  summary: RunSummary,
  timeline: RunTimeline,
  { reproduce, pareto = [] }: ReportExtras = {},
): string {
  const { currency, name, seed } = summary;
  const platforms = summary.platforms.map(({ id }) => id);
  const data = { currency, platforms, states: CAMPAIGN_STATES, timeline, pareto };
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
  const length = `${count(summary.ticks)} ticks of ${summary.tickMs / 1000} s`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(name)} · campaign report</title>
<style>${asset("uPlot.min.css")}${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(name)}</h1>
<p class="note">Seed ${seed} · ${length} · ${count(summary.campaigns)} campaigns on ${platforms.length} platforms · ${escapeHtml(summary.policies.join(", "))} · money in ${escapeHtml(currency)}</p>
${tiles(summary)}
<div class="plots">
${plot("spend", "Spend against plan", `The plan spreads every budget evenly over its flight.${late(timeline)}`)}
${section("Share of spend", "By platform, of all that was booked.", shareBars(summary))}
${plot("roi", "ROI per click over time", "Forecast CVR × mean value per conversion − CPC: below 0, a click costs more than it brings.")}
${plot("states", "Campaign states over time", `Mean number of campaigns in each state, per ${binLength(timeline)}.`)}
${forecastSection(platforms)}
</div>
${pareto.length === 0 ? "" : paretoSection(pareto)}
${section("Platforms", "ROI per click as it came out.", platformTable(summary))}
${section("Best campaigns", "By net value.", campaignTable(summary.bestCampaigns))}
${summary.worstCampaigns.length === 0 ? "" : section("Worst campaigns", "By net value.", campaignTable(summary.worstCampaigns))}
${section("Why the campaigns did what they did", "Decisions by reason.", reasonTable(summary))}
${summary.incidents.length === 0 ? "" : section("Failures and what was done", incidentNote(summary), incidentTable(summary))}
${summary.faults.length === 0 ? "" : section("Faults injected", "On purpose, by kind.", faultTable(summary))}
${reproduce === undefined ? "" : section("Reproduce this run", "", `<code>${escapeHtml(reproduce)}</code>`)}
</main>
<script type="application/json" id="run">${scriptJson(data)}</script>
<script>${asset("uPlot.iife.min.js")}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** Text as HTML shows it, in elements and quoted attributes (H2). */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** JSON that cannot end the script element that it stands in (H2). */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", String.raw`\u003c`);
}

function asset(file: string): string {
  return readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${file}`), "utf8");
}

function section(title: string, note: string, body: string, style = ""): string {
  const under = note === "" ? "" : `<p class="note">${note}</p>`;
  return `<section class="${style}"><h2>${title}</h2>${under}${body}</section>`;
}

function plot(id: string, title: string, note: string): string {
  return section(title, note, `<div class="plot" id="${id}"></div>`);
}

function tiles(summary: RunSummary): string {
  const { total, goals } = summary;
  const declared = Object.values(goals).reduce((sum, goal) => sum + goal.declared, 0);
  const reached = Object.values(goals).reduce((sum, goal) => sum + goal.reached, 0);
  const facts: [head: string, value: string, detail: string, style?: string][] = [
    ["Net value", money(total.netMicros, 0), "value − spend", total.netMicros < 0 ? "bad" : "good"],
    ["Spend", money(total.spendMicros, 0), `${percent(summary.budgetUsed)} of the budget`],
    ["Conversions", count(total.conversions), `${percent(total.cvr)} of clicks`],
    ["CPA", money(total.cpaMicros), "spend per conversion"],
    ["ROAS", decimal(total.roas), "value ÷ spend"],
  ];
  if (total.wasteMicros !== null) facts.push(["Waste", money(total.wasteMicros, 0), "spend above true value"]);
  if (declared > 0) facts.push(["Goals reached", `${count(reached)} / ${count(declared)}`, "targets of campaigns"]);
  facts.push(
    ["Overspend", money(summary.overspendMicros), "above budgets", summary.overspendMicros > 0 ? "bad" : "good"],
    [
      "Decisions",
      count(summary.decisions),
      `${count(summary.restarts)} restarts, ${count(summary.quarantined)} quarantined`,
    ],
  );
  const tile = ([head, value, detail, style = ""]: (typeof facts)[number]) =>
    `<div class="tile"><dt>${head}</dt><dd class="${style}">${value}</dd><small>${detail}</small></div>`;
  return `<dl class="tiles">${facts.map(tile).join("")}</dl>`;
}

function shareBars(summary: RunSummary): string {
  const most = Math.max(...summary.platforms.map(({ spendShare }) => spendShare ?? 0), Number.MIN_VALUE);
  const bars = summary.platforms.map(({ id, spendShare, spendMicros }, at) => {
    const width = (((spendShare ?? 0) / most) * 100).toFixed(1);
    const text = `${percent(spendShare)} · ${money(spendMicros, 0)}`;
    return `<b>${escapeHtml(id)}</b><i style="width:${width}%;background:var(--c${at % 8})"></i><span>${text}</span>`;
  });
  return `<div class="bars">${bars.join("")}</div>`;
}

function forecastSection(platforms: readonly string[]): string {
  const note =
    "What the forecaster said for a tick, and what the feed then told of it. Conversions count when they arrive; outcomes beyond three times the highest forecast are cut off.";
  return section(
    "Forecast against outcome",
    note,
    `${selector("platform", "Platform", platforms)}<div class="plots"><div class="plot" id="cvr"></div><div class="plot" id="cpc"></div></div>`,
    "wide",
  );
}

function paretoSection(pareto: readonly ParetoSection[]): string {
  const mean = meanEfficiency(pareto);
  const efficiency =
    mean === null
      ? ""
      : ` Frontier efficiency, conversions ÷ those of hindsight at the same spend, is ${percent(mean)} in the spend-weighted mean of the campaigns below.`;
  const note = `What each marginal cost per conversion was expected to buy, as seen at the campaign’s first decision; no plan with the same spend has more conversions. Right of “marginal cost = value”, another conversion costs more than it is worth.${efficiency}`;
  const names = pareto.map(({ campaign }) => campaign);
  return section(
    "What more or less spend would bring",
    note,
    `${selector("campaign", "Campaign", names)} <span class="note" id="efficiency"></span><div class="plots"><div class="plot" id="frontier"></div><div class="plot" id="waste"></div></div>`,
  );
}

function selector(id: string, label: string, names: readonly string[]): string {
  const options = names.map((name) => `<option>${escapeHtml(name)}</option>`).join("");
  return `<label>${label} <select id="${id}">${options}</select></label>`;
}

function incidentNote({ incidents, incidentCount }: RunSummary): string {
  return incidentCount > incidents.length
    ? `The first ${count(incidents.length)} of ${count(incidentCount)}; the decision log has all.`
    : "Quarantines, releases, and supervisors that were restarted or given up.";
}

function incidentTable({ incidents }: RunSummary): string {
  const rows = incidents.map(
    ({ tick, event, subject, why }) =>
      `<tr><td>${escapeHtml(subject)}</td><td>${count(tick)}</td><td>${event}</td><td class="text">${escapeHtml(why)}</td></tr>`,
  );
  return table(["Subject", "Tick", "Event", "Why"], rows);
}

function platformTable(summary: RunSummary): string {
  const rows = summary.platforms.map((row) => ({ row, first: row.id, share: percent(row.spendShare) }));
  const cells: Cell[] = [
    ["Spend", (row) => money(row.spendMicros)],
    ["Impressions", (row) => count(row.impressions)],
    ["Clicks", (row) => count(row.clicks)],
    ["CTR", (row) => percent(row.ctr)],
    ["Conversions", (row) => count(row.conversions)],
    ["CVR", (row) => percent(row.cvr, 2)],
    ["CPC", (row) => money(row.cpcMicros)],
    ["CPA", (row) => money(row.cpaMicros)],
    ["ROAS", (row) => decimal(row.roas)],
    ["ROI / click", (row) => money(row.roiMicros)],
    ["Net", (row) => money(row.netMicros)],
    ["Waste", (row) => money(row.wasteMicros)],
  ];
  const body = rows.map(({ row, first, share }) => tableRow([first, share, ...cells.map(([, text]) => text(row))]));
  const total = tableRow(["Total", "", ...cells.map(([, text]) => text(summary.total))], "total");
  return table(["Platform", "Share", ...cells.map(([head]) => head)], [...body, total]);
}

function campaignTable(campaigns: readonly CampaignSummary[]): string {
  const head = ["Campaign", "State", "Net", "Spend", "Budget", "Used", "Clicks", "Conversions", "CPA", "ROAS"];
  const rows = campaigns.map((row) =>
    tableRow([
      row.id,
      row.state,
      money(row.netMicros),
      money(row.spendMicros),
      money(row.budgetMicros),
      percent(row.budgetUsed),
      count(row.clicks),
      count(row.conversions),
      money(row.cpaMicros),
      decimal(row.roas),
    ]),
  );
  return table(head, rows);
}

function reasonTable(summary: RunSummary): string {
  const rows = summary.reasons.map(({ reason, count: times, share }) => {
    const meaning = `<td class="text">${escapeHtml(REASONS[reason])}</td>`;
    return `<tr><td>${reason}</td><td>${count(times)}</td><td>${percent(share)}</td>${meaning}</tr>`;
  });
  return table(["Reason", "Decisions", "Share", ""], rows);
}

function faultTable({ faults, refusedBids, expiredMicros }: RunSummary): string {
  const rows = faults.map(({ kind, count: times }) => {
    const meaning = `<td class="text">${escapeHtml(FAULT_KINDS[kind])}</td>`;
    return `<tr><td>${kind}</td><td>${count(times)}</td>${meaning}</tr>`;
  });
  const note = `<p class="note">Bids refused ${count(refusedBids)}, spent without a report ${money(expiredMicros)}.</p>`;
  return `${table(["Kind", "Times", ""], rows)}${note}`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  const heads = head.map((text) => `<th scope="col">${text}</th>`).join("");
  return `<div class="scroll"><table class="data"><thead><tr>${heads}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function tableRow(cells: readonly string[], style = ""): string {
  return `<tr class="${style}">${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
}

function late({ lateConversions }: RunTimeline): string {
  return lateConversions === 0 ? "" : ` ${count(lateConversions)} conversions came after the end.`;
}

function binLength({ binTicks, tickMs }: RunTimeline): string {
  const minutes = (binTicks * tickMs) / 60_000;
  return minutes >= 1 ? `${decimal(minutes, 0)} min` : `${decimal(minutes * 60, 0)} s`;
}

function money(micros: number | null, digits = 2): string {
  return micros === null ? NOTHING : decimal(fromMicros(micros), digits);
}

function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 1000 ? 1 : 0 });
}

function percent(share: number | null, digits = 1): string {
  return share === null ? NOTHING : `${decimal(share * 100, digits)} %`;
}

function decimal(value: number | null, digits = 2): string {
  if (value === null) return NOTHING;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
