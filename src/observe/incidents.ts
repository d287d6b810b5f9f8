/** What went wrong in a run and what was done about it, short enough for people to read: quarantines, releases, supervisors restarted or given up. */
import type { EngineEvent, EngineStarted } from "../core/events.ts";

/** One thing that supervision, or the operator, did about failures. */
export interface Incident {
  readonly tick: number;
  /** Type of the engine's event, e.g. `campaign.quarantined`. */
  readonly event: string;
  /** Campaign, platform or supervisor. */
  readonly subject: string;
  /** The failure's message, or the operator's reason. */
  readonly why: string;
}

/** Most incidents that are kept; the rest are counted. */
const MAX_INCIDENTS = 100;

/** Collects a run's incidents, in order. */
export class Incidents {
  readonly #started: EngineStarted;
  readonly #list: Incident[] = [];
  #count = 0;

  constructor(started: EngineStarted) {
    this.#started = started;
  }

  /** Takes what is an incident; other events are passed over. */
  observe(event: EngineEvent): void {
    switch (event.type) {
      case "campaign.quarantined":
        this.#note(event, this.#started.campaigns[event.slot].id, event.error);
        break;
      case "campaign.released":
        this.#note(event, this.#started.campaigns[event.slot].id, event.why);
        break;
      case "stage.stopped":
        this.#note(event, `${event.stage} of ${this.#started.platforms[event.platform].id}`, event.error);
        break;
      case "engine.overloaded":
        this.#note(event, "engine", `ticks take longer than ${event.periodMs} ms: ${event.state}`);
        break;
      case "supervisor.restarted":
      case "supervisor.stopped":
        this.#note(event, event.supervisor, event.error);
        break;
    }
  }

  /** The first hundred. */
  get list(): readonly Incident[] {
    return [...this.#list];
  }

  /** All, listed or not. */
  get count(): number {
    return this.#count;
  }

  #note({ tick, type }: EngineEvent, subject: string, why: string): void {
    this.#count += 1;
    if (this.#list.length < MAX_INCIDENTS) this.#list.push({ tick, event: type, subject, why });
  }
}
