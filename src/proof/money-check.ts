/** The money of a run: the ledger against the witness's books, at every scope (I1, I2, I4, and I9 for balances). */
import type { CampaignSpec } from "../core/campaign.ts";
import type { EngineEvent, ReportsBooked } from "../core/events.ts";
import type { Ledger } from "../core/ledger.ts";
import { isMicros } from "../core/money.ts";
import { ReportKind } from "../core/reports.ts";
import { DayBooks } from "./day-books.ts";
import type { Report } from "./invariants.ts";
import type { Witness } from "./witness.ts";

/** Checks the balances of all campaigns. */
export class MoneyCheck {
  readonly #campaigns: readonly CampaignSpec[];
  readonly #market: Witness;
  readonly #report: Report;
  readonly #days: DayBooks;
  /** By slot × platforms + platform, as are the next. */
  readonly #bookedMicros: Float64Array;
  readonly #disputedMicros: Float64Array;

  /** @param dayStarts ticks at which a budget day begins */
  constructor(campaigns: readonly CampaignSpec[], dayStarts: readonly number[], market: Witness, report: Report) {
    this.#campaigns = campaigns;
    this.#market = market;
    this.#report = report;
    this.#days = new DayBooks(campaigns.length, dayStarts);
    this.#bookedMicros = new Float64Array(market.invoicedMicros.length);
    this.#disputedMicros = new Float64Array(market.invoicedMicros.length);
  }

  /** Spend that the ledger took, row by row, is what the witness heard. */
  countBooked({ tick, batch, bookedMicros }: ReportsBooked): void {
    const { invoices } = this.#market;
    let next = 0;
    for (let row = 0; row < batch.length; row += 1) {
      const slot = batch.campaign[row];
      if (batch.kind[row] !== ReportKind.spend) {
        if (bookedMicros[row] !== 0)
          this.#report("I2", tick, slot, `conversions booked as ${bookedMicros[row]} micros`);
        continue;
      }
      const platform = batch.platform[row];
      this.#bookedMicros[this.#cell(slot, platform)] += bookedMicros[row];
      const bid = invoices[next]?.bid;
      if (bid?.slot === slot && bid.platform === platform && bid.tick === batch.tick[row]) {
        this.#days.book(slot, tick, bid.tick, bookedMicros[row], bid.reservedMicros);
        next += 1;
      } else {
        const text = `${bookedMicros[row]} micros booked for tick ${batch.tick[row]}, platform ${platform}: no bid is open`;
        this.#report("I4", tick, slot, text);
      }
    }
    if (next < invoices.length) this.#report("I4", tick, null, `${invoices.length - next} settlements were lost`);
  }

  /** A charge that the ledger did not bear. */
  dispute({ slot, platform, disputedMicros }: Extract<EngineEvent, { type: "charge.disputed" }>): void {
    this.#disputedMicros[this.#cell(slot, platform)] += disputedMicros;
  }

  /** No report came in time: the whole reservation counts as spent. */
  expire({ tick, slot, platform, bidTick, bookedMicros }: Extract<EngineEvent, { type: "reservation.expired" }>): void {
    const chargedMicros = this.#market.expire(slot, bidTick, platform);
    this.#bookedMicros[this.#cell(slot, platform)] += bookedMicros;
    this.#days.book(slot, tick, bidTick, bookedMicros, chargedMicros);
    if (bookedMicros !== chargedMicros)
      this.#report("I4", tick, slot, `${bookedMicros} micros expired, ${chargedMicros} were out`);
  }

  /** The engine awaits a campaign's answers no more: its reservations are free, and its money is its own again. */
  giveUp({ tick, slot, micros }: Extract<EngineEvent, { type: "reservations.released" }>): void {
    const givenUpMicros = this.#market.giveUp(slot);
    if (micros !== givenUpMicros)
      this.#report("I4", tick, slot, `${micros} micros released, ${givenUpMicros} were out`);
  }

