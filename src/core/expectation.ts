/**
 * Expectations: what the owner of campaigns declares must come of them, and whether it did.
 *
 * X1 an expectation about single campaigns is judged by the worst of them; X2 a figure that does not exist (no decision, nothing spent) breaks nothing;
 * X3 limits on bids and spend hold at every tick, whatever happens; the others are judged by a whole run.
 */
import { formatMoney } from "./money.ts";
import type { EngineEvent, EngineObserver, EngineStarted } from "./events.ts";

/** What can be expected: what is measured, in which unit, and on which side of it the limit lies. */
export const EXPECTATIONS = {
  maxBid: { isMost: true, unit: "money", isAlways: true, of: "highest bid per click" },
  maxSpend: { isMost: true, unit: "money", isAlways: true, of: "spend" },
  minSpendShare: { isMost: false, unit: "share", isAlways: false, of: "share of the budget spent" },
  minConversions: { isMost: false, unit: "count", isAlways: false, of: "conversions" },
  maxCpa: { isMost: true, unit: "money", isAlways: false, of: "mean cost per conversion" },
  minNet: { isMost: false, unit: "money", isAlways: false, of: "net value" },
  maxFallbackShare: { isMost: true, unit: "share", isAlways: false, of: "share of decisions taken as fallback" },
  maxRestarts: { isMost: true, unit: "count", isAlways: false, of: "restarts" },
  maxQuarantined: { isMost: true, unit: "count", isAlways: false, of: "campaigns put into quarantine" },
} as const satisfies Record<
  string,
  { isMost: boolean; unit: "money" | "share" | "count"; isAlways: boolean; of: string }
>;

/** The name of an expectation. */
export type ExpectationName = keyof typeof EXPECTATIONS;

/** One expectation. */
export interface Expectation {
  /** Where it is declared, e.g. `expect[0].maxBid`. */
  readonly field: string;
  readonly name: ExpectationName;
  /** Micros, 0..1 or a number, by the unit of its name. */
  readonly limit: number;
  /** Slots that it is about, ascending. */
  readonly slots: readonly number[];
  /** True where each campaign is held to it on its own; else it is about their sum. */
  readonly isEach: boolean;
}

/** What came of one expectation. */
export interface Verdict {
  readonly expectation: Expectation;
  readonly isMet: boolean;
  /** What was measured, in the limit's unit: of the worst campaign where each is judged. Null where there is no such figure. */
  readonly figure: number | null;
  /** Slot of the worst campaign; null where the sum is judged. */
  readonly slot: number | null;
  /** Campaigns that break it, or 1 where the sum does. */
  readonly breaches: number;
}

/** What is counted of one campaign. */
interface Counts {
  highestBidMicros: number;
  decisions: number;
  fallbacks: number;
  conversions: number;
  restarts: number;
  quarantines: number;
}

/** Listens to one run, and judges it by what was expected. */
export class ExpectationCheck implements EngineObserver {
  readonly wantsDecisions: false | "fleeting";
  readonly #expectations: readonly Expectation[];
  #counts: readonly Counts[] = [];
  #started: EngineStarted | null = null;

  constructor(expectations: readonly Expectation[]) {
    this.#expectations = expectations;
    const isAboutDecisions = expectations.some(({ name }) => name === "maxBid" || name === "maxFallbackShare");
    this.wantsDecisions = isAboutDecisions ? "fleeting" : false;
  }

