/** The narration of a trial: what happened tick by tick in plain words, like decisions of one campaign drawn together. */
import { REASONS } from "../core/decision.ts";
import type { DecisionMade, EngineEvent, EngineObserver, EngineStarted } from "../core/events.ts";
import { formatMoney } from "../core/money.ts";
import { TRIAL_ORDER } from "./disturbance.ts";
import type { TrialEvent } from "./disturbance.ts";

/** One line of a story. */
export interface StoryLine {
  readonly fromTick: number;
  readonly toTick: number;
  /** True for what was done to the engine, false for what it made of it. */
  readonly isEvent: boolean;
  readonly text: string;
}

/** A stretch of alike decisions of one campaign. */
interface Stretch {
  readonly key: string;
  readonly fromTick: number;
  toTick: number;
  highestMicros: number;
  spentMicros: number;
  budgetMicros: number;
  /** Bid on in at least one of its ticks. */
  readonly platforms: Set<number>;
  readonly about: DecisionMade;
}

/** Narrates one trial about some campaigns. */
export class Narration implements EngineObserver {
  readonly #campaigns: ReadonlySet<string>;
  readonly #lines: StoryLine[] = [];
  readonly #stretches = new Map<number, Stretch>();
  #started: EngineStarted | null = null;

  /** @param campaigns ids of those that the story is about */
  constructor(campaigns: ReadonlySet<string>) {
    this.#campaigns = campaigns;
  }

  /** The lines, in the order of their beginning. */
  get lines(): readonly StoryLine[] {
    this.#closeAll();
    return this.#lines.toSorted((a, b) => a.fromTick - b.fromTick || Number(b.isEvent) - Number(a.isEvent));
  }

  /** Something was done to the engine. */
  tell(event: TrialEvent, tick: number): void {
    const text = this.#eventText(event);
    if (text === null) return;
    this.#closeAll();
    this.#lines.push({ fromTick: tick, toTick: tick, isEvent: true, text });
  }

  observe(event: EngineEvent): void {
    if (event.type === "engine.started") this.#started = event;
    else if (event.type === "decision") this.#decide(event);
    else {
      const text = this.#factText(event);
      if (text === null) return;
      const slot = "slot" in event ? (event.slot ?? undefined) : undefined;
      const id = slot === undefined ? null : (this.#started?.campaigns[slot].id ?? null);
      if (id !== null && !this.#campaigns.has(id)) return;
      if (slot !== undefined) this.#close(slot);
      this.#add(event.tick, event.tick, id === null ? text : `${id} ${text}`);
    }
  }

  #decide(event: DecisionMade): void {
    const { slot, campaign, state, decision, account, tick } = event;
    if (!this.#campaigns.has(campaign.id)) return;
    const bids = decision.candidates.filter(({ bidMicros }) => bidMicros > 0);
    const key = `${state} ${decision.reason} ${bids.length > 0}`;
    const highestMicros = Math.max(0, ...bids.map(({ bidMicros }) => bidMicros));
    const before = this.#stretches.get(slot);
    const { spentMicros, budgetMicros } = account;
    if (before?.key === key && before.toTick === tick - 1) {
      before.toTick = tick;
      before.highestMicros = Math.max(before.highestMicros, highestMicros);
      before.spentMicros = spentMicros;
      before.budgetMicros = budgetMicros;
      for (const { platform } of bids) before.platforms.add(platform);
      return;
    }
    this.#close(slot);
    this.#stretches.set(slot, {
      key,
      fromTick: tick,
      toTick: tick,
      highestMicros,
      spentMicros,
      budgetMicros,
      platforms: new Set(bids.map(({ platform }) => platform)),
      about: event,
    });
  }

  #closeAll(): void {
    for (const slot of this.#stretches.keys()) this.#close(slot);
  }

  #close(slot: number): void {
    const stretch = this.#stretches.get(slot);
    if (stretch === undefined) return;
    this.#stretches.delete(slot);
    const { fromTick, toTick, highestMicros, spentMicros, budgetMicros, about } = stretch;
    const { campaign, decision, state } = about;
    const platforms = [...stretch.platforms].sort((a, b) => a - b).map((platform) => this.#platformId(platform));
    const money = `spent ${this.#money(spentMicros)} of ${this.#money(budgetMicros)}`;
    // Bids speak for themselves; everything else needs its reason.
    const what =
      platforms.length === 0
        ? (REASONS[decision.reason] ?? decision.reason)
        : `up to ${this.#money(highestMicros, 4)} a click on ${listed(platforms)}`;
    this.#add(fromTick, toTick, `${campaign.id} is ${state}: ${what}; ${money}`);
  }

  #add(fromTick: number, toTick: number, text: string): void {
    this.#lines.push({ fromTick, toTick, isEvent: false, text });
  }

  #factText(event: EngineEvent): string | null {
    switch (event.type) {
      case "campaign.changed":
        return event.from === "exhausted" || event.state === "exhausted"
          ? `goes from ${event.from} to ${event.state}: ${event.why}`
          : null;
      case "campaign.restarted":
        return `is restarted after: ${event.error}`;
      case "campaign.quarantined":
        return `is put into quarantine after: ${event.error}`;
      case "campaign.held":
        return event.why === TRIAL_ORDER ? null : `is held by the operator: ${event.why}`;
      case "campaign.released":
        return event.why === TRIAL_ORDER ? null : `is released by the operator: ${event.why}`;
      case "budget.toppedUp":
        return event.why === TRIAL_ORDER ? null : `is topped up by ${this.#money(event.micros)}: ${event.why}`;
      case "reservations.released":
        return `gets ${this.#money(event.micros)} of reservations back: ${event.why}`;
      case "report.refused":
        return `has a report of ${this.#platformId(event.platform)} refused: ${event.why}`;
      case "charge.disputed":
        return `disputes ${this.#money(event.disputedMicros)} charged by ${this.#platformId(event.platform)}`;
      case "platform.changed":
        return `${this.#platformId(event.platform)} goes from ${event.from} to ${event.state}: ${event.why}`;
      default:
        return null;
    }
  }

  #eventText(event: TrialEvent): string | null {
    switch (event.kind) {
      case "play":
        return null;
      case "new-day":
        return "A new budget day is awaited.";
      case "top-up":
        return `The owner tops ${event.campaign} up by ${this.#money(event.micros)}.`;
      case "hold":
        return `The operator holds ${event.campaign}.`;
      case "release":
        return `The operator releases ${event.campaign}.`;
      case "fail":
        return `The next decision of ${event.campaign} is made to fail.`;
      case "silence":
        return `${event.platform} falls silent for ${ticksOf(event.ticks)}.`;
      case "garbage":
        return `${event.platform} sends garbage metrics for ${ticksOf(event.ticks)}.`;
      case "report-late":
        return `The next reports of ${event.platform} come ${ticksOf(event.ticks)} late.`;
      case "report-lost":
        return `The next reports of ${event.platform} are lost.`;
      case "report-twice":
        return `The next reports of ${event.platform} come twice.`;
      default:
        return `${event.platform} charges three times the cost of its next reports.`;
    }
  }

  #platformId(platform: number): string {
    return this.#started?.platforms[platform].id ?? String(platform);
  }

  #money(micros: number, digits = 2): string {
    return formatMoney(micros, this.#started?.currency ?? "", digits);
  }
}

function ticksOf(ticks: number): string {
  return ticks === 1 ? "one tick" : `${ticks} ticks`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
