/**
 * A trial: a sequence of events against one engine over a scenario of the user's, with everything that must hold checked at every tick.
 *
 * V1 a trial is a function of its subject and its plan alone; V2 it ends with the first rule that breaks, or with the plan.
 */
import type { InspectionEvent } from "xstate";
import type { CampaignSpec } from "../core/campaign.ts";
import { ExpectationCheck, wordsOf } from "../core/expectation.ts";
import type { Expectation } from "../core/expectation.ts";
import type { EngineObserver } from "../core/events.ts";
import { policyNamed } from "../core/policy/index.ts";
import type { Policy } from "../core/policy/policy.ts";
import { PathMarket } from "../platforms/path-market.ts";
import type { CampaignExposure, MarketPaths } from "../platforms/paths.ts";
import { simulatePaths } from "../platforms/simulated-paths.ts";
import { dayStartTicks } from "../runtime/calendar.ts";
import { Engine } from "../runtime/engine.ts";
import type { EngineConfig } from "../runtime/engine.ts";
import type { ResolvedScenario } from "../scenario/resolve.ts";
import { TRIAL_ORDER } from "./disturbance.ts";
import type { TrialEvent } from "./disturbance.ts";
import { DisturbedMarket } from "./disturbed-market.ts";
import { PolicyGuard } from "./guarded-policy.ts";
import { INVARIANTS, InvariantCheck } from "./invariants.ts";
import type { InvariantName } from "./invariants.ts";

/** What trials are about: a slice of a scenario, made once. */
export interface TrialSubject {
  readonly config: EngineConfig;
  readonly paths: MarketPaths;
  readonly exposures: readonly CampaignExposure[];
  /** Those about campaigns of the slice. */
  readonly expectations: readonly Expectation[];
  /** A policy of the user's own, for all campaigns; null: as they declare. */
  readonly policy: Policy | null;
}

/** What a trial does. */
export interface TrialPlan {
  /** How many hours later in the day the run begins than the scenario says: moves the budget days. */
  readonly laterHours: number;
  readonly events: readonly TrialEvent[];
}

/** A rule that did not hold. */
export interface Breach {
  /** Number of an invariant, `policy`, or the field of an expectation. */
  readonly rule: string;
  /** The rule in words. */
  readonly law: string;
  readonly tick: number;
  /** Campaign id; null where it is about no single one. */
  readonly campaign: string | null;
  /** What was found, with its figures. */
  readonly text: string;
}

/** How a trial ended. */
export interface TrialOutcome {
  readonly breach: Breach | null;
  /** Ticks played. */
  readonly ticks: number;
  /** Events that were begun. */
  readonly events: number;
  /** One text per decision, where they were asked for. */
  readonly decisions: readonly string[];
}

/** How a trial is played. */
export interface TrialOptions {
  /** Through XState's interpreter, with this listener. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** Keeps one text per decision. */
  readonly keepsDecisions?: boolean;
  readonly observers?: readonly EngineObserver[];
  /** Called before an event is played, with the tick that it comes before. */
  readonly onEvent?: (event: TrialEvent, tick: number) => void;
}

/** Largest slice. */
export interface SliceLimits {
  readonly campaigns: number;
  readonly ticks: number;
}

/** The law that a policy breaks which fails, or decides what no policy may. */
const POLICY_LAW = "a policy never fails, decides within its limits, and alike for alike input (P1 to P4)";

/** A slice of a scenario: campaigns spread evenly over it, and its first ticks. */
export function subjectOf(scenario: ResolvedScenario, limits: SliceLimits, policy: Policy | null): TrialSubject {
  const { market, exposures, expectations, campaigns, orders, ...config } = scenario;
  const count = Math.min(limits.campaigns, campaigns.length);
  const slots = Array.from({ length: count }, (_, i) => Math.floor((i * campaigns.length) / count));
  const withinSlice = (all: readonly number[]) => all.map((slot) => slots.indexOf(slot)).filter((slot) => slot >= 0);
  const own = policy === null ? {} : { policy: policy.name };
  return {
    config: {
      ...config,
      campaigns: slots.map((slot): CampaignSpec => ({ ...campaigns[slot], ...own })),
      ticks: Math.min(limits.ticks, config.ticks),
      orders: orders.map((order) => Object.assign({}, order, { slots: withinSlice(order.slots) })),
    },
    paths: simulatePaths(market),
    exposures: slots.map((slot) => exposures[slot]),
    expectations: expectations
      .map((one) => Object.assign({}, one, { slots: withinSlice(one.slots) }))
      .filter((one) => one.slots.length > 0),
    policy,
  };
}

/** Plays a plan to its end, or to the first breach (V2). */
export function playTrial(subject: TrialSubject, plan: TrialPlan, options: TrialOptions = {}): TrialOutcome {
  return new Trial(subject, plan, options).play();
}

class Trial {
  readonly #subject: TrialSubject;
  readonly #plan: TrialPlan;
  readonly #options: TrialOptions;
  readonly #dayStarts: readonly number[];
  readonly #market: DisturbedMarket;
  readonly #invariants: InvariantCheck;
  readonly #expected: ExpectationCheck;
  readonly #guard: PolicyGuard;
  readonly #engine: Engine;
  readonly #decisions: string[] = [];
  #breach: Breach | null = null;
  #ticks = 0;

