/**
 * What crosses between threads in shared memory, as columns by slot: balances to the campaigns, answers and decisions from them.
 *
 * CO1 each cell has one writer: balances the engine's thread, answers the thread that the campaign lives in; CO2 the other side reads only
 * what has been published (`control.ts`), never what is being written; CO3 a decision comes out as it went in.
 */
import { BINDINGS, DecisionDraft, KINDS, REASONS, VERDICTS } from "../../core/decision.ts";
import type { Decision } from "../../core/decision.ts";
import { CAMPAIGN_STATES } from "../../core/events.ts";
import type { CampaignState } from "../../core/events.ts";
import type { AccountView } from "../../core/policy/policy.ts";

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
  readonly balances: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** Makes the columns of so many campaigns. */
export function shareColumns(capacity: number, platforms: number): SharedColumns {
  const bytes = capacity * Float64Array.BYTES_PER_ELEMENT;
  return {
    capacity,
    platforms,
    balances: new SharedArrayBuffer(bytes * LINE),
    answers: new SharedArrayBuffer(bytes * stride(platforms)),
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

/** Balances by slot, as of the beginning of a round. */
export class Balances {
  readonly #cells: Float64Array;
  readonly #views: AccountView[] = [];

  constructor({ balances }: SharedColumns) {
    this.#cells = new Float64Array(balances);
  }

  /** Copies a campaign's balances in; `isOut`: whether bids may be out, `isDue`: whether it is to hear of the tick. */
  write(slot: number, account: AccountView, isOut: boolean, isDue = true): void {
    const at = slot * LINE;
    this.#cells[at] = account.budgetMicros;
    this.#cells[at + 1] = account.spentMicros;
    this.#cells[at + 2] = account.reservedMicros;
    this.#cells[at + 3] = account.availableMicros;
    this.#cells[at + 4] = account.isDailyBound ? 1 : 0;
    this.#cells[at + 5] = isOut ? 1 : 0;
    this.#cells[at + 6] = isDue ? 1 : 0;
  }

  view(slot: number): AccountView {
    this.#views[slot] ??= new SharedAccount(this.#cells, slot * LINE);
    return this.#views[slot];
  }

  isOut(slot: number): boolean {
    return this.#cells[slot * LINE + 5] === 1;
  }

  isDue(slot: number): boolean {
    return this.#cells[slot * LINE + 6] === 1;
  }
}

class SharedAccount implements AccountView {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  get budgetMicros(): number {
    return this.#cells[this.#at];
  }

  get spentMicros(): number {
    return this.#cells[this.#at + 1];
  }

  get reservedMicros(): number {
    return this.#cells[this.#at + 2];
  }

  get availableMicros(): number {
    return this.#cells[this.#at + 3];
  }

  get isDailyBound(): boolean {
    return this.#cells[this.#at + 4] === 1;
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
