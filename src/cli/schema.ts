/** `campaign-engine schema`: the JSON Schema of scenario files, for editors. */
import { Command } from "commander";
import { scenarioJsonSchema } from "../scenario/schema.ts";

/** The `schema` command. */
export function schemaCommand(): Command {
  return new Command("schema")
    .summary("print the JSON Schema of scenario files")
    .description("Prints the JSON Schema of scenario files, which gives editors completion and checks.")
    .addHelpText("after", "\nExample:\n  campaign-engine schema > scenario.schema.json")
    .action(() => {
      process.stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
    });
}
