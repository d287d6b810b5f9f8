/**
 * The campaigns' accounts, kept from a log alone: no engine is asked, so that its books and these can be compared.
 *
 * AB1 budget = available + reserved + spent after every entry, none of them negative; AB2 a bid of (campaign, tick, platform) is in the log once, and
 * closed once; AB3 what is booked is a charge, an expiry or a release that the log holds, for a bid that it holds.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { reservationMicros } from "../core/decision.ts";
import { EngineError } from "../core/errors.ts";
import type { OperatorAction, Signature } from "../core/operator.ts";
import { ReportKind } from "../core/reports.ts";
import type { ReportBatch } from "../core/reports.ts";
import type { Manifest } from "./manifest.ts";
import { readSnapshotHead } from "./snapshot.ts";
import type { SnapshotHead } from "./snapshot.ts";
import { readStep } from "./step.ts";
import type { Fact, Step } from "./step.ts";
import { corrupt } from "./store.ts";
import type { AccountRow, JournalStore, SnapshotPlace, StoredEntry } from "./store.ts";

/** What a line of an account is about. */
export type PostingKind =
  | "brought forward"
  | "budget"
  | "top-up"
  | "reserved"
  | "charged"
  | "charged late"
  | "bid refused"
  | "expired"
  | "given back"
  | "disputed";

/** One line of an account, with the balances after it [micros]. */
export interface Posting {
  readonly seq: number;
  readonly tick: number;
  readonly kind: PostingKind;
  readonly platform: number | null;
  /** Tick of the bid that it is about, or null. */
  readonly bidTick: number | null;
  /** The amount of the line. */
  readonly micros: number;
  readonly budgetMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  readonly why: string;
}

/** An operator's order that was carried out. */
export interface RecordedOrder extends Signature {
  readonly seq: number;
  readonly tick: number;
  readonly action: OperatorAction;
  readonly slot: number | null;
  readonly platform: number | null;
  readonly micros: number | null;
}

/** How much is in the log. */
export interface LogCounts {
  entries: number;
  ticks: number;
  bids: number;
  charges: number;
  /** Owners that the log has had. */
  owners: number;
}

interface Account {
  readonly campaign: string;
  budgetMicros: number;
  spentMicros: number;
  reservedMicros: number;
  disputedMicros: number;
  lastKey: number;
  /** Bids that nobody has answered, with what was reserved. */
  open: Map<number, number>;
  /** Bids whose reservations were given back unanswered. */
  readonly unanswered: Set<number>;
}

/** Hears of a line of the account in a slot, whose campaign has this name. */
type OnPosting = (slot: number, posting: Posting, campaign: string) => void;

/** Books a log, entry by entry. */
export class AccountBook {
  readonly counts: LogCounts = { entries: 0, ticks: 0, bids: 0, charges: 0, owners: 0 };
  readonly orders: RecordedOrder[] = [];
  manifest: Manifest | null = null;
  readonly #accounts: Account[] = [];
  readonly #onPosting: OnPosting | undefined;
  /** The entry that is being booked. */
  #place: SnapshotPlace = { seq: 0, tick: 0 };

  /** @param onPosting hears of every line of every account */
  constructor(onPosting?: OnPosting) {
    this.#onPosting = onPosting;
  }

