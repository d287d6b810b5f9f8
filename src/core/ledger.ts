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
import type { AccountView } from "./policy/policy.ts";
import type { Savable } from "./saved.ts";

/** What a settlement did [micros]. */
export interface Settlement {
  /** Booked as spent. */
  readonly bookedMicros: number;
  /** Given back to available (negative where the charge exceeded the reservation). */
  readonly releasedMicros: number;
  /** Charged by the platform above what the budget could bear: refused, to be taken up with the platform. */
  readonly disputedMicros: number;
}

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

/** The columns that are fields of an account. */
const FIGURES = [
  "budgetMicros",
  "availableLifetimeMicros",
  "reservedMicros",
  "spentMicros",
  "disputedMicros",
  "dayStartTick",
  "dayReservedMicros",
  "daySpentMicros",
  "lastKey",
] as const;

/** The accounts of one campaign. */
class Account implements AccountView {
  budgetMicros: number;
  availableLifetimeMicros: number;
  reservedMicros = 0;
  spentMicros = 0;
  disputedMicros = 0;
  readonly dailyBudgetMicros: number;
  dayStartTick = Number.NEGATIVE_INFINITY;
  dayReservedMicros = 0;
  daySpentMicros = 0;
  /**
   * Open reservations, oldest first: how many, their keys, tick × platforms + platform, and amounts. Lists, not a map: few are open, and the oldest is
   * closed first; lists do not shrink, for what is closed now is opened again in the next tick.
   */
  openCount = 0;
  readonly openKeys: number[] = [];
  readonly openMicros: number[] = [];
  /** Reservations released unanswered, by the same key: a charge for one may still come (L7). Null before there is one. */
  unanswered: Map<number, number> | null = null;
  /** Reservations that expired, by the same key: a report on one may still come (L8). Null before there is one. */
  expired: Set<number> | null = null;
  /** Key of the newest reservation. Keys only grow, so that a closed one can never be opened again (L3). */
  lastKey = Number.NEGATIVE_INFINITY;

  constructor(budgetMicros: number, dailyBudgetMicros: number | null) {
    this.budgetMicros = budgetMicros;
    this.availableLifetimeMicros = budgetMicros;
    this.dailyBudgetMicros = dailyBudgetMicros ?? Number.POSITIVE_INFINITY;
  }

  get availableTodayMicros(): number {
    return this.dailyBudgetMicros - this.dayReservedMicros - this.daySpentMicros;
  }

  get availableMicros(): number {
    return Math.max(0, Math.min(this.availableLifetimeMicros, this.availableTodayMicros));
  }

  get isDailyBound(): boolean {
    return this.availableTodayMicros < this.availableLifetimeMicros;
  }

  /** Adds a reservation to the lists. */
  open(key: number, micros: number): void {
    this.openKeys[this.openCount] = key;
    this.openMicros[this.openCount] = micros;
    this.openCount += 1;
  }

