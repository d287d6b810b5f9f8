/**
 * Campaigns whose actors live in worker threads, told in rounds by one message a thread; data crosses in shared memory.
 *
 * TH1 whatever the number of threads, the engine hears the same in the same order: campaigns are dealt out by slot, and visited by slot;
 * TH2 money is reserved, booked and released in the engine's thread alone: a thread that dies takes no cent with it;
 * TH3 a thread that dies is a failure of its own and of every campaign in it: supervision restarts both, and the campaigns go on in its
 * successor, or in the threads that are left, from what was last posted of them.
 */
import type { CampaignEvent } from "../../../machines/campaign.ts";
import type { Elsewhere, StandInSlot } from "../../actors/stand-in.ts";
import type { ThreadInput } from "../../../machines/engine.ts";
import type { CampaignSpec } from "../../core/campaign.ts";
import type { DecisionDraft } from "../../core/decision.ts";
import type { FaultPlan, InjectedFault } from "../../core/faults.ts";
import type { CampaignState } from "../../core/events.ts";
import type { ForecastBoard } from "../../core/forecast/board.ts";
import type { Ledger } from "../../core/ledger.ts";
import type { ParetoCurve } from "../../core/pareto.ts";
import type { PlatformSpec } from "../../core/platform.ts";
import { REPORT_COLUMNS } from "../../core/reports.ts";
import type { ReportBatch } from "../../core/reports.ts";
import type { World } from "../../core/world.ts";
import { isPause } from "../campaign-actors.ts";
import type { CampaignActors, Decided, Heard, Pieces } from "../campaign-actors.ts";
import type { CampaignStates } from "../campaign-states.ts";
import { BoardMirror, shareBoard } from "./board-mirror.ts";
import type { SharedBoard } from "./board-mirror.ts";
import { Answers, Calls, shareColumns, stateOf } from "./columns.ts";
import type { SharedColumns } from "./columns.ts";
import { Crew } from "./crew.ts";
import { RowsByCampaign } from "../rows-by-campaign.ts";
import type { SavedCampaign } from "../saved-campaign.ts";
import { Backups } from "./backups.ts";
import type { Assignment, Incident, Moment, Round } from "./messages.ts";
import { shareReports } from "./report-columns.ts";
import type { ReportColumns } from "./report-columns.ts";

/** What threads are started with. */
export interface ThreadedParts {
  readonly threads: number;
  readonly seed: number;
  readonly tickMs: number;
  /** How long a thread may give no sign of life in a round [ms]. */
  readonly silenceMs: number;
  readonly platforms: readonly PlatformSpec[];
  /** By slot; it grows. */
  readonly campaigns: readonly CampaignSpec[];
  readonly boards: ReadonlyMap<string, ForecastBoard>;
  readonly ledger: Ledger;
  readonly states: CampaignStates;
  readonly policyModules: Readonly<Record<string, string>>;
  readonly isInterpreted: boolean;
  readonly faults: FaultPlan | null;
  /** Default: 60. */
  readonly backupTicks?: number;
  /** Where decisions are written; null where they are kept by whoever hears of them. */
  readonly draft: DecisionDraft | null;
  /** Hears of a fault that struck in a thread. */
  readonly onFault: (fault: InjectedFault) => void;
  /** Hears of a campaign that failed. */
  readonly onFailed: (slot: number, error: string) => void;
  /** Hears of a thread that died. */
  readonly onDeath: (thread: number, error: string) => void;
}

/** What the next message to a thread has to bring. */
interface Outbox {
  assignments: { readonly type: Assignment["type"]; readonly slot: number }[];
  columns: SharedColumns | null;
  accounts: Float64Array | null;
  reports: ReportColumns | null;
  backups: readonly ArrayBuffer[];
  saved: SavedCampaign[];
}

/** What came of a round. */
interface Finished {
  readonly isDead: boolean;
  readonly curve: ParetoCurve | null;
  readonly saved: readonly SavedCampaign[];
}

