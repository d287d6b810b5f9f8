/**
 * The lines of which a decision log has one for every campaign and tick, decisions and routine changes of state, written by hand: what pino would write of
 * the same records, at a fraction of the cost.
 *
 * DL1 a line is JSON and says what the event says: names and whole figures as they are, prices to a thousandth of a micro, rates to nine decimals.
 */
import type { Candidate } from "../core/decision.ts";
import type { CampaignChanged, DecisionMade, EngineStarted } from "../core/events.ts";
import { encoded, LineBytes } from "./line-bytes.ts";

/** Decimals of prices [micros] and of rates; whole figures have none. */
const PRICE = 3;
const RATE = 9;
/** Combinations of words that are remembered. */
const MOST_WORDS = 32;

const [DECISION, CHANGED] = ["decision", "campaign.changed"].map((event) => `{"level":30,"event":"${event}","time":"`);
const BIDS = encoded(',"bids":[');
const CAP = encoded(',"capMicros":');
const CANDIDATES = encoded('],"candidates":[');
const MARGINAL = encoded(',"marginalMicros":');
const BUDGET = encoded('],"account":{"budgetMicros":');
const SPENT = encoded(',"spentMicros":');
const RESERVED = encoded(',"reservedMicros":');
const AVAILABLE = encoded(',"availableMicros":');
const COMMA = encoded(",");
const CLOSE = encoded("}");
const END_OF_DECISION = encoded("}}\n");

/** What lines say of a platform again and again: its name, and what is forecast for it, most of which is the same for all campaigns of a tick. */
class PlatformPieces {
  readonly bid: Uint8Array;
  readonly #candidate: Uint8Array;
  readonly #scratch = new LineBytes(256);
  #cvr = Number.NaN;
  #cvrRelSd = Number.NaN;
  #cpcMicros = Number.NaN;
  /** What follows the CVR. */
  #forecast = encoded("");
  /** The CVR and what is before and after it, once two campaigns in a row were given the same. */
  #all: Uint8Array | null = null;

  constructor(platform: string | number) {
    const head = `{"platform":${JSON.stringify(platform)}`;
    this.bid = encoded(`${head},"bidMicros":`);
    this.#candidate = encoded(`${head},"cvr":`);
  }

  /** Begins what a line says of the platform as a candidate, up to its ROI. */
  candidate(into: LineBytes, { cvr, cvrRelSd, cpcMicros }: Candidate): void {
    const isNew = cvrRelSd !== this.#cvrRelSd || cpcMicros !== this.#cpcMicros;
    if (isNew) this.#forecast = this.#written(cvrRelSd, cpcMicros);
    if (isNew || cvr !== this.#cvr) {
      this.#cvr = cvr;
      this.#all = null;
      this.#spell(into);
      return;
    }
    this.#all ??= copyOf(this.#scratch, (scratch) => this.#spell(scratch));
    into.put(this.#all);
  }

  #spell(into: LineBytes): void {
    into.put(this.#candidate);
    into.decimal(this.#cvr, RATE);
    into.put(this.#forecast);
  }

  #written(cvrRelSd: number, cpcMicros: number): Uint8Array {
    this.#cvrRelSd = cvrRelSd;
    this.#cpcMicros = cpcMicros;
    return copyOf(this.#scratch, (scratch) => {
      scratch.text(',"cvrRelSd":');
      scratch.decimal(cvrRelSd, RATE);
      scratch.text(',"cpcMicros":');
      scratch.decimal(cpcMicros, PRICE);
      scratch.text(',"roiMicros":');
    });
  }
}

/** What is written into scratch bytes, for keeps. */
function copyOf(scratch: LineBytes, write: (scratch: LineBytes) => void): Uint8Array {
  scratch.clear();
  write(scratch);
  return Uint8Array.from(scratch.bytes);
}

/** Words that follow each other, each under its key: few combinations, met again and again. */
class Words {
  readonly #keys: readonly string[];
  readonly #end: string;
  readonly #known: { readonly words: readonly string[]; readonly bytes: Uint8Array }[] = [];

  /** @param end what follows them */
  constructor(keys: readonly string[], end: string) {
    this.#keys = keys;
    this.#end = end;
  }

