/**
 * The campaigns of one thread: a pool of their actors, and the rounds that they are told in.
 *
 * SH1 within a round campaigns are told in the order of their slots, and each is answered for before the next is told; SH2 what fails or is
 * injected is said in that order; SH3 a campaign resumes from its last good context, be it of an actor here or of a predecessor's backup.
 */
import { createActor, fromCallback } from "xstate";
import type { AnyActorLogic, AnyActorRef } from "xstate";
import { campaignMachine, CONTEXT_KEYS } from "../../../machines/campaign.ts";
import type { CampaignContext, CampaignEvent, CampaignInput } from "../../../machines/campaign.ts";
import { compile } from "../../actors/compiled.ts";
import { createPool } from "../../actors/pool.ts";
import type { ChildFailed, PoolMember, PoolSnapshot } from "../../actors/pool.ts";
import type { CampaignSpec } from "../../core/campaign.ts";
import { AccountRows } from "../../core/ledger.ts";
import { DecisionDraft } from "../../core/decision.ts";
import type { Reply } from "../../core/decision.ts";
import { Faults } from "../../core/faults.ts";
import type { CampaignState } from "../../core/events.ts";
import type { ParetoCurve } from "../../core/pareto.ts";
import { policyNamed } from "../../core/policy/index.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { ReportBatch } from "../../core/reports.ts";
import type { World } from "../../core/world.ts";
import { paretoOf } from "../campaign-actors.ts";
import { isBidding } from "../campaign-states.ts";
import { FaultyActors } from "../faulty-actors.ts";
import { contextOf, knownOf, savedCampaigns, snapshotOf } from "../saved-campaign.ts";
import type { Known, SavedCampaign } from "../saved-campaign.ts";
import { BoardMirror } from "./board-mirror.ts";
import { Answers, Calls, codeOf } from "./columns.ts";
import type { SharedColumns } from "./columns.ts";
import type { Assignment, Incident, Moment, Round, ThreadSetup } from "./messages.ts";
import type { ReportColumns } from "./report-columns.ts";
import { RowsByCampaign } from "../rows-by-campaign.ts";

/** One thread's campaigns. */
export class Shard {
  readonly #setup: ThreadSetup;
  readonly #mirrors: readonly BoardMirror[];
  readonly #policyOf: (name: string, spec: CampaignSpec) => Policy;
  readonly #faults: FaultyActors | null;
  readonly #pool: AnyActorRef;
  /** By slot, with gaps. */
  readonly #campaigns: CampaignSpec[] = [];
  /** Ascending. */
  #slots: number[] = [];
  /** What predecessors' campaigns knew, by slot. */
  readonly #resumes = new Map<number, Known>();
  /** What campaigns go on from that lived in another process, by slot. */
  readonly #saved = new Map<number, SavedCampaign>();
  #incidents: Incident[] = [];
  /** The part of the round that is being played. */
  #at = 0;
  /** Slots that there is room for. */
  #capacity: number;
  #calls: Calls;
  readonly #accounts: AccountRows;
  #answers: Answers;
  readonly #reports = new ReportBatch(0);
  readonly #rows = new RowsByCampaign();
  #learned: Int8Array = new Int8Array(0);
  /** Answers are columns: no decision is kept. */
  readonly #draft = new DecisionDraft();

  /** @param policies beside the engine's, by name */
  constructor(setup: ThreadSetup, policies: ReadonlyMap<string, Policy>) {
    this.#setup = setup;
    this.#mirrors = setup.boards.map((board) => new BoardMirror(board));
    this.#faults =
      setup.faults === null ? null : new FaultyActors(new Faults(setup.seed, setup.faults), this.#campaigns);
    const policyOf = (name: string) => policies.get(name) ?? policyNamed(name);
    this.#policyOf = this.#faults === null ? policyOf : this.#faults.policies(policyOf);
    this.#capacity = setup.columns.capacity;
    this.#accounts = new AccountRows(setup.accounts);
    this.#calls = new Calls(setup.columns);
    this.#answers = new Answers(setup.columns);
    const campaign = setup.isInterpreted
      ? campaignMachine
      : (compile(campaignMachine, { contextKeys: CONTEXT_KEYS }) as AnyActorLogic);
    // The pool tells its parent of failures; that parent only notes them: the portfolios that judge them are in the engine's thread.
    const keeper = createActor(
      fromCallback<ChildFailed>(({ receive }) => {
        receive((event) => this.#note(event));
      }),
    );
    keeper.start();
    this.#pool = createActor(createPool(campaign) as AnyActorLogic, {
      parent: keeper,
      id: "pool",
      input: { members: [] },
    });
    this.#pool.start();
  }

