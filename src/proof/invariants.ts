/**
 * What must hold of a running engine at every tick, checked from outside: by what it tells its observers, and by what crosses its market.
 *
 * I1 spent + reserved ≤ budget, of a campaign, of its day, of a portfolio, of the account; I2 booked + disputed = invoiced, per campaign and platform;
 * I3 at most one live actor per campaign, and none outside the tree; I4 every bid placed is settled, released, timed out or still outstanding, and every
 * bid is what was decided and reserved; I5 an exhausted campaign stays so until topped up, or a new day with money; I6 every decision has a reason that fits it,
 * and bids within floor, limits and what is available; I7 ticks ascend by one, but for those that a jump of the clock missed, and no campaign is evaluated twice in one; I8 a held, quarantined or stopped
 * campaign places no bid; I9 every figure is a number, every balance whole micros; I10 no tick throws;
 * I11 compiled and interpreted statecharts decide alike.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { REASONS, reservationMicros } from "../core/decision.ts";
import type { Decision } from "../core/decision.ts";
import type { DecisionMade, EngineEvent, EngineObserver, EngineStarted } from "../core/events.ts";
import { isMicros } from "../core/money.ts";
import type { Market } from "../platforms/market.ts";
import { MoneyCheck } from "./money-check.ts";
import { StandingCheck } from "./standing-check.ts";
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

/** How a check notes a violation; `slot` is null where it is about no single campaign. */
export type Report = (invariant: InvariantName, tick: number, slot: number | null, text: string) => void;

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

/** Checks one engine: give it `market` as its market, and this among its observers. */
export class InvariantCheck implements EngineObserver {
  /** In the order found, the first {@link MAX_VIOLATIONS}. */
  readonly violations: Violation[] = [];
  /** The market to give to the engine. */
  readonly market: Witness;
  readonly #campaigns: readonly CampaignSpec[];
  readonly #money: MoneyCheck;
  readonly #standing: StandingCheck;
  /** What was decided in this tick, by slot. */
  readonly #decided = new Map<number, Decision>();
  #started: EngineStarted | null = null;
  #isBidding = false;
  #lastTick = -1;

  constructor({ campaigns, dayStarts, market }: InvariantOptions) {
    this.#campaigns = campaigns;
    this.market = new Witness(market, campaigns.length);
    const report: Report = (...violation) => this.report(...violation);
    this.#money = new MoneyCheck(campaigns, dayStarts, this.market, report);
    this.#standing = new StandingCheck(campaigns, dayStarts, report);
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
        this.#money.countBooked(event);
        break;
      case "charge.disputed":
        this.#money.dispute(event);
        break;
      case "clock.jumped":
        this.#jump(event.shownTick);
        break;
      case "reservation.expired":
        this.#money.expire(event);
        break;
      case "reservations.released":
        this.#money.giveUp(event);
        this.#standing.heed(event);
        break;
      case "campaign.changed":
        this.#standing.follow(this.#ledger, event);
        break;
      case "tick.completed":
        this.#closeTick(event.tick, event.decisions);
        break;
      default:
        this.#standing.heed(event);
    }
  }

  /** The end of the run, after the drain: the books once more. */
  close(): void {
    this.#money.check(this.#ledger, this.#lastTick);
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

  #judge(event: DecisionMade): void {
    const { tick, slot, decision, account } = event;
    if (this.#decided.has(slot)) this.report("I7", tick, slot, "a second evaluation in one tick");
    this.#decided.set(slot, decision);
    if (tick !== this.#lastTick + 1) this.report("I7", tick, slot, `a decision after tick ${this.#lastTick}`);
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
    const leftMicros = this.#money.leftMicros(slot, tick, account.budgetMicros);
    if (committedMicros > 0 && committedMicros > leftMicros) {
      this.report("I6", tick, slot, `commits ${committedMicros} micros, ${leftMicros} are available`);
    }
    this.#standing.judge(event, committedMicros);
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

  get #ledger(): EngineStarted["ledger"] {
    if (this.#started === null) throw new TypeError("The engine has told nothing of its start.");
    return this.#started.ledger;
  }

  /** Ticks that the clock passed over are not decided in. */
  #jump(shownTick: number): void {
    const lastTick = (this.#started?.ticks ?? 0) - 1;
    this.#lastTick = Math.max(this.#lastTick, Math.min(shownTick, lastTick) - 1);
  }

  #closeTick(tick: number, decisions: number): void {
    if (tick !== this.#lastTick + 1) this.report("I7", tick, null, `tick ${tick} after tick ${this.#lastTick}`);
    if (decisions !== this.#decided.size) {
      this.report("I7", tick, null, `${decisions} decisions counted, ${this.#decided.size} told`);
    }
    this.#lastTick = tick;
    this.#standing.closeTick(tick);
    this.#checkPlaced(tick);
    this.#decided.clear();
    this.#money.check(this.#ledger, tick);
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
}
