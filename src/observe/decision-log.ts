/**
 * The decision log: one NDJSON line per decision and per lifecycle event, in simulated time.
 *
 * D1 the same events give the same bytes: no wall-clock time, process or host in a line; D2 the first line is the run's header, and
 * every campaign's declaration precedes its decisions; D3 a write that fails is thrown, with the number of lines that are safe.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { Writable } from "node:stream";
import { pino } from "pino";
import { EngineError } from "../core/errors.ts";
import type { CampaignState, DecisionMade, EngineEvent, EngineObserver, EngineStarted } from "../core/events.ts";
import type { Savable } from "../core/saved.ts";
import { DecisionLines } from "./decision-lines.ts";
import { LineBytes } from "./line-bytes.ts";
import { fileSink, streamSink, unwritable } from "./log-sink.ts";
import type { LogSink } from "./log-sink.ts";

/**
 * Which decisions are written: every one; those whose state, reason or set of platforms differs from the campaign's
 * previous decision; or every Nth, spread over the campaigns. Lifecycle events are written at every level, but routine
 * changes of state (into or out of anything but `exhausted`) only at `all`. Under overload fewer decisions are written, at every level.
 */
export type DecisionLogLevel = "all" | "changes" | `sample:${number}`;

/** How a log ended. */
export interface DecisionLogEnd {
  readonly lines: number;
  /** SHA-256 of the log's bytes, hexadecimal; null where nobody asked for it, or an earlier process began it. */
  readonly sha256: string | null;
}

/** How far a log is. */
export interface DecisionLogState {
  readonly bytes: number;
  readonly lines: number;
  /** One in so many decisions is considered. */
  readonly every: number;
  /** What the level's filter remembers. */
  readonly filter: unknown;
}

const BUFFER_BYTES = 128 * 1024;

/** Writes the decision log. */
export class DecisionLog implements EngineObserver, Savable<DecisionLogState> {
  readonly wantsDecisions = "fleeting";
  readonly #sink: LogSink;
  readonly #filter: LevelFilter;
  readonly #keepsRoutine: boolean;
  readonly #logger: pino.Logger;
  readonly #hash: Hash | null;
  #started: EngineStarted | null = null;
  #lineMaker: DecisionLines | null = null;
  /** One in so many decisions is considered: more than 1 under overload. */
  #every = 1;
  readonly #buffer = new LineBytes(BUFFER_BYTES * 2);
  #bytes = 0;
  /** An earlier process wrote the beginning, with the header. */
  #isContinued = false;
  #lines = 0;
  #safeLines = 0;
  #failure: EngineError | null = null;
  #isoTime = { timeMs: Number.NaN, text: "" };

  /**
   * @param destination a file, which is replaced, or a stream, which is left open.
   * @param isHashed whether to hash what is written: a quarter of what a line costs
   * @throws EngineError CE_OUTPUT_UNWRITABLE, CE_USAGE_INVALID for an unknown level.
   */
  constructor(destination: string | Writable, level: DecisionLogLevel = "all", isHashed = false) {
    this.#filter = levelFilter(level);
    this.#keepsRoutine = level === "all";
    this.#hash = isHashed ? createHash("sha256") : null;
    this.#sink = typeof destination === "string" ? fileSink(destination) : streamSink(destination);
    this.#logger = pino({ base: null, timestamp: false }, { write: (line: string) => this.#append(line) });
  }

