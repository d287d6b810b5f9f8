/**
 * The budget ledger: double entry, one set of accounts per campaign, asserted after every entry.
 *
 * L1 available + reserved + spent = budget; L2 no account is negative, so spent + reserved ≤ budget; L3 a reservation is closed exactly once,
 * by a settlement or a release; L4 a second settlement of the same (campaign, tick, platform) changes nothing; L5 a charge above the
 * reservation is taken from what is available, and beyond that disputed, never booked; L6 the daily budget bounds what a day's bids spend and reserve;
 * L7 a charge for a reservation that was released with all others ({@link Ledger.releaseAll}) is booked at most once, as far as that reservation's
 * amount and what is available then bear it; the rest is disputed; L8 a reservation whose report is overdue counts as spent whole, and a report that
 * comes after that changes nothing.
 */
import { EngineError } from "./errors.ts";
import { isMicros } from "./money.ts";
import { OpenReservations } from "./open-reservations.ts";
import type { AccountView } from "./policy/policy.ts";
import type { Savable } from "./saved.ts";

/** What {@link Ledger.releaseAll} gave back. */
export interface Release {
  /** Number of reservations. */
  readonly reservations: number;
  readonly micros: number;
}

/** What a ledger knows, in columns by slot: figures [micros], and reservations by their keys, tick × platforms + platform. */
export interface LedgerState {
  readonly budgetMicros: Float64Array;
  readonly availableLifetimeMicros: Float64Array;
  readonly reservedMicros: Float64Array;
  readonly spentMicros: Float64Array;
  readonly disputedMicros: Float64Array;
  /** Infinity: no limit but the whole budget. */
  readonly dailyBudgetMicros: Float64Array;
  readonly dayStartTick: Float64Array;
  readonly dayReservedMicros: Float64Array;
  readonly daySpentMicros: Float64Array;
  readonly lastKey: Float64Array;
  /** Number of open reservations; their keys, ascending for each campaign, and amounts, one campaign after another. */
  readonly openCount: Float64Array;
  readonly openKeys: Float64Array;
  readonly openMicros: Float64Array;
  /** By slot: amounts of the reservations released unanswered, by key. */
  readonly unanswered: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** By slot: keys of the reservations that expired. */
  readonly expired: ReadonlyMap<number, ReadonlySet<number>>;
}

/** The figures of an account, by their places in its row. */
const BUDGET = 0;
const AVAILABLE = 1;
const RESERVED = 2;
const SPENT = 3;
const DISPUTED = 4;
/** Infinity: no limit but the whole budget. */
const DAILY_BUDGET = 5;
const DAY_START = 6;
const DAY_RESERVED = 7;
const DAY_SPENT = 8;
/** Key of the newest reservation. Keys only grow, so that a closed one can never be opened again (L3). */
const LAST_KEY = 9;
const WIDTH = 10;
/** Campaigns that room is made for when the first comes unannounced; after that, for twice as many. */
const LEAST_ROOM = 16;

/** The same places by the names of the columns that a ledger is saved as. */
const PLACES = {
  budgetMicros: BUDGET,
  availableLifetimeMicros: AVAILABLE,
  reservedMicros: RESERVED,
  spentMicros: SPENT,
  disputedMicros: DISPUTED,
  dailyBudgetMicros: DAILY_BUDGET,
  dayStartTick: DAY_START,
  dayReservedMicros: DAY_RESERVED,
  daySpentMicros: DAY_SPENT,
  lastKey: LAST_KEY,
} as const;

const COLUMNS = Object.keys(PLACES) as readonly (keyof typeof PLACES)[];

/** What a day has left for further bids [micros]. */
function availableToday(cells: Float64Array, at: number): number {
  return cells[at + DAILY_BUDGET] - cells[at + DAY_RESERVED] - cells[at + DAY_SPENT];
}

/** What further bids may reserve [micros]. */
function available(cells: Float64Array, at: number): number {
  return Math.max(0, Math.min(cells[at + AVAILABLE], availableToday(cells, at)));
}

/** The rows of all accounts, in one piece of memory, which is replaced by a larger one as campaigns join. It may be shared with threads that read it. */
export class AccountRows {
  cells: Float64Array;

  constructor(cells: Float64Array) {
    this.cells = cells;
  }

  /** A live, read-only view of a campaign's balances. */
  view(slot: number): AccountView {
    return new RowView(this, slot * WIDTH);
  }
}

/** One row, as others may see it. */
class RowView implements AccountView {
  readonly #accounts: AccountRows;
  readonly #at: number;

  constructor(accounts: AccountRows, at: number) {
    this.#accounts = accounts;
    this.#at = at;
  }

