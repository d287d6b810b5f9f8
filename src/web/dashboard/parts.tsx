/** Small parts that several views show. */
import type { ComponentChildren } from "preact";
import type { PlatformHealth, ShownState } from "../../observe/frames.ts";

export type Tone = "" | "good" | "warn" | "bad";

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: Tone;
  readonly children?: ComponentChildren;
}

/** A headline figure. */
export function Tile({ name, value, note, tone = "", children }: TileProps) {
  return (
    <dl class="card tile">
      <dt>{name}</dt>
      <dd class={tone}>{value}</dd>
      {children}
      {note === undefined ? null : <dd class="note">{note}</dd>}
    </dl>
  );
}

/** What each shown state means, for whoever points at it. */
export const STATE_MEANINGS: Readonly<Record<ShownState, string>> = {
  idle: "waits for its next tick, or holds its money back",
  evaluating: "decides",
  bidding: "has bids out",
  exhausted: "has spent its budget, or that of the day",
  fallback: "bids with caution: a feed is stale, or forecasts disagree with what came",
  quarantined: "failed too often; waits until it is resumed",
  paused: "held by the operator",
  ended: "ended for good",
};

/** A campaign's state in words and colour. */
export function State({ state }: { readonly state: ShownState }) {
  return (
    <span class="chip" title={STATE_MEANINGS[state]}>
      <i class={`dot square is-${state}`} aria-hidden="true" />
      {state}
    </span>
  );
}

const HEALTH: Readonly<Record<PlatformHealth, readonly [tone: string, meaning: string]>> = {
  healthy: ["is-good", "its feed is heard"],
  degraded: ["is-warn", "its feed is late: campaigns bid with caution"],
  probing: ["is-warn", "heard again: a few bids try it out"],
  down: ["is-bad", "its feed is silent: nothing is bid there"],
};

/** A platform's health in words and colour. */
export function Health({ health, closed }: { readonly health: PlatformHealth; readonly closed: string | null }) {
  const [tone, meaning] = closed === null ? HEALTH[health] : ["is-bad", closed];
  return (
    <span class="chip" title={meaning}>
      <i class={`dot ${tone}`} aria-hidden="true" />
      {closed === null ? health : "closed by the operator"}
    </span>
  );
}

interface MeterProps {
  /** 0..1 */
  readonly value: number;
  /** A further share after the first, 0..1. */
  readonly also?: number;
  readonly label: string;
  readonly tone?: Tone;
}

/** A share as a bar. */
export function Meter({ value, also = 0, label, tone = "" }: MeterProps) {
  const shown = Math.max(0, Math.min(1, value));
  const more = Math.max(0, Math.min(1 - shown, also));
  const width = (share: number) => `${(100 * share).toFixed(1)}%`;
  return (
    <span
      class={`meter ${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={1}
      aria-valuenow={Number((shown + more).toFixed(3))}
      title={label}
    >
      <i style={{ width: width(shown) }} />
      {also === 0 ? null : <i class="also" style={{ width: width(more) }} />}
    </span>
  );
}

interface CardProps {
  readonly title: ComponentChildren;
  readonly note?: string;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A card with a heading. */
export function Card({ title, note, actions, class: kind = "", children }: CardProps) {
  return (
    <section class={`card ${kind}`}>
      <header>
        <div class="heading">
          <h2>{title}</h2>
          {note === undefined ? null : <p class="quiet small">{note}</p>}
        </div>
        {actions === undefined ? null : <div class="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Something that is not there: why, and what can be done. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

/** The shape of what is being loaded. */
export function Loading({ lines = 3 }: { readonly lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading…</span>
      {Array.from({ length: lines }, (_, at) => (
        <i key={at} style={{ width: `${[92, 78, 86, 64][at % 4]}%` }} />
      ))}
    </div>
  );
}

/** What went wrong, in the service's words. */
export function Trouble({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <p class="banner caution" role="alert">
      {text}
    </p>
  );
}
