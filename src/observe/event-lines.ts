/** Engine events in words: one line each for the dashboard's list. */
import type { EngineEvent, EngineStarted } from "../core/events.ts";
import { formatMoney } from "../core/money.ts";
import type { EventLine } from "./frames.ts";

/** The line of an event with its number; null where the event is routine. */
export function lineOf(event: EngineEvent, started: EngineStarted, id: number): EventLine | null {
  const text = textOf(event, started.currency);
  if (text === null) return null;
  const { type, tick, timeMs } = event;
  const { slot, platform } = event as { slot?: number | null; platform?: number | null };
  return {
    id,
    tick,
    timeMs,
    type: event.type === "operator.acted" ? event.action : type,
    campaign: typeof slot === "number" ? (started.campaigns[slot]?.id ?? null) : null,
    platform: typeof platform === "number" ? (started.platforms[platform]?.id ?? null) : null,
    text,
  };
}

function textOf(event: EngineEvent, currency: string): string | null {
  switch (event.type) {
    case "campaign.restarted":
      return `restarted from its last good state (${event.restarts}): ${event.error}`;
    case "campaign.quarantined":
      return `quarantined: ${event.error}`;
    case "platform.changed":
      return `${event.from} → ${event.state}: ${event.why}`;
    case "engine.changed":
      return `the engine is ${event.state}`;
    case "charge.disputed":
      return `${formatMoney(event.disputedMicros, currency)} charged beyond the budget: disputed`;
    case "supervisor.restarted":
      return `${event.supervisor} restarted (${event.restarts}): ${event.error}`;
    case "supervisor.stopped":
      return `${event.supervisor} given up: ${event.error}`;
    case "engine.overloaded":
    case "engine.relieved": {
      const took = `a tick takes ${Math.round(event.tookMs)} of ${event.periodMs} ms`;
      return `${took}: load is ${event.state} after ${event.from}`;
    }
    case "reservations.released":
      return `${formatMoney(event.micros, currency)} reserved given back: ${event.why}`;
    case "reservation.expired":
      return `no report came on a bid of tick ${event.bidTick}: ${formatMoney(event.bookedMicros, currency)} booked`;
    case "feed.refused":
      return `feed refused: ${event.why}`;
    case "report.refused":
      return `report refused: ${event.why}`;
    case "operator.acted": {
      const amount = event.micros === null ? "" : ` ${formatMoney(event.micros, currency)}`;
      return `${event.action}${amount} by ${event.by}${event.why === "" ? "" : `: ${event.why}`}`;
    }
    default:
      return null;
  }
}
