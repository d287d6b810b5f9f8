/** What the live view keeps of each campaign: its shown state with its history, and what it bought. Balances are read from the ledger. */

import type { CampaignState, EngineStarted, ReportsBooked } from "../core/events.ts";
import type { Savable } from "../core/saved.ts";
import { MOSAIC_ALPHABET, SHOWN_STATES } from "./frames.ts";
import type { CampaignRow, MoneyFrame, PlatformShare, ShownState, StateChange } from "./frames.ts";
import type { RecentDecisions } from "./recent-decisions.ts";
import { Ring } from "./recent-decisions.ts";
import { TrafficShare } from "./traffic-share.ts";

/** Changes of state kept of each campaign. */
const HISTORY_LENGTH = 64;

/** What keeps a campaign from running, and since when it is shown so. */
type Obstacle = "quarantined" | "paused" | "ended";

class LiveCampaign {
  state: CampaignState = "idle";
  obstacle: Obstacle | null = null;
  heldBecause: string | null = null;
  history: Ring<StateChange> | null = null;
  impressions = 0;
  clicks = 0;
  conversions = 0;
  restarts = 0;
  /** By platform: what was spent, clicked, converted. */
  readonly spentByPlatform: Float64Array;
  readonly clicksByPlatform: Float64Array;
  readonly conversionsByPlatform: Float64Array;

  constructor(platforms: number) {
    this.spentByPlatform = new Float64Array(platforms);
    this.clicksByPlatform = new Float64Array(platforms);
    this.conversionsByPlatform = new Float64Array(platforms);
  }

  get shown(): ShownState {
    return this.obstacle ?? this.state;
  }
}

/** A campaign as it is shown, with its history in a list. */
type LiveCampaignState = Omit<LiveCampaign, "history" | "shown"> & { readonly history: readonly StateChange[] | null };

/** What is shown of all campaigns, by slot, and the traffic that their plans follow. */
export interface LiveCampaignsState {
  readonly rows: readonly LiveCampaignState[];
  readonly traffic: Float64Array;
}

/** All campaigns of a run, by slot. */
export class LiveCampaigns implements Savable<LiveCampaignsState> {
  /** The traffic that the plans follow. */
  readonly traffic = new TrafficShare();
  readonly #started: EngineStarted;
  readonly #rows: LiveCampaign[] = [];
  readonly #slots = new Map<string, number>();

  constructor(started: EngineStarted) {
    this.#started = started;
    for (const spec of started.campaigns) this.add(spec.id);
  }

  get size(): number {
    return this.#rows.length;
  }

  add(id: string): void {
    this.#slots.set(id, this.#rows.length);
    this.#rows.push(new LiveCampaign(this.#started.platforms.length));
  }

