/** The running engine as the request handlers see it: one object with all that they may read or order. */
import type { OperatorOrder } from "../core/operator.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import { RecentKeys } from "../core/recent-keys.ts";
import type { Savable } from "../core/saved.ts";
import { ReportBatch } from "../core/reports.ts";
import type { ReportRow } from "../core/reports.ts";
import type { DashboardFrame } from "../observe/frames.ts";
import type { LiveView } from "../observe/live-view.ts";
import type { ServiceMetrics } from "../observe/metrics.ts";
import type { LiveMarket, Reception } from "../platforms/live-market.ts";
import { Inspection } from "../inspect/inspection.ts";
import type { DurableRun, Recovery, SignedOrder } from "../runtime/durable-run.ts";
import type { Engine } from "../runtime/engine.ts";
import type { TimeControl } from "./time-control.ts";
import { Problem } from "./problem.ts";
import type { Vitals } from "./vitals.ts";

/** What a {@link LiveRun} is made of. */
export interface LiveRunParts {
  readonly engine: Engine;
  /** The same engine with its log; absent: what happens is not written down. */
  readonly durable?: DurableRun | undefined;
  readonly view: LiveView;
  readonly market: LiveMarket;
  readonly metrics: ServiceMetrics;
  readonly vitals: Vitals;
  /** Period of the ticks [ms]. */
  readonly everyMs: number;
  /** Most campaigns that may run, those of the scenario included. */
  readonly maxCampaigns: number;
  /** True where a simulated market answers the bids. */
  readonly isDemo: boolean;
  /** Where time can be stopped: in a simulation that somebody looks at. */
  readonly time?: TimeControl;
  /** How long one message of a stream may wait for its reader [ms]. Default 15,000. */
  readonly stuckMs?: number;
}

/** A frame, made once for all viewers. */
export interface MadeFrame {
  readonly madeMs: number;
  /** The view's revision that it shows. */
  readonly revision: number;
  readonly value: DashboardFrame;
  readonly json: string;
}

/** How long a frame is shown while nothing happens [ms]. */
const QUIET_MS = 2_000;
/** How long a frame may be shown before it is made anew [ms]: four a second. */
export const FRAME_MS = 250;
/** Longest that a tick stands back for requests between two of its pieces [ms]: about as long as a piece. */
const BREATH_MS = 5;
/** How long a log is replayed before the event loop turns [ms]. */
const REPLAY_MS = 50;
/** Keys of top-ups that are remembered. */
const REMEMBERED_KEYS = 10_000;

/** One engine, live. */
export class LiveRun {
  readonly engine: Engine;
  readonly durable: DurableRun | null;
  readonly view: LiveView;
  readonly market: LiveMarket;
  readonly metrics: ServiceMetrics;
  readonly vitals: Vitals;
  readonly everyMs: number;
  readonly maxCampaigns: number;
  readonly isDemo: boolean;
  readonly stuckMs: number;
  readonly time: TimeControl | null;
  readonly inspection: Inspection;
  /** Aborted when streams are to end. */
  readonly closing = new AbortController();
  /** False until the forecasts are warm, and again once the engine drains. */
  isReady = false;
  /** Requests under way; open streams do not count. */
  requests = 0;
  /** The tick that is being played, or null. */
  #playing: Promise<void> | null = null;
  /** Records taken since the last {@link keep}. */
  #taken: { feed: PlatformMetrics[]; reports: ReportBatch } = { feed: [], reports: new ReportBatch() };
  #isRecovering = false;
  /** Keys of the orders that were carried out. */
  readonly orderKeys = new RecentKeys<string>(REMEMBERED_KEYS);
  #frame: MadeFrame | null = null;

  constructor({
    engine,
    durable,
    view,
    market,
    metrics,
    vitals,
    everyMs,
    maxCampaigns,
    isDemo,
    time,
    stuckMs = 15_000,
  }: LiveRunParts) {
    this.engine = engine;
    this.durable = durable ?? null;
    this.view = view;
    this.market = market;
    this.metrics = metrics;
    this.vitals = vitals;
    this.everyMs = everyMs;
    this.maxCampaigns = maxCampaigns;
    this.isDemo = isDemo;
    this.stuckMs = stuckMs;
    this.time = time ?? null;
    this.inspection = new Inspection(engine);
  }

  /** Starts the engine, or goes on where its log ends; reading is possible meanwhile, nothing else. @throws EngineError `CE_STATE_…` */
  async start(): Promise<Recovery> {
    const { durable } = this;
    if (durable === null) {
      this.engine.start();
      return { isNew: true, snapshotTick: null, entries: 0, nextTick: 0 };
    }
    this.#isRecovering = true;
    let turnedMs = performance.now();
    const recovery = await durable.recover(async () => {
      if (performance.now() - turnedMs < REPLAY_MS) return;
      await new Promise((turned) => setImmediate(turned));
      turnedMs = performance.now();
    });
    await durable.start();
    this.#isRecovering = false;
    return recovery;
  }