  /** Place of an open reservation, by bisection; −1 where there is none. */
  find(key: number): number {
    const { openKeys, openCount } = this;
    if (openCount > 0 && openKeys[0] === key) return 0;
    let low = 0;
    let high = openCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (openKeys[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low < openCount && openKeys[low] === key ? low : -1;
  }

  /** Takes an open reservation off the lists. */
  close(at: number): void {
    const { openKeys, openMicros } = this;
    this.openCount -= 1;
    for (let i = at; i < this.openCount; i += 1) {
      openKeys[i] = openKeys[i + 1];
      openMicros[i] = openMicros[i + 1];
    }
  }
}

/** The ledger of all campaigns of one shard, by slot. */
export class Ledger implements Savable<LedgerState> {
  readonly #platforms: number;
  readonly #accounts: Account[] = [];

  /** @param platforms number of platforms: the range of platform indices. */
  constructor(platforms: number) {
    this.#platforms = platforms;
  }

  /** Opens the accounts of the next campaign and returns its slot. */
  open(budgetMicros: number, dailyBudgetMicros: number | null = null): number {
    if (!isMicros(budgetMicros)) throw refused(`a budget of ${budgetMicros} micros`);
    if (dailyBudgetMicros !== null && !isMicros(dailyBudgetMicros))
      throw refused(`a daily budget of ${dailyBudgetMicros}`);
    this.#accounts.push(new Account(budgetMicros, dailyBudgetMicros));
    return this.#accounts.length - 1;
  }

  get size(): number {
    return this.#accounts.length;
  }

  /** A live, read-only view of a campaign's balances. */
  view(slot: number): AccountView {
    return this.#account(slot);
  }

  /** Charges that were refused because the budget could not bear them (L5) [micros]. */
  disputedMicros(slot: number): number {
    return this.#account(slot).disputedMicros;
  }

  /** Number of reservations that no report has closed yet. */
  openReservations(slot: number): number {
    return this.#account(slot).openCount;
  }

  /** The open reservations of a campaign: [tick, platform, micros]. */
  *reservations(slot: number): Generator<readonly [tick: number, platform: number, micros: number]> {
    const { openKeys, openMicros, openCount } = this.#account(slot);
    for (let at = 0; at < openCount; at += 1) {
      const key = openKeys[at];
      yield [Math.floor(key / this.#platforms), key % this.#platforms, openMicros[at]];
    }
  }

  /**
   * Moves money from available to reserved, for one bid. Reservations of a campaign come in ascending (tick, platform) order.
   * @throws EngineError CE_LEDGER_REFUSED when it is not affordable or not in order.
   */
  reserve(slot: number, tick: number, platform: number, micros: number): void {
    const account = this.#account(slot);
    const key = this.#key(tick, platform);
    if (!isMicros(micros) || micros === 0) throw refused(`a reservation of ${micros} micros`);
    if (micros > account.availableMicros) {
      throw refused(`reserving ${micros} micros with ${account.availableMicros} available`);
    }
    if (key <= account.lastKey) throw refused(`a reservation out of order, for tick ${tick}, platform ${platform}`);
    account.lastKey = key;
    account.open(key, micros);
    account.availableLifetimeMicros -= micros;
    account.reservedMicros += micros;
    account.dayReservedMicros += micros;
    this.#assert(account);
  }

  /**
   * Books what the platform charged for a bid and releases the rest of its reservation. A repeat, or a report on a bid never
   * reserved, returns null and changes nothing (L4).
   */
  settle(slot: number, tick: number, platform: number, costMicros: number): Settlement | null {
    const account = this.#account(slot);
    const key = this.#key(tick, platform);
    if (!isMicros(costMicros)) throw refused(`a settlement of ${costMicros} micros`);
    const at = account.find(key);
    if (at < 0) return this.#settleLate(account, key, tick, costMicros);
    const reserved = account.openMicros[at];
    account.close(at);
    const bookedMicros = Math.min(costMicros, reserved + account.availableLifetimeMicros);
    account.reservedMicros -= reserved;
    account.spentMicros += bookedMicros;
    account.availableLifetimeMicros += reserved - bookedMicros;
    account.disputedMicros += costMicros - bookedMicros;
    if (tick >= account.dayStartTick) {
      account.dayReservedMicros -= reserved;
      account.daySpentMicros += bookedMicros;
    }
    this.#assert(account);
    return { bookedMicros, releasedMicros: reserved - bookedMicros, disputedMicros: costMicros - bookedMicros };
  }

  /** Gives a whole reservation back, e.g. of a bid that the platform refused. False where there is none (any more). */
  release(slot: number, tick: number, platform: number): boolean {
    return this.settle(slot, tick, platform, 0) !== null;
  }

  /** Counts an overdue reservation as spent, all of it: the safe side (L8). Returns what was booked; null where there is none (any more). */
  expire(slot: number, tick: number, platform: number): number | null {
    const account = this.#account(slot);
    const key = this.#key(tick, platform);
    const at = account.find(key);
    if (at < 0) return null;
    const reserved = account.openMicros[at];
    this.settle(slot, tick, platform, reserved);
    account.expired ??= new Set();
    account.expired.add(key);
    return reserved;
  }

  /** True for the first report on a reservation that had expired (L8). */
  takeExpired(slot: number, tick: number, platform: number): boolean {
    return this.#account(slot).expired?.delete(this.#key(tick, platform)) ?? false;
  }

  /**
   * Gives all open reservations of a campaign back, of bids whose answers are no longer awaited. Bids may have been won all the same: a
   * settlement that comes later is booked as far as L7 lets it.
   */
  releaseAll(slot: number): Release {
    const account = this.#account(slot);
    const { openKeys, openMicros, openCount } = account;
    const release = { reservations: openCount, micros: account.reservedMicros };
    if (openCount > 0) account.unanswered ??= new Map();
    for (let at = 0; at < openCount; at += 1) account.unanswered?.set(openKeys[at], openMicros[at]);
    account.openCount = 0;
    account.availableLifetimeMicros += account.reservedMicros;
    account.reservedMicros = 0;
    account.dayReservedMicros = 0;
    this.#assert(account);
    return release;
  }

  /** Adds to the lifetime budget. */
  topUp(slot: number, micros: number): void {
    const account = this.#account(slot);
    if (!isMicros(micros) || !isMicros(account.budgetMicros + micros)) throw refused(`a top-up of ${micros} micros`);
    account.budgetMicros += micros;
    account.availableLifetimeMicros += micros;
    this.#assert(account);
  }

  /** Begins a new budget day: bids from this tick on count against a fresh daily budget. */
  startDay(slot: number, tick: number): void {
    const account = this.#account(slot);
    account.dayStartTick = tick;
    account.dayReservedMicros = 0;
    account.daySpentMicros = 0;
    this.#assert(account);
  }

  save(): LedgerState {
    const accounts = this.#accounts;
    const column = (of: (account: Account) => number) => Float64Array.from(accounts, of);
    const figures = FIGURES.map((name) => [name, column((account) => account[name])] as const);
    const unanswered = new Map<number, ReadonlyMap<number, number>>();
    const expired = new Map<number, ReadonlySet<number>>();
    for (const [slot, account] of accounts.entries()) {
      if (account.unanswered !== null) unanswered.set(slot, account.unanswered);
      if (account.expired !== null) expired.set(slot, account.expired);
    }
    return {
      ...(Object.fromEntries(figures) as Record<(typeof FIGURES)[number], Float64Array>),
      dailyBudgetMicros: column(({ dailyBudgetMicros }) => dailyBudgetMicros),
      openCount: column(({ openCount }) => openCount),
      openKeys: Float64Array.from(accounts.flatMap(({ openKeys, openCount }) => openKeys.slice(0, openCount))),
      openMicros: Float64Array.from(accounts.flatMap(({ openMicros, openCount }) => openMicros.slice(0, openCount))),
      unanswered,
      expired,
    };
  }

  /** @throws EngineError CE_LEDGER_INVARIANT for accounts that do not balance */
  restore(state: LedgerState): void {
    this.#accounts.length = 0;
    let from = 0;
    for (let slot = 0; slot < state.budgetMicros.length; slot += 1) {
      const account = new Account(state.budgetMicros[slot], state.dailyBudgetMicros[slot]);
      for (const name of FIGURES) account[name] = state[name][slot];
      const to = from + state.openCount[slot];
      for (; from < to; from += 1) account.open(state.openKeys[from], state.openMicros[from]);
      const [unanswered, expired] = [state.unanswered.get(slot), state.expired.get(slot)];
      if (unanswered !== undefined) account.unanswered = new Map(unanswered);
      if (expired !== undefined) account.expired = new Set(expired);
      this.#assert(account);
      this.#accounts.push(account);
    }
  }

  /** Books a charge for a reservation released before it was answered (L7); null where there is none (any more). */
  #settleLate(account: Account, key: number, tick: number, costMicros: number): Settlement | null {
    const released = account.unanswered?.get(key);
    if (released === undefined) return null;
    account.unanswered?.delete(key);
    const isToday = tick >= account.dayStartTick;
    const borneMicros = isToday ? account.availableMicros : account.availableLifetimeMicros;
    const bookedMicros = Math.min(costMicros, released, borneMicros);
    account.spentMicros += bookedMicros;
    account.availableLifetimeMicros -= bookedMicros;
    account.disputedMicros += costMicros - bookedMicros;
    if (isToday) account.daySpentMicros += bookedMicros;
    this.#assert(account);
    // Never −0, which a strict comparison would tell from 0.
    return { bookedMicros, releasedMicros: 0 - bookedMicros, disputedMicros: costMicros - bookedMicros };
  }

  #account(slot: number): Account {
    const account = this.#accounts[slot];
    if (account === undefined) throw refused(`no account in slot ${slot}`);
    return account;
  }

  #key(tick: number, platform: number): number {
    if (!Number.isInteger(tick) || !Number.isInteger(platform) || platform < 0 || platform >= this.#platforms) {
      throw refused(`no bid at tick ${tick}, platform ${platform}`);
    }
    return tick * this.#platforms + platform;
  }

  #assert(account: Account): void {
    const { availableLifetimeMicros, reservedMicros, spentMicros, budgetMicros } = account;
    if (availableLifetimeMicros + reservedMicros + spentMicros !== budgetMicros) {
      throw broken("L1", `${availableLifetimeMicros} + ${reservedMicros} + ${spentMicros} ≠ ${budgetMicros}`);
    }
    if (availableLifetimeMicros < 0 || reservedMicros < 0 || spentMicros < 0) {
      throw broken("L2", `available ${availableLifetimeMicros}, reserved ${reservedMicros}, spent ${spentMicros}`);
    }
    // Only a charge above its reservation can bring a day over its budget (L5); reserving never can.
    if (account.dayReservedMicros < 0 || account.daySpentMicros < 0) {
      throw broken("L6", `day reserved ${account.dayReservedMicros}, day spent ${account.daySpentMicros}`);
    }
  }
}

function refused(what: string): EngineError {
  return new EngineError("CE_LEDGER_REFUSED", `The ledger refuses ${what}.`);
}

function broken(invariant: string, figures: string): EngineError {
  return new EngineError("CE_LEDGER_INVARIANT", `Ledger invariant ${invariant} is broken: ${figures} micros.`);
}
