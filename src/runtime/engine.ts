/**
 * The engine: one tick of the loop after another, from the market's news to the bids, with the actors in between.
 *
 * E1 a campaign bids only what the ledger has reserved; E2 a report is booked before its campaign hears of it; E3 campaigns are
 * visited in the order of their slots; E4 what an observer sees is already true; E5 what an observer throws ends the run; E6 a campaign that
 * nobody runs any more, quarantined or of a portfolio given up, has no reservation; E7 what the operator ordered outlives every restart;
 * E8 no tick is evaluated twice, whatever the clock shows; E9 no reservation outlives its time-out;
 * E10 nothing is bid on a closed platform, whatever a policy says.
 */
import type { AnyActorRef, InspectionEvent } from "xstate";
import type { CampaignContext, CampaignEvent } from "../../machines/campaign.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import { EngineError } from "../core/errors.ts";
import { Health } from "../core/forecast/board.ts";
import { reservationMicros } from "../core/decision.ts";
import type { Decision } from "../core/decision.ts";
import type { Faults } from "../core/faults.ts";
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
import { dayAt, dayStartTicks } from "./calendar.ts";
import { FaultyActors } from "./faulty-actors.ts";
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
  /** Ticks that a bid waits for its spend report before its reservation counts as spent. Default: a day. */
  readonly settlementTimeoutTicks?: number;
  /** What the operator orders during the run, by tick. */
  readonly orders?: readonly Order[];
  /** Forecasters beside the registered ones, by name. */
  readonly forecasters?: ReadonlyMap<string, ForecasterFactory>;
  /** Run the statecharts through XState's interpreter instead of compiled: slower, and the oracle. */
  readonly isInterpreted?: boolean;
  /** The policy of a name that a campaign gives. Default: the registry. */
  readonly policyOf?: (name: string) => Policy;
  /** Hears of every actor, event, microstep and snapshot from the first actor's birth on; costs several µs per event. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** The parts that an engine is put together from. */
export interface EngineParts {
  readonly market: Market;
  readonly observers: readonly EngineObserver[];
  /** Monotonic time [ms], for latency figures only. */
  readonly nowMs: () => number;
  /** Faults to inject into actors and forecasts; the market's are injected by a market of its own. */
  readonly faults?: Faults;
}

const BIDDING = CAMPAIGN_STATES.indexOf("bidding");
const FALLBACK = CAMPAIGN_STATES.indexOf("fallback");

