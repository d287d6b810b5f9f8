/**
 * The supervision tree of an engine: engine → platforms, engine → feeds, engine → threads, and engine → portfolios → pools → campaigns, as live actors.
 *
 * T1 ids are stable: `engine`, `platform:<id>`, `feed:<platform>`, `thread:<n>`, `portfolio:<id>`, `campaign:<id>`; T2 a failed campaign is null here until its portfolio has restarted it;
 * T3 a platform whose breaker was given up counts as down; T4 a campaign in another thread has a stand-in here, under the same portfolio.
 */
import { createActor } from "xstate";
import type { AnyActorLogic, AnyActorRef, InspectionEvent } from "xstate";
import { campaignMachine, CONTEXT_KEYS } from "../../machines/campaign.ts";
import type { CampaignInput } from "../../machines/campaign.ts";
import { DEFAULT_INTENSITY, engineMachine } from "../../machines/engine.ts";
import type { EngineContext, EngineFact, EngineInput, RestartIntensity, ThreadInput } from "../../machines/engine.ts";
import { DEFAULT_THRESHOLDS, healthCode, platformMachine } from "../../machines/platform.ts";
import { portfolioMachine } from "../../machines/portfolio.ts";
import type { PortfolioFact, PortfolioInput, SupervisionLimits } from "../../machines/portfolio.ts";
import { stagesMachine } from "../../machines/stages.ts";
import type { Stage, StagesInput } from "../../machines/stages.ts";
import { compile } from "../actors/compiled.ts";
import { createPool } from "../actors/pool.ts";
import type { PoolMember, PoolSnapshot } from "../actors/pool.ts";
import { createStandIn } from "../actors/stand-in.ts";
import type { Elsewhere, StandInSlot } from "../actors/stand-in.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import { Health } from "../core/forecast/board.ts";
import type { HealthCode } from "../core/forecast/board.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { policyNamed } from "../core/policy/index.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { FeedUpdate } from "./feed-check.ts";
import type { StageFailure } from "./feed.ts";
import { savedCampaigns, snapshotOf } from "./saved-campaign.ts";
import type { SavedCampaign } from "./saved-campaign.ts";
import { saveTree, treeSnapshot } from "./saved-tree.ts";
import type { TreeState } from "./saved-tree.ts";

/** What a tree is grown from. */
export interface TreeConfig {
  /** Seed of the jitter of restarts. */
  readonly seed: number;
  readonly campaigns: readonly CampaignSpec[];
  readonly supervision: SupervisionLimits;
  /** How often a portfolio or platform that failed is restarted. Default: {@link DEFAULT_INTENSITY}. */
  readonly intensity?: RestartIntensity | undefined;
  readonly isInterpreted?: boolean;
  /** The policy of a name that a campaign gives. Default: the registry. */
  readonly policyOf?: (name: string, spec: CampaignSpec) => Policy;
  /** The limits of a portfolio. Default: `supervision`, the same for all. */
  readonly limitsOf?: (portfolio: string) => SupervisionLimits;
  /** Where campaigns live, if not in this thread: their policies are not asked for here. */
  readonly elsewhere?: {
    readonly threads: readonly ThreadInput[];
    readonly thread: Elsewhere<ThreadInput>;
    readonly campaign: Elsewhere<StandInSlot>;
  };
  /** Hears of every actor, event, microstep and snapshot from the first actor's birth on. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** What supervision made known. */
export type TreeFact =
  | PortfolioFact
  | EngineFact
  | {
      readonly type: "platform.changed";
      readonly platform: number;
      readonly from: string;
      readonly state: string;
      readonly why: string;
    }
  | { readonly type: "engine.changed"; readonly state: string }
  /** The stages' owner is to put new ones in their place. */
  | { readonly type: "stages.restarted"; readonly platform: number; readonly stages: readonly number[] }
  | { readonly type: "stage.stopped"; readonly platform: number; readonly stage: number; readonly error: string };

type PlatformState = keyof typeof Health;

/** A pool's place for each slot. */
type Holder = readonly AnyActorRef[];

/** The compiled statechart, made once a process: it has no state of its own. */
let compiledCampaign: AnyActorLogic | null = null;

/** The actors of one engine. */
export class ActorTree {
  /** Makes the root actor, and with it all others. */
  readonly #create: (from: { readonly input: EngineInput } | { readonly snapshot: object }) => AnyActorRef;
  readonly #input: (campaigns: ReadonlyMap<number, SavedCampaign> | null) => EngineInput;
  readonly #listeners: ((fact: TreeFact) => void)[] = [];
  readonly #campaigns: readonly CampaignSpec[];
  readonly #platforms: readonly PlatformSpec[];
  readonly #inputOf: InputOf;
  readonly #platformStates: string[];
  /** By slot: the children of the pool that holds it, where the actor stands in its slot. */
  readonly #holders: Holder[] = [];
  #state = "";
  #made: AnyActorRef | null = null;