  /** @param last of the words, after the two states; `binding` only where there are four */
  of(from: string, state: string, last: string, binding?: string): Uint8Array {
    const known = this.#known;
    for (let i = 0; i < known.length; i += 1) {
      const { words, bytes } = known[i];
      if (words[2] === last && words[0] === from && words[1] === state && words[3] === binding) return bytes;
    }
    const words = binding === undefined ? [from, state, last] : [from, state, last, binding];
    const pairs = this.#keys.map((key, i) => `,"${key}":${JSON.stringify(words[i])}`);
    const bytes = encoded(`${pairs.join("")}${this.#end}`);
    if (known.length === MOST_WORDS) known.length = 0;
    known.push({ words, bytes });
    return bytes;
  }
}

/** What all lines of a tick begin with. */
class Head {
  readonly #before: string;
  #tick = Number.NaN;
  #time = "";
  #bytes = encoded("");

  constructor(before: string) {
    this.#before = before;
  }

  of(tick: number, time: string): Uint8Array {
    if (tick === this.#tick && time === this.#time) return this.#bytes;
    this.#tick = tick;
    this.#time = time;
    this.#bytes = encoded(`${this.#before}${time}","tick":${tick},"campaign":`);
    return this.#bytes;
  }
}

/** Writes the lines of one run. */
export class DecisionLines {
  readonly #started: EngineStarted | null;
  readonly #decision = new Head(DECISION);
  readonly #changed = new Head(CHANGED);
  readonly #choice = new Words(["from", "state", "reason", "binding"], ',"gammaMicros":');
  readonly #change = new Words(["from", "state", "why"], "}\n");
  readonly #platforms: PlatformPieces[] = [];
  readonly #verdicts = new Map<string, Uint8Array>();

  /** @param started the run, which names the platforms; without it they are told by their indices. */
  constructor(started: EngineStarted | null) {
    this.#started = started;
  }

  /** Writes the line of a decision, with its end. `time` is the event's, in ISO 8601. */
  decision(into: LineBytes, { tick, campaign, from, state, decision, account }: DecisionMade, time: string): void {
    const { reason, binding, gammaMicros, candidates } = decision;
    into.put(this.#decision.of(tick, time));
    into.quoted(campaign.id);
    into.put(this.#choice.of(from, state, reason, binding));
    into.decimal(gammaMicros, PRICE);
    into.put(BIDS);
    let bids = 0;
    for (let i = 0; i < candidates.length; i += 1) {
      const { platform, bidMicros, capMicros } = candidates[i];
      if (!(bidMicros > 0)) continue;
      if (bids++ > 0) into.put(COMMA);
      into.put(this.#platform(platform).bid);
      into.decimal(bidMicros, 0);
      into.put(CAP);
      into.decimal(capMicros, 0);
      into.put(CLOSE);
    }
    into.put(CANDIDATES);
    for (let i = 0; i < candidates.length; i += 1) {
      if (i > 0) into.put(COMMA);
      this.#candidate(into, candidates[i]);
    }
    into.put(BUDGET);
    into.decimal(account.budgetMicros, 0);
    into.put(SPENT);
    into.decimal(account.spentMicros, 0);
    into.put(RESERVED);
    into.decimal(account.reservedMicros, 0);
    into.put(AVAILABLE);
    into.decimal(account.availableMicros, 0);
    into.put(END_OF_DECISION);
  }

  /** Writes the line of a change of state, with its end. */
  changed(into: LineBytes, { tick, slot, from, state, why }: CampaignChanged, time: string): void {
    into.put(this.#changed.of(tick, time));
    const campaign = this.#started?.campaigns[slot];
    if (campaign === undefined) into.decimal(slot, 0);
    else into.quoted(campaign.id);
    into.put(this.#change.of(from, state, why));
  }

  #candidate(into: LineBytes, candidate: Candidate): void {
    this.#platform(candidate.platform).candidate(into, candidate);
    into.decimal(candidate.roiMicros, PRICE);
    into.put(MARGINAL);
    into.decimal(candidate.marginalMicros, PRICE);
    into.put(this.#verdict(candidate.verdict));
  }

  #platform(index: number): PlatformPieces {
    return (this.#platforms[index] ??= new PlatformPieces(this.#started?.platforms[index].id ?? index));
  }

  /** How what a line says of a candidate ends. */
  #verdict(word: string): Uint8Array {
    const known = this.#verdicts.get(word);
    if (known !== undefined) return known;
    const end = encoded(`,"verdict":${JSON.stringify(word)}}`);
    this.#verdicts.set(word, end);
    return end;
  }
}
