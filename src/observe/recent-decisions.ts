/**
 * The decisions of late: the newest of all campaigns, and a ring for each campaign that is as long as memory allows.
 *
 * RD1 memory is bounded whatever runs; RD2 decisions are kept as they were made: policies replace them and never change them.
 */
import type { DecisionMade, CampaignState } from "../core/events.ts";
import { REASONS } from "../core/decision.ts";
import type { Decision } from "../core/decision.ts";
import type { DecisionFrame } from "./frames.ts";

/** Newest decisions of all campaigns that are kept. */
export const RECENT_DECISIONS = 2_000;
/** Decisions kept for each watched campaign. */
export const WATCHED_DECISIONS = 100;
const MOST_WATCHED = 32;
/** Decisions kept for all campaigns that nobody watches, together. */
const UNWATCHED_DECISIONS = 20_000;

/** A decision as it is kept; shown as a {@link DecisionFrame} only when asked for. */
interface Kept {
  readonly id: number;
  readonly slot: number;
  readonly tick: number;
  readonly timeMs: number;
  readonly from: CampaignState;
  readonly state: CampaignState;
  readonly decision: Decision;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  readonly availableMicros: number;
}

/** The last few of many things. */
export class Ring<Item> {
  readonly #items: Item[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** The newest, or undefined. */
  last(): Item | undefined {
    return this.#items[(this.#next + this.#items.length - 1) % Math.max(1, this.#items.length)];
  }

  /** Oldest first. */
  *[Symbol.iterator](): Generator<Item> {
    const { length } = this.#items;
    const oldest = length < this.#capacity ? 0 : this.#next;
    for (let i = 0; i < length; i += 1) yield this.#items[(oldest + i) % length];
  }
}

/** Keeps decisions for pages and streams. */
export class RecentDecisions {
  readonly #all = new Ring<Kept>(RECENT_DECISIONS);
  readonly #bySlot: Ring<Kept>[] = [];
  /** Slots by when they were last looked at, the longest ago first. */
  readonly #watched = new Set<number>();
  readonly #campaignId: (slot: number) => string;
  readonly #platformId: (platform: number) => string;
  #unwatchedLength = 1;
  #lastId = 0;

  constructor(campaignId: (slot: number) => string, platformId: (platform: number) => string, campaigns: number) {
    this.#campaignId = campaignId;
    this.#platformId = platformId;
    this.#unwatchedLength = Math.min(50, Math.max(1, Math.floor(UNWATCHED_DECISIONS / Math.max(1, campaigns))));
  }

  /** Goes on counting after an id: of decisions that are not kept any more. */
  countFrom(lastId: number): void {
    this.#lastId = lastId;
  }

  /** Id of the newest decision; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  add({ slot, tick, timeMs, from, state, decision, account }: DecisionMade): void {
    const { spentMicros, reservedMicros, availableMicros } = account;
    this.#lastId += 1;
    const id = this.#lastId;
    const kept = { id, slot, tick, timeMs, from, state, decision, spentMicros, reservedMicros, availableMicros };
    this.#all.push(kept);
    this.#ring(slot).push(kept);
  }

  /** The last decision of a campaign, or null. */
  last(slot: number): Decision | null {
    return this.#bySlot[slot]?.last()?.decision ?? null;
  }

  /** A campaign's decisions, newest first; from now on more of them are kept. */
  of(slot: number): DecisionFrame[] {
    this.#watch(slot);
    return [...this.#ring(slot)].toReversed().map((kept) => this.#shown(kept));
  }

  /** Decisions of all campaigns with an id above `afterId`, oldest first, at most `limit`. */
  after(afterId: number, limit: number): DecisionFrame[] {
    const shown: DecisionFrame[] = [];
    for (const kept of this.#all) {
      if (shown.length === limit) break;
      if (kept.id > afterId) shown.push(this.#shown(kept));
    }
    return shown;
  }

  #ring(slot: number): Ring<Kept> {
    this.#bySlot[slot] ??= new Ring<Kept>(this.#unwatchedLength);
    return this.#bySlot[slot];
  }

  #watch(slot: number): void {
    if (this.#watched.delete(slot)) {
      this.#watched.add(slot);
      return;
    }
    this.#watched.add(slot);
    this.#resize(slot, WATCHED_DECISIONS);
    const [longestAgo] = this.#watched;
    if (this.#watched.size <= MOST_WATCHED) return;
    this.#watched.delete(longestAgo);
    this.#resize(longestAgo, this.#unwatchedLength);
  }

  #resize(slot: number, capacity: number): void {
    const longer = new Ring<Kept>(capacity);
    for (const kept of this.#ring(slot)) longer.push(kept);
    this.#bySlot[slot] = longer;
  }

  #shown({ slot, decision, ...rest }: Kept): DecisionFrame {
    const { reason, binding, gammaMicros, candidates } = decision;
    return {
      ...rest,
      campaign: this.#campaignId(slot),
      reason,
      why: REASONS[reason],
      binding,
      gammaMicros,
      candidates: candidates.map(({ platform, verdict, cvr, cvrRelSd, cpcMicros, roiMicros, bidMicros, capMicros }) => {
        return {
          platform: this.#platformId(platform),
          verdict,
          cvr,
          cvrRelSd,
          cpcMicros,
          roiMicros,
          bidMicros,
          capMicros,
        };
      }),
    };
  }
}
