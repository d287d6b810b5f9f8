/**
 * An engine that survives: every step is written to a log before its bids leave, and a later process goes on where the log ends.
 *
 * DR1 a step is durable before its bids leave, and before its order or its records are acknowledged; DR2 recovery replays the log through the same engine, from
 * the newest snapshot on where there are any, and each step must come out as the same bytes; DR3 while a step cannot be written, nothing else is done: no bid, no order, no record; DR4 bids of
 * the last step may be placed again after a crash: markets take a bid of (campaign, tick, platform) once.
 */
import { EngineError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { OperatorOrder, Signature } from "../core/operator.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import type { BidBatch, ReportBatch } from "../core/reports.ts";
import type { Savable } from "../core/saved.ts";
import { assertSame } from "../journal/manifest.ts";
import type { Manifest } from "../journal/manifest.ts";
import { StepWriter, readStep } from "../journal/step.ts";
import type { Step } from "../journal/step.ts";
import { retention } from "../journal/retention.ts";
import { readSnapshotHead, readSnapshotState, writeSnapshot } from "../journal/snapshot.ts";
import { corrupt, newestSnapshot } from "../journal/store.ts";
import type { Entry, EntryKind, JournalStore, SnapshotPlace, StoredEntry } from "../journal/store.ts";
import type { Engine, EngineState } from "./engine.ts";
import type { JournaledMarket } from "./journaled-market.ts";

/** An order as the log keeps it. */
export interface SignedOrder {
  readonly order: OperatorOrder;
  readonly signature: Signature;
  /** Names the order among its repeats; absent: each counts. */
  readonly key?: string | undefined;
}

/** What a durable run is made of. */
export interface DurableParts {
  readonly store: JournalStore;
  readonly engine: Engine;
  /** The market, observer and clock that the engine was made with. */
  readonly market: JournaledMarket;
  readonly manifest: Manifest;
  /** Which log of the store. Default 0. */
  readonly shard?: number;
  /** The tick that a clock with jumps shows when this one is due, asked again in a replay. Default: what the log says. */
  readonly shownAt?: (tick: number) => number;
  /** Hears of an order that was replayed. */
  readonly onOrder?: (order: SignedOrder) => void;
  /** Takes records that are replayed. */
  readonly onReceived?: (feed: readonly PlatformMetrics[], reports: ReportBatch) => void;
  /** How snapshots are taken. Absent: none are, and a recovery goes through the whole log, so that all observers see the whole run. */
  readonly snapshots?: Snapshots;
}

/** How snapshots are taken. */
export interface Snapshots {
  /** What goes on from them beside the engine, and before it, by name. */
  readonly parts: () => Readonly<Record<string, Savable>>;
  /** Ticks from one to the next. Default {@link CHECKPOINT_TICKS}. */
  readonly everyTicks?: number;
  /** Ticks that entries of the log are kept. Default: for good. */
  readonly retainTicks?: number;
  /** Hears, once, why none can be taken. */
  readonly onUnsavable?: (why: EngineError) => void;
}

/** What a recovery found. */
export interface Recovery {
  /** Nothing had begun. */
  readonly isNew: boolean;
  /** The tick of the snapshot that it began with; null where there was none. */
  readonly snapshotTick: number | null;
  /** Entries replayed. */
  readonly entries: number;
  /** The tick to play next. */
  readonly nextTick: number;
}

/** A step that is not durable yet, with the bids that wait for it. */
interface Pending extends Entry {
  readonly bids: readonly BidBatch[];
}

/** Failures that may pass: the run stands still until they have. */
const PASSING: ReadonlySet<ErrorCode> = new Set(["CE_STATE_FULL", "CE_STATE_UNWRITABLE", "CE_STATE_BUSY"]);

/** Ticks from one time to the next that the table of the campaigns' totals is brought up to date, and a snapshot taken. */
export const CHECKPOINT_TICKS = 300;

/** What a snapshot keeps for the engine and those around it. */
interface Saved {
  /** The ledger is the bookkeeping's. */
  readonly engine: Omit<EngineState, "ledger">;
  readonly parts: Readonly<Record<string, unknown>>;
}

/** One engine with its log. */
export class DurableRun {
  readonly engine: Engine;
  readonly #parts: DurableParts;
  readonly #shard: number;
  readonly #received = new StepWriter();
  #epoch = 0;
  #seq = 0;
  #isStarted = false;
  /** How the run ended, where the log has its end. */
  #end: StoredEntry | null = null;
  /** Steps that wait to be written. */
  #pending: Pending[] = [];
  /** Those of them that were handed to the store: the same again until it acknowledges them. */
  #sent: Pending[] = [];
  #writing: Promise<void> = Promise.resolve();
  #stuckBecause: EngineError | null = null;
  #isUnsavable = false;

  constructor(parts: DurableParts) {
    this.engine = parts.engine;
    this.#parts = parts;
    this.#shard = parts.shard ?? 0;
  }

  get ticks(): number {
    return this.engine.ticks;
  }

  get nextTick(): number {
    return this.engine.nextTick;
  }

  /** Why nothing can be written, or null (DR3). */
  get stuckBecause(): EngineError | null {
    return this.#stuckBecause;
  }

  /** Whether what keeps the log from being written may pass: {@link commit} tries again. */
  get isStuckForNow(): boolean {
    return this.#stuckBecause !== null && PASSING.has(this.#stuckBecause.code);
  }

  /**
   * Becomes the log's owner and replays it (DR2). Call it once, before anything else.
   * @param onEntry called after every entry replayed, and waited for
   * @throws EngineError CE_STATE_MISMATCH, CE_STATE_CORRUPT, CE_STATE_DIVERGED
   */
  async recover(onEntry?: (seq: number, head: number) => void | Promise<void>): Promise<Recovery> {
    const { store } = this.#parts;
    this.#epoch = await store.claim(this.#shard);
    const { seq, firstSeq } = await store.head(this.#shard);
    this.#seq = seq;
    // Before anything is read: from here on an earlier owner can no longer append.
    await this.#write("opened", { epoch: this.#epoch });
    const base = await this.#goOn(firstSeq);
    let entries = 0;
    for await (const entry of store.read(this.#shard, base?.seq)) {
      if (entry.seq > seq) break;
      if (entry.kind === "opened") continue;
      this.#replay(entry);
      entries += 1;
      await onEntry?.(entry.seq, seq);
    }
    return { isNew: !this.#isStarted, snapshotTick: base?.tick ?? null, entries, nextTick: this.nextTick };
  }

  /** Starts the engine, where the log has not. */
  async start(): Promise<void> {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.engine.start();
    await this.#write("started", this.#parts.manifest);
  }

  /** Plays a tick; its bids leave when it is durable (DR1). @returns the tick to play next */
  async tick(shownTick = this.nextTick): Promise<number> {
    this.assertWritable();
    this.engine.tick(shownTick);
    await this.ticked(shownTick);
    return this.nextTick;
  }

  /** Writes down a tick that the engine has just played, in pieces or whole; its bids leave when it is durable (DR1). */
  async ticked(shownTick: number): Promise<void> {
    await this.#write("tick", null, shownTick);
    const { everyTicks = CHECKPOINT_TICKS } = this.#parts.snapshots ?? {};
    if (this.nextTick % everyTicks !== 0) return;
    try {
      await this.saveAccounts();
      await this.saveSnapshot();
    } catch (error) {
      // The log is what counts: the table is for people, and a snapshot saves time.
      if (!(error instanceof EngineError && PASSING.has(error.code))) throw error;
    }
  }

  /** Carries out an order; durable when it resolves. @throws EngineError CE_ORDER_REFUSED; then nothing has changed */
  async obey(signed: SignedOrder): Promise<number | null> {
    this.assertWritable();
    const slot = this.engine.obey(signed.order, signed.signature);
    this.#parts.onOrder?.(signed);
    await this.#write("order", signed);
    return slot;
  }

  /** Writes down records that a market fed from outside has taken between two ticks; durable when it resolves. */
  async received(feed: readonly PlatformMetrics[], reports: ReportBatch): Promise<void> {
    this.#received.addNews(0, feed, reports);
    this.#pending.push({ kind: "received", tick: this.nextTick, bytes: this.#received.take(null, 0), bids: [] });
    await this.commit();
  }

  /** Drains the engine; the end of a run that was played whole is kept. */
  async drain(): Promise<void> {
    this.engine.drain();
    if (this.nextTick < this.ticks) return;
    if (this.#end === null) await this.#write("ended", null);
    else this.#assertReplayed(this.#end, this.#parts.market.take(null, 0));
    await this.saveAccounts();
  }

  stop(): void {
    this.engine.stop();
  }

  /** Brings the table of the campaigns' totals up to date, for people. @throws EngineError as a step that cannot be written */
  async saveAccounts(): Promise<void> {
    const { store, market } = this.#parts;
    await store.saveAccounts(this.#shard, this.#epoch, {
      seq: this.#seq,
      tick: this.nextTick,
      rows: market.accounts(),
    });
  }

  /** Keeps all that is known by now, so that a recovery need not go through what was before. @throws EngineError as a step that cannot be written */
  async saveSnapshot(): Promise<void> {
    const { store, snapshots } = this.#parts;
    if (snapshots === undefined || this.#isUnsavable || this.#sent.length + this.#pending.length > 0) return;
    const taken = { seq: this.#seq, tick: this.nextTick };
    const bytes = this.#snapshotBytes(snapshots);
    if (bytes === null) return;
    const kept = await store.snapshots(this.#shard);
    const { firstSeq } = await store.head(this.#shard);
    const { keep, forgetUntil } = retention(
      kept,
      taken,
      firstSeq - 1,
      snapshots.retainTicks ?? Number.POSITIVE_INFINITY,
    );
    await store.saveSnapshot(this.#shard, this.#epoch, { ...taken, bytes }, keep);
    if (forgetUntil > 0) await store.forget(this.#shard, this.#epoch, forgetUntil);
  }

  /** Null where something in use cannot be saved: then nothing ever is. */
  #snapshotBytes({ parts, onUnsavable }: Snapshots): Uint8Array | null {
    const { manifest } = this.#parts;
    try {
      const engine = this.engine.save();
      const saved = Object.fromEntries(Object.entries(parts()).map(([name, part]) => [name, part.save()]));
      const { ledger, ...rest } = engine;
      const campaigns = [...manifest.campaigns, ...rest.joined].map(({ id }) => id);
      return writeSnapshot({ manifest, campaigns, ledger }, { engine: rest, parts: saved } satisfies Saved);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === "CE_STATE_UNSAVABLE")) throw error;
      this.#isUnsavable = true;
      onUnsavable?.(error);
      return null;
    }
  }

  /** Goes on from the newest snapshot. @returns its place; null where there is none, and the whole log is */
  async #goOn(firstSeq: number): Promise<SnapshotPlace | null> {
    const { store, snapshots, manifest, market } = this.#parts;
    const snapshot = snapshots === undefined ? null : await newestSnapshot(store, this.#shard);
    const state = snapshot === null ? null : (readSnapshotState(snapshot.bytes) as Saved | null);
    if (snapshot === null || state === null) {
      if (firstSeq === 1) return null;
      throw corrupt(store.name, firstSeq, "no snapshot stands for the entries before it that can be gone on from");
    }
    const head = readSnapshotHead(snapshot.bytes);
    assertSame(store.name, head.manifest, manifest);
    for (const [name, part] of Object.entries(snapshots!.parts())) {
      if (name in state.parts) part.restore(state.parts[name]);
    }
    this.engine.goOn({ ...state.engine, ledger: head.ledger });
    // What observers were told of the start is no part of the next step.
    market.take(null, 0);
    this.#isStarted = true;
    return snapshot;
  }

  /** Writes what waits to be written, and lets its bids go. @throws EngineError while it cannot; it is kept, and tried again by the next call */
  commit(): Promise<void> {
    this.#writing = this.#writing.then(
      () => this.#append(),
      () => this.#append(),
    );
    return this.#writing;
  }

  /** @throws EngineError while nothing can be written (DR3) */
  assertWritable(): void {
    if (this.#stuckBecause !== null) throw this.#stuckBecause;
  }

  #write(kind: EntryKind, head: unknown, shownTick = 0): Promise<void> {
    const { market } = this.#parts;
    const bids = market.takeBids();
    this.#pending.push({ kind, tick: this.nextTick, bytes: market.take(head, shownTick), bids });
    return this.commit();
  }

  async #append(): Promise<void> {
    const { store, market } = this.#parts;
    while (this.#sent.length + this.#pending.length > 0) {
      if (this.#sent.length === 0) [this.#sent, this.#pending] = [this.#pending, []];
      try {
        this.#seq = await store.append(this.#shard, this.#epoch, this.#seq, this.#sent);
      } catch (error) {
        if (error instanceof EngineError) this.#stuckBecause = error;
        throw error;
      }
      const written = this.#sent;
      this.#sent = [];
      this.#stuckBecause = null;
      for (const { bids } of written) market.release(bids);
    }
  }

  #replay(entry: StoredEntry): void {
    const { market } = this.#parts;
    const step = readStep(entry.bytes);
    if (entry.kind === "ended") {
      this.#end = entry;
      return;
    }
    if (entry.kind === "received") {
      this.#replayReceived(entry, step);
      return;
    }
    let shownTick = 0;
    market.replay(step, () => {
      shownTick = this.#act(entry, step);
    });
    const bids = market.takeBids();
    this.#assertReplayed(entry, market.take(entry.kind === "tick" ? null : step.head, shownTick));
    market.release(bids);
  }

  /** Does again what an entry tells. @returns the tick that the clock shows */
  #act({ kind }: StoredEntry, step: Step): number {
    const { engine, manifest, shownAt, onOrder, store } = this.#parts;
    if (kind === "started") {
      assertSame(store.name, step.head as Manifest, manifest);
      this.#isStarted = true;
      engine.start();
    } else if (kind === "tick") {
      const shownTick = shownAt?.(engine.nextTick) ?? step.shownTick;
      engine.tick(shownTick);
      return shownTick;
    } else {
      const signed = step.head as SignedOrder;
      engine.obey(signed.order, signed.signature);
      onOrder?.(signed);
    }
    return 0;
  }

  #replayReceived(entry: StoredEntry, { news: [{ feed, reports }] }: Step): void {
    this.#parts.onReceived?.(feed, reports);
    this.#received.addNews(0, feed, reports);
    this.#assertReplayed(entry, this.#received.take(null, 0));
  }

  /** @throws EngineError CE_STATE_DIVERGED (DR2) */
  #assertReplayed(entry: StoredEntry, bytes: Uint8Array): void {
    if (Buffer.compare(entry.bytes, bytes) === 0) return;
    throw new EngineError(
      "CE_STATE_DIVERGED",
      `Entry ${entry.seq} (${entry.kind}, tick ${entry.tick}) comes out otherwise than it was written.`,
      {
        file: this.#parts.store.name,
        hint: "Another version of campaign-engine, or another policy module, has written it: go on with that one. Nothing was changed.",
      },
    );
  }
}