  save(): LiveCampaignsState {
    const rows = this.#rows.map(({ history, ...rest }) => ({
      ...rest,
      history: history === null ? null : [...history],
    }));
    return { rows, traffic: this.traffic.save() };
  }

  restore({ rows, traffic }: LiveCampaignsState): void {
    for (const [slot, { history, ...rest }] of rows.entries()) {
      const row = Object.assign(this.#rows[slot], rest);
      row.history = history === null ? null : new Ring<StateChange>(HISTORY_LENGTH);
      for (const change of history ?? []) row.history?.push(change);
    }
    this.traffic.restore(traffic);
  }

  /** The slot of an id, or null. */
  slotOf(id: string): number | null {
    return this.#slots.get(id) ?? null;
  }

  enter(slot: number, state: CampaignState, tick: number): void {
    const row = this.#rows[slot];
    if (row.state === state) return;
    row.state = state;
    if (row.obstacle === null) note(row, tick);
  }

  /** Notes what keeps a campaign from running, or with null that nothing does any more. What is ended stays ended. */
  hinder(slot: number, obstacle: Obstacle | null, why: string | null, tick: number): void {
    const row = this.#rows[slot];
    if (row.obstacle === "ended") return;
    row.obstacle = obstacle;
    row.heldBecause = why;
    note(row, tick);
  }

  /** A portfolio was restarted: none of its campaigns is in quarantine any more. */
  free(supervisor: string, tick: number): void {
    for (const slot of this.#membersOf(supervisor)) {
      if (this.#rows[slot].obstacle === "quarantined") this.hinder(slot, null, null, tick);
    }
  }

  /** A portfolio was given up: nobody runs its campaigns. */
  abandon(supervisor: string, why: string, tick: number): void {
    for (const slot of this.#membersOf(supervisor)) this.hinder(slot, "quarantined", why, tick);
  }

  restarted(slot: number): void {
    this.#rows[slot].restarts += 1;
  }

  booked({ batch, bookedMicros }: ReportsBooked): void {
    for (let i = 0; i < batch.length; i += 1) {
      const row = this.#rows[batch.campaign[i]];
      row.impressions += batch.impressions[i];
      row.clicks += batch.clicks[i];
      row.conversions += batch.conversions[i];
      const platform = batch.platform[i];
      row.spentByPlatform[platform] += bookedMicros[i];
      row.clicksByPlatform[platform] += batch.clicks[i];
      row.conversionsByPlatform[platform] += batch.conversions[i];
    }
  }

  /** Money booked without a report: of a reservation that expired. */
  charged(slot: number, platform: number, micros: number): void {
    this.#rows[slot].spentByPlatform[platform] += micros;
  }

  counts(): Record<ShownState, number> {
    const counts = Object.fromEntries(SHOWN_STATES.map((state) => [state, 0])) as Record<ShownState, number>;
    for (const row of this.#rows) counts[row.shown] += 1;
    return counts;
  }

  /** All money together, as of the beginning of `tick`. */
  money(tick: number): MoneyFrame {
    let [budgetMicros, spentMicros, reservedMicros, planMicros] = [0, 0, 0, 0];
    for (let slot = 0; slot < this.#rows.length; slot += 1) {
      const account = this.#started.ledger.view(slot);
      budgetMicros += account.budgetMicros;
      spentMicros += account.spentMicros;
      reservedMicros += account.reservedMicros;
      planMicros += this.planMicros(slot, tick);
    }
    return { budgetMicros, spentMicros, reservedMicros, planMicros, pace: ratio(spentMicros, planMicros) };
  }

  mosaic(): string {
    const codes = new Map<ShownState, number>(SHOWN_STATES.map((state, code) => [state, code]));
    let text = "";
    for (const [slot, row] of this.#rows.entries()) {
      const { limitMicros, usedMicros } = this.#limit(slot);
      const eighths = Math.min(7, Math.floor((8 * usedMicros) / Math.max(1, limitMicros)));
      text += MOSAIC_ALPHABET[8 * codes.get(row.shown)! + eighths];
    }
    return text;
  }

  row(slot: number, tick: number, decisions: RecentDecisions): CampaignRow {
    const { id, portfolio, policy } = this.#started.campaigns[slot];
    const { budgetMicros, spentMicros, reservedMicros } = this.#started.ledger.view(slot);
    const { shown, impressions, clicks, conversions, restarts } = this.#rows[slot];
    const planMicros = this.planMicros(slot, tick);
    const { limitMicros, usedMicros } = this.#limit(slot);
    return {
      id,
      slot,
      portfolio,
      policy,
      state: shown,
      budgetMicros,
      spentMicros,
      reservedMicros,
      planMicros,
      pace: ratio(spentMicros, planMicros),
      limitMicros,
      usedMicros,
      impressions,
      clicks,
      conversions,
      cpaMicros: ratio(spentMicros, conversions),
      restarts,
      reason: decisions.last(slot)?.reason ?? null,
    };
  }

  /** What a page about one campaign shows beside its row. */
  past(slot: number): { heldBecause: string | null; byPlatform: PlatformShare[]; history: StateChange[] } {
    const { heldBecause, spentByPlatform, clicksByPlatform, conversionsByPlatform, history } = this.#rows[slot];
    const valueMicros = this.#started.campaigns[slot].valuePerConversionMicros;
    const byPlatform = this.#started.platforms.map(({ id }, at) => {
      const [spentMicros, clicks, conversions] = [spentByPlatform[at], clicksByPlatform[at], conversionsByPlatform[at]];
      const roiMicros = ratio(conversions * valueMicros - spentMicros, clicks);
      return { platform: id, spentMicros, clicks, conversions, roiMicros };
    });
    return { heldBecause, byPlatform, history: history === null ? [] : [...history] };
  }

  shown(slot: number): ShownState {
    return this.#rows[slot].shown;
  }

  /** The budget that binds, the whole or the day's, and what of it is spent or reserved. */
  #limit(slot: number): { limitMicros: number; usedMicros: number } {
    const { dailyBudgetMicros } = this.#started.campaigns[slot];
    const { budgetMicros, availableMicros, isDailyBound } = this.#started.ledger.view(slot);
    const limitMicros = isDailyBound && dailyBudgetMicros !== null ? dailyBudgetMicros : budgetMicros;
    return { limitMicros, usedMicros: Math.max(0, limitMicros - availableMicros) };
  }

  /** Slots under a portfolio's actor id; none under that of a platform. */
  #membersOf(supervisor: string): number[] {
    const { campaigns } = this.#started;
    return [...campaigns.keys()].filter((slot) => `portfolio:${campaigns[slot].portfolio}` === supervisor);
  }

  /** What would be spent before `tick` if the budget went as the traffic comes. */
  planMicros(slot: number, tick: number): number {
    const { startTick, endTick } = this.#started.campaigns[slot].flight;
    return Math.round(this.#started.ledger.view(slot).budgetMicros * this.traffic.share(startTick, endTick, tick));
  }
}

function note(row: LiveCampaign, tick: number): void {
  // `evaluating` is left in the step that enters it.
  if (row.shown === "evaluating") return;
  row.history ??= new Ring<StateChange>(HISTORY_LENGTH);
  if (row.history.last()?.state !== row.shown) row.history.push({ tick, state: row.shown });
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
