/**
 * What must hold of a running engine at every tick, checked from outside: by what it tells its observers, and by what crosses its market.
 *
 * I1 spent + reserved ≤ budget, of a campaign, of its day, of a portfolio, of the account; I2 booked + disputed = invoiced, per campaign and platform;
 * I3 at most one live actor per campaign, and none outside the tree; I4 every bid placed is settled, released, timed out or still outstanding, and every
 * bid is what was decided and reserved; I5 an exhausted campaign stays so until topped up, or a new day with money; I6 every decision has a reason that fits it,
 * and bids within floor, limits and what is available; I7 ticks ascend by one, and no campaign is evaluated twice in one; I8 a held, quarantined or stopped
 * campaign places no bid; I9 every figure is a number, every balance whole micros; I10 no tick throws;
 * I11 compiled and interpreted statecharts decide alike.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { REASONS, reservationMicros } from "../core/decision.ts";
import type { Decision } from "../core/decision.ts";
import type { DecisionMade, EngineEvent, EngineObserver, EngineStarted, ReportsBooked } from "../core/events.ts";
import { isMicros } from "../core/money.ts";
import { ReportKind } from "../core/reports.ts";
import type { Market } from "../platforms/market.ts";
import { DayBooks } from "./day-books.ts";
import { Witness } from "./witness.ts";

/** Each invariant in one line, by its number. */
export const INVARIANTS = {
  I1: "spent + reserved ≤ budget, of a campaign, its day, its portfolio and the account",
  I2: "booked + disputed = invoiced, per campaign and platform",
  I3: "at most one live actor per campaign, and no orphan",
  I4: "every bid is decided, reserved, and settled, released, timed out or outstanding",
  I5: "an exhausted campaign stays so until a top-up or a new day with money",
  I6: "every decision has a reason that fits it, and bids within its limits",
  I7: "ticks ascend by one, and no campaign is evaluated twice in one",
  I8: "a held, quarantined or stopped campaign places no bid",
  I9: "every figure is a number, every balance whole micros",
  I10: "no tick throws",
  I11: "compiled and interpreted statecharts decide alike",
} as const;

/** The number of an invariant. */
export type InvariantName = keyof typeof INVARIANTS;

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: InvariantName;
  readonly tick: number;
  /** Campaign id; null where it is about no single one. */
  readonly campaign: string | null;
  /** What was found, with its figures. */
  readonly text: string;
}

/** What a check needs to know that the engine does not tell. */
export interface InvariantOptions {
  readonly campaigns: readonly CampaignSpec[];
  /** Ticks at which a budget day begins. */
  readonly dayStarts: readonly number[];
  /** The market that the engine is to speak to, faults included: put {@link InvariantCheck.market} in its place. */
  readonly market: Market;
}

/** Violations kept of one run. */
const MAX_VIOLATIONS = 20;

/** What an exhausted campaign had when it became so. */
interface Exhaustion {
  readonly tick: number;
  readonly budgetMicros: number;
  /** Restarted since: its successor finds out for itself that there is no money. */
  readonly isReborn: boolean;
}

/** Why a campaign may not bid. */
type Silence = "held" | "quarantined" | "stopped";

/** Checks one engine: give it `market` as its market, and this among its observers. */
export class InvariantCheck implements EngineObserver {
  /** In the order found, the first {@link MAX_VIOLATIONS}. */
  readonly violations: Violation[] = [];
  /** The market to give to the engine. */
  readonly market: Witness;
  readonly #campaigns: readonly CampaignSpec[];
  readonly #days: DayBooks;
  /** By slot × platforms + platform, as are the next. */
  readonly #bookedMicros: Float64Array;
  readonly #disputedMicros: Float64Array;
  /** What was decided in this tick, by slot. */
  readonly #decided = new Map<number, Decision>();
  readonly #exhausted = new Map<number, Exhaustion>();
  /** Who left exhaustion without new money in this tick: in order where it is silenced by the end of the tick. */
  readonly #left = new Map<number, string>();
  readonly #silences: readonly Set<Silence>[];
  #started: EngineStarted | null = null;
  #isBidding = false;
  #lastTick = -1;

