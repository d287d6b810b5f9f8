/**
 * The decision round: every campaign's tick, its money reserved, its bids in the platforms' batches.
 *
 * E1 a campaign bids only what the ledger has reserved; E10 nothing is bid on a closed platform, whatever a policy says.
 */
import { reservationMicros } from "../core/decision.ts";
import type { Decision } from "../core/decision.ts";
import type { CampaignState } from "../core/events.ts";
import type { ForecastBoard } from "../core/forecast/board.ts";
import type { Ledger } from "../core/ledger.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { BidBatch } from "../core/reports.ts";
import type { ReportBatch } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import type { Announcer } from "./announcer.ts";
import type { Bookkeeping } from "./bookkeeping.ts";
import type { CampaignActors, Heard, Pieces } from "./campaign-actors.ts";
import type { CampaignStates } from "./campaign-states.ts";
import type { LoadShedding } from "./load-shedding.ts";
import type { CampaignRoll } from "./roll.ts";

/** What a decision round is made of. */
export interface BiddingParts {
  readonly platforms: readonly PlatformSpec[];
  readonly boards: ReadonlyMap<string, ForecastBoard>;
  readonly ledger: Ledger;
  readonly books: Bookkeeping;
  readonly roll: CampaignRoll;
  readonly states: CampaignStates;
  readonly actors: CampaignActors;
  /** Passes campaigns over under overload; null: never. */
  readonly load: LoadShedding | null;
  readonly announcer: Announcer;
  /** Whether the operator keeps a platform closed. */
  readonly isClosed: (platform: number) => boolean;
}

/** Plays decision rounds. */
export class Bidding {
  /** By platform: the bids of the last round. */
  readonly batches: readonly BidBatch[];
  readonly #parts: BiddingParts;

  constructor(parts: BiddingParts) {
    this.#parts = parts;
    this.batches = parts.platforms.map((_, platform) => new BidBatch(platform, parts.states.length));
  }

  /** Empties the batches for a new tick. */
  clear(tick: number): void {
    for (const batch of this.batches) batch.clear(tick);
  }

  /** Its reports and one shared tick to every campaign (E3); returns the number of decisions. */
  *decideAll(batch: ReportBatch, world: World): Pieces<number> {
    const { actors, states, roll, load, announcer } = this.#parts;
    const { wantsDecisions } = announcer;
    let decisions = 0;
    load?.prepare(world.tick);
    const isDue = (slot: number) => load === null || load.isDue(slot, world.tick);
    const heard: Heard = (slot, state) => roll.noteHeard(slot, "reports", state, "reports");
    yield* actors.decide(batch, world, isDue, heard, (slot, state, decision) => {
      if (decision === null) {
        roll.change(slot, state, "flight over or held");
        return;
      }
      const from = states.set(slot, state);
      this.#commit(slot, decision);
      decisions += 1;
      if (wantsDecisions) this.#announce(slot, from, state, decision);
    });
    return decisions;
  }

  /** Reserves the money of a decision and puts its bids into the platforms' batches (E1). */
  #commit(slot: number, decision: Decision): void {
    const { platforms, books, isClosed } = this.#parts;
    for (const { platform, bidMicros, capMicros } of decision.candidates) {
      if (capMicros === 0 || isClosed(platform)) continue;
      const { overDeliveryFactor } = platforms[platform];
      books.reserve(slot, decision.tick, platform, reservationMicros(capMicros, overDeliveryFactor));
      this.batches[platform].push(slot, bidMicros, capMicros);
    }
  }

  #announce(slot: number, from: CampaignState, state: CampaignState, decision: Decision): void {
    const { roll, boards, ledger, announcer } = this.#parts;
    const campaign = roll.campaigns[slot];
    const board = boards.get(campaign.forecaster)!;
    const account = ledger.view(slot);
    const { tick, timeMs } = announcer.at(decision.tick);
    announcer.emit({ type: "decision", tick, timeMs, slot, campaign, from, state, decision, account, board });
  }
}
