/** `npm run bench`: what things cost, as ratios to a baseline measured in the same run. */
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import Table from "cli-table3";
import { Command } from "commander";
import nodeFlags from "../src/cli/node-flags.json" with { type: "json" };
import { BENCHES, FULL, QUICK } from "./speed/benches.ts";
import { goalText, isMet } from "./speed/timing.ts";
import type { Figure, Sizes } from "./speed/timing.ts";

interface Options {
  readonly only: string;
  readonly quick?: boolean;
  readonly json?: string;
}

const program = new Command("bench")
  .description("Measures CPU time: medians of several rounds, contestants in turn, a process per bench.")
  .option("--only <names>", "benches by name", Object.keys(BENCHES).join(","))
  .option("--quick", "smaller and noisier")
  .option("--json <file>", "write the figures to this file");
const options = program.parse().opts<Options>();
const names = options.only.split(",");
for (const name of names) {
  if (!Object.hasOwn(BENCHES, name)) program.error(`no bench "${name}"; there are ${Object.keys(BENCHES).join(", ")}`);
}

const sizes = options.quick === true ? QUICK : FULL;
const figures: Figure[] = [];
for (const [index, name] of names.entries()) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${index + 1}/${names.length} ${name} …`);
  figures.push(...(await measure(name, sizes)));
}
if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");

process.stdout.write(`${render(figures)}\n`);
const missed = figures.filter((figure) => !isMet(figure));
process.stdout.write(
  missed.length === 0
    ? "Every goal is met.\n"
    : `Goals missed:\n${missed.map(({ bench, subject }) => `  ${bench}: ${subject}\n`).join("")}`,
);
if (options.json !== undefined) {
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  const machine = { node: process.version, cpu: cpus()[0].model, cores: availableParallelism() };
  writeFileSync(
    options.json,
    `${JSON.stringify({ command, machine, sizes, figures: figures.map(rounded) }, null, 2)}\n`,
  );
}

function measure(name: string, given: Sizes): Promise<Figure[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("speed/worker.ts", import.meta.url), [name, JSON.stringify(given)], {
      execArgv: nodeFlags,
    });
    child.on("message", (measured) => resolve(measured as Figure[]));
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`The bench "${name}" ended with exit code ${code}.`)));
  });
}

function render(rows: readonly Figure[]): string {
  const table = new Table({
    head: ["bench", "subject", "value", "unit", "ratio", "to", "goal"],
    colAligns: ["left", "left", "right", "left", "right"],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const { bench, subject, value, unit, ratio, baseline, goal } = row;
    const limit = goal === null ? "" : `${goalText(goal)} ${isMet(row) ? "✓" : "✗"}`;
    table.push([
      bench,
      subject,
      digits(value),
      unit,
      ratio === null ? "" : `${digits(ratio)} ×`,
      baseline ?? "",
      limit,
    ]);
  }
  return table.toString();
}

function digits(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}

function rounded(figure: Figure): Figure {
  const { value, ratio } = figure;
  return {
    ...figure,
    value: Number(value.toPrecision(4)),
    ratio: ratio === null ? null : Number(ratio.toPrecision(4)),
  };
}
