/**
 * A flight: one scenario played to its end on a simulated market, with every invariant checked at every tick.
 *
 * A flight is a function of its scenario alone; the wall clock, threads and other flights have no part in it.
 */
import { EngineError } from "../core/errors.ts";
import { Faults, hasFaults } from "../core/faults.ts";
import type { EngineEvent, EngineObserver } from "../core/events.ts";
import type { Policy } from "../core/policy/policy.ts";
import { FaultyMarket } from "../platforms/faulty-market.ts";
import type { Market } from "../platforms/market.ts";
import { PathMarket } from "../platforms/path-market.ts";
import { simulatePaths } from "../platforms/simulated-paths.ts";
import { dayStartTicks } from "../runtime/calendar.ts";
import { Engine } from "../runtime/engine.ts";
import { ClockJumps } from "../runtime/jumping-clock.ts";
import { resolveScenario } from "../scenario/resolve.ts";
import { scenarioSchema } from "../scenario/schema.ts";
import type { Scenario, ScenarioFile } from "../scenario/schema.ts";
import { ActorCensus } from "./census.ts";
import type { Coverage } from "./census.ts";
import { InvariantCheck } from "./invariants.ts";
import type { Violation } from "./invariants.ts";

/** What happened, counted. */
export interface FlightFigures {
  readonly ticks: number;
  readonly decisions: number;
  readonly restarts: number;
  readonly quarantines: number;
  readonly escalations: number;
  readonly refusedReports: number;
  readonly disputedMicros: number;
  /** By kind: faults injected. */
  readonly faults: Readonly<Record<string, number>>;
}

/** A finished flight. */
export interface FlightOutcome {
  readonly figures: FlightFigures;
  readonly coverage: Coverage;
  readonly violations: readonly Violation[];
}

/** How a flight is played. */
export interface FlightOptions {
  /** Plays it through XState's interpreter as well, and compares the decisions (I11). */
  readonly isTwice?: boolean;
  /** Further listeners, heard before the check. */
  readonly observers?: readonly EngineObserver[];
  /** For tests: what the platforms do to the market's news before the check hears of it. */
  readonly spoil?: (market: Market) => Market;
  /** For tests: a market between the engine and the check, which the check cannot see. */
  readonly betray?: (market: Market) => Market;
  /** For tests: the policy of a name. */
  readonly policyOf?: (name: string) => Policy;
}

/**
 * Plays a scenario to its end, or to the first tick in which an invariant breaks.
 * @throws EngineError CE_SCENARIO_INVALID
 */
export function playFlight(file: ScenarioFile, options: FlightOptions = {}): FlightOutcome {
  const flight = new Flight(file, options, false);
  flight.play();
  if (options.isTwice === true && flight.check.violations.length === 0) {
    const again = new Flight(file, options, true);
    again.play();
    for (const name of again.census.coverage.states) flight.census.coverage.states.add(name);
    for (const name of again.census.coverage.transitions) flight.census.coverage.transitions.add(name);
    compare(flight, again);
  }
  const { figures, census, check } = flight;
  return { figures, coverage: census.coverage, violations: check.violations };
}

/** What a flight counts while it is played. */
type Counts = { -readonly [Name in keyof Omit<FlightFigures, "faults">]: FlightFigures[Name] } & {
  readonly faults: Record<string, number>;
};

class Flight {
  readonly figures: Counts;
  readonly census = new ActorCensus();
  readonly check: InvariantCheck;
  /** One text per decision, where they are to be compared. */
  readonly lines: string[] = [];
  readonly #engine: Engine;
  readonly #jumps: ClockJumps | null;