  /** Slots of the campaigns that live here, or did, ascending. */
  get slots(): readonly number[] {
    return this.#slots;
  }

  /** Takes larger columns into use. */
  setColumns(columns: SharedColumns): void {
    this.#calls = new Calls(columns);
    this.#answers = new Answers(columns);
    this.#capacity = columns.capacity;
  }

  /** Reads balances in other rows from now on. */
  setAccounts(cells: Float64Array): void {
    this.#accounts.cells = cells;
  }

  /** Takes other columns of reports into use. */
  setReports({ answer, ...columns }: ReportColumns): void {
    Object.assign(this.#reports, columns);
    this.#learned = answer;
  }

  /** Takes over what campaigns of another thread knew, for when they start here. */
  remember(slot: number, kept: Known): void {
    this.#resumes.set(slot, kept);
  }

  /** The campaigns that live here, as they are. */
  save(): SavedCampaign[] {
    return savedCampaigns(this.#pool.getSnapshot() as PoolSnapshot);
  }

  /** Takes over campaigns of another process, for when they start here. */
  goOn(campaigns: readonly SavedCampaign[]): void {
    for (const campaign of campaigns) this.#saved.set(campaign.slot, campaign);
  }

  /** Starts and stops actors. */
  assign(assignments: readonly Assignment[]): void {
    let isNew = false;
    for (const assignment of assignments) {
      const { slot } = assignment;
      if (assignment.type === "stop") this.#pool.send({ type: "children.stop", slots: [slot] });
      else if (this.#campaigns[slot] !== undefined) this.#pool.send({ type: "children.restart", slots: [slot] });
      else {
        this.#join(slot, assignment.spec);
        isNew = true;
      }
    }
    if (isNew) this.#slots = Object.keys(this.#campaigns).map(Number);
  }

  /** Plays a round and answers for every campaign that it is about; `publish` hears how far it has come. */
  play(round: Round, publish: (below: number) => void): readonly Incident[] {
    if (round.type === "tell") this.#tell(round.slot, round.event);
    else if (round.type === "learn") this.#learn(this.#worldOf(round.moment), round.length, publish);
    else if (round.type === "day") {
      const world = this.#worldOf(round.moment);
      for (const slot of round.slots) {
        this.#at = slot;
        this.#tell(slot, { type: "day.started", tick: world.tick, world });
      }
    } else if (round.type === "tick") this.#tick(this.#worldOf(round.moment), round.length, publish);
    const incidents = this.#incidents;
    this.#incidents = [];
    return incidents;
  }

  /** The Pareto curve of a campaign now; null where it has no actor, or knows none. */
  pareto(slot: number, moment: Moment): ParetoCurve | null {
    return this.#live(slot) === null ? null : paretoOf(this.#snapshot(slot).context, this.#worldOf(moment));
  }

  /** What campaigns know: those whose turn it is where each has one turn in `turns`. */
  *kept(turn: number, turns: number): Generator<readonly [slot: number, known: Known]> {
    for (let at = turn; at < this.#slots.length; at += turns) {
      const slot = this.#slots[at];
      const context: Partial<CampaignContext> = this.#snapshot(slot).context;
      // One that failed at birth knows nothing.
      if (context.campaign === undefined) continue;
      yield [slot, knownOf(context as CampaignContext)];
    }
  }

  get #children(): readonly AnyActorRef[] {
    return (this.#pool.getSnapshot() as PoolSnapshot).children;
  }

  #join(slot: number, spec: CampaignSpec): void {
    const { platforms } = this.#setup;
    this.#campaigns[slot] = spec;
    this.#faults?.add(spec, slot);
    const input: CampaignInput = { spec, slot, policy: this.#policyOf(spec.policy, spec), platforms };
    const kept = this.#resumes.get(slot);
    this.#resumes.delete(slot);
    const saved = this.#saved.get(slot);
    this.#saved.delete(slot);
    // One that had failed is restarted now, from what it knew.
    const known = saved?.known ?? kept;
    const resume = known === undefined ? {} : { resume: contextOf(known, input) };
    const from = saved?.status === "active" ? { snapshot: snapshotOf(saved, input) } : resume;
    const member: PoolMember = { slot, id: `campaign:${spec.id}`, input, ...from };
    this.#pool.send({ type: "child.add", member });
  }

  #note(event: ChildFailed): void {
    // Anything else is the pool's own end, and with it the thread's.
    if (event.type !== "child.failed") throw new Error("the pool of the thread failed", { cause: event });
    const { slot, error } = event;
    const message = error instanceof Error ? error.message : String(error);
    this.#incidents.push({ at: this.#at, type: "failure", slot, error: message });
  }

  #snapshot(slot: number): { readonly context: CampaignContext } {
    return this.#children[slot].getSnapshot() as { context: CampaignContext };
  }

  #live(slot: number): AnyActorRef | null {
    const actor = this.#children[slot];
    return actor?.getSnapshot().status === "active" ? actor : null;
  }