  /** The campaigns' totals, by slot. */
  get rows(): readonly AccountRow[] {
    return this.#accounts.map(({ campaign, budgetMicros, spentMicros, reservedMicros, disputedMicros }, slot) => ({
      slot,
      campaign,
      budgetMicros,
      spentMicros,
      reservedMicros,
      disputedMicros,
    }));
  }

  /** Begins with the accounts as they stood after an entry: those before it are gone. @throws EngineError CE_STATE_UNBALANCED */
  bringForward({ seq, tick }: SnapshotPlace, { manifest, campaigns, ledger }: SnapshotHead): void {
    this.manifest = manifest;
    this.#place = { seq, tick };
    let from = 0;
    for (const [slot, campaign] of campaigns.entries()) {
      const to = from + ledger.openCount[slot];
      const open = new Map<number, number>();
      let openMicros = 0;
      for (; from < to; from += 1) {
        open.set(ledger.openKeys[from], ledger.openMicros[from]);
        openMicros += ledger.openMicros[from];
      }
      this.#accounts.push({
        campaign,
        budgetMicros: ledger.budgetMicros[slot],
        spentMicros: ledger.spentMicros[slot],
        reservedMicros: ledger.reservedMicros[slot],
        disputedMicros: ledger.disputedMicros[slot],
        lastKey: ledger.lastKey[slot],
        open,
        unanswered: new Set(ledger.unanswered.get(slot)?.keys()),
      });
      const { budgetMicros, reservedMicros } = this.#account(slot);
      if (openMicros !== reservedMicros)
        throw this.#unbalanced(slot, `${openMicros} micros are reserved for its bids, ${reservedMicros} in all`);
      this.#post(slot, "brought forward", budgetMicros, {});
    }
  }

  /** Books the next entry. @throws EngineError CE_STATE_UNBALANCED, CE_STATE_CORRUPT */
  book(entry: StoredEntry): void {
    this.#place = entry;
    this.counts.entries += 1;
    if (entry.kind === "opened") this.counts.owners += 1;
    if (entry.kind === "opened" || entry.kind === "received") return;
    if (entry.kind === "tick") this.counts.ticks += 1;
    const step = readStep(entry.bytes);
    if (entry.kind === "started") {
      this.manifest = step.head as Manifest;
      for (const spec of this.manifest.campaigns) this.#open(spec);
    }
    const after = step.facts.filter((fact) => !this.#bookBefore(fact));
    this.#bookReports(step);
    const late = after.filter((fact) => !this.#bookClosing(fact));
    for (const { platform, tick, length, campaign, capMicros } of step.bids) {
      const overDeliveryFactor = this.manifest?.platforms[platform]?.overDeliveryFactor ?? 1;
      for (let row = 0; row < length; row += 1) {
        this.#reserve(campaign[row], tick, platform, reservationMicros(capMicros[row], overDeliveryFactor));
      }
    }
    // A portfolio that was given up after it had bid gives back what it has just reserved.
    for (const fact of late) this.#giveBack(fact);
  }

  #open(spec: CampaignSpec): void {
    const { id, budgetMicros } = spec;
    const nothing = { spentMicros: 0, reservedMicros: 0, disputedMicros: 0, lastKey: -1 };
    this.#accounts.push({ campaign: id, budgetMicros, ...nothing, open: new Map(), unanswered: new Set() });
    this.#post(this.#accounts.length - 1, "budget", budgetMicros, {});
  }

  /** Books what came before the reports of its step. @returns false where the fact is of another kind */
  #bookBefore(fact: Fact): boolean {
    if (fact.type === "campaign.created") this.#open(fact["campaign"] as CampaignSpec);
    else if (fact.type === "budget.toppedUp") {
      const { slot, micros, why } = fact as unknown as { slot: number; micros: number; why: string };
      this.#account(slot).budgetMicros += micros;
      this.#post(slot, "top-up", micros, { why });
    } else if (fact.type === "operator.acted") {
      const { type: _type, ...order } = fact as unknown as RecordedOrder & { type: string };
      this.orders.push({ ...order, seq: this.#place.seq });
    } else return false;
    return true;
  }

  #bookReports({ news, facts }: Step): void {
    const booked = new Map<string, number>();
    const refused = new Map<string, number>();
    const given = new Set<string>();
    for (const fact of facts) {
      const { slot, platform, bidTick } = fact as unknown as { slot: number; platform: number; bidTick: number };
      const name = `${slot} ${platform} ${bidTick}`;
      if (fact.type === "booked") booked.set(name, Number(fact["micros"]));
      else if (fact.type === "bid.refused") given.add(name);
      else if (fact.type === "report.refused") {
        const full = `${name} ${String(fact["costMicros"])}`;
        refused.set(full, (refused.get(full) ?? 0) + 1);
      }
    }
    for (const { reports } of news) {
      for (let row = 0; row < reports.length; row += 1) this.#bookRow(reports, row, booked, refused, given);
    }
    for (const fact of facts) {
      if (fact.type !== "charge.disputed") continue;
      const { slot, platform, disputedMicros } = fact as unknown as Record<string, number>;
      this.#account(slot).disputedMicros += disputedMicros;
      this.#post(slot, "disputed", disputedMicros, { platform });
    }
  }

  #bookRow(
    reports: ReportBatch,
    row: number,
    booked: ReadonlyMap<string, number>,
    refused: Map<string, number>,
    given: ReadonlySet<string>,
  ): void {
    const kind = reports.kind[row];
    if (kind === ReportKind.conversions) return;
    const [slot, platform, bidTick] = [reports.campaign[row], reports.platform[row], reports.tick[row]];
    const name = `${slot} ${platform} ${bidTick}`;
    const costMicros = reports.costMicros[row];
    // JSON has no NaN: what is no number was written as null.
    const full = `${name} ${Number.isFinite(costMicros) ? costMicros : "null"}`;
    const times = refused.get(full) ?? 0;
    if (times > 0) refused.set(full, times - 1);
    else if (kind === ReportKind.spend) {
      const micros = booked.get(name) ?? costMicros;
      const isLate = this.#account(slot).unanswered.delete(this.#key(bidTick, platform));
      if (!isLate) this.#close(slot, bidTick, platform);
      this.#account(slot).spentMicros += micros;
      this.counts.charges += 1;
      this.#post(slot, isLate ? "charged late" : "charged", micros, { platform, bidTick });
    } else if (given.has(name)) {
      const micros = this.#close(slot, bidTick, platform);
      this.#post(slot, "bid refused", micros, { platform, bidTick });
    }
  }

  /** Books what closes bids without a report. @returns false for what comes after the bids of its step, or is about no money */
  #bookClosing(fact: Fact): boolean {
    if (fact.type === "reservation.expired") {
      const { slot, platform, bidTick, bookedMicros } = fact as unknown as Record<string, number>;
      this.#close(slot, bidTick, platform);
      this.#account(slot).spentMicros += bookedMicros;
      this.#post(slot, "expired", bookedMicros, { platform, bidTick });
      return true;
    }
    if (fact.type !== "reservations.released") return true;
    if (this.#account(Number(fact["slot"])).open.size !== fact["reservations"]) return false;
    this.#giveBack(fact);
    return true;
  }

  #giveBack(fact: Fact): void {
    const { slot, micros, why } = fact as unknown as { slot: number; micros: number; why: string };
    const account = this.#account(slot);
    if (micros !== account.reservedMicros)
      throw this.#unbalanced(slot, `${micros} micros are given back of ${account.reservedMicros}`);
    for (const key of account.open.keys()) account.unanswered.add(key);
    account.open = new Map();
    account.reservedMicros = 0;
    this.#post(slot, "given back", micros, { why });
  }

  #reserve(slot: number, bidTick: number, platform: number, micros: number): void {
    const account = this.#account(slot);
    const key = this.#key(bidTick, platform);
    if (key <= account.lastKey)
      throw this.#unbalanced(slot, `a bid of tick ${bidTick} is in the log twice, or out of order`);
    account.lastKey = key;
    account.open.set(key, micros);
    account.reservedMicros += micros;
    this.counts.bids += 1;
    this.#post(slot, "reserved", micros, { platform, bidTick });
  }

  /** Closes a bid. @returns what was reserved */
  #close(slot: number, bidTick: number, platform: number): number {
    const account = this.#account(slot);
    const key = this.#key(bidTick, platform);
    const micros = account.open.get(key);
    if (micros === undefined) throw this.#unbalanced(slot, `a bid of tick ${bidTick} is closed that is not open`);
    account.open.delete(key);
    account.reservedMicros -= micros;
    return micros;
  }

  #post(
    slot: number,
    kind: PostingKind,
    micros: number,
    { platform = null, bidTick = null, why = "" }: Partial<Pick<Posting, "platform" | "bidTick" | "why">>,
  ): void {
    const { campaign, budgetMicros, spentMicros, reservedMicros } = this.#account(slot);
    if (spentMicros < 0 || reservedMicros < 0 || spentMicros + reservedMicros > budgetMicros) {
      throw this.#unbalanced(slot, `budget ${budgetMicros}, spent ${spentMicros}, reserved ${reservedMicros} micros`);
    }
    const { seq, tick } = this.#place;
    const balances = { budgetMicros, spentMicros, reservedMicros };
    this.#onPosting?.(slot, { seq, tick, kind, platform, bidTick, micros, ...balances, why }, campaign);
  }

  #account(slot: number): Account {
    const account = this.#accounts[slot];
    if (account === undefined) throw this.#unbalanced(slot, "there is no such campaign");
    return account;
  }

  #key(tick: number, platform: number): number {
    return tick * (this.manifest?.platforms.length ?? 1) + platform;
  }

  #unbalanced(slot: number, what: string): EngineError {
    const campaign = this.#accounts[slot]?.campaign ?? `in slot ${slot}`;
    return new EngineError(
      "CE_STATE_UNBALANCED",
      `The account of campaign ${campaign} does not balance: ${what} (entry ${this.#place.seq}).`,
    );
  }
}

