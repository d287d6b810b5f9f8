/** Small parts that several pages show. */
import type { ComponentChildren } from "preact";
import type { PlatformHealth, ShownState } from "../observe/frames.ts";

/** A headline figure. */
export function Tile({ name, value, note, tone = "" }: TileProps) {
  return (
    <dl class="card tile">
      <dt>{name}</dt>
      <dd class={tone}>{value}</dd>
      {note === undefined ? null : <small>{note}</small>}
    </dl>
  );
}

export interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: "" | "good" | "warn" | "bad";
}

/** What each shown state means, for whoever points at it. */
export const STATE_MEANINGS: Readonly<Record<ShownState, string>> = {
  idle: "waits for its next tick, or holds its money back",
  evaluating: "decides",
  bidding: "has bids out",
  exhausted: "has spent its budget, or that of the day",
  fallback: "bids with caution: a feed is stale, or forecasts disagree with what came",
  quarantined: "failed too often; waits for a release",
  paused: "held by the operator",
  ended: "ended for good",
};

/** A campaign's state in words and colour. */
export function State({ state }: { readonly state: ShownState }) {
  return (
    <span class="chip" title={STATE_MEANINGS[state]}>
      <i class={`dot square is-${state}`} />
      {state}
    </span>
  );
}

const HEALTH_TONES: Readonly<Record<PlatformHealth, string>> = {
  healthy: "is-good",
  degraded: "is-warn",
  probing: "is-warn",
  down: "is-bad",
};

/** A platform's health in words and colour. */
export function Health({ health, closed }: { readonly health: PlatformHealth; readonly closed: string | null }) {
  return closed === null ? (
    <span class="chip">
      <i class={`dot ${HEALTH_TONES[health]}`} />
      {health}
    </span>
  ) : (
    <span class="chip" title={closed}>
      <i class="dot is-bad" />
      closed by the operator
    </span>
  );
}

/** A share as a bar. @param value 0..1 */
export function Meter({ value, label }: { readonly value: number; readonly label: string }) {
  const shown = Math.max(0, Math.min(1, value));
  return (
    <span
      class="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={1}
      aria-valuenow={Number(shown.toFixed(3))}
      title={label}
    >
      <i style={{ width: `${(100 * shown).toFixed(1)}%` }} />
    </span>
  );
}

/** A card with a heading. */
export function Card({ title, note, actions, children }: CardProps) {
  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
        {note === undefined ? null : <span class="muted small">{note}</span>}
        {actions === undefined ? null : <span class="grow" />}
        {actions}
      </header>
      {children}
    </section>
  );
}

export interface CardProps {
  readonly title: string;
  readonly note?: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}
