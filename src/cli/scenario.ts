/** `campaign-engine scenario`: start, check, show and list scenarios. */
import { readFileSync, writeFileSync } from "node:fs";
import Table from "cli-table3";
import { Command } from "commander";
import { EngineError } from "../core/errors.ts";
import { formatMoney } from "../core/money.ts";
import { loadScenario } from "../scenario/loader.ts";
import { presetNames, presetPath } from "../scenario/presets.ts";
import { formatDuration } from "../scenario/quantities.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import type { ResolvedScenario } from "../scenario/resolve.ts";

/** Campaigns that `show` lists one by one. */
const MAX_ROWS = 20;

/** The `scenario` command with its subcommands. */
export function scenarioCommand(): Command {
  const command = new Command("scenario").summary("start, check, show or list scenarios").addHelpText(
    "after",
    `
Examples:
  campaign-engine scenario list
  campaign-engine scenario init my.yaml
  campaign-engine scenario validate my.yaml
  campaign-engine scenario show storm`,
  );
  command
    .command("init")
    .description("write a commented scenario to start from")
    .argument("[file]", "where to write it", "scenario.yaml")
    .option("--force", "overwrite the file if there is one")
    .action((file: string, options: { force?: boolean }) => {
      writeStarter(file, options.force === true);
      process.stderr.write(`Wrote ${file}. Next: campaign-engine simulate ${file}\n`);
    });
  command
    .command("validate")
    .description("check a scenario: exit code 0 if it is good, 3 with the place of the first error if not")
    .argument("<scenario>", "scenario file, or the name of a preset")
    .option("--json", "print the result as JSON")
    .action((source: string, options: { json?: boolean }) => {
      const resolved = load(source);
      const { name, campaigns, platforms, ticks } = resolved;
      const figures = { name, campaigns: campaigns.length, platforms: platforms.length, ticks };
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ valid: true, ...figures })}\n`
          : `${source} is valid: ${figures.campaigns} campaigns, ${figures.platforms} platforms, ${ticks} ticks\n`,
      );
    });
  command
    .command("show")
    .description("print what a scenario amounts to")
    .argument("<scenario>", "scenario file, or the name of a preset")
    .option("--json", "print the resolved scenario as JSON")
    .action((source: string, options: { json?: boolean }) => {
      const resolved = load(source);
      process.stdout.write(options.json === true ? `${JSON.stringify(resolved, null, 2)}\n` : summary(resolved));
    });
  command
    .command("list")
    .description("list the presets")
    .option("--json", "print the list as JSON")
    .action((options: { json?: boolean }) => {
      const presets = presetNames().map((name) => ({ name, description: loadScenario(name).scenario.description }));
      const lines = presets.map(({ name, description }) => `${name.padEnd(14)}${description}\n`);
      process.stdout.write(options.json === true ? `${JSON.stringify(presets)}\n` : lines.join(""));
    });
  return command;
}

function load(source: string): ResolvedScenario {
  const { scenario, source: from } = loadScenario(source);
  return resolveScenario(scenario, from.locate);
}

function writeStarter(file: string, isForced: boolean): void {
  try {
    writeFileSync(file, readFileSync(presetPath("calm-day")), { flag: isForced ? "w" : "wx" });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      "CE_OUTPUT_UNWRITABLE",
      exists ? `${file} exists already` : `${file} cannot be written: ${why}`,
      {
        file,
        hint: exists ? "Name another file, or overwrite it with --force." : "Name a file in a folder that exists.",
      },
      { cause },
    );
  }
}

function summary(resolved: ResolvedScenario): string {
  const { currency, tickMs } = resolved;
  const money = (micros: number) => formatMoney(micros, currency);
  const time = (ticks: number) => formatDuration(ticks * tickMs);
  const platforms = new Table({ head: ["platform", "pricing", "control", "floor"], style: { head: [], border: [] } });
  for (const { id, pricing, control, floorMicros } of resolved.platforms) {
    platforms.push([id, pricing, control, money(floorMicros)]);
  }
  const campaigns = new Table({
    head: ["campaign", "budget", "value", "flight", "policy", "platforms"],
    style: { head: [], border: [] },
  });
  for (const spec of resolved.campaigns.slice(0, MAX_ROWS)) {
    campaigns.push([
      spec.id,
      money(spec.budgetMicros),
      money(spec.valuePerConversionMicros),
      `${time(spec.flight.startTick)} to ${time(spec.flight.endTick)}`,
      spec.policy,
      spec.platforms.map((index) => resolved.platforms[index].id).join(" "),
    ]);
  }
  const rest = resolved.campaigns.length - MAX_ROWS;
  const total = resolved.campaigns.reduce((sum, spec) => sum + spec.budgetMicros, 0);
  return [
    `${resolved.name}: ${resolved.description}`,
    `seed ${resolved.seed}, ${resolved.ticks} ticks of ${time(1)}, ${resolved.campaigns.length} campaigns, budgets ${money(total)}`,
    platforms.toString(),
    campaigns.toString(),
    ...(rest > 0 ? [`… and ${rest} more`] : []),
    "",
  ].join("\n");
}