  constructor({ campaigns, dayStarts, market }: InvariantOptions) {
    this.#campaigns = campaigns;
    this.market = new Witness(market, campaigns.length);
    this.#silences = campaigns.map(() => new Set());
    this.#days = new DayBooks(campaigns.length, dayStarts);
    this.#bookedMicros = new Float64Array(campaigns.length * market.platforms.length);
    this.#disputedMicros = new Float64Array(campaigns.length * market.platforms.length);
  }

  observe(event: EngineEvent): void {
    switch (event.type) {
      case "engine.started":
        this.#started = event;
        break;
      case "engine.changed":
        this.#isBidding = event.state === "running";
        break;
      case "decision":
        this.#judge(event);
        break;
      case "reports.booked":
        this.#countBooked(event);
        break;
      case "charge.disputed":
        this.#disputedMicros[this.#cell(event.slot, event.platform)] += event.disputedMicros;
        break;
      case "reservations.released":
        this.#giveUp(event);
        break;
      case "campaign.changed":
        this.#follow(event);
        break;
      case "tick.completed":
        this.#closeTick(event.tick, event.decisions);
        break;
      default:
        this.#heed(event);
    }
  }

  /** The end of the run, after the drain: the books once more. */
  close(): void {
    this.#checkBooks(this.#lastTick);
  }

  /** Notes what the engine threw (I10). */
  thrown(error: unknown): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.report("I10", this.#lastTick + 1, null, text);
  }

  /** Notes a violation that was found elsewhere. */
  report(invariant: InvariantName, tick: number, slot: number | null, text: string): void {
    if (this.violations.length === MAX_VIOLATIONS) return;
    const campaign = slot === null ? null : this.#campaigns[slot].id;
    this.violations.push({ invariant, tick, campaign, text });
  }

