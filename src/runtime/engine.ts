/**
 * The engine: one tick of the loop after another, from the market's news to the bids, with the actors in between.
 *
 * E1 a campaign bids only what the ledger has reserved; E2 a report is booked before its campaign hears of it; E3 campaigns are
 * visited in the order of their slots; E4 what an observer sees is already true; E5 what an observer throws ends the run; E6 a campaign that
 * nobody runs any more, quarantined or of a portfolio given up, has no reservation; E7 what the operator ordered outlives every restart;
 * E8 no tick is evaluated twice, whatever the clock shows; E9 no reservation outlives its time-out;
 * E10 nothing is bid on a closed platform, whatever a policy says; E11 a tick is over before the next begins.
 */
import type { AnyActorRef, EventObject, InspectionEvent } from "xstate";
import type { CampaignEvent } from "../../machines/campaign.ts";
import type { RestartIntensity } from "../../machines/engine.ts";
import type { SupervisionLimits } from "../../machines/portfolio.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import { DecisionDraft } from "../core/decision.ts";
import { EngineError } from "../core/errors.ts";
import type { EngineObserver } from "../core/events.ts";
import type { Faults } from "../core/faults.ts";
import { Health } from "../core/forecast/board.ts";
import type { ForecasterFactory } from "../core/forecast/board.ts";
import { Ledger } from "../core/ledger.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { ParetoCurve } from "../core/pareto.ts";
import type { OperatorOrder, Signature } from "../core/operator.ts";
import type { Order } from "../core/order.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { ReportBatch } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import type { Market } from "../platforms/market.ts";
import { Announcer } from "./announcer.ts";
import { Bidding } from "./bidding.ts";
import { Bookkeeping } from "./bookkeeping.ts";
import { dayAt, dayStartTicks } from "./calendar.ts";
import { LocalActors } from "./campaign-actors.ts";
import type { CampaignActors, Pieces } from "./campaign-actors.ts";
import { CampaignStates } from "./campaign-states.ts";
import { FaultyActors } from "./faulty-actors.ts";
import { Feed } from "./feed.ts";
import type { FeedState } from "./feed.ts";
import { LoadShedding } from "./load-shedding.ts";
import type { LoadState } from "./load-shedding.ts";
import { OperatorDesk } from "./operator-desk.ts";
import type { DeskState } from "./operator-desk.ts";
import { CampaignRoll } from "./roll.ts";
import type { SavedCampaign } from "./saved-campaign.ts";
import type { TreeState } from "./saved-tree.ts";
import { Supervision } from "./supervision.ts";
import { elsewhere, threadedActors } from "./threads/threads.ts";
import { ActorTree } from "./tree.ts";

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
  /**
   * Real time from tick to tick [ms]: where ticks take longer, work is left undone in the order of {@link LOAD_LEVELS}. Absent, the default: ticks
   * take what they take, and time has no influence on decisions.
   */
  readonly periodMs?: number;
  /** Worker threads that campaigns are dealt out to, 2 or more; 1, the default: they live in this thread. */
  readonly threads?: number;
  /** How long a thread may give no sign of life before it is taken for dead [ms]. Default: 10,000. */
  readonly threadSilenceMs?: number;
  /** Modules of the policies that are not the engine's, as URLs by name: threads load them by themselves. */
  readonly policyModules?: Readonly<Record<string, string>>;
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

/** All that an engine knows, so that another one with the same configuration can go on from it. */
export interface EngineState {
  readonly nextTick: number;
  /** Campaigns that were created during the run. */
  readonly joined: readonly CampaignSpec[];
  readonly ledger: LedgerState;
  readonly feed: FeedState;
  readonly tree: TreeState;
  readonly campaigns: readonly SavedCampaign[];
  readonly states: Uint8Array;
  readonly toldHolds: ReadonlyMap<number, string>;
  readonly openByTick: Int32Array;
  readonly desk: DeskState;
  readonly load: LoadState | null;
}

/** How long a drain waits for late reports [ticks]. */
const MAX_DRAIN_TICKS = 2_000;

