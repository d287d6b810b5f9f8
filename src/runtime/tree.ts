/**
 * The supervision tree of an engine: engine → platforms, and engine → portfolios → pools → campaigns, as live actors.
 *
 * T1 ids are stable: `engine`, `platform:<id>`, `portfolio:<id>`, `campaign:<id>`; T2 a failed campaign is null here until its portfolio has restarted it.
 */
import { createActor } from "xstate";
import type { AnyActorLogic, AnyActorRef, InspectionEvent } from "xstate";
import { campaignMachine } from "../../machines/campaign.ts";
import type { CampaignInput } from "../../machines/campaign.ts";
import { engineMachine } from "../../machines/engine.ts";
import { DEFAULT_THRESHOLDS, healthCode, platformMachine } from "../../machines/platform.ts";
import { portfolioMachine } from "../../machines/portfolio.ts";
import type { PortfolioFact, PortfolioInput, SupervisionLimits } from "../../machines/portfolio.ts";
import { compile } from "../actors/compiled.ts";
import { createPool } from "../actors/pool.ts";
import type { PoolSnapshot } from "../actors/pool.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import type { Health, HealthCode } from "../core/forecast/board.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { policyNamed } from "../core/policy/index.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { FeedUpdate } from "./feed.ts";

/** What a tree is grown from. */
export interface TreeConfig {
  readonly campaigns: readonly CampaignSpec[];
  readonly supervision: SupervisionLimits;
  readonly isInterpreted?: boolean;
  /** The policy of a name that a campaign gives. Default: the registry. */
  readonly policyOf?: (name: string) => Policy;
  /** Hears of every actor, event, microstep and snapshot from the first actor's birth on. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** What supervision made known. */
export type TreeFact =
  | PortfolioFact
  | {
      readonly type: "platform.changed";
      readonly platform: number;
      readonly from: string;
      readonly state: string;
      readonly why: string;
    }
  | { readonly type: "engine.changed"; readonly state: string };

type PlatformState = keyof typeof Health;

/** The compiled statechart, made once a process: it has no state of its own. */
let compiledCampaign: AnyActorLogic | null = null;

/** The actors of one engine. */
export class ActorTree {
  readonly #root: AnyActorRef;
  readonly #listeners: ((fact: TreeFact) => void)[] = [];
  readonly #platforms: AnyActorRef[] = [];
  readonly #platformStates: string[] = [];
  /** By slot: the children of the pool that holds it, where the actor stands in its slot. */
  readonly #holders: (readonly AnyActorRef[])[] = [];
  #state = "";

  constructor(config: TreeConfig, platforms: readonly PlatformSpec[]) {
    if (config.isInterpreted !== true) compiledCampaign ??= compile(campaignMachine) as AnyActorLogic;
    const campaign = config.isInterpreted === true ? campaignMachine : compiledCampaign!;
    const portfolio = portfolioMachine.provide({ actors: { pool: createPool(campaign) as AnyActorLogic } });
    const engine = engineMachine.provide({ actors: { platform: platformMachine, portfolio } });
    this.#root = createActor(engine, {
      id: "engine",
      ...(config.inspect === undefined ? {} : { inspect: config.inspect }),
      input: {
        platforms: platforms.map(({ id }) => ({ id, thresholds: DEFAULT_THRESHOLDS })),
        portfolios: portfoliosOf(config, platforms),
      },
    });
  }

  /** Starts all actors. */
  start(): void {
    this.#root.subscribe({ next: (snapshot) => this.#noteState(String(snapshot.value)), error: () => undefined });
    this.#root.start();
    const { platforms, portfolios } = this.#root.getSnapshot().context;
    for (const actor of platforms as AnyActorRef[]) {
      this.#platforms.push(actor);
      this.#platformStates.push(String(actor.getSnapshot().value));
    }
    for (const actor of portfolios as AnyActorRef[]) {
      actor.on("campaign.restarted", (fact) => this.#tell(fact as TreeFact));
      actor.on("campaign.quarantined", (fact) => this.#tell(fact as TreeFact));
      const pool = (actor.getSnapshot().context as { pool: AnyActorRef }).pool;
      const { children, slots } = pool.getSnapshot() as PoolSnapshot;
      for (const slot of slots) this.#holders[slot] = children;
    }
  }

  /** Calls back for every fact, synchronously. */
  onFact(listener: (fact: TreeFact) => void): void {
    this.#listeners.push(listener);
  }

  /** The forecasts are warm: bidding may begin. */
  begin(): void {
    this.#root.send({ type: "begin" });
  }

  /** True while campaigns are to be told of ticks. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Lets every portfolio judge its failures and restart what is due. */
  supervise(tick: number): void {
    this.#root.send({ type: "tick", tick });
  }

  /** No new bids from here on. */
  drain(why: string): void {
    this.#root.send({ type: "drain", why });
  }

  /** Reports how many reservations a drain left open. */
  drained(openReservations: number): void {
    this.#root.send({ type: "drained", openReservations });
  }

  /** Stops every actor. */
  stop(why: string): void {
    if (this.#root.getSnapshot().status === "active") this.#root.send({ type: "stop", why });
    this.#root.stop();
  }

  /** The live actor of a campaign, or null while it has none (T2). */
  campaign(slot: number): AnyActorRef | null {
    const actor = this.#holders[slot][slot];
    return actor.getSnapshot().status === "active" ? actor : null;
  }

  /** Tells a platform's statechart what its feed did in a tick, and returns its verdict. */
  judgeFeed({ platform, metrics, refused }: FeedUpdate, tick: number): HealthCode {
    const actor = this.#platforms[platform];
    if (refused !== null) actor.send({ type: "feed.refused", tick, why: refused });
    else actor.send({ type: metrics === null ? "feed.silent" : "feed.heard", tick });
    const snapshot = actor.getSnapshot();
    const state = String(snapshot.value);
    const from = this.#platformStates[platform];
    if (state !== from) {
      this.#platformStates[platform] = state;
      this.#tell({ type: "platform.changed", platform, from, state, why: snapshot.context.why as string });
    }
    return healthCode(state as PlatformState);
  }

  #noteState(state: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell({ type: "engine.changed", state });
  }

  #tell(fact: TreeFact): void {
    for (const listener of this.#listeners) listener(fact);
  }
}

function portfoliosOf(
  { campaigns, supervision, policyOf = policyNamed }: TreeConfig,
  platforms: readonly PlatformSpec[],
): PortfolioInput[] {
  const members = new Map<string, { slot: number; id: string; input: CampaignInput }[]>();
  for (const [slot, spec] of campaigns.entries()) {
    const input: CampaignInput = { spec, slot, policy: policyOf(spec.policy), platforms };
    const list = members.get(spec.portfolio) ?? [];
    members.set(spec.portfolio, list);
    list.push({ slot, id: `campaign:${spec.id}`, input });
  }
  return [...members].map(([id, list]) => ({ id, limits: supervision, pool: { members: list } }));
}
