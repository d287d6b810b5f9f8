/** The story of a campaign: the last things that happened to it, one line each, for whoever looks for a cause. */
import type { EngineEvent, EngineObserver } from "../core/events.ts";

/** Lines kept. */
const MAX_LINES = 8;

/** Keeps the last lines up to a tick about one campaign, or about all where none is named. */
export class Story implements EngineObserver {
  readonly #campaign: string | null;
  readonly #untilTick: number;
  readonly #lines: string[] = [];
  #ids: readonly string[] = [];

  constructor(campaign: string | null, untilTick: number) {
    this.#untilTick = untilTick;
    this.#campaign = campaign;
  }

  observe(event: EngineEvent): void {
    if (event.type === "engine.started") this.#ids = event.campaigns.map(({ id }) => id);
    if (event.tick > this.#untilTick) return;
    if (event.type === "reports.booked") {
      for (let row = 0; row < event.batch.length; row += 1) {
        const { campaign, platform, tick, costMicros } = event.batch.row(row);
        const text = `platform ${platform} reports ${costMicros} micros for tick ${tick}`;
        this.#tell(event.tick, campaign, `${text}, booked ${event.bookedMicros[row]}`);
      }
      return;
    }
    const text = textOf(event);
    if (text !== null) this.#tell(event.tick, "slot" in event ? (event.slot ?? null) : null, text);
  }

  /** The lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  #tell(tick: number, slot: number | null, text: string): void {
    const id = slot === null ? null : (this.#ids[slot] ?? `slot ${slot}`);
    if (this.#campaign !== null && id !== null && id !== this.#campaign) return;
    this.#lines.push(`tick ${tick}: ${id === null ? "" : `${id} `}${text}`);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }
}

function textOf(event: EngineEvent): string | null {
  switch (event.type) {
    case "decision": {
      const { decision, state, account } = event;
      const bids = decision.candidates.filter(({ capMicros }) => capMicros > 0);
      const placed = bids.map(({ platform, bidMicros, capMicros }) => `${bidMicros} (cap ${capMicros}) on ${platform}`);
      const { spentMicros, reservedMicros, budgetMicros } = account;
      const money = `spent ${spentMicros}, reserved ${reservedMicros} of ${budgetMicros} micros`;
      return `${state}, ${decision.reason}${placed.length === 0 ? "" : `, bids ${placed.join(", ")}`}; ${money}`;
    }
    case "campaign.changed":
      return `${event.from} → ${event.state}: ${event.why}`;
    case "campaign.restarted":
      return `restarted (${event.restarts}) after: ${event.error}`;
    case "campaign.quarantined":
      return `quarantined after: ${event.error}`;
    case "supervisor.restarted":
      return `${event.supervisor} is restarted (${event.restarts}): ${event.error}`;
    case "supervisor.stopped":
      return `${event.supervisor} is given up: ${event.error}`;
    case "reservations.released":
      return `${event.reservations} reservations of ${event.micros} micros are released: ${event.why}`;
    case "campaign.held":
      return `held: ${event.why}`;
    case "campaign.released":
      return `released: ${event.why}`;
    case "budget.toppedUp":
      return `topped up by ${event.micros} micros: ${event.why}`;
    case "platform.changed":
      return `platform ${event.platform} ${event.from} → ${event.state}: ${event.why}`;
    case "report.refused":
      return `a report of platform ${event.platform} about tick ${event.bidTick} is refused: ${event.why}`;
    case "charge.disputed":
      return `${event.disputedMicros} micros of platform ${event.platform} are disputed`;
    case "feed.refused":
      return `the feed of platform ${event.platform} is refused: ${event.why}`;
    default:
      return null;
  }
}
