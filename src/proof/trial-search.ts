/**
 * The search for a counterexample: random plans of events played as trials, the first that breaks a rule shrunk to the fewest events.
 *
 * V3 the same subject, seed and limits give the same search; V4 a shrunk plan breaks the same rule, and without any one of its events it does not.
 */
import fc from "fast-check";
import { ActorCensus } from "./census.ts";
import type { Coverage } from "./census.ts";
import { eventSequences } from "./disturbance.ts";
import type { EventKind, TrialEvent } from "./disturbance.ts";
import { playTrial } from "./trial.ts";
import type { Breach, TrialOutcome, TrialPlan, TrialSubject } from "./trial.ts";

/** How far to search. */
export interface SearchLimits {
  readonly runs: number;
  readonly seed: number;
  readonly maxEvents: number;
  readonly without: readonly EventKind[];
}

/** A plan that breaks a rule. */
export interface Counterexample {
  readonly plan: TrialPlan;
  readonly breach: Breach;
  /** Events of the plan as it was found. */
  readonly foundEvents: number;
  /** Trials played to shrink it. */
  readonly plays: number;
}

/** What a search came to. */
export interface SearchOutcome {
  /** Trials played, without those that shrank. */
  readonly runs: number;
  readonly events: number;
  readonly ticks: number;
  /** What the live statecharts of every {@link TWIN_EVERY}th trial did. */
  readonly coverage: Coverage;
  readonly counterexample: Counterexample | null;
}

/** Every so many trials one is played by the interpreter as well: for coverage, and to compare. */
const TWIN_EVERY = 8;
/** Trials that shrinking may play. */
const MAX_SHRINKS = 200;

/** What a trial that shrinks tells. */
type Played = Pick<TrialOutcome, "breach" | "events">;

/** Plays random plans until one breaks. @param onRun called with the number of trials played, and of those that shrink */
export function searchTrials(
  subject: TrialSubject,
  limits: SearchLimits,
  onRun: (runs: number, shrinks: number) => void = () => undefined,
): SearchOutcome {
  const census = new ActorCensus();
  const counts = { runs: 0, events: 0, ticks: 0 };
  let found: Breach | null = null;
  // What only the twin showed is looked for with the twin.
  let isOfTwin = false;
  let plays = 0;
  let foundEvents = 0;
  const again = (plan: TrialPlan): Played => {
    const { breach, decisions, events } = playTrial(subject, plan, { keepsDecisions: isOfTwin });
    return { events, breach: isOfTwin ? (breach ?? twinBreach(subject, plan, decisions, census)) : breach };
  };
  const holds = (plan: TrialPlan): boolean => {
    const isTwin = counts.runs % TWIN_EVERY === 0;
    const outcome = playTrial(subject, plan, { keepsDecisions: isTwin });
    counts.runs += 1;
    counts.events += outcome.events;
    counts.ticks += outcome.ticks;
    onRun(counts.runs, 0);
    const ofTwin = isTwin ? twinBreach(subject, plan, outcome.decisions, census) : null;
    isOfTwin = outcome.breach === null && ofTwin !== null;
    found = outcome.breach ?? ofTwin;
    foundEvents = outcome.events;
    return found === null;
  };
  const details = fc.check(fc.property(plans(subject, limits), holds), {
    seed: limits.seed,
    numRuns: limits.runs,
    // Shrinking knows more here: what time has passed, and when the rule broke.
    endOnFailure: true,
    // Undisturbed first: what breaks by itself needs no event to show it.
    examples: [[{ laterHours: 0, events: [{ kind: "play", ticks: subject.config.ticks }] }]],
  });
  const { coverage } = census;
  if (details.counterexample === null || found === null) return { ...counts, coverage, counterexample: null };
  const trimmed = trim(details.counterexample[0], found, subject.config.ticks, (plan) => {
    onRun(counts.runs, (plays += 1));
    return again(plan);
  });
  return { ...counts, coverage, counterexample: { ...trimmed, foundEvents, plays } };
}