  /**
   * Plays one tick, piece by piece: what comes in meanwhile is taken in between, orders wait. With a log, it ends when the tick is written down, and
   * records wait too.
   * @throws what the engine throws, or the log
   */
  async play(shownTick = this.engine.nextTick): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#playing = promise;
    try {
      const pieces = this.engine.play(shownTick);
      while (pieces.next().done !== true) await this.#breathe();
      await this.durable?.ticked(shownTick);
    } finally {
      this.#playing = null;
      resolve();
    }
  }

  /** Lets the event loop turn; and, where requests are under way, until they are answered, for a bounded time. */
  async #breathe(): Promise<void> {
    const untilMs = performance.now() + BREATH_MS;
    do await new Promise((turned) => setImmediate(turned));
    while (this.requests > 0 && performance.now() < untilMs);
  }

  /** Waits for the end of the tick that is being played. */
  async betweenTicks(): Promise<void> {
    while (this.#playing !== null) await this.#playing;
  }

  /** Sends an event to an actor by hand, between two ticks. @throws EngineError when it is refused */
  async send(id: string, event: { readonly type: string }): Promise<void> {
    this.assertStarted();
    if (this.durable !== null) {
      throw new Problem("order.refused", "A service that writes everything down takes orders, but no events by hand.");
    }
    await this.betweenTicks();
    this.engine.sendTo(id, event);
  }

  /**
   * Carries out an order, between two ticks; where there is a log, the order is durable when this resolves.
   * @param key where given, an order with the same key counts once
   * @throws Problem when it is refused; EngineError while it cannot be written down
   */
  async order(
    order: OperatorOrder,
    { by, why }: { readonly by: string; readonly why: string },
    key?: string,
  ): Promise<number | null> {
    this.assertTaking();
    await this.betweenTicks();
    if (key !== undefined && this.orderKeys.has(key)) return null;
    const signature = { by, why, atMs: Date.now() };
    this.#frame = null;
    if (this.durable !== null) return this.durable.obey({ order, signature, key });
    const slot = this.engine.obey(order, signature);
    this.remember(key);
    return slot;
  }

  /** What goes on from a snapshot beside the engine. */
  get savable(): Readonly<Record<string, Savable>> {
    const { market, view, orderKeys } = this;
    return { market, view, orderKeys };
  }

  /** Remembers the key of an order that was carried out. */
  remember(key: SignedOrder["key"]): void {
    if (key !== undefined) this.orderKeys.add(key);
  }

  /** Waits until records can be taken: at once, or between two ticks where they are written down. @throws EngineError while they cannot be */
  async readyToTake(): Promise<void> {
    if (this.durable === null) return;
    await this.betweenTicks();
    this.durable.assertWritable();
  }

  /** Offers one platform's metrics to the market. */
  takeMetrics(metrics: PlatformMetrics): Reception {
    const reception = this.market.offerMetrics(metrics);
    if (this.durable !== null && reception === "accepted") this.#taken.feed.push(metrics);
    return reception;
  }

  /** Offers a report to the market. */
  takeReport(row: ReportRow): Reception {
    const reception = this.market.offerReport(row);
    if (this.durable !== null && reception === "accepted") this.#taken.reports.push(row);
    return reception;
  }

  /** Writes down what was taken; durable when it resolves. @throws EngineError while it cannot be: it will be written first of all */
  async keep(): Promise<void> {
    const { feed, reports } = this.#taken;
    if (feed.length === 0 && reports.length === 0) return;
    this.#taken = { feed: [], reports: new ReportBatch() };
    await this.durable?.received(feed, reports);
  }

  /** Takes again what a log says was taken. */
  takeAgain(feed: readonly PlatformMetrics[], reports: ReportBatch): void {
    for (const metrics of feed) this.market.offerMetrics(metrics);
    for (let at = 0; at < reports.length; at += 1) this.market.offerReport(reports.row(at));
  }

  /** The slot of a campaign. @throws Problem where there is none */
  slotOf(id: string): number {
    this.assertStarted();
    const slot = this.view.slotOf(id);
    if (slot === null) throw new Problem("not.found", `There is no campaign ${id}.`);
    return slot;
  }

  /** The index of a platform. @throws Problem where there is none */
  platformOf(id: string): number {
    this.assertStarted();
    const platform = this.view.platformOf(id);
    if (platform === null) throw new Problem("not.found", `There is no platform ${id}.`);
    return platform;
  }

  /** The dashboard's frame, made at most four times a second, for all viewers. */
  frame(): MadeFrame {
    this.assertStarted();
    const nowMs = performance.now();
    const { revision } = this.view;
    const ageMs = nowMs - (this.#frame?.madeMs ?? Number.NEGATIVE_INFINITY);
    const isChanged = this.#frame?.revision !== revision;
    if (this.#frame === null || ageMs >= QUIET_MS || (isChanged && ageMs >= FRAME_MS)) {
      const value = this.view.frame(this.vitals.read());
      this.#frame = { madeMs: nowMs, revision, value, json: JSON.stringify(value) };
    }
    return this.#frame;
  }

  /** @throws Problem while the engine takes no orders and no records */
  assertTaking(): void {
    this.assertStarted();
    if (this.#isRecovering) throw new Problem("engine.absent", "The engine is going through its log.", {}, 1);
  }

  /** @throws Problem while the engine is not there yet */
  assertStarted(): void {
    if (!this.view.isStarted) throw new Problem("engine.absent", "The engine is starting.", {}, 1);
  }
}
