/**
 * What crosses between threads in shared memory, as columns by slot: whom a round is about, and answers and decisions from them. Balances are read where they
 * stand, in the ledger's own rows.
 *
 * CO1 each cell has one writer: calls and accounts the engine's thread, answers the thread that the campaign lives in; CO2 the other side reads only
 * what has been published (`control.ts`), never what is being written: a campaign's account stays as it is from the beginning of a round to its answer; CO3 a decision
 * comes out as it went in.
 */
import { BINDINGS, DecisionDraft, KINDS, REASONS, VERDICTS } from "../../core/decision.ts";
import type { Decision } from "../../core/decision.ts";
import { CAMPAIGN_STATES } from "../../core/events.ts";
import type { CampaignState } from "../../core/events.ts";

/** Cells of a cache line: rows begin on one, so that threads do not slow each other down. */
const LINE = 8;
const HEADER = 7;
const PER_CANDIDATE = 9;
const NOBODY = -1;
const REASON_NAMES = Object.keys(REASONS) as Decision["reason"][];

/** The memory itself. */
export interface SharedColumns {
  /** Campaigns that there is room for. */
  readonly capacity: number;
  readonly platforms: number;
  readonly calls: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** Makes the columns of so many campaigns. */
export function shareColumns(capacity: number, platforms: number): SharedColumns {
  return {
    capacity,
    platforms,
    calls: new SharedArrayBuffer(capacity),
    answers: new SharedArrayBuffer(capacity * stride(platforms) * Float64Array.BYTES_PER_ELEMENT),
  };
}

function stride(platforms: number): number {
  return Math.ceil((HEADER + PER_CANDIDATE * platforms) / LINE) * LINE;
}

/** A state as a number; -1 for nobody. */
export function codeOf(state: CampaignState | null): number {
  return state === null ? NOBODY : CAMPAIGN_STATES.indexOf(state);
}

/** The state of a number; null for nobody. */
export function stateOf(code: number): CampaignState | null {
  return code === NOBODY ? null : CAMPAIGN_STATES[code];
}

/** What a round is to a campaign: bits. */
const IS_OUT = 1;
const IS_DUE = 2;

/** What a round is to each campaign, by slot. */
export class Calls {
  readonly #bits: Uint8Array;

  constructor({ calls }: SharedColumns) {
    this.#bits = new Uint8Array(calls);
  }

  /** `isOut`: whether bids may be out, `isDue`: whether it is to hear of the tick. */
  write(slot: number, isOut: boolean, isDue: boolean): void {
    this.#bits[slot] = (isOut ? IS_OUT : 0) | (isDue ? IS_DUE : 0);
  }

  isOut(slot: number): boolean {
    return (this.#bits[slot] & IS_OUT) !== 0;
  }

  isDue(slot: number): boolean {
    return (this.#bits[slot] & IS_DUE) !== 0;
  }
}

/** What campaigns answered in a round, by slot: their state, and their decision where they made one. */
export class Answers {
  readonly #cells: Float64Array;
  readonly #stride: number;

  constructor({ answers, platforms }: SharedColumns) {
    this.#cells = new Float64Array(answers);
    this.#stride = stride(platforms);
  }

  /** @param state null where the campaign has no live actor. @param decision null where it did not evaluate */
  write(slot: number, state: CampaignState | null, decision: Decision | null): void {
    const cells = this.#cells;
    let at = slot * this.#stride;
    cells[at] = codeOf(state);
    cells[at + 6] = NOBODY;
    if (decision === null) return;
    cells[at + 1] = decision.tick;
    cells[at + 2] = KINDS.indexOf(decision.kind);
    cells[at + 3] = REASON_NAMES.indexOf(decision.reason);
    cells[at + 4] = BINDINGS.indexOf(decision.binding);
    cells[at + 5] = decision.gammaMicros;
    cells[at + 6] = decision.candidates.length;
    at += HEADER;
    for (const candidate of decision.candidates) {
      cells[at] = candidate.platform;
      cells[at + 1] = candidate.cvr;
      cells[at + 2] = candidate.cvrRelSd;
      cells[at + 3] = candidate.cpcMicros;
      cells[at + 4] = candidate.roiMicros;
      cells[at + 5] = candidate.marginalMicros;
      cells[at + 6] = candidate.bidMicros;
      cells[at + 7] = candidate.capMicros;
      cells[at + 8] = VERDICTS.indexOf(candidate.verdict);
      at += PER_CANDIDATE;
    }
  }

  /** The state of a campaign; null where nobody answered. */
  state(slot: number): CampaignState | null {
    return stateOf(this.#cells[slot * this.#stride]);
  }

  /** The decision of a campaign, in a draft or anew; null where it made none. */
  decision(slot: number, draft: DecisionDraft | null = null): Decision | null {
    const cells = this.#cells;
    const at = slot * this.#stride;
    const length = cells[at + 6];
    if (length === NOBODY) return null;
    const decision = draft ?? new DecisionDraft(length);
    decision.tick = cells[at + 1];
    decision.kind = KINDS[cells[at + 2]];
    decision.reason = REASON_NAMES[cells[at + 3]];
    decision.binding = BINDINGS[cells[at + 4]];
    decision.gammaMicros = cells[at + 5];
    decision.resize(length);
    for (let i = 0, from = at + HEADER; i < length; i += 1, from += PER_CANDIDATE) {
      const candidate = decision.candidates[i];
      candidate.platform = cells[from];
      candidate.cvr = cells[from + 1];
      candidate.cvrRelSd = cells[from + 2];
      candidate.cpcMicros = cells[from + 3];
      candidate.roiMicros = cells[from + 4];
      candidate.marginalMicros = cells[from + 5];
      candidate.bidMicros = cells[from + 6];
      candidate.capMicros = cells[from + 7];
      candidate.verdict = VERDICTS[cells[from + 8]];
    }
    return decision;
  }
}