  constructor(file: ScenarioFile, options: FlightOptions, isInterpreted: boolean) {
    const { spoil, betray, policyOf, isTwice = false, observers = [] } = options;
    const { market: paths, exposures, faults: plan, ...config } = resolveScenario(shaped(file));
    const { campaigns, seed, startMs, tickMs, ticks, timeZone } = config;
    const faults = hasFaults(plan) ? new Faults(seed, plan) : undefined;
    this.#jumps = faults === undefined ? null : new ClockJumps(faults);
    const sound = new PathMarket({
      paths: simulatePaths(paths),
      exposures,
      valuesPerConversionMicros: campaigns.map((spec) => spec.valuePerConversionMicros),
      seed,
    });
    const market = faults === undefined ? sound : new FaultyMarket(sound, faults, campaigns.length);
    const dayStarts = dayStartTicks(startMs, tickMs, ticks, timeZone);
    this.check = new InvariantCheck({ campaigns, dayStarts, market: spoil?.(market) ?? market });
    this.figures = {
      ticks: 0,
      decisions: 0,
      restarts: 0,
      quarantines: 0,
      escalations: 0,
      refusedReports: 0,
      disputedMicros: 0,
      faults: {},
    };
    const observe = (event: EngineEvent) => {
      this.#count(event);
      if (isTwice) this.#write(event);
    };
    this.#engine = new Engine(
      { ...config, isInterpreted, inspect: this.census.inspect, ...(policyOf === undefined ? {} : { policyOf }) },
      {
        market: betray?.(this.check.market) ?? this.check.market,
        observers: [...observers, this.check, { observe }],
        nowMs: () => 0,
        ...(faults === undefined ? {} : { faults }),
      },
    );
  }

  play(): void {
    const { check, census, figures } = this;
    const engine = this.#engine;
    try {
      engine.start();
      for (let tick = 0; tick < engine.ticks && check.violations.length === 0;) {
        tick = engine.tick(this.#jumps?.shownAt(tick) ?? tick);
        figures.ticks = tick;
        for (const fault of census.faults()) check.report("I3", tick, null, fault);
      }
      engine.drain();
      check.close();
    } catch (error) {
      check.thrown(error);
    }
    engine.stop();
    const living = census.countLiving();
    if (living > 0) check.report("I3", figures.ticks, null, `${living} campaigns live on after the end`);
    figures.escalations = census.escalations;
  }

  #count(event: EngineEvent): void {
    const { figures } = this;
    if (event.type === "tick.completed") figures.decisions += event.decisions;
    else if (event.type === "campaign.restarted") figures.restarts += 1;
    else if (event.type === "campaign.quarantined") figures.quarantines += 1;
    else if (event.type === "report.refused") figures.refusedReports += 1;
    else if (event.type === "fault.injected") figures.faults[event.kind] = (figures.faults[event.kind] ?? 0) + 1;
    else if (event.type === "charge.disputed") figures.disputedMicros += event.disputedMicros;
  }

  #write(event: EngineEvent): void {
    if (event.type !== "decision") return;
    const { tick, slot, state, decision, account } = event;
    const bids = decision.candidates.map(
      ({ platform, bidMicros, capMicros }) => `${platform}:${bidMicros}/${capMicros}`,
    );
    const { gammaMicros, reason } = decision;
    this.lines.push(
      `tick ${tick} slot ${slot} ${state} ${reason} gamma ${gammaMicros} ${bids.join(" ")} spent ${account.spentMicros}`,
    );
  }
}

/** A scenario with its defaults. @throws EngineError CE_SCENARIO_INVALID */
function shaped(file: ScenarioFile): Scenario {
  const { data, error } = scenarioSchema.safeParse(file);
  if (data === undefined) throw new EngineError("CE_SCENARIO_INVALID", error.message);
  return data;
}

/** The two ways of running a statechart decide alike (I11). */
function compare({ lines, check }: Flight, { lines: others, check: other }: Flight): void {
  for (const { invariant, tick, text } of other.violations) check.report(invariant, tick, null, `interpreted: ${text}`);
  const at = lines.findIndex((line, index) => line !== others[index]);
  if (at < 0 && lines.length === others.length) return;
  const index = at < 0 ? lines.length : at;
  const text = `compiled "${lines[index] ?? "nothing"}", interpreted "${others[index] ?? "nothing"}"`;
  check.report("I11", Number(/^tick (\d+)/.exec(lines[index] ?? others[index])?.[1] ?? 0), null, text);
}
