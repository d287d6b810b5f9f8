/** The tally of many flights: figures summed, coverage united, violations by flight. Plain data: it crosses threads, and the order of adding moves nothing. */
import type { FlightFigures, FlightOptions, FlightOutcome } from "./flight.ts";
import { playFlight } from "./flight.ts";
import type { Violation } from "./invariants.ts";
import { randomScenario } from "./random-scenario.ts";

/** Every so many flights one is played compiled and interpreted. */
const TWICE_EVERY = 16;

/** A flight in which an invariant broke, and how. */
export interface BrokenFlight {
  readonly flight: number;
  readonly violation: Violation;
}

/** What flights came to. */
export interface Tally extends FlightFigures {
  readonly flights: number;
  /** Names of states and transitions taken, in the order of their spelling. */
  readonly states: readonly string[];
  readonly transitions: readonly string[];
  /** Ascending by flight. */
  readonly broken: readonly BrokenFlight[];
}

/** Before the first flight. */
export const NO_FLIGHTS: Tally = {
  flights: 0,
  ticks: 0,
  decisions: 0,
  restarts: 0,
  quarantines: 0,
  escalations: 0,
  refusedReports: 0,
  disputedMicros: 0,
  faults: {},
  states: [],
  transitions: [],
  broken: [],
};

/** How the flight of that number is played. */
export function optionsOf(flight: number): FlightOptions {
  return { isTwice: flight % TWICE_EVERY === 0 };
}

/** Plays the flights `from` ≤ i < `from + count` of a seed. */
export function playFlights(seed: number, from: number, count: number): Tally {
  let tally = NO_FLIGHTS;
  for (let flight = from; flight < from + count; flight += 1) {
    tally = addTally(tally, tallyOf(flight, playFlight(randomScenario(seed, flight), optionsOf(flight))));
  }
  return tally;
}

/** One flight as a tally. */
export function tallyOf(flight: number, { figures, coverage, violations }: FlightOutcome): Tally {
  return {
    ...figures,
    flights: 1,
    states: [...coverage.states],
    transitions: [...coverage.transitions],
    broken: violations.slice(0, 1).map((violation) => ({ flight, violation })),
  };
}

/** Both together. */
export function addTally(a: Tally, b: Tally): Tally {
  const kinds = united(Object.keys(a.faults), Object.keys(b.faults));
  const faults = Object.fromEntries(kinds.map((kind) => [kind, (a.faults[kind] ?? 0) + (b.faults[kind] ?? 0)]));
  return {
    flights: a.flights + b.flights,
    ticks: a.ticks + b.ticks,
    decisions: a.decisions + b.decisions,
    restarts: a.restarts + b.restarts,
    quarantines: a.quarantines + b.quarantines,
    escalations: a.escalations + b.escalations,
    refusedReports: a.refusedReports + b.refusedReports,
    disputedMicros: a.disputedMicros + b.disputedMicros,
    faults,
    states: united(a.states, b.states),
    transitions: united(a.transitions, b.transitions),
    broken: [...a.broken, ...b.broken].sort((one, other) => one.flight - other.flight),
  };
}

function united(a: readonly string[], b: readonly string[]): readonly string[] {
  const all = new Set(a);
  for (const name of b) all.add(name);
  return [...all].sort();
}
