/** A service for tests: a small engine whose ticks the test beats, and its routes without a socket. */
import type { Hono } from "hono";
import type { EngineEvent } from "../../src/core/events.ts";
import { LiveView } from "../../src/observe/live-view.ts";
import { ServiceMetrics } from "../../src/observe/metrics.ts";
import { LiveMarket } from "../../src/platforms/live-market.ts";
import type { LiveMarketLimits } from "../../src/platforms/live-market.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import { Engine } from "../../src/runtime/engine.ts";
import type { EngineConfig } from "../../src/runtime/engine.ts";
import { createApp } from "../../src/server/app.ts";
import { LiveRun } from "../../src/server/live-run.ts";
import type { JournalStore } from "../../src/journal/store.ts";
import { DurableRun } from "../../src/runtime/durable-run.ts";
import { JournaledMarket } from "../../src/runtime/journaled-market.ts";
import type { Guard } from "../../src/server/security.ts";
import { Vitals } from "../../src/server/vitals.ts";
import { scenarioOf } from "../runtime/played-run.ts";

export const TOKEN = "a-token-for-the-tests";

export interface ServiceParts {
  /** True: a simulated market answers. Default false: the test does. */
  readonly isDemo?: boolean;
  readonly guard?: Partial<Guard>;
  readonly limits?: LiveMarketLimits;
  readonly fields?: object;
  readonly perCampaign?: number;
  readonly stuckMs?: number;
  /** Where everything is written down; absent: nowhere. */
  readonly store?: JournalStore;
  /** Ticks from one snapshot to the next; absent: none are taken. */
  readonly snapshotTicks?: number;
  /** In place of the scenario's. */
  readonly engine?: Partial<EngineConfig>;
  /** Period of the ticks [ms]. Default 1,000. */
  readonly everyMs?: number;
}

export class LiveService {
  readonly run: LiveRun;
  readonly app: Hono;
  /** The audit trail, and whatever was not expected. */
  readonly orders: EngineEvent[] = [];
  readonly unexpected: unknown[] = [];

  constructor({
    isDemo = false,
    guard = {},
    limits = {},
    fields = {},
    perCampaign = 0,
    stuckMs = 15_000,
    store,
    snapshotTicks,
    engine: given = {},
    everyMs = 1_000,
  }: ServiceParts = {}) {
    const {
      market: spec,
      exposures,
      ...config
    } = scenarioOf({ duration: "2h", warmup: isDemo ? "1h" : "0s", ...fields });
    const all = [...exposures, ...exposures];
    const simulated = isDemo
      ? new PathMarket({
          paths: simulatePaths(spec),
          exposures: all,
          valuesPerConversionMicros: all.map(() => 0),
          seed: config.seed,
        })
      : null;
    const market = new LiveMarket(config.platforms, simulated, limits);
    const view = new LiveView();
    const metrics = new ServiceMetrics(perCampaign);
    const audit = { wantsDecisions: false, observe: (event: EngineEvent) => this.#note(event) };
    const journaled = store === undefined ? null : new JournaledMarket(market, () => performance.now());
    const observers = [view, metrics, audit, ...(journaled === null ? [] : [journaled])];
    const nowMs = () => journaled?.nowMs() ?? performance.now();
    const engine = new Engine({ ...config, ...given }, { market: journaled ?? market, observers, nowMs });
    const durable =
      store === undefined || journaled === null
        ? undefined
        : new DurableRun({
            store,
            engine,
            market: journaled,
            manifest: { ...config, kind: "test", fingerprint: config.name },
            onOrder: ({ key }) => this.run.remember(key),
            onReceived: (feed, reports) => this.run.takeAgain(feed, reports),
            ...(snapshotTicks === undefined
              ? {}
              : { snapshots: { parts: () => this.run.savable, everyTicks: snapshotTicks } }),
          });
    const vitals = new Vitals();
    const maxCampaigns = all.length;
    const times = { everyMs, stuckMs };
    this.run = new LiveRun({ engine, durable, view, market, metrics, vitals, maxCampaigns, isDemo, ...times });
    metrics.readGauges(() => ({ queued: market.queued, outstandingBids: market.outstanding, viewers: vitals.viewers }));
    this.app = createApp({
      run: this.run,
      guard: { token: TOKEN, hosts: [], isPublic: false, ...guard },
      version: "0.0.0",
      onUnexpected: (error) => this.unexpected.push(error),
    });
  }

  start(): this {
    this.run.engine.start();
    this.run.isReady = true;
    return this;
  }

  tick(times = 1): this {
    for (let i = 0; i < times; i += 1) this.run.engine.tick();
    return this;
  }

  close(): void {
    this.run.closing.abort();
    this.run.engine.stop();
    this.run.vitals.close();
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.app.request(path, { headers: { host: "localhost:8080", ...headers } });
  }

  /** Sends text, or a value as JSON, with the token. */
  async send(
    method: "POST" | "PUT",
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const isLines = typeof body === "string";
    return this.app.request(path, {
      method,
      body: isLines ? body : JSON.stringify(body),
      headers: {
        host: "localhost:8080",
        authorization: `Bearer ${TOKEN}`,
        "content-type": isLines ? "application/x-ndjson" : "application/json",
        ...headers,
      },
    });
  }

  #note(event: EngineEvent): void {
    if (event.type === "operator.acted") this.orders.push(event);
  }
}