  /** @param stageNames of every platform: its feed, then the forecasters that live on it. */
  constructor(config: TreeConfig, platforms: readonly PlatformSpec[], stageNames: readonly string[]) {
    const { elsewhere } = config;
    const campaign = elsewhere === undefined ? campaignLogic(config) : createStandIn(elsewhere.campaign);
    const thread = elsewhere === undefined ? {} : { thread: createStandIn(elsewhere.thread) as AnyActorLogic };
    const portfolio = portfolioMachine.provide({ actors: { pool: createPool(campaign) as AnyActorLogic } });
    const actors = { platform: platformMachine, feed: stagesMachine, portfolio, ...thread };
    const engine = engineMachine.provide({ actors });
    const stages = stageNames.map((name, at): Stage => ({ name, needs: at === 0 ? null : 0 }));
    this.#campaigns = config.campaigns;
    this.#platforms = platforms;
    this.#inputOf = inputOf(config, platforms);
    this.#platformStates = platforms.map(() => "healthy");
    const { inspect } = config;
    this.#create = (from) =>
      createActor(engine, { id: "engine", ...(inspect === undefined ? {} : { inspect }), ...from } as never);
    this.#input = (saved) => ({
      intensity: config.intensity ?? DEFAULT_INTENSITY,
      platforms: platforms.map(({ id }) => ({ id, thresholds: DEFAULT_THRESHOLDS })),
      feeds: platforms.map(({ id }): StagesInput => ({ id, stages, limits: config.supervision, seed: config.seed })),
      threads: elsewhere?.threads ?? [],
      portfolios: portfoliosOf(config, this.#inputOf, saved),
    });
  }

