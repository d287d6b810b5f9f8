/** The last known state of every campaign, as a column by slot. */
import { CAMPAIGN_STATES } from "../core/events.ts";
import type { CampaignState } from "../core/events.ts";
import type { Savable } from "../core/saved.ts";

/** True for the states in which bids may be out. */
export function isBidding(state: CampaignState): boolean {
  return state === "bidding" || state === "fallback";
}

const EXHAUSTED = CAMPAIGN_STATES.indexOf("exhausted");

/** States by slot. A campaign without a live actor keeps the state that it was last seen in. */
export class CampaignStates implements Savable<Uint8Array> {
  /** Indices into {@link CAMPAIGN_STATES}. */
  #codes: Uint8Array;

  constructor(campaigns: number) {
    this.#codes = new Uint8Array(campaigns);
  }

  save(): Uint8Array {
    return this.#codes;
  }

  restore(codes: Uint8Array): void {
    this.#codes = codes.slice();
  }

  get length(): number {
    return this.#codes.length;
  }

  /** Makes room for one more campaign, idle. */
  add(): void {
    const longer = new Uint8Array(this.#codes.length + 1);
    longer.set(this.#codes);
    this.#codes = longer;
  }

  of(slot: number): CampaignState {
    return CAMPAIGN_STATES[this.#codes[slot]];
  }

  /** True where bids may be out. */
  isOut(slot: number): boolean {
    return isBidding(this.of(slot));
  }

  /** False where a tick would be ignored: the campaign is exhausted (C4). */
  hearsTicks(slot: number): boolean {
    return this.#codes[slot] !== EXHAUSTED;
  }

  /** Notes a state and returns the one before. */
  set(slot: number, state: CampaignState): CampaignState {
    const from = this.of(slot);
    if (from !== state) this.#codes[slot] = CAMPAIGN_STATES.indexOf(state);
    return from;
  }

  /** Number of campaigns in each state, in the order of {@link CAMPAIGN_STATES}. */
  counts(): number[] {
    const counts = CAMPAIGN_STATES.map(() => 0);
    for (const code of this.#codes) counts[code] += 1;
    return counts;
  }
}
