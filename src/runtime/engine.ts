/**
 * The engine: one tick of the loop after another, from the market's news to the bids, with the actors in between.
 *
 * E1 a campaign bids only what the ledger has reserved; E2 a report is booked before its campaign hears of it; E3 campaigns are
 * visited in the order of their slots; E4 what an observer sees is already true; E5 what an observer throws ends the run; E6 a campaign that
 * nobody runs any more, quarantined or of a portfolio given up, has no reservation; E7 what the operator ordered outlives every restart;
 * E8 nothing is bid on a closed platform, whatever a policy says.
 */
import type { AnyActorRef } from "xstate";
import type { CampaignContext, CampaignEvent } from "../../machines/campaign.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import { EngineError } from "../core/errors.ts";
import { Health } from "../core/forecast/board.ts";
import { reservationMicros } from "../core/decision.ts";
import type { Decision } from "../core/decision.ts";
import { CAMPAIGN_STATES } from "../core/events.ts";
import type { CampaignState, EngineEvent, EngineObserver } from "../core/events.ts";
import type { ForecasterFactory } from "../core/forecast/board.ts";
import { Ledger } from "../core/ledger.ts";
import { isMicros } from "../core/money.ts";
import type { OperatorOrder, Signature } from "../core/operator.ts";
import type { Order } from "../core/order.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import type { Policy } from "../core/policy/policy.ts";
import { BidBatch, ReportBatch, ReportKind } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import type { Market } from "../platforms/market.ts";
import { dayStartTicks } from "./calendar.ts";
import { Feed } from "./feed.ts";
import { ActorTree } from "./tree.ts";
import type { TreeFact } from "./tree.ts";
import type { RestartIntensity } from "../../machines/engine.ts";
import type { SupervisionLimits } from "../../machines/portfolio.ts";

/** What an engine runs. */
export interface EngineConfig {
  readonly name: string;
  readonly seed: number;
  /** ISO 4217 code of all money. */
  readonly currency: string;
  /** Simulated time of tick 0 [ms since the epoch]. */
  readonly startMs: number;
  readonly tickMs: number;
  readonly ticks: number;
  /** Ticks of feed before tick 0 from which forecasts are learned. */
  readonly warmupTicks: number;
  /** Ticks in a day: the period of the traffic plan. */
  readonly periodTicks: number;
  /** IANA name of the account's time zone: where budget days begin. */
  readonly timeZone: string;
  /** By slot. */
  readonly campaigns: readonly CampaignSpec[];
  readonly supervision: SupervisionLimits;
  /** How often a portfolio or platform statechart that failed is restarted. Default: three times a day of minutes. */
  readonly intensity?: RestartIntensity;
  /** What the operator orders during the run, by tick. */
  readonly orders?: readonly Order[];
  /** Forecasters beside the registered ones, by name. */
  readonly forecasters?: ReadonlyMap<string, ForecasterFactory>;
  /** Run the statecharts through XState's interpreter instead of compiled: slower, and the oracle. */
  readonly isInterpreted?: boolean;
  /** The policy of a name that a campaign gives. Default: the registry. */
  readonly policyOf?: (name: string) => Policy;
}

/** The parts that an engine is put together from. */
export interface EngineParts {
  readonly market: Market;
  readonly observers: readonly EngineObserver[];
  /** Monotonic time [ms], for latency figures only. */
  readonly nowMs: () => number;
}

/** How long a drain waits for late reports [ticks]. */
const MAX_DRAIN_TICKS = 2_000;