  /** What a campaign may still commit, of its budget and of its day's [micros]. */
  leftMicros(slot: number, tick: number, budgetMicros: number): number {
    return Math.min(budgetMicros - this.#boundMicros(slot), this.#leftTodayMicros(slot, tick));
  }

  /** The ledger against the witness's books. */
  check(ledger: Ledger, tick: number): void {
    const portfolios = new Map<string, { boundMicros: number; budgetMicros: number }>();
    for (const [slot, spec] of this.#campaigns.entries()) {
      this.#checkBalances(ledger, tick, slot);
      this.#checkInvoices(ledger, tick, slot);
      this.#checkReservations(ledger, tick, slot);
      const sum = portfolios.get(spec.portfolio) ?? { boundMicros: 0, budgetMicros: 0 };
      sum.boundMicros += this.#boundMicros(slot);
      sum.budgetMicros += ledger.view(slot).budgetMicros;
      portfolios.set(spec.portfolio, sum);
    }
    let boundMicros = 0;
    let budgetMicros = 0;
    for (const [id, sum] of portfolios) {
      boundMicros += sum.boundMicros;
      budgetMicros += sum.budgetMicros;
      if (sum.boundMicros > sum.budgetMicros) {
        this.#report("I1", tick, null, `portfolio ${id}: ${sum.boundMicros} spent and reserved of ${sum.budgetMicros}`);
      }
    }
    if (boundMicros > budgetMicros) {
      this.#report("I1", tick, null, `account: ${boundMicros} micros spent and reserved of ${budgetMicros}`);
    }
  }

  #checkBalances(ledger: Ledger, tick: number, slot: number): void {
    const { budgetMicros, spentMicros, reservedMicros, availableMicros } = ledger.view(slot);
    for (const [name, micros] of Object.entries({ budgetMicros, spentMicros, reservedMicros, availableMicros })) {
      if (!isMicros(micros)) this.#report("I9", tick, slot, `${name} is ${micros}`);
    }
    if (spentMicros + reservedMicros > budgetMicros) {
      this.#report("I1", tick, slot, `spent ${spentMicros} + reserved ${reservedMicros} > budget ${budgetMicros}`);
    }
    const boundMicros = this.#boundMicros(slot);
    if (boundMicros > budgetMicros) {
      this.#report("I1", tick, slot, `${boundMicros} micros invoiced and bid, by the platforms, of ${budgetMicros}`);
    }
    const overMicros = -this.#leftTodayMicros(slot, tick);
    const allowedMicros = this.#days.overMicros(slot, tick);
    if (overMicros > allowedMicros) {
      this.#report(
        "I1",
        tick,
        slot,
        `the day is ${overMicros} micros over its budget, ${allowedMicros} by overcharges`,
      );
    }
  }

  #checkInvoices(ledger: Ledger, tick: number, slot: number): void {
    let bookedMicros = 0;
    let disputedMicros = 0;
    for (let platform = 0; platform < this.#market.platforms.length; platform += 1) {
      const cell = this.#cell(slot, platform);
      const booked = this.#bookedMicros[cell];
      const disputed = this.#disputedMicros[cell];
      const invoiced = this.#market.invoicedMicros[cell];
      bookedMicros += booked;
      disputedMicros += disputed;
      if (booked + disputed !== invoiced) {
        const text = `platform ${platform}: booked ${booked} + disputed ${disputed} ≠ invoiced ${invoiced} micros`;
        this.#report("I2", tick, slot, text);
      }
    }
    const { spentMicros } = ledger.view(slot);
    if (spentMicros !== bookedMicros) {
      this.#report("I2", tick, slot, `spent ${spentMicros} in the ledger, ${bookedMicros} micros were booked`);
    }
    if (ledger.disputedMicros(slot) !== disputedMicros) {
      const text = `disputed ${ledger.disputedMicros(slot)} in the ledger, ${disputedMicros} micros were told`;
      this.#report("I2", tick, slot, text);
    }
  }

  /** The ledger's open reservations are the witness's open bids, one by one (I4). */
  #checkReservations(ledger: Ledger, tick: number, slot: number): void {
    const open = this.#market.open[slot];
    let count = 0;
    let sumMicros = 0;
    for (const [bidTick, platform, micros] of ledger.reservations(slot)) {
      count += 1;
      sumMicros += micros;
      const bid = open.get(this.#market.key(bidTick, platform));
      if (bid?.reservedMicros !== micros) {
        const found = bid === undefined ? "no bid is outstanding" : `its bid needs ${bid.reservedMicros}`;
        this.#report("I4", tick, slot, `${micros} micros reserved for tick ${bidTick}, platform ${platform}: ${found}`);
      }
    }
    if (count !== open.size) {
      this.#report("I4", tick, slot, `${open.size} bids outstanding, ${count} reservations open`);
    }
    const { reservedMicros } = ledger.view(slot);
    if (sumMicros !== reservedMicros) {
      this.#report("I4", tick, slot, `reservations of ${sumMicros} micros, ${reservedMicros} in the balance`);
    }
  }

  /** Invoiced, less what is disputed, and bid, by the witness [micros]. */
  #boundMicros(slot: number): number {
    let micros = 0;
    for (let platform = 0; platform < this.#market.platforms.length; platform += 1) {
      const cell = this.#cell(slot, platform);
      micros += this.#market.invoicedMicros[cell] - this.#disputedMicros[cell];
    }
    for (const { reservedMicros } of this.#market.open[slot].values()) micros += reservedMicros;
    return micros;
  }

  /** The day's budget less what its bids were charged and have reserved; infinite without a daily budget [micros]. */
  #leftTodayMicros(slot: number, tick: number): number {
    const { dailyBudgetMicros } = this.#campaigns[slot];
    if (dailyBudgetMicros === null) return Number.POSITIVE_INFINITY;
    const startTick = this.#days.startOf(tick);
    let micros = dailyBudgetMicros - this.#days.spentMicros(slot, tick);
    for (const bid of this.#market.open[slot].values()) if (bid.tick >= startTick) micros -= bid.reservedMicros;
    return micros;
  }

  #cell(slot: number, platform: number): number {
    return slot * this.#market.platforms.length + platform;
  }
}
