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

const [DECISION, CHANGED] = ["decision", "campaign.changed"].map((event) => `{"level":30,"event":"${event}","time":"`);
const FROM = encoded(',"from":');
const STATE = encoded(',"state":');
const WHY = encoded(',"why":');
const REASON = encoded(',"reason":');
const BINDING = encoded(',"binding":');
const GAMMA = encoded(',"gammaMicros":');
const BIDS = encoded(',"bids":[');
const CAP = encoded(',"capMicros":');
const CANDIDATES = encoded('],"candidates":[');
const MARGINAL = encoded(',"marginalMicros":');
const VERDICT = encoded(',"verdict":');
const BUDGET = encoded('],"account":{"budgetMicros":');
const SPENT = encoded(',"spentMicros":');
const RESERVED = encoded(',"reservedMicros":');
const AVAILABLE = encoded(',"availableMicros":');
const COMMA = encoded(",");
const CLOSE = encoded("}");
const END = encoded("}\n");
const END_OF_DECISION = encoded("}}\n");

/** What lines say of a platform again and again: its name, and what is forecast for it, which is the same for all campaigns of a tick. */
class PlatformPieces {
  readonly bid: Uint8Array;
  readonly candidate: Uint8Array;
  readonly #scratch = new LineBytes(128);
  #cvrRelSd = Number.NaN;
  #cpcMicros = Number.NaN;
  #forecast = encoded("");

  constructor(platform: string | number) {
    const head = `{"platform":${JSON.stringify(platform)}`;
    this.bid = encoded(`${head},"bidMicros":`);
    this.candidate = encoded(`${head},"cvr":`);
  }

  forecast({ cvrRelSd, cpcMicros }: Candidate): Uint8Array {
    if (cvrRelSd === this.#cvrRelSd && cpcMicros === this.#cpcMicros) return this.#forecast;
    this.#cvrRelSd = cvrRelSd;
    this.#cpcMicros = cpcMicros;
    const scratch = this.#scratch;
    scratch.clear();
    scratch.text(',"cvrRelSd":');
    scratch.decimal(cvrRelSd, RATE);
    scratch.text(',"cpcMicros":');
    scratch.decimal(cpcMicros, PRICE);
    scratch.text(',"roiMicros":');
    this.#forecast = Uint8Array.from(scratch.bytes);
    return this.#forecast;
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
  readonly #platforms: PlatformPieces[] = [];
  readonly #words = new Map<string, Uint8Array>();

  /** @param started the run, which names the platforms; without it they are told by their indices. */
  constructor(started: EngineStarted | null) {
    this.#started = started;
  }

  /** Writes the line of a decision, with its end. `time` is the event's, in ISO 8601. */
  decision(into: LineBytes, { tick, campaign, from, state, decision, account }: DecisionMade, time: string): void {
    const { reason, binding, gammaMicros, candidates } = decision;
    into.put(this.#decision.of(tick, time));
    into.quoted(campaign.id);
    into.put(FROM);
    into.put(this.#word(from));
    into.put(STATE);
    into.put(this.#word(state));
    into.put(REASON);
    into.put(this.#word(reason));
    into.put(BINDING);
    into.put(this.#word(binding));
    into.put(GAMMA);
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
    into.put(FROM);
    into.put(this.#word(from));
    into.put(STATE);
    into.put(this.#word(state));
    into.put(WHY);
    into.quoted(why);
    into.put(END);
  }

  #candidate(into: LineBytes, candidate: Candidate): void {
    const platform = this.#platform(candidate.platform);
    into.put(platform.candidate);
    into.decimal(candidate.cvr, RATE);
    into.put(platform.forecast(candidate));
    into.decimal(candidate.roiMicros, PRICE);
    into.put(MARGINAL);
    into.decimal(candidate.marginalMicros, PRICE);
    into.put(VERDICT);
    into.put(this.#word(candidate.verdict));
    into.put(CLOSE);
  }

  #platform(index: number): PlatformPieces {
    return (this.#platforms[index] ??= new PlatformPieces(this.#started?.platforms[index].id ?? index));
  }

  /** A word of a short list, quoted. */
  #word(word: string): Uint8Array {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const quoted = encoded(JSON.stringify(word));
    this.#words.set(word, quoted);
    return quoted;
  }
}
