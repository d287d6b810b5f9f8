/** `campaign-engine state`: look at, check, export and shrink what a run has written down. */
import { once } from "node:events";
import { statSync } from "node:fs";
import Table from "cli-table3";
import { Command } from "commander";
import { formatMoney } from "../core/money.ts";
import type { BidBatch, ReportBatch } from "../core/reports.ts";
import { bookOf } from "../journal/account-book.ts";
import { manifestOf } from "../journal/manifest.ts";
import type { Manifest } from "../journal/manifest.ts";
import { SqliteStore } from "../journal/sqlite-store.ts";
import { readStep } from "../journal/step.ts";
import type { StoredEntry } from "../journal/store.ts";

/** Campaigns that `show` lists. */
const MAX_ROWS = 20;

/** The `state` command with its subcommands. */
export function stateCommand(): Command {
  const command = new Command("state").summary("show, verify, export or compact a state directory").addHelpText(
    "after",
    `
Examples:
  campaign-engine simulate calm-day --state kept
  campaign-engine state show kept
  campaign-engine state verify kept
  campaign-engine state export kept | head -3
  campaign-engine state compact kept`,
  );
  const directory = "what was given as --state";
  command
    .command("show")
    .description("tell what a state is of, how far it is, and the campaigns' totals; also while the engine runs")
    .argument("<directory>", directory)
    .option("--json", "print it as JSON")
    .action((path: string, { json }: { json?: boolean }) =>
      withStore(path, true, (store) => show(store, json === true)),
    );
  command
    .command("verify")
    .description("check every checksum, read every entry, and book every account: exit code 0 if all is sound")
    .argument("<directory>", directory)
    .option("--json", "print the result as JSON")
    .action((path: string, { json }: { json?: boolean }) =>
      withStore(path, true, (store) => verify(store, json === true)),
    );
  command
    .command("export")
    .description("print the log as NDJSON, an entry a line: bids, reports, orders and what came of them")
    .argument("<directory>", directory)
    .action((path: string) => withStore(path, true, exportLog));
  command
    .command("compact")
    .description("give the disk back what the file does not need; the engine must not run")
    .argument("<directory>", directory)
    .option("--forget", "let go of the entries that snapshots stand for as well: accounts begin with their balances")
    .action((path: string, { forget = false }: { forget?: boolean }) =>
      withStore(path, false, (store) => compact(store, forget)),
    );
  return command;
}

async function withStore(path: string, isReadOnly: boolean, act: (store: SqliteStore) => Promise<void>): Promise<void> {
  const store = new SqliteStore(path, { isReadOnly, mustExist: true });
  try {
    await act(store);
  } finally {
    await store.close();
  }
}

async function compact(store: SqliteStore, forgets: boolean): Promise<void> {
  const before = statSync(store.name).size;
  const [oldest] = await store.snapshots(0);
  let gone = 0;
  if (forgets && oldest !== undefined) gone = await store.forget(0, await store.claim(0), oldest.seq);
  await store.compact();
  const entries = forgets ? `, ${gone} entries let go of` : "";
  process.stdout.write(`${store.name}: ${before} bytes, now ${statSync(store.name).size}${entries}\n`);
}

async function show(store: SqliteStore, isJson: boolean): Promise<void> {
  const manifest = await manifestOf(store, 0);
  const { seq, firstSeq, epoch } = await store.head(0);
  const snapshots = await store.snapshots(0);
  const accounts = await store.accounts(0);
  const { size } = statSync(store.name);
  if (isJson) {
    const { kind, name, seed, currency } = manifest ?? {};
    const run = manifest === null ? null : { kind, name, seed, currency };
    process.stdout.write(
      `${JSON.stringify({ run, entries: seq - firstSeq + 1, starts: epoch, snapshots, bytes: size, accounts }, null, 2)}\n`,
    );
    return;
  }
  const lines = [
    manifest === null ? "Nothing has begun." : `${manifest.kind} of "${manifest.name}", seed ${manifest.seed}`,
    `${store.name}: ${seq - firstSeq + 1} entries, ${epoch} starts, ${(size / 1e6).toFixed(1)} MB`,
    ...(snapshots.length === 0 ? [] : [`Snapshots of tick ${snapshots.map(({ tick }) => tick).join(", ")}`]),
    ...(firstSeq === 1 ? [] : [`What was before entry ${firstSeq} is gone: accounts begin with their balances`]),
  ];
  if (manifest !== null && accounts !== null) {
    const money = (micros: number) => formatMoney(micros, manifest.currency);
    const table = new Table({
      head: ["campaign", "budget", "spent", "reserved"],
      colAligns: ["left", "right", "right", "right"],
      style: { head: [], border: [] },
    });
    for (const { campaign, budgetMicros, spentMicros, reservedMicros } of accounts.rows.slice(0, MAX_ROWS)) {
      table.push([campaign, money(budgetMicros), money(spentMicros), money(reservedMicros)]);
    }
    lines.push(`Totals as of tick ${accounts.tick}; of now, with proof: campaign-engine audit`, table.toString());
    if (accounts.rows.length > MAX_ROWS) lines.push(`… and ${accounts.rows.length - MAX_ROWS} more`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function verify(store: SqliteStore, isJson: boolean): Promise<void> {
  const book = await bookOf(store, 0);
  const { entries, ticks, bids } = book.counts;
  const text = `${store.name} is sound: ${entries} entries, ${ticks} ticks, ${bids} bids, ${book.rows.length} accounts that balance\n`;
  process.stdout.write(
    isJson ? `${JSON.stringify({ isSound: true, ...book.counts, accounts: book.rows.length })}\n` : text,
  );
}

async function exportLog(store: SqliteStore): Promise<void> {
  const manifest = await manifestOf(store, 0);
  for await (const entry of store.read(0)) {
    const line = lineOf(entry, manifest);
    if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, "drain");
  }
}

function lineOf({ seq, epoch, kind, tick, bytes }: StoredEntry, manifest: Manifest | null): Record<string, unknown> {
  const step = readStep(bytes);
  const platformOf = (platform: number) => manifest?.platforms[platform]?.id ?? platform;
  const bidsOf = ({ platform, tick: bidTick, length, campaign, bidMicros, capMicros }: BidBatch) => ({
    platform: platformOf(platform),
    tick: bidTick,
    bids: Array.from({ length }, (_, row) => ({
      slot: campaign[row],
      bidMicros: bidMicros[row],
      capMicros: capMicros[row],
    })),
  });
  const reportsOf = (reports: ReportBatch) =>
    Array.from({ length: reports.length }, (_, row) => {
      const { campaign: slot, platform, ...rest } = reports.row(row);
      return { slot, platform: platformOf(platform), ...rest };
    });
  return {
    seq,
    epoch,
    kind,
    tick,
    head: step.head,
    news: step.news.map(({ tick: at, feed, reports }) => ({ tick: at, feed, reports: reportsOf(reports) })),
    bids: step.bids.map(bidsOf),
    facts: step.facts,
  };
}