/** The campaigns of an engine with several threads. */
export class ThreadedActors implements CampaignActors {
  readonly #parts: ThreadedParts;
  readonly #crew: Crew;
  readonly #boards: readonly SharedBoard[];
  readonly #mirrors: ReadonlyMap<string, BoardMirror>;
  /** By thread that is not given up. */
  readonly #outboxes = new Map<number, Outbox>();
  /** The thread that a campaign lives in, by slot; 0: none yet; less: the dead one that it lived in. */
  readonly #homes: number[] = [];
  readonly #backups = new Backups();
  /** What campaigns go on from that are yet to start, by slot. */
  readonly #saved = new Map<number, SavedCampaign>();
  #columns: SharedColumns;
  #calls: Calls;
  #answers: Answers;
  #reports = shareReports(1024);
  /** The ledger's rows that the threads read. */
  #accounts: Float64Array;
  readonly #rows = new RowsByCampaign();

  constructor(parts: ThreadedParts) {
    this.#parts = parts;
    this.#crew = new Crew(parts.silenceMs);
    this.#accounts = parts.ledger.rows.cells;
    const { boards, campaigns, platforms } = parts;
    this.#boards = [...boards.values()].map(shareBoard);
    this.#mirrors = new Map(this.#boards.map((shared) => [shared.forecaster, new BoardMirror(shared)]));
    this.#columns = shareColumns(Math.max(64, campaigns.length), platforms.length);
    this.#calls = new Calls(this.#columns);
    this.#answers = new Answers(this.#columns);
  }

