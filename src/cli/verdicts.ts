/** What came of a scenario's expectations, for people and as JSON. */
import { styleText } from "node:util";
import type { CampaignSpec } from "../core/campaign.ts";
import { wordsOf } from "../core/expectation.ts";
import type { Verdict } from "../core/expectation.ts";

interface Judged {
  readonly campaigns: readonly CampaignSpec[];
  readonly currency: string;
}

/** One line per expectation; nothing where there is none. Ends with a line break. */
export function renderVerdicts(verdicts: readonly Verdict[], { campaigns, currency }: Judged): string {
  if (verdicts.length === 0) return "";
  const ids = campaigns.map(({ id }) => id);
  const met = verdicts.filter(({ isMet }) => isMet).length;
  const lines = verdicts.map((verdict) => {
    const { wanted, found } = wordsOf(verdict, ids, currency);
    const mark = verdict.isMet ? styleText("green", "met     ") : styleText(["red", "bold"], "VIOLATED");
    return `  ${mark}  ${wanted}; it is ${found}  ${styleText("dim", verdict.expectation.field)}`;
  });
  return `${styleText("bold", "Expected")}  ${met} of ${verdicts.length} met\n${lines.join("\n")}\n`;
}

/** The same as plain data. */
export function verdictRows(verdicts: readonly Verdict[], { campaigns, currency }: Judged): readonly object[] {
  const ids = campaigns.map(({ id }) => id);
  return verdicts.map((verdict) => {
    const { expectation, isMet, figure, slot, breaches } = verdict;
    const { field, name, limit } = expectation;
    const { wanted, found } = wordsOf(verdict, ids, currency);
    return { field, name, limit, isMet, figure, campaign: slot === null ? null : ids[slot], breaches, wanted, found };
  });
}
