/**
 * The operator's desk: orders are checked, carried out and put on record, and what stands is remembered.
 *
 * E7 what the operator ordered outlives every restart.
 */
import type { CampaignSpec } from "../core/campaign.ts";
import { EngineError } from "../core/errors.ts";
import { Health } from "../core/forecast/board.ts";
import type { Ledger } from "../core/ledger.ts";
import type { OperatorOrder, Signature } from "../core/operator.ts";
import type { Order } from "../core/order.ts";
import type { Savable } from "../core/saved.ts";
import type { Announcer } from "./announcer.ts";
import type { Feed } from "./feed.ts";
import type { CampaignRoll } from "./roll.ts";
import type { ActorTree } from "./tree.ts";

/** What the desk gives orders to. */
export interface DeskParts {
  readonly roll: CampaignRoll;
  readonly ledger: Ledger;
  readonly tree: ActorTree;
  readonly feed: Feed;
  readonly announcer: Announcer;
  /** Tells observers what the tree has to say by now. */
  readonly tellFacts: () => void;
  /** What the scenario's operator orders during the run, by tick. */
  readonly orders: readonly Order[];
}

/** What a desk remembers. */
export interface DeskState {
  readonly held: ReadonlyMap<number, string>;
  readonly ended: ReadonlySet<number>;
  readonly closed: ReadonlySet<number>;
  readonly ordersDone: number;
}

/** Carries out orders. */
export class OperatorDesk implements Savable<DeskState> {
  readonly #parts: DeskParts;
  /** Why the operator holds a campaign, by slot. */
  readonly #held = new Map<number, string>();
  /** Slots of the campaigns that the operator ended. */
  readonly #ended = new Set<number>();
  /** Platforms that the operator keeps closed. */
  readonly #closed = new Set<number>();
  #ordersDone = 0;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  save(): DeskState {
    return { held: this.#held, ended: this.#ended, closed: this.#closed, ordersDone: this.#ordersDone };
  }

  restore({ held, ended, closed, ordersDone }: DeskState): void {
    for (const [slot, why] of held) this.#held.set(slot, why);
    for (const slot of ended) this.#ended.add(slot);
    for (const platform of closed) this.#closed.add(platform);
    this.#ordersDone = ordersDone;
  }

  /** Why a campaign is held, or null. */
  heldBecause(slot: number): string | null {
    return this.#held.get(slot) ?? null;
  }

  /** Whether a platform is kept closed (E10). */
  isClosed(platform: number): boolean {
    return this.#closed.has(platform);
  }

  /** Adds to a campaign's budget and tells it. @throws EngineError CE_LEDGER_REFUSED for what is no amount of money */
  topUp(slot: number, micros: number, why: string): void {
    const { ledger, roll, announcer } = this.#parts;
    ledger.topUp(slot, micros);
    announcer.emit({ type: "budget.toppedUp", ...announcer.at(), slot, micros, why });
    roll.tell(slot, { type: "budget.toppedUp", micros }, why);
  }

  /** Holds a campaign: no evaluation until {@link release}d. */
  hold(slot: number, why: string): void {
    const { roll, announcer } = this.#parts;
    this.#held.set(slot, why);
    announcer.emit({ type: "campaign.held", ...announcer.at(), slot, why });
    roll.tell(slot, { type: "hold", why }, why);
  }

  /** Lets a held or quarantined campaign go on, with a clean record. One of a portfolio that was given up stays stopped. */
  release(slot: number, why: string): void {
    const { roll, tree, announcer } = this.#parts;
    this.#held.delete(slot);
    announcer.emit({ type: "campaign.released", ...announcer.at(), slot, why });
    roll.tell(slot, { type: "resume" }, why);
    tree.release(slot);
  }

  /** Carries out what the scenario's operator orders up to a tick. */
  carryOut(tick: number): void {
    const { orders } = this.#parts;
    for (; this.#ordersDone < orders.length && orders[this.#ordersDone].tick <= tick; this.#ordersDone += 1) {
      const { slots, kind, micros, why } = orders[this.#ordersDone];
      for (const slot of slots) {
        if (kind === "hold") this.hold(slot, why);
        else if (kind === "release") this.release(slot, why);
        else this.topUp(slot, micros, why);
      }
    }
  }

  /**
   * Carries out an order and puts it on record. Returns the slot of the campaign that it was about, or null.
   * @throws EngineError CE_ORDER_REFUSED when it cannot be carried out; then nothing has changed
   */
  obey(order: OperatorOrder, signature: Signature): number | null {
    const { tree, feed, announcer, tellFacts } = this.#parts;
    const { why } = signature;
    let slot = "slot" in order ? order.slot : null;
    if (slot !== null) this.#assertOrderable(slot);
    switch (order.action) {
      case "campaign.create":
        slot = this.#create(order.campaign);
        break;
      case "campaign.pause":
        this.hold(order.slot, why);
        break;
      case "campaign.resume":
        this.release(order.slot, why);
        break;
      case "campaign.end":
        this.hold(order.slot, why);
        this.#ended.add(order.slot);
        break;
      case "campaign.top-up":
        this.topUp(order.slot, order.micros, why);
        break;
      case "platform.close":
        this.#closed.add(order.platform);
        feed.setHealth(order.platform, Health.down);
        break;
      case "platform.open":
        this.#closed.delete(order.platform);
        break;
      case "engine.pause":
        tree.pause(why);
        break;
      case "engine.resume":
        tree.resume();
        break;
    }
    tellFacts();
    const platform = "platform" in order ? order.platform : null;
    const micros = "micros" in order ? order.micros : null;
    const { action } = order;
    announcer.emit({ type: "operator.acted", ...announcer.at(), action, slot, platform, micros, ...signature });
    return slot;
  }

  #assertOrderable(slot: number): void {
    const { campaigns } = this.#parts.roll;
    if (campaigns[slot] === undefined) throw refused(`There is no campaign in slot ${slot}.`);
    if (this.#ended.has(slot)) throw refused(`Campaign ${campaigns[slot].id} has been ended.`);
  }

  #create(spec: CampaignSpec): number {
    const { roll, tree, feed, announcer } = this.#parts;
    const { id, forecaster, flight } = spec;
    if (roll.campaigns.some((other) => other.id === id)) throw refused(`There is a campaign ${id} already.`);
    if (!feed.boards.has(forecaster)) throw refused(`The forecaster ${forecaster} does not run here.`);
    if (flight.endTick <= announcer.nextTick) throw refused(`The flight of campaign ${id} is over.`);
    const slot = roll.campaigns.length;
    if (!tree.add(spec, slot)) throw refused(`The portfolio ${spec.portfolio} does not run here.`);
    roll.add(spec);
    return slot;
  }
}

function refused(message: string): EngineError {
  return new EngineError("CE_ORDER_REFUSED", message);
}
