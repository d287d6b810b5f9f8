/** `campaign-engine explain`: one decision of a decision log, for a person. */
import { Command, InvalidArgumentError } from "commander";
import { explain, renderExplanation } from "../observe/explanation.ts";
import { findDecision } from "../observe/log-search.ts";

/** The `explain` command. */
export function explainCommand(): Command {
  return new Command("explain")
    .summary("tell why a campaign did what it did at a tick")
    .description(
      "Finds one decision in a decision log and tells what was known, what was decided, and what would have changed it.",
    )
    .argument("<log>", "decision log (NDJSON), written by simulate --log")
    .requiredOption("--campaign <id>", "whose decision")
    .requiredOption("--tick <number>", "at which tick", parseTick)
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  campaign-engine simulate storm --log storm.ndjson\n  campaign-engine explain storm.ndjson --campaign brand-0001 --tick 405",
    )
    .action(async (log: string, { campaign, tick, json }: { campaign: string; tick: number; json?: boolean }) => {
      const explanation = explain(await findDecision(log, campaign, tick));
      process.stdout.write(
        json === true ? `${JSON.stringify(explanation, null, 2)}\n` : renderExplanation(explanation),
      );
    });
}

/** @throws InvalidArgumentError */
function parseTick(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("A whole number from 0.");
  return Number(text);
}