  /** Starts all actors. */
  start(): void {
    this.#root.subscribe({ next: (snapshot) => this.#noteState(String(snapshot.value)), error: () => undefined });
    this.#root.start();
    for (const id of this.#supervised.keys()) this.#adopt(id);
    this.#root.on("supervisor.restarted", (fact) => {
      this.#tell(fact as TreeFact);
      this.#adopt((fact as EngineFact).supervisor);
    });
    this.#root.on("supervisor.stopped", (fact) => this.#tell(fact as TreeFact));
  }

  /** All actors but the campaigns, as they are. Not within a tick, and not before {@link start}. */
  save(): TreeState {
    return saveTree(this.#root, this.#platformStates);
  }

  /** Starts all actors as they were, in place of {@link start}. */
  goOn(saved: TreeState, campaigns: readonly SavedCampaign[]): void {
    const members = new Map(campaigns.map((campaign) => [campaign.slot, campaign]));
    const { snapshot, supervised } = treeSnapshot(saved, this.#input(members));
    this.#made = this.#create({ snapshot });
    const { children } = this.#made.getSnapshot() as { children: Record<string, AnyActorRef> };
    // The actors did not exist when the context was written.
    for (const [id, one] of supervised) one.ref = children[id];
    for (const [platform, state] of saved.platformStates.entries()) this.#platformStates[platform] = state;
    this.start();
  }

  /** The campaigns of this thread's pools, as they are. */
  campaigns(): SavedCampaign[] {
    const pools = [...this.#supervised.values()].flatMap(({ ref, kind }) =>
      kind === "portfolio" ? [poolOf(ref)] : [],
    );
    return pools.flatMap((pool) => (pool === undefined ? [] : savedCampaigns(pool)));
  }

  get #root(): AnyActorRef {
    this.#made ??= this.#create({ input: this.#input(null) });
    return this.#made;
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

  /** Holds all bidding until {@link resume}d. */
  pause(why: string): void {
    this.#root.send({ type: "pause", why });
  }

  /** Lets a paused engine go on. */
  resume(): void {
    this.#root.send({ type: "resume" });
  }

  /** Starts the actor of a new campaign in its portfolio's pool. False where there is no such portfolio, or no longer. */
  add(spec: CampaignSpec, slot: number): boolean {
    const portfolio = this.#supervised.get(`portfolio:${spec.portfolio}`)?.ref;
    const pool = poolActorOf(portfolio);
    if (pool === undefined) return false;
    pool.send({ type: "child.add", member: memberOf(spec, slot, this.#inputOf, null) });
    this.#holders[slot] = (pool.getSnapshot() as PoolSnapshot).children;
    return true;
  }

  /** The live actor of a campaign, or null while it has none (T2). */
  campaign(slot: number): AnyActorRef | null {
    const actor = this.#holders[slot]?.[slot];
    return actor?.getSnapshot().status === "active" ? actor : null;
  }

  /** Lets a quarantined campaign try again, with a clean record, when its portfolio next judges; another is left as it is. */
  release(slot: number): void {
    const portfolio = this.#supervised.get(`portfolio:${this.#campaigns[slot].portfolio}`);
    portfolio?.ref.send({ type: "release", slot });
  }

  /** Tells the stand-in of a campaign, where it lives, that the campaign has failed. */
  failCampaign(slot: number, error: string): void {
    this.campaign(slot)?.send({ type: "elsewhere.failed", error });
  }

  /** Tells the stand-in of a thread that the thread has died. */
  failThread(thread: number, error: string): void {
    this.#supervised.get(`thread:${thread}`)?.ref.send({ type: "elsewhere.failed", error });
  }

  /** Hears of every actor, event and snapshot from now on, until the function returned is called. */
  inspect(listener: (event: InspectionEvent) => void): () => void {
    const subscription = this.#root.system.inspect(listener);
    return () => subscription.unsubscribe();
  }

  /** A live actor under the root by its id; campaigns are found by {@link campaign}. */
  find(id: string): AnyActorRef | null {
    return this.#supervised.get(id)?.ref ?? null;
  }

  /** Every actor that is alive, from the root down, by walking the tree. */
  *actors(): Generator<AnyActorRef> {
    yield* living(this.#root);
  }

  /** Tells the supervisor of a platform's stages what has failed. */
  failStage({ platform, stage, error }: StageFailure, tick: number): void {
    this.#stages(platform)?.send({ type: "stage.failed", stage, tick, error });
  }

  /** Lets the supervisor of a platform's stages restart what is due. */
  superviseStages(platform: number, tick: number): void {
    const actor = this.#stages(platform);
    if (actor?.getSnapshot().value === "waiting") actor.send({ type: "tick", tick });
  }

  /** Tells a platform's statechart what its feed did in a tick, and returns its verdict. */
  judgeFeed({ platform, metrics, refused }: FeedUpdate, tick: number): HealthCode {
    const supervised = this.#supervised.get(`platform:${this.#platforms[platform].id}`);
    if (supervised === undefined) return Health.down;
    const { ref } = supervised;
    if (refused !== null) ref.send({ type: "feed.refused", tick, why: refused });
    else ref.send({ type: metrics === null ? "feed.silent" : "feed.heard", tick });
    const snapshot = ref.getSnapshot();
    if (snapshot.status !== "active") return Health.degraded;
    const state = String(snapshot.value);
    const from = this.#platformStates[platform];
    if (state !== from) {
      this.#platformStates[platform] = state;
      this.#tell({ type: "platform.changed", platform, from, state, why: snapshot.context.why as string });
    }
    return healthCode(state as PlatformState);
  }

  #stages(platform: number): AnyActorRef | undefined {
    return this.#supervised.get(`feed:${this.#platforms[platform].id}`)?.ref;
  }

  get #supervised(): EngineContext["supervised"] {
    return (this.#root.getSnapshot().context as EngineContext).supervised;
  }

  /** Listens to a supervisor; of a portfolio it learns where its campaigns are. */
  #adopt(id: string): void {
    const { ref, kind } = this.#supervised.get(id)!;
    if (kind === "feed") {
      const platform = this.#platforms.findIndex((one) => `feed:${one.id}` === id);
      for (const fact of ["stages.restarted", "stage.stopped"]) {
        ref.on(fact, (heard: object) => this.#tell({ platform, ...heard } as TreeFact));
      }
    }
    if (kind !== "portfolio") return;
    for (const fact of ["campaign.restarted", "campaign.quarantined"]) {
      ref.on(fact, (heard: unknown) => this.#tell(heard as TreeFact));
    }
    // One that failed at birth has no pool; its failure is being dealt with.
    const pool = poolOf(ref);
    if (pool === undefined) return;
    const { children, slots } = pool;
    for (const slot of slots) this.#holders[slot] = children;
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

function* living(actor: AnyActorRef): Generator<AnyActorRef> {
  const snapshot = actor.getSnapshot() as { status: string; children?: object; slots?: readonly number[] };
  if (snapshot.status === "active") yield actor;
  // A pool's children are a list with gaps, a statechart's a record: both are walked by their values.
  for (const child of Object.values(snapshot.children ?? {})) yield* living(child as AnyActorRef);
}

function poolActorOf(portfolio: AnyActorRef | undefined): AnyActorRef | undefined {
  return (portfolio?.getSnapshot().context as { pool?: AnyActorRef } | undefined)?.pool;
}

function poolOf(portfolio: AnyActorRef): PoolSnapshot | undefined {
  return poolActorOf(portfolio)?.getSnapshot() as PoolSnapshot | undefined;
}

/** What the actor of a campaign is created with. */
type InputOf = (spec: CampaignSpec, slot: number) => CampaignInput | StandInSlot;

function inputOf({ policyOf = policyNamed, elsewhere }: TreeConfig, platforms: readonly PlatformSpec[]): InputOf {
  if (elsewhere !== undefined) return (_, slot) => ({ slot });
  return (spec, slot) => ({ spec, slot, policy: policyOf(spec.policy, spec), platforms });
}

function campaignLogic({ isInterpreted = false }: TreeConfig): AnyActorLogic {
  if (isInterpreted) return campaignMachine;
  compiledCampaign ??= compile(campaignMachine, { contextKeys: CONTEXT_KEYS }) as AnyActorLogic;
  return compiledCampaign;
}

function portfoliosOf(
  { seed, campaigns, supervision, limitsOf = () => supervision }: TreeConfig,
  input: InputOf,
  saved: ReadonlyMap<number, SavedCampaign> | null,
): PortfolioInput[] {
  const members = new Map<string, PoolMember[]>();
  for (const [slot, spec] of campaigns.entries()) {
    const list = members.get(spec.portfolio) ?? [];
    members.set(spec.portfolio, list);
    list.push(memberOf(spec, slot, input, saved?.get(slot) ?? null));
  }
  return [...members].map(([id, list]) => ({ id, limits: limitsOf(id), seed, pool: { members: list } }));
}

function memberOf(spec: CampaignSpec, slot: number, inputFor: InputOf, saved: SavedCampaign | null): PoolMember {
  const input = inputFor(spec, slot);
  const member = { slot, id: `campaign:${spec.id}`, input };
  if (saved === null) return member;
  // A stand-in knows nothing but whom it stands for.
  const isHere = "spec" in input;
  return { ...member, snapshot: isHere ? snapshotOf(saved, input) : { status: saved.status, context: input } };
}
