/** `campaign-engine audit`: the accounts of a kept run, booked from its log alone, and the proof that they balance. */
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { EngineError } from "../core/errors.ts";
import { formatMoney } from "../core/money.ts";
import { bookOf, differences } from "../journal/account-book.ts";
import type { AccountBook, Posting } from "../journal/account-book.ts";
import type { Manifest } from "../journal/manifest.ts";
import { SqliteStore } from "../journal/sqlite-store.ts";
import type { AccountRow, StoredAccounts } from "../journal/store.ts";

/** Campaigns that the table lists, and orders. */
const MAX_ROWS = 60;

/** What an audit found. */
interface Audit {
  readonly book: AccountBook;
  /** The oldest entry that is there. */
  readonly firstSeq: number;
  readonly manifest: Manifest;
  /** Tick up to which the engine's own totals were compared, or null where it has kept none yet. */
  readonly comparedTick: number | null;
  /** Lines of the account that was asked for. */
  readonly postings: readonly Posting[];
}

interface AuditOptions {
  readonly campaign?: string;
  readonly last: number;
  readonly json?: boolean;
}

/** The `audit` command. */
export function auditCommand(): Command {
  return new Command("audit")
    .summary("print the accounts of a kept run, and prove that they balance")
    .description(
      "Books every bid, charge and order of a state directory once more, from its log alone, and compares the result with the engine's own totals. Works while the engine runs.",
    )
    .argument("<directory>", "what was given as --state")
    .option("--campaign <id>", "print the lines of this campaign's account")
    .option("--last <number>", "with --campaign: how many lines, the newest", parseLines, 100)
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      `
Examples:
  campaign-engine simulate calm-day --state kept
  campaign-engine audit kept
  campaign-engine audit kept --campaign running-shoes --last 20
  campaign-engine audit kept --json

Exit code 4 where the books do not balance.`,
    )
    .action(async (directory: string, { campaign, last, json }: AuditOptions) => {
      const audit = await auditOf(directory, campaign);
      const isJson = json === true;
      process.stdout.write(
        isJson ? `${JSON.stringify(asJson(audit, campaign), null, 2)}\n` : render(audit, campaign, last),
      );
    });
}

async function auditOf(directory: string, campaign: string | undefined): Promise<Audit> {
  const store = new SqliteStore(directory, { isReadOnly: true });
  try {
    const postings: Posting[] = [];
    const kept = await store.accounts(0);
    const { firstSeq } = await store.head(0);
    let comparedTick: number | null = null;
    const book = await bookOf(store, 0, {
      onPosting: (_, posting, whose) => {
        if (whose === campaign) postings.push(posting);
      },
      onEntry: ({ rows }, { seq }) => {
        if (seq !== kept?.seq) return;
        assertTotals(rows, kept, store.name);
        comparedTick = kept.tick;
      },
    });
    const { manifest } = book;
    if (manifest === null)
      throw new EngineError("CE_STATE_MISSING", `Nothing has begun in ${directory} yet.`, { file: store.name });
    if (campaign !== undefined && !book.rows.some((row) => row.campaign === campaign)) {
      throw new EngineError("CE_USAGE_INVALID", `There is no campaign ${campaign} in ${directory}.`, {
        hint: `See them all with: campaign-engine audit ${directory}`,
      });
    }
    return { book, manifest, comparedTick, postings, firstSeq };
  } finally {
    await store.close();
  }
}

/** @throws EngineError CE_STATE_UNBALANCED */
function assertTotals(rows: readonly AccountRow[], kept: StoredAccounts, file: string): void {
  const [difference] = differences(rows, kept.rows);
  if (difference === undefined) return;
  const what = `The engine's own totals as of tick ${kept.tick} are others: ${difference}`;
  throw new EngineError("CE_STATE_UNBALANCED", what, { file });
}

function asJson({ book, manifest, comparedTick, postings, firstSeq }: Audit, campaign: string | undefined): object {
  const { counts, rows, orders } = book;
  const { kind, name, seed, currency } = manifest;
  const total = totalOf(rows);
  const named = postings.map((posting) => ({ ...posting, platform: platformOf(manifest, posting.platform) }));
  return {
    run: { kind, name, seed, currency },
    isBalanced: true,
    comparedTick,
    firstSeq,
    counts,
    total,
    campaigns: campaign === undefined ? rows : rows.filter((row) => row.campaign === campaign),
    orders,
    ...(campaign === undefined ? {} : { postings: named }),
  };
}