  observe(event: EngineEvent): void {
    if (event.type === "engine.started") {
      this.#started = event;
      this.#counts = event.campaigns.map(() => {
        return { highestBidMicros: 0, decisions: 0, fallbacks: 0, conversions: 0, restarts: 0, quarantines: 0 };
      });
    } else if (event.type === "decision") {
      const counts = this.#counts[event.slot];
      counts.decisions += 1;
      if (event.decision.kind === "fallback") counts.fallbacks += 1;
      for (const { bidMicros } of event.decision.candidates) {
        counts.highestBidMicros = Math.max(counts.highestBidMicros, bidMicros);
      }
    } else if (event.type === "reports.booked") {
      const { batch } = event;
      for (let row = 0; row < batch.length; row += 1) {
        this.#counts[batch.campaign[row]].conversions += batch.conversions[row];
      }
    } else if (event.type === "campaign.restarted") this.#counts[event.slot].restarts += 1;
    else if (event.type === "campaign.quarantined") this.#counts[event.slot].quarantines += 1;
  }

  /** What came of every expectation so far, in the order declared. */
  verdicts(): readonly Verdict[] {
    return this.#started === null ? [] : this.#expectations.map((expectation) => this.#judge(expectation));
  }

  /** The first limit on bids or spend that is broken so far (X3); null where none is. */
  brokenLimit(): Verdict | null {
    const limits = this.#expectations.filter(({ name }) => EXPECTATIONS[name].isAlways);
    for (const expectation of limits) {
      const verdict = this.#judge(expectation);
      if (!verdict.isMet) return verdict;
    }
    return null;
  }

  #judge(expectation: Expectation): Verdict {
    const { name, limit, slots, isEach } = expectation;
    const { isMost } = EXPECTATIONS[name];
    if (!isEach) {
      const figure = this.#figure(name, slots);
      const isMet = holds(figure, limit, isMost);
      return { expectation, isMet, figure: shown(figure), slot: null, breaches: isMet ? 0 : 1 };
    }
    let worst: number | null = null;
    let slot: number | null = null;
    let breaches = 0;
    for (const each of slots) {
      const figure = this.#figure(name, [each]);
      if (!holds(figure, limit, isMost)) breaches += 1;
      if (figure === null || (worst !== null && (isMost ? figure <= worst : figure >= worst))) continue;
      worst = figure;
      slot = each;
    }
    return { expectation, isMet: breaches === 0, figure: shown(worst), slot, breaches };
  }

  /** The figure of some campaigns together; infinite for money without a conversion; null where there is none (X2). */
  #figure(name: ExpectationName, slots: readonly number[]): number | null {
    const { campaigns, ledger } = this.#started!;
    const sum = (of: (slot: number) => number) => slots.reduce((total, slot) => total + of(slot), 0);
    const counted = (key: keyof Counts) => sum((slot) => this.#counts[slot][key]);
    const spent = () => sum((slot) => ledger.view(slot).spentMicros);
    switch (name) {
      case "maxBid":
        return slots.reduce((most, slot) => Math.max(most, this.#counts[slot].highestBidMicros), 0);
      case "maxSpend":
        return spent();
      case "minSpendShare":
        return ratio(
          spent(),
          sum((slot) => ledger.view(slot).budgetMicros),
        );
      case "minConversions":
        return counted("conversions");
      case "maxCpa":
        return spent() > 0 && counted("conversions") === 0
          ? Number.POSITIVE_INFINITY
          : ratio(spent(), counted("conversions"));
      case "minNet":
        return Math.round(
          sum((slot) => this.#counts[slot].conversions * campaigns[slot].valuePerConversionMicros) - spent(),
        );
      case "maxFallbackShare":
        return ratio(counted("fallbacks"), counted("decisions"));
      case "maxRestarts":
        return counted("restarts");
      default:
        return counted("quarantines");
    }
  }
}

/** A verdict in words: what was wanted of whom, and what was found. */
export interface VerdictWords {
  readonly wanted: string;
  readonly found: string;
}

/** Puts a verdict into words. @param ids of the campaigns, by slot */
export function wordsOf(
  { expectation, figure, slot, breaches }: Verdict,
  ids: readonly string[],
  currency: string,
): VerdictWords {
  const { name, limit, slots, isEach } = expectation;
  const { isMost, unit, of } = EXPECTATIONS[name];
  const amount = (value: number) => {
    if (unit === "money") return formatMoney(value, currency, name === "maxBid" ? 4 : 2);
    return unit === "share" ? `${Number((value * 100).toFixed(1))}%` : value.toLocaleString("en-US");
  };
  const who = isEach
    ? slots.length > 3
      ? `each of ${slots.length} campaigns`
      : slots.map((one) => ids[one]).join(", ")
    : "all campaigns";
  const worst =
    slot === null || slots.length === 1 ? "" : ` (${ids[slot]}${breaches > 1 ? ` and ${breaches - 1} more` : ""})`;
  const none = breaches > 0 ? "money spent, no conversion" : "nothing to measure";
  return {
    wanted: `${who}: ${of} ${isMost ? "at most" : "at least"} ${amount(limit)}`,
    found: figure === null ? none : `${amount(figure)}${worst}`,
  };
}

function holds(figure: number | null, limit: number, isMost: boolean): boolean {
  return figure === null || (isMost ? figure <= limit : figure >= limit);
}

/** Infinity has no place in JSON. */
function shown(figure: number | null): number | null {
  return figure === null || !Number.isFinite(figure) ? null : figure;
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