  get budgetMicros(): number {
    return this.#accounts.cells[this.#at + BUDGET];
  }

  get spentMicros(): number {
    return this.#accounts.cells[this.#at + SPENT];
  }

  get reservedMicros(): number {
    return this.#accounts.cells[this.#at + RESERVED];
  }

  get availableMicros(): number {
    return available(this.#accounts.cells, this.#at);
  }

  get isDailyBound(): boolean {
    const { cells } = this.#accounts;
    return availableToday(cells, this.#at) < cells[this.#at + AVAILABLE];
  }
}

/** The ledger of all campaigns of one shard, by slot. */
export class Ledger implements Savable<LedgerState> {
  readonly #platforms: number;
  readonly #accounts: AccountRows;
  readonly #isShared: boolean;
  #size = 0;
  #open: OpenReservations;
  /** By slot, of campaigns that had any: reservations released unanswered, by key: a charge for one may still come (L7). */
  readonly #unanswered = new Map<number, Map<number, number>>();
  /** By slot, of campaigns that had any: keys of reservations that expired: a report on one may still come (L8). */
  readonly #expired = new Map<number, Set<number>>();

  /**
   * @param platforms number of platforms: the range of platform indices.
   * @param isShared whether {@link rows} can be handed to other threads
   */
  constructor(platforms: number, isShared = false) {
    this.#platforms = platforms;
    this.#isShared = isShared;
    this.#accounts = new AccountRows(this.#memory(0));
    this.#open = new OpenReservations(platforms);
  }

  /** Makes room for so many campaigns in all: those that are known beforehand; others find room as they come. */
  makeRoom(campaigns: number): void {
    this.#open.makeRoom(campaigns);
    const { cells } = this.#accounts;
    if (campaigns * WIDTH <= cells.length) return;
    const larger = this.#memory(campaigns * WIDTH);
    larger.set(cells);
    this.#accounts.cells = larger;
  }

  /** The accounts as they stand, for readers. */
  get rows(): AccountRows {
    return this.#accounts;
  }

  /** Opens the accounts of the next campaign and returns its slot. */
  open(budgetMicros: number, dailyBudgetMicros: number | null = null): number {
    if (!isMicros(budgetMicros)) throw refused(`a budget of ${budgetMicros} micros`);
    if (dailyBudgetMicros !== null && !isMicros(dailyBudgetMicros))
      throw refused(`a daily budget of ${dailyBudgetMicros}`);
    const slot = this.#addRow();
    const { cells } = this.#accounts;
    const at = slot * WIDTH;
    cells[at + BUDGET] = budgetMicros;
    cells[at + AVAILABLE] = budgetMicros;
    cells[at + DAILY_BUDGET] = dailyBudgetMicros ?? Number.POSITIVE_INFINITY;
    cells[at + DAY_START] = Number.NEGATIVE_INFINITY;
    cells[at + LAST_KEY] = Number.NEGATIVE_INFINITY;
    return slot;
  }

  get size(): number {
    return this.#size;
  }

  /** A live, read-only view of a campaign's balances. */
  view(slot: number): AccountView {
    this.#row(slot);
    return this.#accounts.view(slot);
  }

  /** Charges that were refused because the budget could not bear them (L5) [micros]. */
  disputedMicros(slot: number): number {
    return this.#accounts.cells[this.#row(slot) + DISPUTED];
  }

  /** Number of reservations that no report has closed yet. */
  openReservations(slot: number): number {
    return this.#open.count(slot);
  }

  /** The open reservations of a campaign: [tick, platform, micros]. */
  *reservations(slot: number): Generator<readonly [tick: number, platform: number, micros: number]> {
    for (let i = 0; i < this.#open.count(slot); i += 1) {
      const key = this.#open.key(slot, i);
      yield [Math.floor(key / this.#platforms), key % this.#platforms, this.#open.micros(slot, i)];
    }
  }

  /**
   * Moves money from available to reserved, for one bid. Reservations of a campaign come in ascending (tick, platform) order.
   * @throws EngineError CE_LEDGER_REFUSED when it is not affordable or not in order.
   */
  reserve(slot: number, tick: number, platform: number, micros: number): void {
    const at = this.#row(slot);
    const { cells } = this.#accounts;
    const key = this.#key(tick, platform);
    if (!isMicros(micros) || micros === 0) throw refused(`a reservation of ${micros} micros`);
    if (micros > available(cells, at)) {
      throw refused(`reserving ${micros} micros with ${available(cells, at)} available`);
    }
    if (key <= cells[at + LAST_KEY])
      throw refused(`a reservation out of order, for tick ${tick}, platform ${platform}`);
    cells[at + LAST_KEY] = key;
    this.#open.add(slot, key, micros);
    cells[at + AVAILABLE] -= micros;
    cells[at + RESERVED] += micros;
    cells[at + DAY_RESERVED] += micros;
    this.#assert(at);
  }

  /**
   * Books what the platform charged for a bid and releases the rest of its reservation. Returns what was booked as spent; what was charged beyond that is
   * disputed: the budget could not bear it (L5). A repeat, or a report on a bid never reserved, returns null and changes nothing (L4).
   */
  settle(slot: number, tick: number, platform: number, costMicros: number): number | null {
    const at = this.#row(slot);
    const { cells } = this.#accounts;
    const key = this.#key(tick, platform);
    if (!isMicros(costMicros)) throw refused(`a settlement of ${costMicros} micros`);
    const place = this.#open.find(slot, key);
    if (place < 0) return this.#settleLate(slot, key, tick, costMicros);
    const reserved = this.#open.micros(slot, place);
    this.#open.close(slot, place);
    const bookedMicros = Math.min(costMicros, reserved + cells[at + AVAILABLE]);
    cells[at + RESERVED] -= reserved;
    cells[at + SPENT] += bookedMicros;
    cells[at + AVAILABLE] += reserved - bookedMicros;
    cells[at + DISPUTED] += costMicros - bookedMicros;
    if (tick >= cells[at + DAY_START]) {
      cells[at + DAY_RESERVED] -= reserved;
      cells[at + DAY_SPENT] += bookedMicros;
    }
    this.#assert(at);
    return bookedMicros;
  }

  /** Gives a whole reservation back, e.g. of a bid that the platform refused. False where there is none (any more). */
  release(slot: number, tick: number, platform: number): boolean {
    return this.settle(slot, tick, platform, 0) !== null;
  }

  /** Counts an overdue reservation as spent, all of it: the safe side (L8). Returns what was booked; null where there is none (any more). */
  expire(slot: number, tick: number, platform: number): number | null {
    const key = this.#key(tick, platform);
    const place = this.#open.find(slot, key);
    if (place < 0) return null;
    const reserved = this.#open.micros(slot, place);
    this.settle(slot, tick, platform, reserved);
    const expired = this.#expired.get(slot) ?? new Set();
    this.#expired.set(slot, expired.add(key));
    return reserved;
  }

  /** True for the first report on a reservation that had expired (L8). */
  takeExpired(slot: number, tick: number, platform: number): boolean {
    return this.#expired.get(slot)?.delete(this.#key(tick, platform)) ?? false;
  }

  /**
   * Gives all open reservations of a campaign back, of bids whose answers are no longer awaited. Bids may have been won all the same: a
   * settlement that comes later is booked as far as L7 lets it.
   */
  releaseAll(slot: number): Release {
    const at = this.#row(slot);
    const { cells } = this.#accounts;
    const open = this.#open;
    const release = { reservations: open.count(slot), micros: cells[at + RESERVED] };
    if (release.reservations > 0) {
      const unanswered = this.#unanswered.get(slot) ?? new Map<number, number>();
      for (let i = 0; i < open.count(slot); i += 1) unanswered.set(open.key(slot, i), open.micros(slot, i));
      this.#unanswered.set(slot, unanswered);
    }
    open.clear(slot);
    cells[at + AVAILABLE] += cells[at + RESERVED];
    cells[at + RESERVED] = 0;
    cells[at + DAY_RESERVED] = 0;
    this.#assert(at);
    return release;
  }

  /** Adds to the lifetime budget. */
  topUp(slot: number, micros: number): void {
    const at = this.#row(slot);
    const { cells } = this.#accounts;
    if (!isMicros(micros) || !isMicros(cells[at + BUDGET] + micros)) throw refused(`a top-up of ${micros} micros`);
    cells[at + BUDGET] += micros;
    cells[at + AVAILABLE] += micros;
    this.#assert(at);
  }

  /** Begins a new budget day: bids from this tick on count against a fresh daily budget. */
  startDay(slot: number, tick: number): void {
    const at = this.#row(slot);
    const { cells } = this.#accounts;
    cells[at + DAY_START] = tick;
    cells[at + DAY_RESERVED] = 0;
    cells[at + DAY_SPENT] = 0;
    this.#assert(at);
  }

  save(): LedgerState {
    const { cells } = this.#accounts;
    const open = this.#open;
    const slots = Array.from({ length: this.#size }, (_, slot) => slot);
    const column = (place: number) => Float64Array.from(slots, (slot) => cells[slot * WIDTH + place]);
    const columns = COLUMNS.map((name) => [name, column(PLACES[name])] as const);
    const openCount = Float64Array.from(slots, (slot) => open.count(slot));
    const total = openCount.reduce((sum, count) => sum + count, 0);
    const openKeys = new Float64Array(total);
    const openMicros = new Float64Array(total);
    let to = 0;
    for (const slot of slots) {
      for (let i = 0; i < openCount[slot]; i += 1, to += 1) {
        openKeys[to] = open.key(slot, i);
        openMicros[to] = open.micros(slot, i);
      }
    }
    return {
      ...(Object.fromEntries(columns) as Record<keyof typeof PLACES, Float64Array>),
      openCount,
      openKeys,
      openMicros,
      unanswered: this.#unanswered,
      expired: this.#expired,
    };
  }

  /** @throws EngineError CE_LEDGER_INVARIANT for accounts that do not balance */
  restore(state: LedgerState): void {
    this.#size = 0;
    this.#open = new OpenReservations(this.#platforms);
    this.#accounts.cells = this.#memory(0);
    this.makeRoom(state.openCount.length);
    let from = 0;
    for (const count of state.openCount) {
      const slot = this.#addRow();
      const at = slot * WIDTH;
      for (const name of COLUMNS) this.#accounts.cells[at + PLACES[name]] = state[name][slot];
      const to = from + count;
      for (; from < to; from += 1) this.#open.add(slot, state.openKeys[from], state.openMicros[from]);
      this.#assert(at);
    }
    this.#unanswered.clear();
    for (const [slot, unanswered] of state.unanswered) this.#unanswered.set(slot, new Map(unanswered));
    this.#expired.clear();
    for (const [slot, expired] of state.expired) this.#expired.set(slot, new Set(expired));
  }

  /** Books a charge for a reservation released before it was answered (L7); null where there is none (any more). */
  #settleLate(slot: number, key: number, tick: number, costMicros: number): number | null {
    const unanswered = this.#unanswered.get(slot);
    const released = unanswered?.get(key);
    if (released === undefined) return null;
    unanswered?.delete(key);
    const at = this.#row(slot);
    const { cells } = this.#accounts;
    const isToday = tick >= cells[at + DAY_START];
    const borneMicros = isToday ? available(cells, at) : cells[at + AVAILABLE];
    const bookedMicros = Math.min(costMicros, released, borneMicros);
    cells[at + SPENT] += bookedMicros;
    cells[at + AVAILABLE] -= bookedMicros;
    cells[at + DISPUTED] += costMicros - bookedMicros;
    if (isToday) cells[at + DAY_SPENT] += bookedMicros;
    this.#assert(at);
    return bookedMicros;
  }

  #memory(length: number): Float64Array {
    return this.#isShared
      ? new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT))
      : new Float64Array(length);
  }

  #addRow(): number {
    const slot = this.#size;
    if ((slot + 1) * WIDTH > this.#accounts.cells.length) this.makeRoom(Math.max(LEAST_ROOM, 2 * slot));
    this.#size += 1;
    return slot;
  }

  /** Where the row of a slot begins. */
  #row(slot: number): number {
    if (!(slot >= 0 && slot < this.#size)) throw refused(`no account in slot ${slot}`);
    return slot * WIDTH;
  }

  #key(tick: number, platform: number): number {
    if (!Number.isInteger(tick) || !Number.isInteger(platform) || platform < 0 || platform >= this.#platforms) {
      throw refused(`no bid at tick ${tick}, platform ${platform}`);
    }
    return tick * this.#platforms + platform;
  }

  #assert(at: number): void {
    const { cells } = this.#accounts;
    const free = cells[at + AVAILABLE];
    const reserved = cells[at + RESERVED];
    const spent = cells[at + SPENT];
    if (free + reserved + spent !== cells[at + BUDGET]) {
      throw broken("L1", `${free} + ${reserved} + ${spent} ≠ ${cells[at + BUDGET]}`);
    }
    if (free < 0 || reserved < 0 || spent < 0) {
      throw broken("L2", `available ${free}, reserved ${reserved}, spent ${spent}`);
    }
    // Only a charge above its reservation can bring a day over its budget (L5); reserving never can.
    if (cells[at + DAY_RESERVED] < 0 || cells[at + DAY_SPENT] < 0) {
      throw broken("L6", `day reserved ${cells[at + DAY_RESERVED]}, day spent ${cells[at + DAY_SPENT]}`);
    }
  }
}

function refused(what: string): EngineError {
  return new EngineError("CE_LEDGER_REFUSED", `The ledger refuses ${what}.`);
}

function broken(invariant: string, figures: string): EngineError {
  return new EngineError("CE_LEDGER_INVARIANT", `Ledger invariant ${invariant} is broken: ${figures} micros.`);
}