  #cell(slot: number, platform: number): number {
    return slot * this.market.platforms.length + platform;
  }

  #judge({ tick, slot, campaign, state, decision, account }: DecisionMade): void {
    if (this.#decided.has(slot)) this.report("I7", tick, slot, "a second evaluation in one tick");
    this.#decided.set(slot, decision);
    if (tick !== this.#lastTick + 1) this.report("I7", tick, slot, `a decision after tick ${this.#lastTick}`);
    const { startTick, endTick } = campaign.flight;
    if (tick < startTick || tick >= endTick) {
      this.report("I8", tick, slot, `a decision outside of its flight, ${startTick} to ${endTick}`);
    }
    for (const silence of this.#silences[slot]) {
      this.report("I8", tick, slot, `a decision, "${decision.reason}", while ${silence}`);
    }
    let committedMicros = 0;
    for (const { platform, bidMicros, capMicros, ...figures } of decision.candidates) {
      const broken = Object.entries(figures).find(([, value]) => typeof value === "number" && !Number.isFinite(value));
      if (broken !== undefined) this.report("I9", tick, slot, `${broken[0]} is ${broken[1]} on platform ${platform}`);
      if (bidMicros === 0 && capMicros === 0) continue;
      this.#judgeBid(tick, slot, platform, bidMicros, capMicros);
      committedMicros += reservationMicros(capMicros, this.market.platforms[platform]?.overDeliveryFactor ?? 1);
    }
    if (!Number.isFinite(decision.gammaMicros)) this.report("I9", tick, slot, `gamma is ${decision.gammaMicros}`);
    this.#judgeReason(tick, slot, decision, committedMicros);
    const { budgetMicros } = account;
    const leftMicros = Math.min(budgetMicros - this.#boundMicros(slot), this.#leftTodayMicros(slot, tick));
    if (committedMicros > 0 && committedMicros > leftMicros) {
      this.report("I6", tick, slot, `commits ${committedMicros} micros, ${leftMicros} are available`);
    }
    this.#judgeExhaustion(tick, slot, state, committedMicros, budgetMicros);
  }

  #judgeBid(tick: number, slot: number, platform: number, bidMicros: number, capMicros: number): void {
    const { minBidMicros, maxBidMicros, platforms } = this.#campaigns[slot];
    const leastMicros = Math.max(minBidMicros, this.market.platforms[platform]?.floorMicros ?? 0, 1);
    const isWithin = isMicros(bidMicros) && bidMicros >= leastMicros && bidMicros <= maxBidMicros;
    if (!isWithin || !isMicros(capMicros) || capMicros === 0 || !platforms.includes(platform)) {
      const limits = `limits ${leastMicros} to ${maxBidMicros}`;
      this.report("I6", tick, slot, `bids ${bidMicros} micros, cap ${capMicros}, on platform ${platform}: ${limits}`);
    }
  }

  #judgeReason(tick: number, slot: number, { kind, reason }: Decision, committedMicros: number): void {
    if (!Object.hasOwn(REASONS, reason)) this.report("I6", tick, slot, `the reason "${reason}" is not known`);
    const mayBid = kind === "bid" || kind === "fallback";
    if ((kind === "bid" && committedMicros === 0) || (!mayBid && committedMicros > 0)) {
      this.report("I6", tick, slot, `"${kind}" with ${committedMicros} micros committed`);
    }
  }

  #judgeExhaustion(tick: number, slot: number, state: string, committedMicros: number, budgetMicros: number): void {
    const since = this.#exhaustionOf(slot, tick);
    const hasLeft = since !== undefined && (committedMicros > 0 || (state !== "exhausted" && !since.isReborn));
    if (hasLeft) {
      const text = `${state} with ${committedMicros} micros committed, exhausted since tick ${since.tick}`;
      this.report("I5", tick, slot, text);
    }
    if (state === "exhausted") this.#exhausted.set(slot, since ?? { tick, budgetMicros, isReborn: false });
    else if (since?.isReborn !== true) this.#exhausted.delete(slot);
  }

  /** A campaign that was restarted is told of no new day that began before: its exhaustion ends with the day by itself. */
  #exhaustionOf(slot: number, tick: number): Exhaustion | undefined {
    const since = this.#exhausted.get(slot);
    const hasDays = this.#campaigns[slot].dailyBudgetMicros !== null;
    if (since?.isReborn === true && hasDays && this.#days.startOf(tick) > since.tick) this.#exhausted.delete(slot);
    return this.#exhausted.get(slot);
  }

  /** Changes of state outside of a decision. */
  #follow({ tick, slot, from, state }: Extract<EngineEvent, { type: "campaign.changed" }>): void {
    const { budgetMicros, availableMicros } = this.#ledger.view(slot);
    const since = this.#exhausted.get(slot);
    if (state === "exhausted") this.#exhausted.set(slot, since ?? { tick, budgetMicros, isReborn: false });
    else if (since !== undefined && !since.isReborn) {
      const hasNewMoney = budgetMicros > since.budgetMicros || (this.#isNewDay(tick) && availableMicros > 0);
      if (!hasNewMoney) this.#left.set(slot, `${from} to ${state}, exhausted since tick ${since.tick}`);
      this.#exhausted.delete(slot);
    }
  }

  /** The engine awaits a campaign's answers no more: its reservations are free, and its money is its own again. */
  #giveUp({ tick, slot, micros }: Extract<EngineEvent, { type: "reservations.released" }>): void {
    const givenUpMicros = this.market.giveUp(slot);
    if (micros !== givenUpMicros) this.report("I4", tick, slot, `${micros} micros released, ${givenUpMicros} were out`);
    this.#exhausted.delete(slot);
  }

  /** The word of supervision and of the operator: who may bid, and who begins anew. */
  #heed(event: EngineEvent): void {
    if (event.type === "campaign.held") this.#silences[event.slot].add("held");
    else if (event.type === "campaign.released") this.#silences[event.slot].delete("held");
    else if (event.type === "campaign.quarantined") this.#silences[event.slot].add("quarantined");
    else if (event.type === "campaign.restarted") this.#beReborn(event.slot);
    else if (event.type === "budget.toppedUp") {
      if (event.micros > 0) this.#exhausted.delete(event.slot);
    } else if (event.type === "supervisor.restarted" || event.type === "supervisor.stopped") {
      for (const [slot, { portfolio }] of this.#campaigns.entries()) {
        if (event.supervisor !== `portfolio:${portfolio}`) continue;
        if (event.type === "supervisor.restarted") this.#beReborn(slot);
        else this.#silences[slot].add("stopped");
      }
    }
  }

  #beReborn(slot: number): void {
    this.#silences[slot].delete("quarantined");
    const since = this.#exhausted.get(slot);
    if (since !== undefined) this.#exhausted.set(slot, { ...since, isReborn: true });
  }

  #isNewDay(tick: number): boolean {
    return this.#days.startOf(tick) === tick;
  }

  get #ledger(): EngineStarted["ledger"] {
    if (this.#started === null) throw new TypeError("The engine has told nothing of its start.");
    return this.#started.ledger;
  }

  #countBooked({ tick, batch, bookedMicros }: ReportsBooked): void {
    const { invoices } = this.market;
    let next = 0;
    for (let row = 0; row < batch.length; row += 1) {
      const slot = batch.campaign[row];
      if (batch.kind[row] !== ReportKind.spend) {
        if (bookedMicros[row] !== 0) this.report("I2", tick, slot, `conversions booked as ${bookedMicros[row]} micros`);
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
        this.report("I4", tick, slot, text);
      }
    }
    if (next < invoices.length) this.report("I4", tick, null, `${invoices.length - next} settlements were lost`);
  }

  #closeTick(tick: number, decisions: number): void {
    if (tick !== this.#lastTick + 1) this.report("I7", tick, null, `tick ${tick} after tick ${this.#lastTick}`);
    if (decisions !== this.#decided.size) {
      this.report("I7", tick, null, `${decisions} decisions counted, ${this.#decided.size} told`);
    }
    this.#lastTick = tick;
    for (const [slot, text] of this.#left) if (this.#silences[slot].size === 0) this.report("I5", tick, slot, text);
    this.#left.clear();
    this.#checkPlaced(tick);
    this.#decided.clear();
    this.#checkBooks(tick);
  }

  /** What reached the platforms is what was decided in this tick, no less and no more (I4). */
  #checkPlaced(tick: number): void {
    const { placed } = this.market;
    let decided = 0;
    for (const { candidates } of this.#decided.values()) {
      for (const { capMicros } of candidates) decided += capMicros === 0 ? 0 : 1;
    }
    if (placed.length !== decided) this.report("I4", tick, null, `${decided} bids decided, ${placed.length} placed`);
    for (const bid of placed) {
      const { slot, platform, bidMicros, capMicros } = bid;
      const wanted = this.#decided.get(slot)?.candidates.find((one) => one.platform === platform);
      if (wanted?.bidMicros !== bidMicros || wanted.capMicros !== capMicros || bid.tick !== tick) {
        this.report("I4", tick, slot, `a bid of ${bidMicros} micros on platform ${platform} that was not decided`);
      }
      if (!this.#isBidding) this.report("I8", tick, slot, "a bid although the engine is not running");
    }
  }

  /** The ledger against the witness's books. */
  #checkBooks(tick: number): void {
    const portfolios = new Map<string, { boundMicros: number; budgetMicros: number }>();
    for (const [slot, spec] of this.#campaigns.entries()) {
      this.#checkBalances(tick, slot);
      this.#checkInvoices(tick, slot);
      this.#checkReservations(tick, slot);
      const sum = portfolios.get(spec.portfolio) ?? { boundMicros: 0, budgetMicros: 0 };
      sum.boundMicros += this.#boundMicros(slot);
      sum.budgetMicros += this.#ledger.view(slot).budgetMicros;
      portfolios.set(spec.portfolio, sum);
    }
    let boundMicros = 0;
    let budgetMicros = 0;
    for (const [id, sum] of portfolios) {
      boundMicros += sum.boundMicros;
      budgetMicros += sum.budgetMicros;
      if (sum.boundMicros > sum.budgetMicros) {
        this.report("I1", tick, null, `portfolio ${id}: ${sum.boundMicros} spent and reserved of ${sum.budgetMicros}`);
      }
    }
    if (boundMicros > budgetMicros) {
      this.report("I1", tick, null, `account: ${boundMicros} micros spent and reserved of ${budgetMicros}`);
    }
  }

  #checkBalances(tick: number, slot: number): void {
    const { budgetMicros, spentMicros, reservedMicros, availableMicros } = this.#ledger.view(slot);
    for (const [name, micros] of Object.entries({ budgetMicros, spentMicros, reservedMicros, availableMicros })) {
      if (!isMicros(micros)) this.report("I9", tick, slot, `${name} is ${micros}`);
    }
    if (spentMicros + reservedMicros > budgetMicros) {
      this.report("I1", tick, slot, `spent ${spentMicros} + reserved ${reservedMicros} > budget ${budgetMicros}`);
    }
    const boundMicros = this.#boundMicros(slot);
    if (boundMicros > budgetMicros) {
      this.report("I1", tick, slot, `${boundMicros} micros invoiced and bid, by the platforms, of ${budgetMicros}`);
    }
    const overMicros = -this.#leftTodayMicros(slot, tick);
    const allowedMicros = this.#days.overMicros(slot, tick);
    if (overMicros > allowedMicros) {
      this.report("I1", tick, slot, `the day is ${overMicros} micros over its budget, ${allowedMicros} by overcharges`);
    }
  }

  #checkInvoices(tick: number, slot: number): void {
    let bookedMicros = 0;
    let disputedMicros = 0;
    for (let platform = 0; platform < this.market.platforms.length; platform += 1) {
      const cell = this.#cell(slot, platform);
      const booked = this.#bookedMicros[cell];
      const disputed = this.#disputedMicros[cell];
      const invoiced = this.market.invoicedMicros[cell];
      bookedMicros += booked;
      disputedMicros += disputed;
      if (booked + disputed !== invoiced) {
        const text = `platform ${platform}: booked ${booked} + disputed ${disputed} ≠ invoiced ${invoiced} micros`;
        this.report("I2", tick, slot, text);
      }
    }
    const { spentMicros } = this.#ledger.view(slot);
    if (spentMicros !== bookedMicros) {
      this.report("I2", tick, slot, `spent ${spentMicros} in the ledger, ${bookedMicros} micros were booked`);
    }
    if (this.#ledger.disputedMicros(slot) !== disputedMicros) {
      const text = `disputed ${this.#ledger.disputedMicros(slot)} in the ledger, ${disputedMicros} micros were told`;
      this.report("I2", tick, slot, text);
    }
  }

  /** The ledger's open reservations are the witness's open bids, one by one (I4). */
  #checkReservations(tick: number, slot: number): void {
    const open = this.market.open[slot];
    let count = 0;
    let sumMicros = 0;
    for (const [bidTick, platform, micros] of this.#ledger.reservations(slot)) {
      count += 1;
      sumMicros += micros;
      const bid = open.get(this.market.key(bidTick, platform));
      if (bid?.reservedMicros !== micros) {
        const found = bid === undefined ? "no bid is outstanding" : `its bid needs ${bid.reservedMicros}`;
        this.report("I4", tick, slot, `${micros} micros reserved for tick ${bidTick}, platform ${platform}: ${found}`);
      }
    }
    if (count !== open.size) {
      this.report("I4", tick, slot, `${open.size} bids outstanding, ${count} reservations open`);
    }
    const { reservedMicros } = this.#ledger.view(slot);
    if (sumMicros !== reservedMicros) {
      this.report("I4", tick, slot, `reservations of ${sumMicros} micros, ${reservedMicros} in the balance`);
    }
  }

  /** Invoiced, less what is disputed, and bid, by the witness [micros]. */
  #boundMicros(slot: number): number {
    let micros = 0;
    for (let platform = 0; platform < this.market.platforms.length; platform += 1) {
      const cell = this.#cell(slot, platform);
      micros += this.market.invoicedMicros[cell] - this.#disputedMicros[cell];
    }
    for (const { reservedMicros } of this.market.open[slot].values()) micros += reservedMicros;
    return micros;
  }

  /** The day's budget less what its bids were charged and have reserved; infinite without a daily budget [micros]. */
  #leftTodayMicros(slot: number, tick: number): number {
    const { dailyBudgetMicros } = this.#campaigns[slot];
    if (dailyBudgetMicros === null) return Number.POSITIVE_INFINITY;
    const startTick = this.#days.startOf(tick);
    let micros = dailyBudgetMicros - this.#days.spentMicros(slot, tick);
    for (const bid of this.market.open[slot].values()) if (bid.tick >= startTick) micros -= bid.reservedMicros;
    return micros;
  }
}