/** An engine over one market. Call {@link start}, then {@link tick} `ticks` times, then {@link drain} and {@link stop}. */
export class Engine {
  readonly ledger: Ledger;
  readonly #config: EngineConfig;
  /** By slot; the same list as the configuration's, so that it grows for all who hold it. */
  readonly #campaigns: CampaignSpec[];
  readonly #market: Market;
  readonly #observers: readonly EngineObserver[];
  readonly #decisionObservers: readonly EngineObserver[];
  readonly #nowMs: () => number;
  readonly #feed: Feed;
  readonly #tree: ActorTree;
  readonly #batches: readonly BidBatch[];
  readonly #dayStarts: readonly number[];
  /** By slot: index into {@link CAMPAIGN_STATES}. */
  #states: Uint8Array;
  /** By platform: the metrics heard in this tick. */
  readonly #heard: (PlatformMetrics | null)[];
  /** Why the operator holds a campaign, by slot (E7). */
  readonly #held = new Map<number, string>();
  /** Slots of the campaigns that the operator ended. */
  readonly #ended = new Set<number>();
  /** Why the operator keeps a platform closed, by platform (E8). */
  readonly #closed = new Map<number, string>();
  /** What the supervision tree has said and the observers have not heard yet. */
  readonly #facts: TreeFact[] = [];
  #booked = new Float64Array(16);
  #world: World;
  #nextTick = 0;
  #ordersDone = 0;

