/** `campaign-engine machines`: the statecharts that run the engine, as text or as Mermaid diagrams. */
import { Command } from "commander";
import type { AnyStateMachine } from "xstate";
import { machines } from "../../machines/index.ts";
import { toMermaid } from "../../machines/mermaid.ts";
import { EngineError } from "../core/errors.ts";
import { suggestion } from "../scenario/spelling.ts";

/** The `machines` command. */
export function machinesCommand(): Command {
  return new Command("machines")
    .summary("list the engine's statecharts, or print one")
    .description("Lists the statecharts that run the engine, or prints one with its states and transitions.")
    .argument("[name]", "statechart to print")
    .option("--mermaid", "print it as a Mermaid state diagram")
    .addHelpText("after", "\nExamples:\n  campaign-engine machines\n  campaign-engine machines campaign --mermaid")
    .action((name: string | undefined, options: { mermaid?: boolean }) => {
      const chosen = machines.filter((entry) => name === undefined || entry.name === name);
      if (name !== undefined && chosen.length === 0) {
        const hint = suggestion(
          name,
          machines.map((entry) => entry.name),
        );
        throw new EngineError("CE_USAGE_INVALID", `There is no statechart "${name}"`, { hint });
      }
      for (const { name: title, notes, machine } of chosen) {
        if (options.mermaid === true) process.stdout.write(toMermaid(machine));
        else if (name === undefined) process.stdout.write(`${title.padEnd(12)}${notes}\n`);
        else process.stdout.write(`${title}: ${notes}\n\n${outline(machine)}`);
      }
    });
}

/** Every state with its description, and what leads out of it. */
function outline(machine: AnyStateMachine): string {
  const states = Object.values(machine.root.states).map((state) => {
    const ways = [...[...state.transitions.values()].flat(), ...(state.always ?? [])].map(
      ({ eventType, target, description }) =>
        `  ${eventType === "" ? "always" : eventType} → ${target?.[0]?.key ?? state.key}: ${description ?? ""}\n`,
    );
    return `${state.key}: ${state.description ?? ""}\n${ways.join("")}`;
  });
  return states.join("\n");
}