  /** Where stand-ins start and stop campaigns. */
  get campaigns(): Elsewhere<StandInSlot> {
    return { start: ({ slot }) => this.#start(slot), stop: ({ slot }) => this.#stop(slot) };
  }

  /** Where stand-ins start and end threads. */
  get threads(): Elsewhere<ThreadInput> {
    return { start: ({ thread }) => this.#startThread(thread), stop: ({ thread }) => this.#endThread(thread) };
  }

  /** Starts a thread: for the first time, or as the successor of one that died. */
  #startThread(thread: number): void {
    const { seed, tickMs, platforms, policyModules, isInterpreted, faults, backupTicks = 60 } = this.#parts;
    const columns = this.#columns;
    const boards = this.#boards;
    const accounts = this.#accounts;
    this.#crew.start({
      thread,
      seed,
      tickMs,
      platforms,
      boards,
      columns,
      accounts,
      policyModules,
      isInterpreted,
      faults,
      backupTicks,
    });
    this.#outboxes.set(thread, { ...emptied(), reports: this.#reports, backups: this.#backups.of(thread) });
  }

  /** Ends a thread, for good unless it is started again. */
  #endThread(thread: number): void {
    this.#crew.end(thread);
    this.#outboxes.delete(thread);
  }

  /** Starts a campaign's actor at the beginning of the next round. @throws Error where no thread is left */
  #start(slot: number): void {
    const threads = [...this.#outboxes.keys()];
    if (threads.length === 0) throw new Error("no thread is left");
    const dealt = 1 + (slot % this.#parts.threads);
    const home = this.#outboxes.has(dealt) ? dealt : threads[slot % threads.length];
    const before = this.#homes[slot] ?? 0;
    this.#homes[slot] = home;
    const outbox = this.#outboxes.get(home)!;
    if (before < 0 && -before !== home) this.#bequeath(-before, outbox);
    outbox.assignments.push({ type: "start", slot });
    const saved = this.#saved.get(slot);
    if (saved !== undefined) outbox.saved.push(saved);
    this.#saved.delete(slot);
    this.#makeRoom(slot + 1);
  }

  #stop(slot: number): void {
    this.#outboxes.get(this.#homes[slot])?.assignments.push({ type: "stop", slot });
  }

  tell(slot: number, event: CampaignEvent): CampaignState | null {
    const home = this.#homes[slot] ?? 0;
    if (!this.#outboxes.has(home)) return null;
    this.#post({ type: "tell", slot, event }, [home]);
    const { isDead } = this.#finish([home]);
    return isDead ? null : this.#answers.state(slot);
  }

  *learn(batch: ReportBatch, world: World, heard: Heard): Pieces {
    yield* this.#round(
      "learn",
      batch,
      world,
      () => true,
      heard,
      () => undefined,
    );
  }

  *startDay(slots: readonly number[], world: World, heard: Heard): Pieces {
    this.#writeBoards(world);
    const moment = momentOf(world);
    const threads = [...this.#outboxes.keys()];
    for (const thread of threads) {
      this.#post({ type: "day", moment, slots: slots.filter((slot) => this.#homes[slot] === thread) }, [thread]);
    }
    for (const slot of slots) {
      let isAnswered = this.#look(slot);
      for (; isAnswered === null; isAnswered = this.#look(slot)) yield;
      heard(slot, isAnswered ? this.#answers.state(slot) : null);
      if (isPause(slot)) yield;
    }
    this.#finish(threads);
  }

  *decide(batch: ReportBatch, world: World, isDue: (slot: number) => boolean, heard: Heard, decided: Decided): Pieces {
    yield* this.#round("tick", batch, world, isDue, heard, (slot) => {
      const state = this.#answers.state(slot);
      if (state !== null) decided(slot, state, this.#answers.decision(slot, this.#parts.draft));
    });
  }

  /** A round of all campaigns; `answered` is called for those that have heard all there is to hear. */
  *#round(
    type: "learn" | "tick",
    batch: ReportBatch,
    world: World,
    isDue: (slot: number) => boolean,
    heard: Heard,
    answered: (slot: number) => void,
  ): Pieces {
    const { states } = this.#parts;
    this.#writeReports(batch);
    this.#rows.index(batch, states.length);
    for (let slot = 0; slot < states.length; slot += 1) {
      this.#calls.write(slot, states.isOut(slot), isDue(slot) && states.hearsTicks(slot));
    }
    this.#writeBoards(world);
    const threads = this.#post({ type, moment: momentOf(world), length: batch.length });
    for (let slot = 0; slot < states.length; slot += 1) {
      let isAnswered = this.#look(slot);
      for (; isAnswered === null; isAnswered = this.#look(slot)) yield;
      for (let from = this.#rows.first(slot); from >= 0; from = this.#rows.next(from)) {
        heard(slot, isAnswered ? stateOf(this.#reports.answer[from]) : null);
      }
      if (isAnswered) answered(slot);
      if (isPause(slot)) yield;
    }
    this.#finish(threads);
  }

  pareto(slot: number, world: World): ParetoCurve | null {
    const home = this.#homes[slot] ?? 0;
    if (!this.#outboxes.has(home)) return null;
    this.#writeBoards(world);
    this.#post({ type: "pareto", slot, moment: momentOf(world) }, [home]);
    return this.#finish([home]).curve;
  }

  save(): readonly SavedCampaign[] {
    return this.#finish(this.#post({ type: "save" })).saved;
  }

  goOn(campaigns: readonly SavedCampaign[]): void {
    for (const campaign of campaigns) this.#saved.set(campaign.slot, campaign);
  }

  settle(): void {
    const threads = [...this.#outboxes]
      .filter(([, { assignments }]) => assignments.length > 0)
      .map(([thread]) => thread);
    if (threads.length === 0) return;
    this.#post({ type: "settle" }, threads);
    this.#finish(threads);
  }

  close(): void {
    for (const thread of this.#outboxes.keys()) this.#endThread(thread);
  }

  /** Whether a campaign's answer to the present round is there; false: never, null: not yet. */
  #look(slot: number): boolean | null {
    const home = this.#homes[slot] ?? 0;
    return home <= 0 ? false : this.#crew.look(home, slot);
  }

  #post(round: Round, threads: readonly number[] = [...this.#outboxes.keys()]): readonly number[] {
    const { campaigns, ledger } = this.#parts;
    const { cells } = ledger.rows;
    if (this.#accounts !== cells) {
      this.#accounts = cells;
      for (const outbox of this.#outboxes.values()) outbox.accounts = cells;
    }
    for (const thread of threads) {
      const outbox = this.#outboxes.get(thread)!;
      const assignments = outbox.assignments.map((one) => ({ ...one, spec: campaigns[one.slot] }));
      this.#crew.post(thread, { ...outbox, round, assignments });
      this.#outboxes.set(thread, emptied());
    }
    return threads;
  }

  /** Ends a round: what happened in it is said in the order of the slots (TH1), then the dead are buried (TH3). */
  #finish(threads: readonly number[]): Finished {
    let curve: ParetoCurve | null = null;
    const saved: SavedCampaign[] = [];
    const incidents: Incident[] = [];
    const deaths: { thread: number; error: string }[] = [];
    for (const thread of threads) {
      const { replies, death } = this.#crew.finish(thread);
      for (const reply of replies) {
        if (reply.type === "backup") this.#backups.keep(thread, reply.share, reply.bytes);
        else if (reply.type === "happened") incidents.push(...reply.incidents);
        else if (reply.type === "curve") ({ curve } = reply);
        else if (reply.type === "saved") for (const campaign of reply.campaigns) saved.push(campaign);
      }
      if (death !== null) deaths.push({ thread, error: death });
    }
    for (const incident of incidents.sort((a, b) => a.at - b.at)) {
      if (incident.type === "fault") this.#parts.onFault(incident.fault);
      else this.#parts.onFailed(incident.slot, incident.error);
    }
    for (const { thread, error } of deaths) this.#bury(thread, error);
    return { isDead: deaths.length > 0, curve, saved };
  }

  #bury(thread: number, error: string): void {
    this.#endThread(thread);
    this.#parts.onDeath(thread, error);
    for (const [slot, home] of this.#homes.entries()) {
      if (home !== thread) continue;
      // What it answered last must not be read again.
      this.#homes[slot] = -thread;
      this.#parts.onFailed(slot, `its thread died: ${error}`);
    }
  }

  /** Another thread takes a campaign of a dead one over: it is given what was posted of all of them, once. */
  #bequeath(dead: number, heir: Outbox): void {
    const backups = this.#backups.of(dead);
    if (backups.length > 0 && !heir.backups.includes(backups[0])) heir.backups = [...heir.backups, ...backups];
  }

  #writeBoards({ boards }: World): void {
    for (const [name, board] of boards) this.#mirrors.get(name)!.write(board);
  }

  #writeReports(batch: ReportBatch): void {
    if (batch.length > this.#reports.kind.length) {
      this.#reports = shareReports(batch.length * 2);
      for (const outbox of this.#outboxes.values()) outbox.reports = this.#reports;
    }
    for (const name of REPORT_COLUMNS) this.#reports[name].set(batch[name].subarray(0, batch.length));
  }

  /** Larger columns where campaigns have joined. */
  #makeRoom(campaigns: number): void {
    if (campaigns <= this.#columns.capacity) return;
    this.#columns = shareColumns(campaigns * 2, this.#parts.platforms.length);
    this.#calls = new Calls(this.#columns);
    this.#answers = new Answers(this.#columns);
    for (const outbox of this.#outboxes.values()) outbox.columns = this.#columns;
  }
}

/** An outbox with nothing to bring. */
function emptied(): Outbox {
  return { assignments: [], columns: null, accounts: null, reports: null, backups: [], saved: [] };
}

function momentOf({ tick, timeMs, day }: World): Moment {
  return { tick, timeMs, day };
}
