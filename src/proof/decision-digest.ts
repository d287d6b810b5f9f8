/** The digest of a run's decisions: how often each campaign decided for which reason. */
import type { Reason } from "../core/decision.ts";
import type { EngineEvent, EngineObserver } from "../core/events.ts";

/** A reason and its share of decisions, 0..1. */
export interface ReasonShare {
  readonly reason: Reason;
  readonly share: number;
}

/** Counts reasons by campaign. */
export class DecisionDigest implements EngineObserver {
  readonly wantsDecisions = "fleeting";
  readonly #counts = new Map<number, Map<Reason, number>>();

  observe(event: EngineEvent): void {
    if (event.type !== "decision") return;
    const counts = this.#counts.get(event.slot) ?? new Map<Reason, number>();
    this.#counts.set(event.slot, counts);
    counts.set(event.decision.reason, (counts.get(event.decision.reason) ?? 0) + 1);
  }

  /** Reasons of some campaigns together, the most frequent first. */
  shares(slots: readonly number[]): readonly ReasonShare[] {
    const sums = new Map<Reason, number>();
    for (const slot of slots) {
      for (const [reason, count] of this.#counts.get(slot) ?? []) sums.set(reason, (sums.get(reason) ?? 0) + count);
    }
    const total = [...sums.values()].reduce((sum, count) => sum + count, 0);
    return [...sums]
      .map(([reason, count]) => ({ reason, share: count / total }))
      .sort((a, b) => b.share - a.share || a.reason.localeCompare(b.reason));
  }
}