  constructor(subject: TrialSubject, plan: TrialPlan, options: TrialOptions) {
    this.#subject = subject;
    this.#plan = plan;
    this.#options = options;
    const { paths, exposures, policy } = subject;
    const config = { ...subject.config, startMs: subject.config.startMs + plan.laterHours * 3_600_000 };
    const { campaigns, seed, startMs, tickMs, ticks, timeZone } = config;
    const valuesPerConversionMicros = campaigns.map((spec) => spec.valuePerConversionMicros);
    this.#market = new DisturbedMarket(new PathMarket({ paths, exposures, valuesPerConversionMicros, seed }));
    this.#dayStarts = dayStartTicks(startMs, tickMs, ticks, timeZone);
    this.#invariants = new InvariantCheck({ campaigns, dayStarts: this.#dayStarts, market: this.#market });
    this.#expected = new ExpectationCheck(subject.expectations);
    this.#guard = new PolicyGuard(config.currency);
    const guarded = new Map<string, Policy>();
    const policyOf = (name: string): Policy => {
      const known = guarded.get(name) ?? this.#guard.around(policy ?? policyNamed(name));
      guarded.set(name, known);
      return known;
    };
    const { inspect, observers = [], keepsDecisions = false } = options;
    const twin = inspect === undefined ? {} : { inspect, isInterpreted: true };
    const writer: EngineObserver = {
      observe: (event) => {
        if (event.type !== "decision") return;
        this.#decisions.push(
          `tick ${event.tick} ${event.campaign.id} ${event.state} ${JSON.stringify(event.decision)}`,
        );
      },
    };
    this.#engine = new Engine(
      { ...config, policyOf, ...twin },
      {
        market: this.#invariants.market,
        observers: [...observers, this.#invariants, this.#expected, ...(keepsDecisions ? [writer] : [])],
        nowMs: () => 0,
      },
    );
  }

  play(): TrialOutcome {
    const engine = this.#engine;
    let events = 0;
    try {
      engine.start();
      for (const event of this.#plan.events) {
        if (this.#breach !== null) break;
        events += 1;
        this.#options.onEvent?.(event, this.#ticks);
        this.#apply(event);
        this.#judge();
      }
      if (this.#breach === null) {
        engine.drain();
        this.#invariants.close();
      }
    } catch (error) {
      this.#invariants.thrown(error);
    }
    this.#judge();
    engine.stop();
    return { breach: this.#breach, ticks: this.#ticks, events, decisions: this.#decisions };
  }

  #apply(event: TrialEvent): void {
    switch (event.kind) {
      case "play":
        this.#playUntil(this.#ticks + event.ticks);
        break;
      case "new-day": {
        const next = this.#dayStarts.find((tick) => tick >= this.#ticks && tick > 0);
        if (next !== undefined) this.#playUntil(next + 1);
        break;
      }
      case "silence":
        this.#market.silence(this.#platform(event.platform), event.ticks);
        break;
      case "garbage":
        this.#market.garble(this.#platform(event.platform), event.ticks);
        break;
      case "report-late":
        this.#market.doom(this.#platform(event.platform), { kind: event.kind, ticks: event.ticks });
        break;
      case "report-lost":
      case "report-twice":
      case "overcharge":
        this.#market.doom(this.#platform(event.platform), { kind: event.kind });
        break;
      default:
        this.#order(event);
    }
  }

  #order(event: Extract<TrialEvent, { readonly campaign: string }>): void {
    const slot = this.#subject.config.campaigns.findIndex(({ id }) => id === event.campaign);
    if (slot < 0) return;
    if (event.kind === "top-up") this.#engine.topUp(slot, event.micros, TRIAL_ORDER);
    else if (event.kind === "fail") this.#guard.plant(event.campaign);
    else if (event.kind === "hold") this.#engine.hold(slot, TRIAL_ORDER);
    else this.#engine.release(slot, TRIAL_ORDER);
  }

  #platform(id: string): number {
    return this.#market.platforms.findIndex((platform) => platform.id === id);
  }

  #playUntil(tick: number): void {
    const engine = this.#engine;
    while (this.#ticks < Math.min(tick, engine.ticks) && this.#breach === null) {
      engine.tick();
      this.#ticks += 1;
      this.#judge();
    }
  }

  /** The first of what is broken by now: the policy's own fault comes before what follows from it. */
  #judge(): void {
    if (this.#breach !== null) return;
    const { fault } = this.#guard;
    if (fault !== null) {
      const { campaign, text } = fault;
      this.#breach = { rule: "policy", law: POLICY_LAW, tick: Math.max(0, fault.tick), campaign, text };
      return;
    }
    const [violation] = this.#invariants.violations;
    if (violation !== undefined) {
      const { invariant, tick, campaign, text } = violation;
      this.#breach = { rule: invariant, law: lawOf(invariant), tick, campaign, text };
      return;
    }
    this.#judgeExpectations();
  }

  #judgeExpectations(): void {
    const verdict = this.#expected.brokenLimit();
    if (verdict === null) return;
    const { campaigns, currency } = this.#subject.config;
    const ids = campaigns.map(({ id }) => id);
    const { wanted, found } = wordsOf(verdict, ids, currency);
    const { slots, field } = verdict.expectation;
    const slot = verdict.slot ?? (slots.length === 1 ? slots[0] : null);
    const campaign = slot === null ? null : ids[slot];
    this.#breach = { rule: field, law: wanted, tick: Math.max(0, this.#ticks - 1), campaign, text: `it is ${found}` };
  }
}

function lawOf(invariant: InvariantName): string {
  return INVARIANTS[invariant];
}
