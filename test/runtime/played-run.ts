/** Whole runs for tests: a small scenario, played to its end in this thread, with all that it said. */
import { Writable } from "node:stream";
import type { EngineEvent, EngineObserver } from "../../src/core/events.ts";
import { Faults, hasFaults } from "../../src/core/faults.ts";
import type { ForecasterFactory } from "../../src/core/forecast/board.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { DecisionLog } from "../../src/observe/decision-log.ts";
import type { Market } from "../../src/platforms/market.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import { FaultyMarket } from "../../src/platforms/faulty-market.ts";
import { ClockJumps } from "../../src/runtime/jumping-clock.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { parseScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";
import type { ResolvedScenario } from "../../src/scenario/resolve.ts";

/** Five platforms of different prices and worth, in two ways of charging. */
export const FIVE_PLATFORMS = [
  { id: "amber", cpc: 1.2, cvr: 0.05, clicksPerMinute: 3 },
  { id: "beryl", cpc: 0.8, cvr: 0.03, clicksPerMinute: 4, pricing: "first-price" },
  { id: "coral", cpc: 0.5, cvr: 0.02, clicksPerMinute: 6 },
  { id: "diamond", cpc: 0.9, cvr: 0.04, clicksPerMinute: 2 },
  { id: "emerald", cpc: 0.9, cvr: 0.06, clicksPerMinute: 2, floor: 0.2 },
];

/** A scenario of one hour, five platforms and three campaigns, with these fields in place of its own. */
export function scenarioOf(fields: object = {}): ResolvedScenario {
  const base = {
    name: "small",
    seed: 11,
    tick: "1m",
    duration: "1h",
    warmup: "6h",
    platforms: FIVE_PLATFORMS,
    campaigns: [{ id: "shoes", count: 3, spread: { budget: 0.5, value: 0.2 }, budget: 60, valuePerConversion: 35 }],
  };
  return resolveScenario(parseScenario(JSON.stringify({ ...base, ...fields }), "test").scenario);
}

export interface RunParts {
  readonly wrap?: (market: Market) => Market;
  readonly policyOf?: (name: string) => Policy;
  readonly forecasters?: ReadonlyMap<string, ForecasterFactory>;
  readonly isInterpreted?: boolean;
  readonly threads?: number;
  readonly periodMs?: number;
  /** What the clock shows [ms]. Default: 0. */
  readonly nowMs?: () => number;
  readonly threadSilenceMs?: number;
  readonly policyModules?: Readonly<Record<string, string>>;
  readonly observers?: readonly EngineObserver[];
  /** Campaigns that the market is ready for. Default: those of the scenario. */
  readonly marketCampaigns?: number;
  /** Whether the log's lines are kept. Default true. */
  readonly keepsLines?: boolean;
}

/** The event of a type, also where it shares its shape with others. */
type OfType<Event, Type> = Event extends { type: infer Own } ? (Type extends Own ? Event : never) : never;

/** A run that can be looked into. */
export class PlayedRun {
  readonly engine: Engine;
  readonly market: PathMarket;
  /** What stands before the market where the scenario has faults. */
  readonly faulty: FaultyMarket | null;
  /** What was said, but for the decisions and what is said every tick. */
  readonly facts: EngineEvent[] = [];
  /** One text per line of the decision log, decisions included. */
  lines: readonly string[] = [];
  sha256 = "";
  readonly #log: DecisionLog;
  readonly #jumps: ClockJumps | null;
  readonly #chunks: string[] = [];

  constructor({ market: paths, exposures, faults: plan, ...config }: ResolvedScenario, parts: RunParts = {}) {
    const {
      wrap = (market: Market) => market,
      keepsLines = true,
      observers = [],
      marketCampaigns,
      nowMs = () => 0,
      ...rest
    } = parts;
    const valuesPerConversionMicros = Array.from(
      { length: marketCampaigns ?? config.campaigns.length },
      (_, slot) => config.campaigns[slot]?.valuePerConversionMicros ?? 0,
    );
    this.market = new PathMarket({
      paths: simulatePaths(paths),
      exposures,
      valuesPerConversionMicros,
      seed: config.seed,
    });
    const faults = hasFaults(plan) ? new Faults(config.seed, plan) : null;
    const wrapped = wrap(this.market);
    this.faulty = faults === null ? null : new FaultyMarket(wrapped, faults, config.campaigns.length);
    this.#jumps = faults === null ? null : new ClockJumps(faults);
    const write = (chunk: Buffer, _: unknown, done: () => void) => {
      if (keepsLines) this.#chunks.push(chunk.toString());
      done();
    };
    this.#log = new DecisionLog(new Writable({ write }), "all", true);
    const facts: EngineObserver = {
      wantsDecisions: false,
      observe: (event) => {
        if (event.type !== "tick.completed" && event.type !== "reports.booked") this.facts.push(event);
      },
    };
    this.engine = new Engine(
      { ...config, ...rest },
      {
        market: this.faulty ?? wrapped,
        observers: [this.#log, facts, ...observers],
        nowMs,
        ...(faults === null ? {} : { faults }),
      },
    );
  }

  /** Plays to the end; `before` is called before each tick. */
  play(before: (tick: number, engine: Engine) => void = () => undefined): this {
    const { engine } = this;
    engine.start();
    for (let tick = 0; tick < engine.ticks;) {
      before(tick, engine);
      tick = engine.tick(this.#jumps?.shownAt(tick) ?? tick);
    }
    engine.drain();
    engine.stop();
    return this.finish();
  }

  /** Closes the log. */
  finish(): this {
    this.sha256 = this.#log.close().sha256!;
    this.lines = this.#chunks.join("").split("\n").slice(0, -1);
    return this;
  }

  /** Every decision, as the log tells it. */
  get decisions(): LoggedDecision[] {
    return this.lines.filter((line) => line.includes('"event":"decision"')).map((line) => JSON.parse(line));
  }

  /** The facts of one type. */
  of<T extends EngineEvent["type"]>(type: T): OfType<EngineEvent, T>[] {
    return this.facts.filter((fact) => fact.type === type) as OfType<EngineEvent, T>[];
  }

  /** What the platforms invoiced a campaign [micros]. */
  invoicedMicros(slot: number): number {
    const width = this.market.platforms.length;
    return this.market.truth.costMicros.slice(slot * width, (slot + 1) * width).reduce((sum, cost) => sum + cost, 0);
  }
}

/** A decision's line in the log. */
export interface LoggedDecision {
  readonly tick: number;
  readonly campaign: string;
  readonly state: string;
  readonly reason: string;
  readonly gammaMicros: number;
  readonly bids: readonly { platform: string; bidMicros: number; capMicros: number }[];
  readonly account: { budgetMicros: number; spentMicros: number; reservedMicros: number; availableMicros: number };
}

/** A finished run. */
export function played(scenario: ResolvedScenario, parts?: RunParts): PlayedRun {
  return new PlayedRun(scenario, parts).play();
}
