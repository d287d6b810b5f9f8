/**
 * What platforms report, booked in the ledger: settlements, refusals, and reservations that nobody answered in time.
 *
 * E2 a report is booked before its campaign hears of it; E9 no reservation outlives its time-out.
 */
import type { Ledger } from "../core/ledger.ts";
import { isMicros } from "../core/money.ts";
import { ReportBatch, ReportKind } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";
import type { Announcer } from "./announcer.ts";

/** The ledger's clerk. */
export class Bookkeeping implements Savable<Int32Array> {
  readonly #ledger: Ledger;
  readonly #platforms: number;
  readonly #announcer: Announcer;
  /** Open reservations by the tick of their bid, modulo the time-out: no tick without an overdue one costs a search. */
  readonly #open: Int32Array;
  #booked = new Float64Array(16);

  /** @param timeoutTicks how long a bid waits for its report before its reservation counts as spent */
  constructor(ledger: Ledger, platforms: number, timeoutTicks: number, announcer: Announcer) {
    this.#ledger = ledger;
    this.#platforms = platforms;
    this.#announcer = announcer;
    this.#open = new Int32Array(timeoutTicks + 1);
  }

  /** Reserves the most that a bid can cost (E1). */
  reserve(slot: number, tick: number, platform: number, micros: number): void {
    this.#ledger.reserve(slot, tick, platform, micros);
    this.#open[tick % this.#open.length] += 1;
  }

  /** Books a batch; returns the rows that the ledger accepted, of which campaigns may learn. */
  book(heard: ReportBatch, tick: number): ReportBatch {
    if (heard.length === 0) return heard;
    if (this.#booked.length < heard.length) this.#booked = new Float64Array(heard.length * 2);
    let accepted = 0;
    const refused = new Set<number>();
    for (let row = 0; row < heard.length; row += 1) {
      const bookedMicros = this.#bookRow(heard, row, tick);
      if (bookedMicros === null) refused.add(row);
      else this.#booked[accepted++] = bookedMicros;
    }
    // Nobody learns from what the ledger refused: a repeat would count twice.
    const batch = refused.size === 0 ? heard : without(heard, refused);
    const at = this.#announcer.at(tick);
    if (accepted > 0) this.#announcer.emit({ type: "reports.booked", ...at, batch, bookedMicros: this.#booked });
    return batch;
  }

  /** Lets the reservations expire whose reports are overdue at a tick (E9). */
  expire(tick: number): void {
    const bidTick = tick - this.#open.length + 1;
    const at = bidTick % this.#open.length;
    if (bidTick < 0 || this.#open[at] === 0) return;
    this.#open[at] = 0;
    const announcer = this.#announcer;
    for (let slot = 0; slot < this.#ledger.size; slot += 1) {
      for (let platform = 0; platform < this.#platforms; platform += 1) {
        const bookedMicros = this.#ledger.expire(slot, bidTick, platform);
        if (bookedMicros === null) continue;
        announcer.emit({ type: "reservation.expired", ...announcer.at(), slot, platform, bidTick, bookedMicros });
      }
    }
  }

  /** Lets all reservations expire that are still open at a tick: what the market has not answered by now, it never will. */
  expireAll(tick: number): void {
    for (let extra = 0; extra < this.#open.length - 1; extra += 1) this.expire(tick + extra);
  }

  save(): Int32Array {
    return this.#open;
  }

  restore(open: Int32Array): void {
    this.#open.set(open);
  }

  /** Reservations that no report has closed. */
  get openReservations(): number {
    let open = 0;
    for (let slot = 0; slot < this.#ledger.size; slot += 1) open += this.#ledger.openReservations(slot);
    return open;
  }

  /** A reservation was closed. */
  #close(bidTick: number, tick: number): void {
    if (bidTick > tick - this.#open.length) this.#open[bidTick % this.#open.length] -= 1;
  }

  /** What a row added to its campaign's spend; null where it was refused. */
  #bookRow(batch: ReportBatch, row: number, tick: number): number | null {
    const announcer = this.#announcer;
    const slot = batch.campaign[row];
    const platform = batch.platform[row];
    const costMicros = batch.costMicros[row];
    const isKnown = slot >= 0 && slot < this.#ledger.size && platform < this.#platforms;
    const bidTick = batch.tick[row];
    const kind = batch.kind[row];
    if (isKnown && kind === ReportKind.conversions) return 0;
    const isSound = isKnown && isMicros(costMicros);
    if (isSound && kind === ReportKind.refusal) {
      if (this.#ledger.release(slot, bidTick, platform)) {
        this.#close(bidTick, tick);
        announcer.emit({ type: "bid.refused", ...announcer.at(tick), slot, platform, bidTick });
      }
      return null;
    }
    const bookedMicros = isSound ? this.#ledger.settle(slot, bidTick, platform, costMicros) : null;
    if (bookedMicros === null) {
      const isExpired = isSound && this.#ledger.takeExpired(slot, bidTick, platform);
      const why = isExpired ? "expired" : isSound ? "repeat-or-unknown" : "malformed";
      announcer.emit({ type: "report.refused", ...announcer.at(tick), slot, platform, bidTick, why, costMicros });
      return null;
    }
    this.#close(bidTick, tick);
    if (costMicros > bookedMicros) {
      const disputedMicros = costMicros - bookedMicros;
      announcer.emit({ type: "charge.disputed", ...announcer.at(tick), slot, platform, disputedMicros });
    }
    return bookedMicros;
  }
}

function without(batch: ReportBatch, refused: ReadonlySet<number>): ReportBatch {
  const rest = new ReportBatch(batch.length);
  for (let row = 0; row < batch.length; row += 1) if (!refused.has(row)) rest.push(batch.row(row));
  return rest;
}