  /** @throws EngineError CE_OUTPUT_UNWRITABLE (D3). */
  observe(event: EngineEvent): void {
    switch (event.type) {
      case "engine.started":
        this.#start(event);
        break;
      case "decision":
        if ((event.slot + event.tick) % this.#every === 0 && this.#filter.keeps(event)) this.#decision(event);
        break;
      case "campaign.changed":
        if (this.#keepsRoutine || event.from === "exhausted" || event.state === "exhausted") {
          this.#linesOf.changed(this.#into, event, this.#when(event).time);
          this.#ended();
        }
        break;
      case "campaign.created":
        this.#logger.info({
          event: event.type,
          ...this.#when(event),
          campaign: event.campaign.id,
          spec: event.campaign,
        });
        break;
      case "platform.changed":
      case "campaign.held":
      case "campaign.released":
      case "budget.toppedUp":
      case "operator.acted":
      case "reservations.released":
        this.#fact(event);
        break;
      case "engine.overloaded":
      case "engine.relieved":
        this.#every = event.logEvery;
        this.#fact(event, "warn");
        break;
      case "campaign.restarted":
      case "stage.failed":
      case "stages.restarted":
      case "supervisor.restarted":
      case "report.refused":
      case "bid.refused":
      case "fault.injected":
      case "clock.jumped":
        this.#fact(event, "warn");
        break;
      case "campaign.quarantined":
      case "stage.stopped":
      case "supervisor.stopped":
      case "charge.disputed":
      case "reservation.expired":
        this.#fact(event, "error");
        break;
    }
  }

  /** How far it is; what is buffered is written. @throws EngineError CE_OUTPUT_UNWRITABLE (D3). */
  save(): DecisionLogState {
    this.#flush();
    return { bytes: this.#bytes, lines: this.#lines, every: this.#every, filter: this.#filter.save() };
  }

  /** Before the engine starts: goes on in the same file, if it is still there as it was; if not, it begins anew. */
  restore({ bytes, lines, every, filter }: DecisionLogState): void {
    if (this.#sink.goOnAfter?.(bytes) !== true) return;
    this.#isContinued = true;
    this.#bytes = bytes;
    this.#lines = lines;
    this.#safeLines = lines;
    this.#every = every;
    this.#filter.restore(filter);
  }

  /** Writes what is buffered: for a run that may be cut off. @throws EngineError CE_OUTPUT_UNWRITABLE (D3). */
  flush(): void {
    this.#flush();
  }

  /** Writes what is buffered and closes the file. @throws EngineError CE_OUTPUT_UNWRITABLE (D3). */
  close(): DecisionLogEnd {
    try {
      this.#flush();
    } finally {
      const error = this.#sink.close();
      if (error !== null && this.#failure === null) this.#failure = this.#unwritable(error);
    }
    if (this.#failure !== null) throw this.#failure;
    return { lines: this.#lines, sha256: this.#isContinued || this.#hash === null ? null : this.#hash.digest("hex") };
  }

  #start(event: EngineStarted): void {
    this.#started = event;
    this.#lineMaker = null;
    if (this.#isContinued) return;
    const { name, seed, currency, tickMs, ticks, platforms, campaigns } = event;
    this.#logger.info({
      event: event.type,
      ...this.#when(event),
      name,
      seed,
      currency,
      tickMs,
      ticks,
      campaigns: campaigns.length,
      platforms,
    });
    for (const spec of campaigns) {
      this.#logger.info({ event: "campaign.declared", ...this.#when(event), campaign: spec.id, spec });
    }
  }

  #decision(event: DecisionMade): void {
    this.#linesOf.decision(this.#into, event, this.#when(event).time);
    this.#ended();
  }

  get #linesOf(): DecisionLines {
    this.#lineMaker ??= new DecisionLines(this.#started);
    return this.#lineMaker;
  }

  /** An event as it is, with names in place of indices. */
  #fact(event: Exclude<EngineEvent, EngineStarted>, level: "info" | "warn" | "error" = "info"): void {
    const { type, tick, timeMs, ...rest } = event;
    const { slot, platform, ...facts } = rest as { slot?: number | null; platform?: number | null };
    this.#logger[level]({
      event: type,
      ...this.#when({ tick, timeMs }),
      campaign: slot === undefined || slot === null ? undefined : (this.#started?.campaigns[slot].id ?? slot),
      platform: platform === undefined || platform === null ? undefined : this.#platformId(platform),
      ...facts,
    });
  }

  #platformId(platform: number): string | number {
    return this.#started?.platforms[platform].id ?? platform;
  }

  #when({ tick, timeMs }: { tick: number; timeMs: number }): { time: string; tick: number } {
    // oxlint-disable-next-line no-restricted-globals -- writes down a given time; no clock is read (D1)
    if (this.#isoTime.timeMs !== timeMs) this.#isoTime = { timeMs, text: new Date(timeMs).toISOString() };
    return { time: this.#isoTime.text, tick };
  }

  #append(line: string): void {
    this.#into.text(line);
    this.#ended();
  }

  /** A line has been put into the buffer. */
  #ended(): void {
    this.#lines++;
    if (this.#buffer.length >= BUFFER_BYTES) this.#flush();
  }

  /** Where the next line goes. @throws EngineError CE_OUTPUT_UNWRITABLE where one before could not be written (D3) */
  get #into(): LineBytes {
    if (this.#failure !== null) throw this.#failure;
    return this.#buffer;
  }

  #flush(): void {
    const { bytes } = this.#into;
    this.#buffer.clear();
    const { written, error } = this.#sink.write(bytes);
    if (error !== null) {
      this.#safeLines += newlines(bytes.subarray(0, written));
      this.#failure = this.#unwritable(error);
      throw this.#failure;
    }
    this.#safeLines = this.#lines;
    this.#hash?.update(bytes);
    this.#bytes += bytes.length;
  }

  #unwritable(error: unknown): EngineError {
    return unwritable(this.#sink.name, error, `${this.#safeLines} lines are safe`);
  }
}

/** Which decisions a level keeps. */
interface LevelFilter extends Savable {
  keeps(event: DecisionMade): boolean;
}

/** @throws EngineError CE_USAGE_INVALID */
function levelFilter(level: string): LevelFilter {
  if (level === "all") return forgetful(() => true);
  if (level === "changes") return new ChangeFilter();
  const every = /^sample:([1-9]\d*)$/.exec(level)?.[1];
  if (every === undefined) {
    throw new EngineError("CE_USAGE_INVALID", `There is no decision log level "${level}".`, {
      expected: "all, changes, or sample:N with N ≥ 1",
    });
  }
  return forgetful((event) => (event.slot + event.tick) % Number(every) === 0);
}

function forgetful(keeps: (event: DecisionMade) => boolean): LevelFilter {
  return { keeps, save: () => null, restore: () => undefined };
}

/** What was bid last, and why. */
interface LastDecision {
  readonly state: CampaignState;
  readonly reason: string;
  /** Platforms, in the order of the candidates. */
  readonly bids: readonly number[];
}

/** Keeps a decision whose state, reason or set of bid platforms differs from that of the campaign's previous decision. */
class ChangeFilter implements LevelFilter, Savable<readonly LastDecision[]> {
  #last: LastDecision[] = [];

  keeps({ slot, state, decision: { reason, candidates } }: DecisionMade): boolean {
    const before = this.#last[slot];
    let bids = 0;
    let isSame = before !== undefined && before.state === state && before.reason === reason;
    for (const candidate of candidates) {
      if (candidate.bidMicros > 0) isSame &&= before.bids[bids++] === candidate.platform;
    }
    if (isSame && before.bids.length === bids) return false;
    const platforms = Array<number>(bids);
    bids = 0;
    for (const candidate of candidates) if (candidate.bidMicros > 0) platforms[bids++] = candidate.platform;
    this.#last[slot] = { state, reason, bids: platforms };
    return true;
  }

  save(): readonly LastDecision[] {
    return this.#last;
  }

  restore(last: readonly LastDecision[]): void {
    this.#last = [...last];
  }
}

function newlines(bytes: Buffer): number {
  return bytes.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
}
