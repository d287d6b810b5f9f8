/** The engine's voice: what happened, with its tick and time, to every observer in turn; what an observer throws ends the run (E5). */
import type { EngineEvent, EngineObserver } from "../core/events.ts";

/** Tells observers, and knows the tick that is played next. */
export class Announcer {
  /** The tick that is played next. */
  nextTick = 0;
  readonly #observers: readonly EngineObserver[];
  readonly #decisionObservers: readonly EngineObserver[];
  readonly #startMs: number;
  readonly #tickMs: number;

  constructor(observers: readonly EngineObserver[], startMs: number, tickMs: number) {
    this.#observers = observers;
    this.#decisionObservers = observers.filter((observer) => observer.wantsDecisions !== false);
    this.#startMs = startMs;
    this.#tickMs = tickMs;
  }

  /** Whether any observer wants to hear of decisions. */
  get wantsDecisions(): boolean {
    return this.#decisionObservers.length > 0;
  }

  /** Whether any observer may keep the decisions that it hears of. */
  get keepsDecisions(): boolean {
    return this.#decisionObservers.some((observer) => observer.wantsDecisions !== "fleeting");
  }

  /** The moment of a tick, by default of the next one. */
  at(tick = this.nextTick): { tick: number; timeMs: number } {
    return { tick, timeMs: this.#startMs + tick * this.#tickMs };
  }

  /** Tells all observers; of decisions, those that want them. */
  emit(event: EngineEvent): void {
    const observers = event.type === "decision" ? this.#decisionObservers : this.#observers;
    for (const observer of observers) observer.observe(event);
  }
}