/** A book of all entries of a log that are there, with the balances that they begin with. @param onEntry called after every entry */
export async function bookOf(
  store: JournalStore,
  shard: number,
  { onPosting, onEntry }: { onPosting?: OnPosting; onEntry?: (book: AccountBook, entry: StoredEntry) => void } = {},
): Promise<AccountBook> {
  const book = new AccountBook(onPosting);
  const { firstSeq } = await store.head(shard);
  if (firstSeq > 1) {
    const base = await store.snapshot(shard, firstSeq - 1);
    if (base === null) throw corrupt(store.name, firstSeq, "the balances that it begins with are gone");
    book.bringForward(base, readSnapshotHead(base.bytes));
  }
  for await (const entry of store.read(shard)) {
    book.book(entry);
    onEntry?.(book, entry);
  }
  return book;
}

/** Where two books of the same campaigns differ, in words; empty where they agree. */
export function differences(ours: readonly AccountRow[], theirs: readonly AccountRow[]): string[] {
  const found: string[] = [];
  for (let slot = 0; slot < Math.max(ours.length, theirs.length); slot += 1) {
    const [mine, other] = [ours[slot], theirs[slot]];
    if (mine === undefined || other === undefined) found.push(`slot ${slot} is in one book only`);
    else if (JSON.stringify(mine) !== JSON.stringify(other))
      found.push(`${JSON.stringify(mine)} ≠ ${JSON.stringify(other)}`);
  }
  return found;
}