/** An engine over one market. Call {@link start}, then {@link tick} `ticks` times, then {@link drain} and {@link stop}. */
export class Engine {
  readonly ledger: Ledger;
  readonly #config: EngineConfig;
  readonly #market: Market;
  readonly #nowMs: () => number;
  readonly #announcer: Announcer;
  readonly #feed: Feed;
  readonly #tree: ActorTree;
  readonly #states: CampaignStates;
  readonly #actors: CampaignActors;
  readonly #roll: CampaignRoll;
  readonly #books: Bookkeeping;
  readonly #desk: OperatorDesk;
  readonly #supervision: Supervision;
  readonly #bidding: Bidding;
  readonly #faults: FaultyActors | null;
  readonly #load: LoadShedding | null;
  readonly #dayStarts: readonly number[];
  /** Campaigns of the configuration: those after them have joined. */
  readonly #scheduled: number;
  /** By platform: the metrics heard in this tick. */
  readonly #heard: (PlatformMetrics | null)[];
  #world: World;
  #isPlaying = false;

  constructor(given: EngineConfig, { market, observers, nowMs, faults }: EngineParts) {
    // One list for all who hold it: it grows.
    const campaigns = [...given.campaigns];
    const config = { ...given, campaigns };
    const { platforms } = market;
    this.#config = config;
    this.#scheduled = given.campaigns.length;
    this.#market = market;
    this.#nowMs = nowMs;
    this.#faults = faults === undefined ? null : new FaultyActors(faults, campaigns);
    const announcer = new Announcer(observers, config.startMs, config.tickMs);
    const ledger = new Ledger(platforms.length, (config.threads ?? 1) > 1);
    ledger.makeRoom(campaigns.length);
    for (const spec of campaigns) ledger.open(spec.budgetMicros, spec.dailyBudgetMicros);
    const feed = new Feed({
      platforms,
      forecasterNames: [...new Set(campaigns.map((spec) => spec.forecaster))],
      tickMs: config.tickMs,
      periodTicks: config.periodTicks,
      forecasters: this.#faults?.forecasters(config.forecasters) ?? config.forecasters,
    });
    const states = new CampaignStates(campaigns.length);
    const growing = this.#faults === null ? config : this.#faults.tree(config);
    const draft = announcer.keepsDecisions ? null : new DecisionDraft();
    const threaded = threadedActors(config, {
      platforms,
      campaigns,
      boards: feed.boards,
      ledger,
      states,
      faults: faults?.plan ?? null,
      draft,
      onFault: (fault) => faults?.note(fault),
      onFailed: (slot, error) => this.#tree.failCampaign(slot, error),
      onDeath: (thread, error) => this.#tree.failThread(thread, error),
    });
    const tree = new ActorTree({ ...growing, ...elsewhere(config, threaded) }, platforms, feed.stages);
    const actors = threaded ?? new LocalActors(tree, states, this.#faults, draft);
    const timeoutTicks = config.settlementTimeoutTicks ?? config.periodTicks;
    const books = new Bookkeeping(ledger, platforms.length, timeoutTicks, announcer);
    const roll = new CampaignRoll({ campaigns, ledger, states, actors, announcer });
    const { orders = [] } = config;
    const tellFacts = () => this.#supervision.tellFacts();
    const desk = new OperatorDesk({ roll, ledger, tree, feed, announcer, tellFacts, orders });
    const isClosed = (platform: number) => desk.isClosed(platform);
    this.ledger = ledger;
    this.#announcer = announcer;
    this.#feed = feed;
    this.#tree = tree;
    this.#states = states;
    this.#actors = actors;
    this.#roll = roll;
    this.#books = books;
    this.#desk = desk;
    this.#supervision = new Supervision({
      platforms,
      campaigns,
      tree,
      feed,
      roll,
      desk,
      faults: this.#faults,
      announcer,
    });
    const { periodMs } = config;
    const load = periodMs === undefined ? null : new LoadShedding({ periodMs, campaigns, ledger, announcer });
    this.#load = load;
    const { boards } = feed;
    this.#bidding = new Bidding({ platforms, boards, ledger, books, roll, states, actors, load, announcer, isClosed });
    this.#dayStarts = dayStartTicks(config.startMs, config.tickMs, config.ticks, config.timeZone);
    this.#heard = platforms.map(() => null);
    this.#world = this.#worldAt(-config.warmupTicks);
  }

  /** Ticks of the run. */
  get ticks(): number {
    return this.#config.ticks;
  }

  /** The tick that is played next. */
  get nextTick(): number {
    return this.#announcer.nextTick;
  }

  /** What each marginal cost per conversion would buy a campaign from here on; null where it has no actor, or another policy than gamma pacing. Not within a tick. */
  pareto(slot: number): ParetoCurve | null {
    return this.#actors.pareto(slot, this.#world);
  }

  /** Hears of every actor, event and snapshot from now on, until the function returned is called; costs some µs per event. With threads, of stand-ins in place of campaigns. */
  inspect(listener: (event: InspectionEvent) => void): () => void {
    return this.#tree.inspect(listener);
  }

  /**
   * Sends an event to a campaign or a platform by hand; `tick` and `day.started` get the world of now. Supervisors take orders from the engine only.
   * @throws EngineError CE_ORDER_REFUSED for another actor
   */
  sendTo(id: string, event: EventObject): void {
    const actor = this.#tree.find(id);
    const slot = this.#roll.campaigns.findIndex((campaign) => `campaign:${campaign.id}` === id);
    if (event.type === "reports") throw new EngineError("CE_ORDER_REFUSED", "Reports come from the platforms only.");
    if (slot >= 0) this.#roll.tell(slot, this.withWorld(event) as CampaignEvent, "sent by hand");
    else if (actor !== null && id.startsWith("platform:")) actor.send(this.withWorld(event));
    else throw new EngineError("CE_ORDER_REFUSED", `Events are sent by hand to campaigns and platforms, not to ${id}.`);
    this.#supervision.tellFacts();
  }

  /** An event with what the engine adds: the world of now to those that carry one. */
  withWorld(event: EventObject): EventObject {
    const world = this.#world;
    const isOfWorld = event.type === "tick" || event.type === "day.started";
    return isOfWorld ? Object.assign({ ...event }, { tick: world.tick, world }) : event;
  }

  /** Worker threads that campaigns live in; 1 where they live in the engine's own. */
  get threads(): number {
    return this.#config.threads ?? 1;
  }

  /** Every actor that is alive. */
  get actors(): readonly AnyActorRef[] {
    return [...this.#tree.actors()];
  }

  /** Starts the actors and warms the forecasts up. */
  start(): void {
    const { warmupTicks } = this.#config;
    this.#tree.start();
    this.#actors.settle();
    this.#announceStart();
    for (let tick = 1 - warmupTicks; tick < 0; tick += 1) this.#hear(tick, this.#market.advance(tick).feed);
    this.#tree.begin();
    this.#supervision.tellFacts();
  }

  /**
   * All that the engine knows, between two ticks: plain data that a structured clone can carry, and that is the engine's own. Whoever keeps it clones it
   * before the next tick.
   * @throws EngineError CE_STATE_UNSAVABLE where something in use cannot be saved
   */
  save(): EngineState {
    if (this.#faults !== null) throw new EngineError("CE_STATE_UNSAVABLE", "Faults that are injected cannot be saved.");
    return {
      nextTick: this.nextTick,
      joined: this.#roll.campaigns.slice(this.#scheduled),
      ledger: this.ledger.save(),
      feed: this.#feed.save(),
      tree: this.#tree.save(),
      // Whoever holds them, in whichever groups: the same state.
      campaigns: this.#actors.save().toSorted((a, b) => a.slot - b.slot),
      states: this.#states.save(),
      toldHolds: this.#roll.save(),
      openByTick: this.#books.save(),
      desk: this.#desk.save(),
      load: this.#load?.save() ?? null,
    };
  }

  /** Goes on as the engine of the same configuration that had this state, in place of {@link start}, and takes it over; observers hear of a start. */
  goOn(state: EngineState): void {
    for (const spec of state.joined) (this.#config.campaigns as CampaignSpec[]).push(spec);
    this.#announcer.nextTick = state.nextTick;
    this.ledger.restore(state.ledger);
    this.#feed.restore(state.feed);
    this.#states.restore(state.states);
    this.#roll.restore(state.toldHolds);
    this.#books.restore(state.openByTick);
    this.#desk.restore(state.desk);
    if (state.load !== null) this.#load?.restore(state.load);
    this.#actors.goOn(state.campaigns);
    this.#tree.goOn(state.tree, state.campaigns);
    this.#actors.settle();
    this.#world = this.#worldAt(state.nextTick - 1);
    this.#announceStart();
  }

  /**
   * Plays the tick that the clock shows, by default the next one. Of ticks that were missed, the news is booked and nothing is decided; a tick
   * that was played before is passed over (E8).
   * @returns the tick to play next
   * @throws EngineError when an invariant of the money is broken
   */
  tick(shownTick = this.nextTick): number {
    return finish(this.play(shownTick));
  }

  /**
   * {@link tick} in pieces of some milliseconds, for whoever has something else to do in between: reading, and taking in what the market is told,
   * but no orders.
   */
  *play(shownTick = this.nextTick): Pieces<number> {
    if (this.#isPlaying)
      throw new EngineError("CE_ENGINE_INVARIANT", "A tick began before the one before was over (E11).");
    this.#isPlaying = true;
    try {
      return yield* this.#play(shownTick);
    } finally {
      this.#isPlaying = false;
    }
  }

  *#play(shownTick: number): Pieces<number> {
    const startedMs = this.#nowMs();
    const announcer = this.#announcer;
    this.#supervision.tellFacts();
    if (shownTick !== this.nextTick) {
      announcer.emit({ type: "clock.jumped", ...announcer.at(), expectedTick: this.nextTick, shownTick });
    }
    if (shownTick < this.nextTick) return this.nextTick;
    const tick = Math.min(shownTick, this.#config.ticks - 1);
    for (; this.nextTick < tick; announcer.nextTick += 1) yield* this.#learn(yield* this.#take(this.nextTick));
    const batch = yield* this.#take(tick);
    this.#bidding.clear(tick);
    this.#faults?.armSupervisors(tick);
    this.#tree.supervise(tick);
    this.#actors.settle();
    this.#supervision.tellFacts();
    let decisions = 0;
    if (this.#tree.isRunning) decisions = yield* this.#bidding.decideAll(batch, this.#world);
    else yield* this.#learn(batch);
    this.#supervision.tellFacts();
    for (const bids of this.#bidding.batches) if (bids.length > 0) this.#market.place(bids);
    const tookMs = this.#nowMs() - startedMs;
    announcer.emit({
      type: "tick.completed",
      ...announcer.at(tick),
      feed: this.#heard,
      boards: [...this.#feed.boards.values()],
      states: this.#states.counts(),
      decisions,
      latencyMs: tookMs,
    });
    announcer.nextTick = tick + 1;
    this.#load?.note(tick, tookMs);
    return this.nextTick;
  }

  /** Takes what became known at the beginning of a tick: orders, reports, metrics, a new budget day. Returns the reports that campaigns are yet to hear of. */
  *#take(tick: number): Pieces<ReportBatch> {
    this.#desk.carryOut(tick);
    const news = this.#market.advance(tick);
    this.#supervision.tellFacts();
    const batch = this.#book(news.reports, tick);
    this.#hear(tick, news.feed);
    this.#world = this.#worldAt(tick);
    yield* this.#startDay(tick);
    return batch;
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
    this.#supervision.tellFacts();
  }

  /** Books what came in since the last tick. True when nothing is outstanding any more. */
  drainTick(): boolean {
    const { reports } = this.#market.advance(this.nextTick);
    this.#supervision.tellFacts();
    finish(this.#learn(this.#book(reports, this.nextTick)));
    this.#announcer.nextTick += 1;
    return this.#market.isSettled();
  }

  /** Ends the drain, settled or not. */
  endDrain(): void {
    this.#books.expireAll(this.nextTick);
    this.#tree.drained(this.#books.openReservations);
    this.#supervision.tellFacts();
  }

  /** Stops every actor and stream. Safe to call more than once. */
  stop(): void {
    this.#tree.stop("stopped");
    this.#actors.close();
    this.#feed.complete();
    this.#supervision.tellFacts();
  }

  /** Adds to a campaign's budget and tells it. @throws EngineError CE_LEDGER_REFUSED for what is no amount of money */
  topUp(slot: number, micros: number, why = "top-up"): void {
    this.#desk.topUp(slot, micros, why);
  }

  /** Holds a campaign (no evaluation until {@link release}d) for the reason given. */
  hold(slot: number, why: string): void {
    this.#desk.hold(slot, why);
  }

  /** Lets a held or quarantined campaign go on, with a clean record. One of a portfolio that was given up stays stopped. */
  release(slot: number, why = "released"): void {
    this.#desk.release(slot, why);
  }

  /**
   * Carries out an operator's order and puts it on record. Returns the slot of the campaign that it was about, or null.
   * @throws EngineError CE_ORDER_REFUSED when it cannot be carried out; then nothing has changed
   */
  obey(order: OperatorOrder, signature: Signature): number | null {
    const slot = this.#desk.obey(order, signature);
    if (order.action === "campaign.create") this.#faults?.add(order.campaign, slot!);
    return slot;
  }

  /** Books reports in the ledger, and returns those that campaigns are to hear of (E2); what is overdue expires (E9). */
  #book(heard: ReportBatch, tick: number): ReportBatch {
    const batch = this.#books.book(heard, tick);
    this.#books.expire(tick);
    return batch;
  }

  /** Tells each campaign of its rows where no decision round does. */
  *#learn(batch: ReportBatch): Pieces {
    if (batch.length === 0) return;
    yield* this.#actors.learn(batch, this.#world, (slot, state) =>
      this.#roll.noteHeard(slot, "reports", state, "reports"),
    );
    this.#supervision.tellFacts();
  }

  /** Feeds one tick's metrics into the streams, and each platform's word to its statechart, whose verdict goes onto the boards. */
  #hear(tick: number, feed: readonly PlatformMetrics[]): void {
    const at = this.#announcer.at(tick);
    for (const platform of this.#market.platforms.keys()) this.#tree.superviseStages(platform, tick);
    this.#supervision.tellFacts();
    const updates = this.#feed.push(tick, feed);
    for (const failure of this.#feed.takeFailures()) {
      const { platform, error } = failure;
      const stage = this.#feed.stages[failure.stage];
      this.#announcer.emit({ type: "stage.failed", ...at, platform, stage, error });
      this.#tree.failStage(failure, tick);
    }
    for (const update of updates) {
      const { platform, metrics, refused } = update;
      this.#heard[platform] = metrics;
      if (refused !== null) this.#announcer.emit({ type: "feed.refused", ...at, platform, why: refused });
      const verdict = this.#tree.judgeFeed(update, tick);
      this.#feed.setHealth(platform, this.#desk.isClosed(platform) ? Health.down : verdict);
    }
    this.#supervision.tellFacts();
  }

  #announceStart(): void {
    const { name, seed, currency, tickMs, ticks, campaigns } = this.#config;
    const { platforms } = this.#market;
    const { ledger } = this;
    const run = { name, seed, currency, tickMs, ticks, platforms, campaigns, ledger };
    this.#announcer.emit({ type: "engine.started", ...this.#announcer.at(), ...run });
    this.#supervision.tellFacts();
  }

  *#startDay(tick: number): Pieces {
    if (!this.#dayStarts.includes(tick)) return;
    const { campaigns } = this.#roll;
    const slots = [...campaigns.keys()].filter((slot) => campaigns[slot].dailyBudgetMicros !== null);
    for (const slot of slots) this.ledger.startDay(slot, tick);
    yield* this.#actors.startDay(slots, this.#world, (slot, state) =>
      this.#roll.noteHeard(slot, "day.started", state, "new day"),
    );
  }

  #worldAt(tick: number): World {
    return {
      ...this.#announcer.at(tick),
      tickMs: this.#config.tickMs,
      day: dayAt(tick, this.#dayStarts, this.#config.ticks),
      platforms: this.#market.platforms,
      boards: this.#feed.boards,
      account: (slot) => this.ledger.view(slot),
    };
  }
}

/** Does all pieces of a work at once. */
function finish<Result>(pieces: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}