/** An event before its time is written on it. */
type WithoutMoment<Event> = Event extends EngineEvent ? Omit<Event, "tick" | "timeMs"> : never;

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
  /** Why the operator keeps a platform closed, by platform (E10). */
  readonly #closed = new Map<number, string>();
  /** What the supervision tree has said and the observers have not heard yet. */
  readonly #facts: TreeFact[] = [];
  readonly #faults: FaultyActors | null;
  /** Open reservations by the tick of their bid, modulo the time-out: no tick without an overdue one costs a search. */
  readonly #open: Int32Array;
  #booked = new Float64Array(16);
  #world: World;
  #nextTick = 0;
  #ordersDone = 0;

  constructor(given: EngineConfig, { market, observers, nowMs, faults }: EngineParts) {
    this.#campaigns = [...given.campaigns];
    const config = { ...given, campaigns: this.#campaigns };
    this.#config = config;
    this.#faults = faults === undefined ? null : new FaultyActors(faults, config.campaigns);
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
      forecasters: this.#faults?.forecasters(config.forecasters) ?? config.forecasters,
    });
    this.#open = new Int32Array((config.settlementTimeoutTicks ?? config.periodTicks) + 1);
    const growing = this.#faults === null ? config : this.#faults.tree(config);
    this.#tree = new ActorTree(growing, market.platforms, this.#feed.stages);
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

  /**
   * Plays the tick that the clock shows, by default the next one. Of ticks that were missed, the news is booked and nothing is decided; a tick
   * that was played before is passed over (E8).
   * @returns the tick to play next
   * @throws EngineError when an invariant of the money is broken
   */
  tick(shownTick = this.#nextTick): number {
    const startedMs = this.#nowMs();
    this.#tellFacts();
    if (shownTick !== this.#nextTick) {
      this.#emit({ type: "clock.jumped", ...this.#at(this.#nextTick), expectedTick: this.#nextTick, shownTick });
    }
    if (shownTick < this.#nextTick) return this.#nextTick;
    const tick = Math.min(shownTick, this.#config.ticks - 1);
    for (; this.#nextTick < tick; this.#nextTick += 1) this.#take(this.#nextTick);
    this.#take(tick);
    for (const batch of this.#batches) batch.clear(tick);
    this.#faults?.armSupervisors(tick);
    this.#tree.supervise(tick);
    this.#tellFacts();
    const decisions = this.#tree.isRunning ? this.#decideAll() : 0;
    this.#tellFacts();
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
    return this.#nextTick;
  }

  /** Takes what became known at the beginning of a tick: orders, reports, metrics, a new budget day. */
  #take(tick: number): void {
    this.#carryOut(tick);
    const news = this.#market.advance(tick);
    this.#tellFacts();
    this.#book(news.reports, tick);
    this.#expire(tick);
    this.#hear(tick, news.feed);
    this.#world = this.#worldAt(tick);
    this.#startDay(tick);
  }

  /** Places no more bids, and books the reports that are still to come. Bids that are never answered expire (E9). */
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
    const { reports } = this.#market.advance(this.#nextTick);
    this.#tellFacts();
    this.#book(reports, this.#nextTick);
    this.#expire(this.#nextTick);
    this.#nextTick += 1;
    return this.#market.isSettled();
  }

  /** Ends the drain, settled or not. */
  endDrain(): void {
    // What the market has not answered by now, it never will.
    for (let extra = 1; extra < this.#open.length; extra += 1) this.#expire(this.#nextTick + extra - 1);
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
    return {
      ...this.#at(tick),
      tickMs: this.#config.tickMs,
      day: dayAt(tick, this.#dayStarts, this.#config.ticks),
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
    for (const fault of this.#faults?.take() ?? []) {
      this.#emit({ type: "fault.injected", ...this.#at(this.#nextTick), ...fault });
    }
    const facts = this.#facts.splice(0);
    for (const fact of facts) {
      this.#follow(fact);
      this.#emit({ ...this.#at(this.#nextTick), ...this.#named(fact) });
    }
  }

  /** A fact as observers hear it: stages by their names. */
  #named(fact: TreeFact): WithoutMoment<EngineEvent> {
    const { stages } = this.#feed;
    if (fact.type === "stages.restarted") return { ...fact, stages: fact.stages.map((stage) => stages[stage]) };
    if (fact.type === "stage.stopped") return { ...fact, stage: stages[fact.stage] };
    return fact;
  }

  /** What supervision's word means for money (E6) and for the operator's orders (E7). */
  #follow(fact: TreeFact): void {
    if (fact.type === "campaign.quarantined") this.#leave(fact.slot, "quarantined");
    else if (fact.type === "campaign.restarted") this.#remind(fact.slot);
    else if (fact.type === "stages.restarted") this.#feed.restart(fact.platform, fact.stages);
    else if (fact.type === "stage.stopped") this.#feed.giveUp(fact.platform, fact.stage);
    else if (fact.type === "supervisor.restarted") {
      // The stages' supervisor ended with its first stage: its successor begins with all of them new.
      const platform = this.#platformOf(fact.supervisor);
      if (platform >= 0) this.#feed.restart(platform, [...this.#feed.stages.keys()]);
      for (const slot of this.#membersOf(fact.supervisor)) this.#remind(slot);
    } else if (fact.type === "supervisor.stopped") {
      const platform = this.#platformOf(fact.supervisor);
      if (platform >= 0) this.#feed.giveUp(platform, 0);
      for (const slot of this.#membersOf(fact.supervisor)) this.#leave(slot, "its portfolio was given up");
    }
  }

  /** Index of the platform whose stages an actor supervises; -1 for other actors. */
  #platformOf(supervisor: string): number {
    return this.#market.platforms.findIndex(({ id }) => `feed:${id}` === supervisor);
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
    this.#change(slot, "idle", why);
  }

  /** A restarted actor is idle, and knows the operator's orders as of its last good state: it is told what stands (E7, C4). */
  #remind(slot: number): void {
    const actor = this.#tree.campaign(slot);
    if (actor === null) return;
    if (this.#stateOf(slot) === "exhausted") this.#tell(slot, { type: "budget.exhausted" }, "exhausted before");
    const why = this.#held.get(slot) ?? null;
    if (snapshotOf(actor).context.heldBecause === why) return;
    this.#tell(slot, why === null ? { type: "resume" } : { type: "hold", why }, why ?? "released");
  }

  /** Feeds one tick's metrics into the streams, and each platform's word to its statechart, whose verdict goes onto the boards. */
  #hear(tick: number, feed: readonly PlatformMetrics[]): void {
    for (const platform of this.#market.platforms.keys()) this.#tree.superviseStages(platform, tick);
    this.#tellFacts();
    const updates = this.#feed.push(tick, feed);
    this.#tellFailures(tick);
    for (const update of updates) {
      const { platform, metrics, refused } = update;
      this.#heard[platform] = metrics;
      if (refused !== null) this.#emit({ type: "feed.refused", ...this.#at(tick), platform, why: refused });
      const verdict = this.#tree.judgeFeed(update, tick);
      this.#feed.setHealth(platform, this.#closed.has(platform) ? Health.down : verdict);
    }
    this.#tellFacts();
  }

  /** Tells observers and supervisors what has failed on the way to the boards. */
  #tellFailures(tick: number): void {
    for (const failure of this.#feed.takeFailures()) {
      const { platform, error } = failure;
      const stage = this.#feed.stages[failure.stage];
      this.#emit({ type: "stage.failed", ...this.#at(tick), platform, stage, error });
      this.#tree.failStage(failure, tick);
    }
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
      const world = this.#faults === null ? this.#world : this.#faultyWorld(this.#faults, slot, batch, from);
      this.#tell(slot, { type: "reports", batch, from, to, world }, "reports");
      from = to;
    }
    this.#tellFacts();
  }

  /** Only a live campaign with bids out asks its guards about a report. */
  #faultyWorld(faults: FaultyActors, slot: number, batch: ReportBatch, from: number): World {
    const isOut = this.#states[slot] === BIDDING || this.#states[slot] === FALLBACK;
    const isAsked = isOut && this.#tree.campaign(slot) !== null;
    return isAsked ? faults.world(this.#world, slot, batch, from) : this.#world;
  }

  /** Lets the reservations expire whose reports are overdue at a tick (E9). */
  #expire(tick: number): void {
    const bidTick = tick - this.#open.length + 1;
    const at = bidTick % this.#open.length;
    if (bidTick < 0 || this.#open[at] === 0) return;
    this.#open[at] = 0;
    for (let slot = 0; slot < this.ledger.size; slot += 1) {
      for (const platform of this.#market.platforms.keys()) {
        const bookedMicros = this.ledger.expire(slot, bidTick, platform);
        if (bookedMicros === null) continue;
        this.#emit({ type: "reservation.expired", ...this.#at(this.#nextTick), slot, platform, bidTick, bookedMicros });
      }
    }
  }

  /** A reservation was closed. */
  #close(bidTick: number, tick: number): void {
    if (bidTick > tick - this.#open.length) this.#open[bidTick % this.#open.length] -= 1;
  }

  #bookRow(batch: ReportBatch, row: number, tick: number): number | null {
    const slot = batch.campaign[row];
    const platform = batch.platform[row];
    const costMicros = batch.costMicros[row];
    const isKnown = slot >= 0 && slot < this.ledger.size && platform < this.#market.platforms.length;
    const bidTick = batch.tick[row];
    const kind = batch.kind[row];
    if (isKnown && kind === ReportKind.conversions) return 0;
    const isSound = isKnown && isMicros(costMicros);
    if (isSound && kind === ReportKind.refusal) {
      if (this.ledger.release(slot, bidTick, platform)) {
        this.#close(bidTick, tick);
        this.#emit({ type: "bid.refused", ...this.#at(tick), slot, platform, bidTick });
      }
      return null;
    }
    const settlement = isSound ? this.ledger.settle(slot, bidTick, platform, costMicros) : null;
    if (settlement === null) {
      const isExpired = isSound && this.ledger.takeExpired(slot, bidTick, platform);
      const why = isExpired ? "expired" : isSound ? "repeat-or-unknown" : "malformed";
      this.#emit({ type: "report.refused", ...this.#at(tick), slot, platform, bidTick, why, costMicros });
      return null;
    }
    this.#close(bidTick, tick);
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
      this.#open[decision.tick % this.#open.length] += 1;
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
    if (actor === null) {
      // Nobody hears that there is money again: the successor must not be told that there is none.
      if (this.#stateOf(slot) === "exhausted" && this.#bringsMoney(slot, event)) this.#change(slot, "idle", why);
      return;
    }
    actor.send(event);
    const snapshot = snapshotOf(actor);
    if (snapshot.status === "active") this.#change(slot, snapshot.value, why);
  }

  /** Whether an event ends exhaustion, as the campaign's statechart has it (C4). */
  #bringsMoney(slot: number, { type }: CampaignEvent): boolean {
    return type === "budget.toppedUp" || (type === "day.started" && this.ledger.view(slot).availableMicros > 0);
  }

  #change(slot: number, state: CampaignState, why: string): void {
    const from = this.#setState(slot, state);
    if (from !== state) this.#emitChange(slot, from, state, why);
  }

  #emitChange(slot: number, from: CampaignState, state: CampaignState, why: string): void {
    this.#emit({ type: "campaign.changed", ...this.#at(this.#nextTick), slot, from, state, why });
  }

  #stateOf(slot: number): CampaignState {
    return CAMPAIGN_STATES[this.#states[slot]];
  }

  #setState(slot: number, state: CampaignState): CampaignState {
    const from = this.#stateOf(slot);
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