function render(audit: Audit, campaign: string | undefined, last: number): string {
  const { book, manifest, comparedTick, firstSeq } = audit;
  const { entries, ticks, bids, charges, owners } = book.counts;
  const count = (value: number) => value.toLocaleString("en-US");
  const compared =
    comparedTick === null
      ? "The engine has kept no totals of its own yet to compare with."
      : `The engine's own totals as of tick ${comparedTick} are the same, to the micro.`;
  return [
    `${manifest.kind} of "${manifest.name}", seed ${manifest.seed}: ${count(entries)} entries, ${count(ticks)} ticks, ${owners} starts${firstSeq === 1 ? "" : `; what was before entry ${count(firstSeq)} is brought forward`}`,
    campaign === undefined ? accountTable(audit) : statement(audit, last),
    ...(campaign === undefined ? orderTable(audit) : []),
    `Balanced: budget = available + reserved + spent after every entry, in ${count(book.rows.length)} accounts; ${count(bids)} bids, none twice; ${count(charges)} charges, each for one bid.`,
    compared,
    "",
  ].join("\n");
}

function accountTable({ book: { rows }, manifest: { currency } }: Audit): string {
  const money = (micros: number) => formatMoney(micros, currency);
  const table = new Table({
    head: ["campaign", "budget", "spent", "reserved", "available", "disputed"],
    colAligns: ["left", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const line = ({ campaign, budgetMicros, spentMicros, reservedMicros, disputedMicros }: Omit<AccountRow, "slot">) => [
    campaign,
    money(budgetMicros),
    money(spentMicros),
    money(reservedMicros),
    money(budgetMicros - spentMicros - reservedMicros),
    money(disputedMicros),
  ];
  for (const row of rows.slice(0, MAX_ROWS)) table.push(line(row));
  if (rows.length > MAX_ROWS) table.push([`… and ${rows.length - MAX_ROWS} more`, "", "", "", "", ""]);
  table.push(line({ campaign: "all", ...totalOf(rows) }));
  return table.toString();
}

function orderTable({ book: { orders, rows }, manifest }: Audit): string[] {
  if (orders.length === 0) return ["No orders were given."];
  const table = new Table({ head: ["tick", "order", "about", "amount", "by", "why"], style: { head: [], border: [] } });
  for (const { tick, action, slot, platform, micros, by, why } of orders.slice(-MAX_ROWS)) {
    const about = slot === null ? (platformOf(manifest, platform) ?? "everything") : rows[slot].campaign;
    table.push([tick, action, about, micros === null ? "" : formatMoney(micros, manifest.currency), by, why]);
  }
  const left = orders.length - MAX_ROWS;
  return [left > 0 ? `Orders, the last ${MAX_ROWS} of ${orders.length}:` : "Orders:", table.toString()];
}

/** The last lines of one account. */
function statement({ postings, manifest }: Audit, last: number): string {
  const { currency, startMs, tickMs } = manifest;
  const money = (micros: number) => formatMoney(micros, currency, 6);
  const table = new Table({
    head: ["time", "tick", "what", "platform", "amount", "spent", "reserved", "available", "why"],
    colAligns: ["left", "right", "left", "left", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  const shown = postings.slice(-last);
  for (const { tick, kind, platform, bidTick, micros, budgetMicros, spentMicros, reservedMicros, why } of shown) {
    table.push([
      new Date(startMs + tick * tickMs).toISOString(),
      tick,
      bidTick === null || bidTick === tick ? kind : `${kind}, bid of ${bidTick}`,
      platformOf(manifest, platform) ?? "",
      money(micros),
      money(spentMicros),
      money(reservedMicros),
      money(budgetMicros - spentMicros - reservedMicros),
      why,
    ]);
  }
  const left = postings.length - shown.length;
  return left === 0
    ? table.toString()
    : `${left} earlier lines: see them with --last ${postings.length}\n${table.toString()}`;
}

/** @throws InvalidArgumentError */
function parseLines(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("A whole number from 1.");
  return Number(text);
}

function totalOf(rows: readonly AccountRow[]): Omit<AccountRow, "slot" | "campaign"> {
  const total = { budgetMicros: 0, spentMicros: 0, reservedMicros: 0, disputedMicros: 0 };
  for (const row of rows) {
    total.budgetMicros += row.budgetMicros;
    total.spentMicros += row.spentMicros;
    total.reservedMicros += row.reservedMicros;
    total.disputedMicros += row.disputedMicros;
  }
  return total;
}

function platformOf({ platforms }: Manifest, platform: number | null): string | null {
  return platform === null ? null : platforms[platform].id;
}
