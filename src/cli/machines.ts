/** `campaign-engine machines`: the statecharts that run the engine, as text or as Mermaid diagrams. */
import { Command } from "commander";
import type { AnyStateMachine } from "xstate";
import { machines } from "../../machines/index.ts";
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
        if (options.mermaid === true) process.stdout.write(mermaid(machine));
        else if (name === undefined) process.stdout.write(`${title.padEnd(12)}${notes}\n`);
        else process.stdout.write(`${title}: ${notes}\n\n${outline(machine)}`);
      }
    });
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly event: string;
}

function arrows(machine: AnyStateMachine): Arrow[] {
  return Object.values(machine.root.states).flatMap((state) =>
    [...state.transitions.values()].flat().map((transition) => ({
      from: state.key,
      to: transition.target?.[0]?.key ?? state.key,
      event: transition.eventType === "" ? "always" : transition.eventType,
    })),
  );
}

function mermaid(machine: AnyStateMachine): string {
  const lines = new Set(arrows(machine).map(({ from, to, event }) => `  ${from} --> ${to} : ${event}`));
  const initial = machine.root.initial.target[0]?.key ?? "";
  const finals = Object.values(machine.root.states).filter(({ type }) => type === "final");
  const ends = finals.map(({ key }) => `  ${key} --> [*]`);
  return ["stateDiagram-v2", `  [*] --> ${initial}`, ...lines, ...ends, ""].join("\n");
}

function outline(machine: AnyStateMachine): string {
  const all = arrows(machine);
  const states = Object.values(machine.root.states).map((state) => {
    const own = new Set(all.filter(({ from }) => from === state.key).map(({ to, event }) => `  ${event} → ${to}\n`));
    return `${state.key}: ${state.description ?? ""}\n${[...own].join("")}`;
  });
  return states.join("\n");
}
