/**
 * The lines of which a decision log has one for every campaign and tick, decisions and routine changes of state, written by hand: what pino would write, to
 * the byte, at a fraction of the cost.
 *
 * DL1 the bytes are those of `JSON.stringify` on the same record: no figure is rounded, no name escaped otherwise.
 */
import type { Candidate } from "../core/decision.ts";
import type { CampaignChanged, DecisionMade, EngineStarted } from "../core/events.ts";

/** A number as it was written last: most figures of a platform are the same for all campaigns of a tick. */
class Figure {
  #value = Number.NaN;
  #text = "null";

  of(value: number): string {
    if (value === this.#value) return this.#text;
    this.#value = value;
    this.#text = numeral(value);
    return this.#text;
  }
}

/** What is the same in all lines about a platform. */
class PlatformText {
  readonly id: string;
  readonly cvr = new Figure();
  readonly cvrRelSd = new Figure();
  readonly cpcMicros = new Figure();

  constructor(id: string | number) {
    this.id = JSON.stringify(id);
  }
}

/** Writes the lines of one run. */
export class DecisionLines {
  readonly #started: EngineStarted | null;
  readonly #platforms: PlatformText[] = [];
  /** By slot: the campaign's id, quoted. */
  readonly #campaigns: string[] = [];
  readonly #words = new Map<string, string>();

  /** @param started the run, which names the platforms; without it they are told by their indices. */
  constructor(started: EngineStarted | null) {
    this.#started = started;
  }

  /** One line, with its end. `time` is the event's, in ISO 8601. */
  line({ tick, slot, campaign, from, state, decision, account }: DecisionMade, time: string): string {
    const { reason, binding, gammaMicros, candidates } = decision;
    const { budgetMicros, spentMicros, reservedMicros, availableMicros } = account;
    const id = this.#campaign(slot, campaign.id);
    let bids = "";
    let figures = "";
    for (let i = 0; i < candidates.length; i += 1) {
      const candidate = candidates[i];
      const platform = this.#platform(candidate.platform);
      figures += `${i === 0 ? "" : ","}${this.#candidate(candidate, platform)}`;
      const { bidMicros, capMicros } = candidate;
      if (!(bidMicros > 0)) continue;
      bids += `${bids === "" ? "" : ","}{"platform":${platform.id},"bidMicros":${numeral(bidMicros)},"capMicros":${numeral(capMicros)}}`;
    }
    return (
      `{"level":30,"event":"decision","time":"${time}","tick":${numeral(tick)},"campaign":${id},` +
      `"from":${this.#word(from)},"state":${this.#word(state)},"reason":${this.#word(reason)},"binding":${this.#word(binding)},` +
      `"gammaMicros":${numeral(gammaMicros)},"bids":[${bids}],"candidates":[${figures}],` +
      `"account":{"budgetMicros":${numeral(budgetMicros)},"spentMicros":${numeral(spentMicros)},` +
      `"reservedMicros":${numeral(reservedMicros)},"availableMicros":${numeral(availableMicros)}}}\n`
    );
  }

  /** The line of a change of state, with its end. */
  changed({ tick, slot, from, state, why }: CampaignChanged, time: string): string {
    const id = this.#campaign(slot, this.#started?.campaigns[slot].id ?? slot);
    return (
      `{"level":30,"event":"campaign.changed","time":"${time}","tick":${numeral(tick)},"campaign":${id},` +
      `"from":${this.#word(from)},"state":${this.#word(state)},"why":${JSON.stringify(why)}}\n`
    );
  }

  #campaign(slot: number, id: string | number): string {
    return (this.#campaigns[slot] ??= JSON.stringify(id));
  }

  #candidate(candidate: Candidate, platform: PlatformText): string {
    const { cvr, cvrRelSd, cpcMicros, roiMicros, marginalMicros, verdict } = candidate;
    return (
      `{"platform":${platform.id},"cvr":${platform.cvr.of(cvr)},"cvrRelSd":${platform.cvrRelSd.of(cvrRelSd)},` +
      `"cpcMicros":${platform.cpcMicros.of(cpcMicros)},"roiMicros":${numeral(roiMicros)},` +
      `"marginalMicros":${numeral(marginalMicros)},"verdict":${this.#word(verdict)}}`
    );
  }

  #platform(index: number): PlatformText {
    return (this.#platforms[index] ??= new PlatformText(this.#started?.platforms[index].id ?? index));
  }

  /** A word of a short list, quoted. */
  #word(word: string): string {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const quoted = JSON.stringify(word);
    this.#words.set(word, quoted);
    return quoted;
  }
}

/** A number as JSON has it. */
function numeral(value: number): string {
  return Number.isFinite(value) ? `${value}` : "null";
}