  constructor(given: EngineConfig, { market, observers, nowMs }: EngineParts) {
    this.#campaigns = [...given.campaigns];
    const config = { ...given, campaigns: this.#campaigns };
    this.#config = config;
    this.#market = market;
    this.#observers = observers;
    this.#decisionObservers = observers.filter((observer) => observer.wantsDecisions !== false);
    this.#nowMs = nowMs;
    this.ledger = new Ledger(market.platforms.length);
    for (const spec of config.campaigns) this.ledger.open(spec.budgetMicros, spec.dailyBudgetMicros);
    this.#feed = new Feed({
      platforms: market.platforms,
      forecasterNames: [...new Set(config.campaigns.map((spec) => spec.forecaster))],
      tickMs: config.tickMs,
      periodTicks: config.periodTicks,
      forecasters: config.forecasters,
    });
    this.#tree = new ActorTree(config, market.platforms);
    this.#batches = market.platforms.map((_, platform) => new BidBatch(platform, config.campaigns.length));
    this.#dayStarts = dayStartTicks(config.startMs, config.tickMs, config.ticks, config.timeZone);
    this.#states = new Uint8Array(config.campaigns.length);
    this.#heard = market.platforms.map(() => null);
    this.#world = this.#worldAt(-config.warmupTicks);
  }

  /** Ticks of the run. */
  get ticks(): number {
    return this.#config.ticks;
  }

  /** Starts the actors and warms the forecasts up. */
  start(): void {
    const { name, seed, currency, tickMs, ticks, warmupTicks, campaigns } = this.#config;
    this.#tree.onFact((fact) => this.#facts.push(fact));
    this.#tree.start();
    this.#emit({
      type: "engine.started",
      ...this.#at(0),
      name,
      seed,
      currency,
      tickMs,
      ticks,
      platforms: this.#market.platforms,
      campaigns,
      ledger: this.ledger,
    });
    this.#tellFacts();
    for (let tick = 1 - warmupTicks; tick < 0; tick += 1) this.#hear(tick, this.#market.advance(tick).feed);
    this.#tree.begin();
    this.#tellFacts();
  }

  /** Plays the next tick. @throws EngineError when an invariant of the money is broken */
  tick(): void {
    const tick = this.#nextTick;
    const startedMs = this.#nowMs();
    this.#carryOut(tick);
    const news = this.#market.advance(tick);
    this.#book(news.reports, tick);
    this.#hear(tick, news.feed);
    this.#world = this.#worldAt(tick);
    this.#startDay(tick);
    for (const batch of this.#batches) batch.clear(tick);
    this.#tree.supervise(tick);
    this.#tellFacts();
    const decisions = this.#tree.isRunning ? this.#decideAll() : 0;
    for (const batch of this.#batches) if (batch.length > 0) this.#market.place(batch);
    this.#emit({
      type: "tick.completed",
      ...this.#at(tick),
      feed: this.#heard,
      boards: [...this.#feed.boards.values()],
      states: this.#countStates(),
      decisions,
      latencyMs: this.#nowMs() - startedMs,
    });
    this.#nextTick = tick + 1;
  }

  /** Places no more bids, and books the reports that are still to come. Bids that are never answered stay reserved. */
  drain(): void {
    this.beginDrain("the run is over");
    for (let extra = 0; extra < MAX_DRAIN_TICKS && !this.#market.isSettled(); extra += 1) this.drainTick();
    this.endDrain();
  }

  /** Places no more bids. {@link drain} in steps, for a market that needs time: this, {@link drainTick} until settled, {@link endDrain}. */
  beginDrain(why: string): void {
    this.#tree.drain(why);
    this.#tellFacts();
  }

  /** Books what came in since the last tick. True when nothing is outstanding any more. */
  drainTick(): boolean {
    this.#book(this.#market.advance(this.#nextTick).reports, this.#nextTick);
    this.#nextTick += 1;
    return this.#market.isSettled();
  }

  /** Ends the drain, settled or not. */
  endDrain(): void {
    let open = 0;
    for (let slot = 0; slot < this.ledger.size; slot += 1) open += this.ledger.openReservations(slot);
    this.#tree.drained(open);
    this.#tellFacts();
  }

  /** Stops every actor and stream. Safe to call more than once. */
  stop(): void {
    this.#tree.stop("stopped");
    this.#feed.complete();
    this.#tellFacts();
  }

  /** Adds to a campaign's budget and tells it. @throws EngineError CE_LEDGER_REFUSED for what is no amount of money */
  topUp(slot: number, micros: number, why = "top-up"): void {
    this.ledger.topUp(slot, micros);
    this.#emit({ type: "budget.toppedUp", ...this.#at(this.#nextTick), slot, micros, why });
    this.#tell(slot, { type: "budget.toppedUp", micros }, why);
  }

  /** Holds a campaign (no evaluation until {@link release}d) for the reason given. */
  hold(slot: number, why: string): void {
    this.#held.set(slot, why);
    this.#emit({ type: "campaign.held", ...this.#at(this.#nextTick), slot, why });
    this.#tell(slot, { type: "hold", why }, why);
  }

  /** Lets a held or quarantined campaign go on, with a clean record. One of a portfolio that was given up stays stopped. */
  release(slot: number, why = "released"): void {
    this.#held.delete(slot);
    this.#emit({ type: "campaign.released", ...this.#at(this.#nextTick), slot, why });
    this.#tell(slot, { type: "resume" }, why);
    this.#tree.release(slot);
  }

  /**
   * Carries out an operator's order and puts it on record. Returns the slot of the campaign that it was about, or null.
   * @throws EngineError CE_ORDER_REFUSED when it cannot be carried out; then nothing has changed
   */
  obey(order: OperatorOrder, signature: Signature): number | null {
    const { why } = signature;
    let slot = "slot" in order ? order.slot : null;
    if (slot !== null) this.#assertOrderable(slot);
    switch (order.action) {
      case "campaign.create":
        slot = this.#create(order.campaign);
        break;
      case "campaign.pause":
        this.hold(order.slot, why);
        break;
      case "campaign.resume":
        this.release(order.slot, why);
        break;
      case "campaign.end":
        this.hold(order.slot, why);
        this.#ended.add(order.slot);
        break;
      case "campaign.top-up":
        this.topUp(order.slot, order.micros, why);
        break;
      case "platform.close":
        this.#closed.set(order.platform, why);
        this.#feed.setHealth(order.platform, Health.down);
        break;
      case "platform.open":
        this.#closed.delete(order.platform);
        break;
      case "engine.pause":
        this.#tree.pause(why);
        break;
      case "engine.resume":
        this.#tree.resume();
        break;
    }
    this.#tellFacts();
    const platform = "platform" in order ? order.platform : null;
    const micros = "micros" in order ? order.micros : null;
    const { action } = order;
    this.#emit({ type: "operator.acted", ...this.#at(this.#nextTick), action, slot, platform, micros, ...signature });
    return slot;
  }

  /** The tick that is played next. */
  get nextTick(): number {
    return this.#nextTick;
  }

  /** Every actor that is alive. */
  get actors(): readonly AnyActorRef[] {
    return [...this.#tree.actors()];
  }

  #carryOut(tick: number): void {
    const { orders = [] } = this.#config;
    for (; this.#ordersDone < orders.length && orders[this.#ordersDone].tick <= tick; this.#ordersDone += 1) {
      const { slots, kind, micros, why } = orders[this.#ordersDone];
      for (const slot of slots) {
        if (kind === "hold") this.hold(slot, why);
        else if (kind === "release") this.release(slot, why);
        else this.topUp(slot, micros, why);
      }
    }
  }

  #assertOrderable(slot: number): void {
    if (this.#campaigns[slot] === undefined) throw refusedOrder(`There is no campaign in slot ${slot}.`);
    if (this.#ended.has(slot)) throw refusedOrder(`Campaign ${this.#campaigns[slot].id} has been ended.`);
  }

  #create(spec: CampaignSpec): number {
    const { id, forecaster, flight } = spec;
    if (this.#campaigns.some((other) => other.id === id)) throw refusedOrder(`There is a campaign ${id} already.`);
    if (!this.#feed.boards.has(forecaster)) throw refusedOrder(`The forecaster ${forecaster} does not run here.`);
    if (flight.endTick <= this.#nextTick) throw refusedOrder(`The flight of campaign ${id} is over.`);
    const slot = this.#campaigns.length;
    if (!this.#tree.add(spec, slot)) throw refusedOrder(`The portfolio ${spec.portfolio} does not run here.`);
    this.#campaigns.push(spec);
    this.ledger.open(spec.budgetMicros, spec.dailyBudgetMicros);
    if (spec.dailyBudgetMicros !== null) this.ledger.startDay(slot, this.#nextTick);
    if (slot >= this.#states.length) {
      const longer = new Uint8Array(slot + 1);
      longer.set(this.#states);
      this.#states = longer;
    }
    this.#emit({ type: "campaign.created", ...this.#at(this.#nextTick), slot, campaign: spec });
    return slot;
  }

  #at(tick: number): { tick: number; timeMs: number } {
    return { tick, timeMs: this.#config.startMs + tick * this.#config.tickMs };
  }

  #worldAt(tick: number): World {
    const { tickMs, periodTicks } = this.#config;
    return {
      ...this.#at(tick),
      tickMs,
      periodTicks,
      platforms: this.#market.platforms,
      boards: this.#feed.boards,
      account: (slot) => this.ledger.view(slot),
    };
  }

  #emit(event: EngineEvent): void {
    for (const observer of this.#observers) observer.observe(event);
  }

  /**
   * Tells the observers what the tree has said since the last time. Facts are told from here, not from within the actors: what an observer
   * throws must end the run, not be taken for an actor's failure (E5).
   */
  #tellFacts(): void {
    const facts = this.#facts.splice(0);
    for (const fact of facts) {
      this.#follow(fact);
      this.#emit({ ...this.#at(this.#nextTick), ...fact });
    }
  }

  /** What supervision's word means for money (E6) and for the operator's orders (E7). */
  #follow(fact: TreeFact): void {
    if (fact.type === "campaign.quarantined") this.#leave(fact.slot, "quarantined");
    else if (fact.type === "campaign.restarted") this.#remindOfHold(fact.slot);
    else if (fact.type === "supervisor.restarted") {
      for (const slot of this.#membersOf(fact.supervisor)) this.#remindOfHold(slot);
    } else if (fact.type === "supervisor.stopped") {
      for (const slot of this.#membersOf(fact.supervisor)) this.#leave(slot, "its portfolio was given up");
    }
  }

  /** Slots of the campaigns under a portfolio's actor, in order; none under another. */
  #membersOf(supervisor: string): number[] {
    const { campaigns } = this.#config;
    return [...campaigns.keys()].filter((slot) => `portfolio:${campaigns[slot].portfolio}` === supervisor);
  }

  /** Nobody runs the campaign any more: its reservations are given back (E6). */
  #leave(slot: number, why: string): void {
    const released = this.ledger.releaseAll(slot);
    if (released.reservations > 0) {
      this.#emit({ type: "reservations.released", ...this.#at(this.#nextTick), slot, ...released, why });
    }
    const from = this.#setState(slot, "idle");
    if (from !== "idle") this.#emitChange(slot, from, "idle", why);
  }

  /** A restarted actor knows the operator's orders as of its last good state: it is told where they have changed since (E7). */
  #remindOfHold(slot: number): void {
    const actor = this.#tree.campaign(slot);
    if (actor === null) return;
    const why = this.#held.get(slot) ?? null;
    if (snapshotOf(actor).context.heldBecause === why) return;
    this.#tell(slot, why === null ? { type: "resume" } : { type: "hold", why }, why ?? "released");
  }

  /** Feeds one tick's metrics into the streams, and each platform's word to its statechart, whose verdict goes onto the boards. */
  #hear(tick: number, feed: readonly PlatformMetrics[]): void {
    for (const update of this.#feed.push(tick, feed)) {
      const { platform, metrics, refused } = update;
      this.#heard[platform] = metrics;
      if (refused !== null) this.#emit({ type: "feed.refused", ...this.#at(tick), platform, why: refused });
      const verdict = this.#tree.judgeFeed(update, tick);
      this.#feed.setHealth(platform, this.#closed.has(platform) ? Health.down : verdict);
    }
    this.#tellFacts();
  }

  /** Books reports in the ledger, then tells each campaign of its rows (E2). */
  #book(heard: ReportBatch, tick: number): void {
    if (heard.length === 0) return;
    if (this.#booked.length < heard.length) this.#booked = new Float64Array(heard.length * 2);
    let accepted = 0;
    const refused = new Set<number>();
    for (let row = 0; row < heard.length; row += 1) {
      const bookedMicros = this.#bookRow(heard, row, tick);
      if (bookedMicros === null) refused.add(row);
      else this.#booked[accepted++] = bookedMicros;
    }
    if (accepted === 0) return;
    // Nobody learns from what the ledger refused: a repeat would count twice.
    const batch = refused.size === 0 ? heard : without(heard, refused);
    this.#emit({ type: "reports.booked", ...this.#at(tick), batch, bookedMicros: this.#booked });
    let from = 0;
    while (from < batch.length) {
      const slot = batch.campaign[from];
      let to = from + 1;
      while (to < batch.length && batch.campaign[to] === slot) to += 1;
      this.#tell(slot, { type: "reports", batch, from, to, world: this.#world }, "reports");
      from = to;
    }
  }

  #bookRow(batch: ReportBatch, row: number, tick: number): number | null {
    const slot = batch.campaign[row];
    const platform = batch.platform[row];
    const costMicros = batch.costMicros[row];
    const isKnown = slot >= 0 && slot < this.ledger.size && platform < this.#market.platforms.length;
    if (isKnown && batch.kind[row] !== ReportKind.spend) return 0;
    const isSound = isKnown && isMicros(costMicros);
    const settlement = isSound ? this.ledger.settle(slot, batch.tick[row], platform, costMicros) : null;
    if (settlement === null) {
      const why = isSound ? "repeat-or-unknown" : "malformed";
      this.#emit({ type: "report.refused", ...this.#at(tick), slot, platform, bidTick: batch.tick[row], why });
      return null;
    }
    if (settlement.disputedMicros > 0) {
      const { disputedMicros } = settlement;
      this.#emit({ type: "charge.disputed", ...this.#at(tick), slot, platform, disputedMicros });
    }
    return settlement.bookedMicros;
  }

  #startDay(tick: number): void {
    if (!this.#dayStarts.includes(tick)) return;
    for (let slot = 0; slot < this.#config.campaigns.length; slot += 1) {
      if (this.#config.campaigns[slot].dailyBudgetMicros === null) continue;
      this.ledger.startDay(slot, tick);
      this.#tell(slot, { type: "day.started", tick, world: this.#world }, "new day");
    }
  }

  /** One shared event to every campaign (E3); returns the number of decisions. */
  #decideAll(): number {
    const event: CampaignEvent = { type: "tick", world: this.#world };
    const { tick } = this.#world;
    let decisions = 0;
    for (let slot = 0; slot < this.#states.length; slot += 1) {
      const actor = this.#tree.campaign(slot);
      if (actor === null) continue;
      actor.send(event);
      const snapshot = snapshotOf(actor);
      if (snapshot.status !== "active") continue;
      const { decision } = snapshot.context;
      const from = this.#setState(slot, snapshot.value);
      if (decision === null || decision.tick !== tick) {
        if (from !== snapshot.value) this.#emitChange(slot, from, snapshot.value, "flight over or held");
        continue;
      }
      this.#commit(slot, decision);
      decisions += 1;
      if (this.#decisionObservers.length > 0) this.#emitDecision(slot, from, snapshot.value, decision);
    }
    return decisions;
  }

  /** Reserves the money of a decision and puts its bids into the platforms' batches (E1). */
  #commit(slot: number, decision: Decision): void {
    for (const { platform, bidMicros, capMicros } of decision.candidates) {
      if (capMicros === 0 || this.#closed.has(platform)) continue;
      const { overDeliveryFactor } = this.#market.platforms[platform];
      this.ledger.reserve(slot, decision.tick, platform, reservationMicros(capMicros, overDeliveryFactor));
      this.#batches[platform].push(slot, bidMicros, capMicros);
    }
  }

  #emitDecision(slot: number, from: CampaignState, state: CampaignState, decision: Decision): void {
    const campaign = this.#config.campaigns[slot];
    const board = this.#feed.boards.get(campaign.forecaster)!;
    const account = this.ledger.view(slot);
    const at = this.#at(decision.tick);
    const event: EngineEvent = { type: "decision", ...at, slot, campaign, from, state, decision, account, board };
    for (const observer of this.#decisionObservers) observer.observe(event);
  }

  /** Sends one campaign an event outside the tick and reports a change of state. */
  #tell(slot: number, event: CampaignEvent, why: string): void {
    const actor = this.#tree.campaign(slot);
    if (actor === null) return;
    actor.send(event);
    const snapshot = snapshotOf(actor);
    if (snapshot.status !== "active") return;
    const from = this.#setState(slot, snapshot.value);
    if (from !== snapshot.value) this.#emitChange(slot, from, snapshot.value, why);
  }

  #emitChange(slot: number, from: CampaignState, state: CampaignState, why: string): void {
    this.#emit({ type: "campaign.changed", ...this.#at(this.#nextTick), slot, from, state, why });
  }

  #setState(slot: number, state: CampaignState): CampaignState {
    const from = CAMPAIGN_STATES[this.#states[slot]];
    if (from !== state) this.#states[slot] = CAMPAIGN_STATES.indexOf(state);
    return from;
  }

  #countStates(): number[] {
    const counts = CAMPAIGN_STATES.map(() => 0);
    for (const state of this.#states) counts[state] += 1;
    return counts;
  }
}

function without(batch: ReportBatch, refused: ReadonlySet<number>): ReportBatch {
  const rest = new ReportBatch(batch.length);
  for (let row = 0; row < batch.length; row += 1) if (!refused.has(row)) rest.push(batch.row(row));
  return rest;
}

function refusedOrder(message: string): EngineError {
  return new EngineError("CE_ORDER_REFUSED", message);
}

interface CampaignSnapshot {
  readonly status: "active" | "done" | "error" | "stopped";
  readonly value: CampaignState;
  readonly context: CampaignContext;
}

function snapshotOf(actor: AnyActorRef): CampaignSnapshot {
  return actor.getSnapshot() as CampaignSnapshot;
}