/** Plays the plan by the interpreter, and compares the decisions (I11). */
function twinBreach(
  subject: TrialSubject,
  plan: TrialPlan,
  decisions: readonly string[],
  census: ActorCensus,
): Breach | null {
  const twin = playTrial(subject, plan, { keepsDecisions: true, inspect: census.inspect });
  if (twin.breach !== null) return twin.breach;
  const at = twin.decisions.findIndex((text, index) => text !== decisions[index]);
  if (at < 0 && twin.decisions.length === decisions.length) return null;
  const text = `compiled "${decisions[at] ?? "nothing"}", interpreted "${twin.decisions[at] ?? "nothing"}"`;
  return { rule: "I11", law: "compiled and interpreted statecharts decide alike", tick: 0, campaign: null, text };
}

/** Takes events out, many at once, then one by one, and shortens what lasts, until nothing more can go (V4). */
function trim(
  plan: TrialPlan,
  breach: Breach,
  lastTick: number,
  play: (plan: TrialPlan) => Played,
): { plan: TrialPlan; breach: Breach } {
  // While events go, time goes on to the end: what takes none of it must not be kept for its time.
  const end: TrialEvent = { kind: "play", ticks: lastTick };
  let best = { plan: { ...plan, events: joined([...plan.events, end]) }, breach, begun: Number.POSITIVE_INFINITY };
  let tries = 0;
  const isKept = (events: readonly TrialEvent[], laterHours = best.plan.laterHours): boolean => {
    if (tries === MAX_SHRINKS) return false;
    tries += 1;
    const candidate = { laterHours, events: joined([...events, end]) };
    const after = play(candidate);
    if (after.breach?.rule !== breach.rule) return false;
    best = { plan: candidate, breach: after.breach, begun: after.events };
    return true;
  };
  const own = () => best.plan.events.slice(0, -1);
  isKept([]);
  isKept(own(), 0);
  for (let size = own().length; size >= 1; size >>= 1) {
    for (let at = own().length - size; at >= 0; at -= size) isKept(own().toSpliced(at, size));
  }
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (let at = own().length - 1; at >= 0; at -= 1) {
      const instead = at < own().length ? [[], ...less(own()[at]).map((event) => [event])] : [];
      isSmaller = instead.some((some) => isKept(own().toSpliced(at, 1, ...some))) || isSmaller;
    }
  }
  const { begun } = best;
  return {
    plan: { ...best.plan, events: cut(best.plan.events.slice(0, begun), best.breach.tick) },
    breach: best.breach,
  };
}

/** The same event for less time, or with less money: the least first, in steps that end. */
function less(event: TrialEvent): readonly TrialEvent[] {
  const fewer = (value: number) =>
    [1, Math.floor(value / 2), Math.floor(value * 0.8)].filter((one) => one > 0 && one < value);
  if (event.kind === "top-up") return fewer(event.micros).map((micros) => Object.assign({}, event, { micros }));
  if (event.kind === "new-day") return [{ kind: "play", ticks: 1 }];
  return "ticks" in event ? fewer(event.ticks).map((ticks) => Object.assign({}, event, { ticks })) : [];
}

/** The last stretch of time is no longer than until the breach. */
function cut(events: readonly TrialEvent[], tick: number): readonly TrialEvent[] {
  const last = events.at(-1);
  if (last?.kind !== "play" || events.some(({ kind }) => kind === "new-day")) return events;
  const before = events.slice(0, -1).reduce((sum, event) => sum + (event.kind === "play" ? event.ticks : 0), 0);
  return [...events.slice(0, -1), { kind: "play", ticks: Math.max(1, Math.min(last.ticks, tick + 1 - before)) }];
}

/** Stretches of time that follow one another become one. */
function joined(events: readonly TrialEvent[]): readonly TrialEvent[] {
  const all: TrialEvent[] = [];
  for (const event of events) {
    const last = all.at(-1);
    if (event.kind === "play" && last?.kind === "play") {
      all[all.length - 1] = { ...event, ticks: last.ticks + event.ticks };
    } else all.push(event);
  }
  return all;
}

function plans({ config, paths }: TrialSubject, { maxEvents, without }: SearchLimits): fc.Arbitrary<TrialPlan> {
  const { campaigns, ticks } = config;
  const hasDays = campaigns.some(({ dailyBudgetMicros }) => dailyBudgetMicros !== null);
  const left = hasDays ? without : [...without, "new-day" as const];
  const platforms = paths.platforms.map(({ spec }) => spec.id);
  const events = eventSequences({ campaigns, platforms, maxTicks: ticks, maxEvents, without: left });
  return fc.record({ laterHours: hasDays ? fc.integer({ min: 0, max: 23 }) : fc.constant(0), events });
}
