/** The `--faults` option: which faults to inject, and how often. */
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { FAULT_KINDS } from "../core/faults.ts";
import type { FaultKind, FaultPlan, FaultRates } from "../core/faults.ts";
import { suggestion } from "../scenario/spelling.ts";

const KINDS = Object.keys(FAULT_KINDS) as FaultKind[];

/** Adds the option; given more than once, its lists add up. */
export function withFaultOption(command: Command): Command {
  const what = "inject faults at these rates, e.g. decision-throws=0.05,report-lost=0.001; none: no faults at all";
  return command.option("--faults <kind=rate,...>", what, parseFaults).addHelpText("after", faultHelp());
}

/** A plan with the rates of the command line, where there are any, in place of its own. */
export function withFaults(plan: FaultPlan, rates: FaultRates | undefined): FaultPlan {
  return rates === undefined ? plan : { ...plan, rates };
}

/** The option that gives these rates again, with a space before it; nothing where the command line gave none. */
export function faultArguments(rates: FaultRates | undefined): string {
  if (rates === undefined) return "";
  const list = Object.entries(rates).map(([kind, rate]) => `${kind}=${rate}`);
  return ` --faults ${list.length === 0 ? "none" : list.join(",")}`;
}

/** @throws InvalidArgumentError naming the kinds there are */
function parseFaults(text: string, before: FaultRates = {}): FaultRates {
  const rates: Partial<Record<FaultKind, number>> = { ...before };
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "none") {
      for (const kind of KINDS) delete rates[kind];
      continue;
    }
    const [name, rate = "", ...rest] = entry.split("=");
    if (!Object.hasOwn(FAULT_KINDS, name)) {
      const hint = suggestion(name, [...KINDS, "none"]);
      const list = hint.startsWith("There are") ? "" : ` Kinds: ${KINDS.join(", ")}.`;
      throw new InvalidArgumentError(`There is no fault "${name}". ${hint}${list}`);
    }
    if (rest.length > 0 || !/^(?:0|1|0?\.\d+|1\.0+|0\.\d+)$/.test(rate)) {
      throw new InvalidArgumentError(`${name} needs a probability from 0 to 1, such as ${name}=0.01.`);
    }
    if (Number(rate) > 0) rates[name as FaultKind] = Number(rate);
    else delete rates[name as FaultKind];
  }
  return rates;
}

function faultHelp(): string {
  const width = Math.max(...KINDS.map((kind) => kind.length)) + 2;
  return `\nFaults:\n${KINDS.map((kind) => `  ${kind.padEnd(width)}${FAULT_KINDS[kind]}`).join("\n")}`;
}