  /** Sends a campaign an event; returns its state after it, or null where nobody heard. */
  #send(slot: number, event: CampaignEvent): CampaignState | null {
    const actor = this.#live(slot);
    if (actor === null) return null;
    actor.send(event);
    for (const fault of this.#faults?.take() ?? []) this.#incidents.push({ at: this.#at, type: "fault", fault });
    const { status, value } = actor.getSnapshot() as { status: string; value: CampaignState };
    return status === "active" ? value : null;
  }

  #tell(slot: number, event: CampaignEvent): void {
    this.#answers.write(slot, this.#send(slot, event), null);
  }

  #learn(world: World, length: number, publish: (below: number) => void): void {
    this.#index(length);
    for (const slot of this.#slots) {
      this.#at = slot;
      this.#hear(slot, world);
      publish(slot + 1);
    }
  }

  #index(length: number): void {
    this.#reports.length = length;
    this.#rows.index(this.#reports, this.#capacity);
  }

  /** Tells a campaign of its rows, a run at a time. */
  #hear(slot: number, world: World): void {
    const batch = this.#reports;
    const rows = this.#rows;
    let isOut = this.#calls.isOut(slot);
    for (let from = rows.first(slot); from >= 0; from = rows.next(from)) {
      const isAsked = isOut && this.#live(slot) !== null;
      const told = this.#faults !== null && isAsked ? this.#faults.world(world, slot, batch, from) : world;
      const state = this.#send(slot, { type: "reports", batch, from, to: rows.end(from), world: told });
      if (state !== null) isOut = isBidding(state);
      this.#learned[from] = codeOf(state);
    }
  }

  #tick(world: World, length: number, publish: (below: number) => void): void {
    this.#index(length);
    const reply: Reply = { decision: null, draft: this.#draft };
    const event: CampaignEvent = { type: "tick", world, reply };
    for (const slot of this.#slots) {
      this.#at = slot;
      this.#hear(slot, world);
      reply.decision = null;
      const state = this.#calls.isDue(slot) ? this.#send(slot, event) : null;
      this.#answers.write(slot, state, state === null ? null : reply.decision);
      publish(slot + 1);
    }
  }

  #worldOf(moment: Moment): World {
    const { tickMs, platforms } = this.#setup;
    const boards = new Map(this.#mirrors.map((mirror) => [mirror.board.forecaster, mirror.read()]));
    const accounts = this.#accounts;
    return { ...moment, tickMs, platforms, boards, account: (slot) => accounts.view(slot) };
  }
}
