/**
 * An engine that survives: every step is written to a log before its bids leave, and a later process goes on where the log ends.
 *
 * DR1 a step is durable before its bids leave, and before its order or its records are acknowledged; DR2 recovery replays the log through the same engine, and
 * each step must come out as the same bytes; DR3 while a step cannot be written, nothing else is done: no bid, no order, no record; DR4 bids of
 * the last step may be placed again after a crash: markets take a bid of (campaign, tick, platform) once.
 */
import { EngineError } from "../core/errors.ts";
import type { OperatorOrder, Signature } from "../core/operator.ts";
import type { PlatformMetrics } from "../core/platform.ts";
import type { BidBatch, ReportBatch } from "../core/reports.ts";
import { assertSame } from "../journal/manifest.ts";
import type { Manifest } from "../journal/manifest.ts";
import { readStep } from "../journal/step.ts";
import type { Step } from "../journal/step.ts";
import type { Entry, EntryKind, JournalStore, StoredEntry } from "../journal/store.ts";
import type { Engine } from "./engine.ts";
import type { JournaledMarket } from "./journaled-market.ts";

/** An order as the log keeps it. */
export interface SignedOrder {
  readonly order: OperatorOrder;
  readonly signature: Signature;
  /** Names the order among its repeats; absent: each counts. */
  readonly key?: string;
}

/** What a durable run is made of. */
export interface DurableParts {
  readonly store: JournalStore;
  readonly engine: Engine;
  /** The market and the observer that the engine was made with. */
  readonly market: JournaledMarket;
  readonly manifest: Manifest;
  /** Which log of the store. Default 0. */
  readonly shard?: number;
  /** The tick that a clock with jumps shows when this one is due, asked again in a replay. Default: what the log says. */
  readonly shownAt?: (tick: number) => number;
  /** Takes an order that is replayed. Default: the engine's `obey`. */
  readonly onOrder?: (order: SignedOrder) => void;
  /** Takes records that are replayed. */
  readonly onReceived?: (feed: readonly PlatformMetrics[], reports: ReportBatch) => void;
}

/** What a recovery found. */
export interface Recovery {
  /** Entries replayed; 0 where the run is new. */
  readonly entries: number;
  /** The tick to play next. */
  readonly nextTick: number;
}

/** A step that is not durable yet, with the bids that wait for it. */
interface Pending extends Entry {
  readonly bids: readonly BidBatch[];
}

/** One engine with its log. */
export class DurableRun {
  readonly engine: Engine;
  readonly #parts: DurableParts;
  readonly #shard: number;
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

  /**
   * Becomes the log's owner and replays it (DR2). Call it once, before anything else.
   * @throws EngineError CE_STATE_MISMATCH, CE_STATE_CORRUPT, CE_STATE_DIVERGED
   */
  async recover(): Promise<Recovery> {
    const { store } = this.#parts;
    this.#epoch = await store.claim(this.#shard);
    const { seq } = await store.head(this.#shard);
    this.#seq = seq;
    // Before anything is read: from here on an earlier owner can no longer append.
    await this.#write("opened", { epoch: this.#epoch });
    let entries = 0;
    for await (const entry of store.read(this.#shard)) {
      if (entry.seq > seq) break;
      if (entry.kind === "opened") continue;
      this.#replay(entry);
      entries += 1;
    }
    return { entries, nextTick: this.nextTick };
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
    await this.#write("tick", null, shownTick);
    return this.nextTick;
  }

  /** Carries out an order; durable when it resolves. @throws EngineError CE_ORDER_REFUSED; then nothing has changed */
  async obey(signed: SignedOrder): Promise<number | null> {
    this.assertWritable();
    const slot = this.engine.obey(signed.order, signed.signature);
    await this.#write("order", signed);
    return slot;
  }

  /** Writes down records that a market fed from outside has taken between two ticks; durable when it resolves. */
  async received(feed: readonly PlatformMetrics[], reports: ReportBatch): Promise<void> {
    this.#parts.market.receive(feed, reports);
    await this.#write("received", null);
  }

  /** Drains the engine; the end of a run that was played whole is kept. */
  async drain(): Promise<void> {
    this.engine.drain();
    const isWhole = this.nextTick >= this.ticks;
    if (this.#end !== null) this.#assertReplayed(this.#end, this.#parts.market.take(null, 0));
    else if (isWhole) await this.#write("ended", null);
  }

  stop(): void {
    this.engine.stop();
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
    const { engine, market, manifest, shownAt, onOrder, onReceived } = this.#parts;
    const step = readStep(entry.bytes);
    if (entry.kind === "ended") {
      this.#end = entry;
      return;
    }
    let shownTick = 0;
    market.replay(step, () => {
      if (entry.kind === "started") {
        assertSame(this.#parts.store.name, step.head as Manifest, manifest);
        this.#isStarted = true;
        engine.start();
      } else if (entry.kind === "tick") {
        shownTick = shownAt?.(engine.nextTick) ?? step.shownTick;
        engine.tick(shownTick);
      } else if (entry.kind === "order") {
        const signed = step.head as SignedOrder;
        if (onOrder === undefined) engine.obey(signed.order, signed.signature);
        else onOrder(signed);
      } else {
        const [{ feed, reports }] = step.news;
        onReceived?.(feed, reports);
        market.receive(feed, reports);
      }
    });
    const bids = market.takeBids();
    this.#assertReplayed(entry, market.take(this.#headOf(entry, step), shownTick));
    market.release(bids);
  }

  #headOf({ kind }: StoredEntry, step: Step): unknown {
    return kind === "tick" || kind === "received" ? null : step.head;
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
