/** `npm run bench:tables`: writes the README's tables from the committed results of the benches. */
import { readFileSync, writeFileSync } from "node:fs";
import { goalText, isMet } from "./speed/timing.ts";
import type { Figure } from "./speed/timing.ts";
import type { Row } from "./quality/gates.ts";

const root = new URL("../", import.meta.url);

/** The README with its tables as the committed results have them. */
export function withTables(readme: string): string {
  return section(section(readme, "quality", qualityTable()), "speed", speedTable());
}

function section(text: string, name: string, body: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README has no section ${name}`);
  return `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`bench/results/${name}.json`, root), "utf8"));
}

/** Mean net value in percent of the hindsight optimum: a row a policy, a column a scenario. */
function qualityTable(): string {
  const { command, rows } = read("quality") as { command: string; rows: readonly Row[] };
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const cell = (policy: string, scenario: string) =>
    rows.find((row) => row.policy === policy && row.scenario === scenario)?.mean.toFixed(1) ?? "";
  const overspend = Math.max(...rows.map(({ overspendMicros }) => overspendMicros));
  return [
    `| % of hindsight | ${scenarios.join(" | ")} |`,
    `| --- |${scenarios.map(() => " ---: |").join("")}`,
    ...policies.map((policy) => `| ${policy} | ${scenarios.map((scenario) => cell(policy, scenario)).join(" | ")} |`),
    "",
    `Mean of ${rows[0].flights} seeds, largest overspend of all flights ${overspend} micros. Made by \`${command}\`.`,
  ].join("\n");
}

function speedTable(): string {
  const { command, machine, figures } = read("speed") as SpeedResults;
  const show = (value: number) => Number(value.toPrecision(3)).toLocaleString("en-US");
  return [
    "| bench | subject | value | ratio | goal |",
    "| --- | --- | ---: | ---: | --- |",
    ...figures.map((figure) => {
      const { bench, subject, value, unit, ratio, baseline, goal } = figure;
      const of = ratio === null ? "" : `${show(ratio)} × ${baseline}`;
      const aim = goal === null ? "" : `${goalText(goal)} ${isMet(figure) ? "✓" : "✗"}`;
      return `| ${bench} | ${subject} | ${show(value)} ${unit} | ${of} | ${aim} |`;
    }),
    "",
    `Made by \`${command}\` on ${machine.cores} cores with Node ${machine.node}; the machine is shared, so trust the ratios.`,
  ].join("\n");
}

/** What the speed bench leaves behind. */
interface SpeedResults {
  readonly command: string;
  readonly machine: { readonly node: string; readonly cores: number };
  readonly figures: readonly Figure[];
}

if (import.meta.main) {
  const readme = new URL("README.md", root);
  writeFileSync(readme, withTables(readFileSync(readme, "utf8")));
}
