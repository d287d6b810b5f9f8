/** What a trial lets happen to an engine: the list of events, each plain data, and how they are drawn. */
import fc from "fast-check";

/** Every kind of event, in words. */
export const EVENT_KINDS = {
  play: "time passes",
  "new-day": "time passes until a budget day has begun",
  "top-up": "the owner adds to a campaign's budget",
  hold: "the operator holds a campaign",
  release: "the operator lets a campaign go on",
  fail: "a campaign's next decision fails",
  silence: "a platform falls silent for a while",
  garbage: "a platform's metrics are garbage for a while",
  "report-late": "a platform's reports on one tick come late",
  "report-lost": "a platform's reports on one tick never come",
  "report-twice": "a platform's reports on one tick come twice",
  overcharge: "a platform charges three times the cost of one tick",
} as const;

/** The reason that an order of a trial carries, to tell it from the scenario's own. */
export const TRIAL_ORDER = "an event of the trial";

/** A kind of event. */
export type EventKind = keyof typeof EVENT_KINDS;

/** One event. Campaigns and platforms go by their ids, so that it is readable in a file. */
export type TrialEvent =
  | { readonly kind: "play"; readonly ticks: number }
  | { readonly kind: "new-day" }
  | { readonly kind: "top-up"; readonly campaign: string; readonly micros: number }
  | { readonly kind: "hold" | "release" | "fail"; readonly campaign: string }
  | { readonly kind: "silence" | "garbage" | "report-late"; readonly platform: string; readonly ticks: number }
  | { readonly kind: "report-lost" | "report-twice" | "overcharge"; readonly platform: string };

/** What events are drawn about. */
export interface EventDomain {
  readonly campaigns: readonly { readonly id: string; readonly budgetMicros: number }[];
  readonly platforms: readonly string[];
  /** Ticks that a trial lasts at most. */
  readonly maxTicks: number;
  /** Longest sequence of events. */
  readonly maxEvents: number;
  /** Kinds that are left out; time always passes. */
  readonly without: readonly EventKind[];
}

/** How often a kind is drawn, next to the others. */
const WEIGHTS: Readonly<Record<EventKind, number>> = {
  play: 10,
  "new-day": 2,
  "top-up": 3,
  hold: 2,
  release: 3,
  fail: 3,
  silence: 2,
  garbage: 1,
  "report-late": 1,
  "report-lost": 1,
  "report-twice": 1,
  overcharge: 1,
};

/** How often an event about campaigns is about the one in focus. */
const FOCUS = { weight: 4, others: 1 };

/**
 * Sequences of events, as long as they are allowed to be: short ones hide what needs a history. Each has some kinds only, and most of them about one
 * campaign, so that they meet. Source: A. Groce et al., Swarm Testing, ISSTA 2012.
 */
export function eventSequences(domain: EventDomain): fc.Arbitrary<readonly TrialEvent[]> {
  const { maxEvents, without, campaigns } = domain;
  const kinds = (Object.keys(EVENT_KINDS) as EventKind[]).filter((kind) => kind !== "play" && !without.includes(kind));
  return fc.tuple(fc.subarray(kinds), fc.constantFrom(...campaigns)).chain(([some, focus]) => {
    const campaign = fc.oneof(
      { weight: FOCUS.weight, arbitrary: fc.constant(focus) },
      { weight: FOCUS.others, arbitrary: fc.constantFrom(...campaigns) },
    );
    const events = (["play", ...some] as const).map((kind) => {
      return { weight: WEIGHTS[kind], arbitrary: eventOf(kind, domain, campaign) };
    });
    return fc.array(fc.oneof(...events), { minLength: 1, maxLength: maxEvents, size: "max" });
  });
}

function eventOf(
  kind: EventKind,
  { platforms, maxTicks }: EventDomain,
  about: fc.Arbitrary<EventDomain["campaigns"][number]>,
): fc.Arbitrary<TrialEvent> {
  const platform = fc.constantFrom(...platforms);
  const campaign = about.map(({ id }) => id);
  switch (kind) {
    case "play": {
      const most = (ticks: number) => fc.integer({ min: 1, max: Math.max(1, Math.min(ticks, maxTicks)) });
      return fc.record({
        kind: fc.constant(kind),
        ticks: fc.oneof(most(1), most(3), most(30), most(Math.ceil(maxTicks / 4))),
      });
    }
    case "new-day":
      return fc.constant({ kind });
    case "top-up":
      return about.chain(({ id, budgetMicros }) =>
        fc.integer({ min: 1, max: 20 }).map((twentieths) => {
          return { kind, campaign: id, micros: Math.max(1, Math.round((budgetMicros * twentieths) / 20)) };
        }),
      );
    case "hold":
    case "release":
    case "fail":
      return fc.record({ kind: fc.constant(kind), campaign });
    case "silence":
    case "garbage":
    case "report-late":
      return fc.record({ kind: fc.constant(kind), platform, ticks: fc.integer({ min: 1, max: 40 }) });
    default:
      return fc.record({ kind: fc.constant(kind), platform });
  }
}
