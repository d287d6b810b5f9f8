/** The running engine as the request handlers see it: one object with all that they may read or order. */
import type { OperatorOrder } from "../core/operator.ts";
import type { DashboardFrame } from "../observe/frames.ts";
import type { LiveView } from "../observe/live-view.ts";
import type { ServiceMetrics } from "../observe/metrics.ts";
import type { LiveMarket } from "../platforms/live-market.ts";
import { Inspection } from "../inspect/inspection.ts";
import type { Engine } from "../runtime/engine.ts";
import type { TimeControl } from "./time-control.ts";
import { Problem } from "./problem.ts";
import type { Vitals } from "./vitals.ts";

/** What a {@link LiveRun} is made of. */
export interface LiveRunParts {
  readonly engine: Engine;
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
/** Keys of top-ups that are remembered. */
const REMEMBERED_KEYS = 10_000;

/** One engine, live. */
export class LiveRun {
  readonly engine: Engine;
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
  readonly #keys = new Set<string>();
  #frame: MadeFrame | null = null;

  constructor({
    engine,
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

  /** Plays one tick, piece by piece: what comes in meanwhile is taken in between, orders wait. @throws what the engine throws */
  async play(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#playing = promise;
    try {
      const pieces = this.engine.play();
      while (pieces.next().done !== true) await this.#breathe();
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
    while (this.#playing !== null) await this.#playing;
    this.engine.sendTo(id, event);
  }

  /** Carries out an order, between two ticks. @throws Problem when it is refused */
  async order(
    order: OperatorOrder,
    { by, why }: { readonly by: string; readonly why: string },
  ): Promise<number | null> {
    this.assertStarted();
    await this.betweenTicks();
    const slot = this.engine.obey(order, { by, why, atMs: Date.now() });
    this.#frame = null;
    return slot;
  }

  /** True the first time that a key is used. */
  isFirstUse(key: string): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    if (this.#keys.size > REMEMBERED_KEYS) {
      const [oldest] = this.#keys;
      this.#keys.delete(oldest);
    }
    return true;
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

  /** @throws Problem while the engine is not there yet */
  assertStarted(): void {
    if (!this.view.isStarted) throw new Problem("engine.absent", "The engine is starting.", {}, 1);
  }
}
