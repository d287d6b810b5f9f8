/** The command line: composes the commands, runs the one that is asked for, and ends with an honest exit code. */
import { Command } from "commander";
import { auditCommand } from "./audit.ts";
import { chaosCommand } from "./chaos.ts";
import { checkCommand } from "./check.ts";
import { explainCommand } from "./explain.ts";
import { reportFailure } from "./failure.ts";
import { inspectCommand } from "./inspect.ts";
import { loadCommand } from "./load.ts";
import { machinesCommand } from "./machines.ts";
import { replayCommand } from "./replay.ts";
import { scenarioCommand } from "./scenario.ts";
import { schemaCommand } from "./schema.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { stateCommand } from "./state.ts";

/** Exit code of a process that SIGKILL has ended. */
const EXIT_KILLED = 137;

function program(): Command {
  const root = new Command("campaign-engine")
    .description("Spends advertising budgets over several ad platforms, and shows how well.")
    .addHelpText(
      "before",
      `Examples:
  campaign-engine simulate                     a calm day on a simulated market
  campaign-engine simulate storm --report storm.html
  campaign-engine serve storm --demo           a live service on a simulated market
  campaign-engine scenario init my.yaml        a commented scenario to start from
  campaign-engine scenario validate my.yaml
`,
    )
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 unexpected, 2 usage, 3 bad scenario or data, 4 expectation violated, 130 interrupted.",
    );
  for (const command of [
    simulateCommand(),
    replayCommand(),
    serveCommand(),
    inspectCommand(),
    explainCommand(),
    auditCommand(),
    stateCommand(),
    scenarioCommand(),
    schemaCommand(),
    machinesCommand(),
    checkCommand(),
    chaosCommand(),
    loadCommand(),
  ]) {
    root.addCommand(command);
  }
  return root;
}

/** Commander asks each command for its own settings: errors are thrown, and `--json` keeps its prose off stderr. */
function settle(command: Command, isJson: boolean): void {
  command.exitOverride().showHelpAfterError("(--help shows what there is)");
  if (isJson) command.configureOutput({ outputError: () => undefined }).showHelpAfterError(false);
  for (const child of command.commands) settle(child, isJson);
}

for (const stream of [process.stdout, process.stderr]) {
  // The reader of a pipe has gone (`| head`): that is no error, and there is no one left to tell.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
}

// Whoever kills the launcher means this process.
process.once("disconnect", () => process.exit(EXIT_KILLED));
process.channel?.unref();

const isJson = process.argv.includes("--json");
const root = program();
settle(root, isJson);
try {
  await root.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, isJson);
}
