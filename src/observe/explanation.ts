/**
 * One decision explained to a person: what was known, what was decided, and what would have changed it.
 *
 * X1 everything said follows from the record of the decision, with the multiplier gamma held as it was; what does not follow is left unsaid.
 */
import { REASONS } from "../core/decision.ts";
import type { Binding, Verdict } from "../core/decision.ts";
import { formatMoney } from "../core/money.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { gammaPacing } from "../core/policy/gamma-pacing.ts";
import type { FoundDecision, LoggedDecision } from "./log-search.ts";

/** What binds, in words. */
const BINDINGS: Readonly<Record<Binding, string>> = {
  none: "no limit",
  value: "the value of a conversion",
  budget: "the budget",
  cpa: "the CPA target",
  goal: "a goal, which raised it",
  pacing: "pacing",
  "max-bid": "the campaign's highest bid",
  "min-bid": "the campaign's lowest bid",
  cap: "the spend cap of the tick",
};

/** What loosening a limit would have done to gamma: it never falls when a limit is loosened. */
const LOOSENED: Readonly<Partial<Record<Binding, string>>> = {
  value: "neither the budget nor a CPA target holds it back: only a higher value of a conversion would have raised it",
  budget: "a larger budget would have raised it, at most to the value; a higher CPA target would not",
  cpa: "a higher CPA target would have raised it; a larger budget would not",
  goal: "without the goal it would have been lower",
};

/** What is less is the rounding of the record. */
const LEAST_NEWS = 1e-4;

/** A change that would have turned a platform's verdict, everything else alike; null where the record does not tell. */
interface Turn {
  /** Conversions per click to be above (or, of a bid, to fall below). */
  readonly cvr: number | null;
  /** Price per click or floor to be below (or, of a bid, to rise above) [micros]. */
  readonly priceMicros: number | null;
  readonly text: string;
}

/** One platform's part in the decision. */
export interface PlatformExplanation {
  readonly platform: string;
  readonly verdict: Verdict;
  readonly cvr: number;
  /** Standard deviation of the forecast CVR. */
  readonly cvrSd: number;
  readonly cpcMicros: number;
  readonly roiMicros: number;
  readonly marginalMicros: number;
  /** By how much of gamma × CVR a click is worth more, for what it tells of the campaign's own CVR; 0: by nothing, or the record does not tell. */
  readonly newsShare: number;
  readonly bidMicros: number;
  readonly capMicros: number;
  readonly turn: Turn | null;
}

/** A decision in words and figures: plain JSON. */
export interface Explanation {
  readonly run: string;
  readonly currency: string;
  readonly policy: string;
  readonly campaign: string;
  readonly tick: number;
  readonly time: string;
  readonly from: string;
  readonly state: string;
  readonly reason: LoggedDecision["reason"];
  readonly meaning: string;
  readonly valuePerConversionMicros: number;
  readonly gammaMicros: number;
  readonly binding: Binding;
  readonly bindingMeaning: string;
  /** What would have moved gamma; null where the limit does not tell. */
  readonly loosened: string | null;
  readonly account: LoggedDecision["account"];
  readonly platforms: readonly PlatformExplanation[];
}

/** Explains a logged decision. */
export function explain(found: FoundDecision): Explanation {
  const { run, spec, decision } = found;
  const { tick, time, from, state, reason, binding, gammaMicros, account } = decision;
  return {
    run: run.name,
    currency: run.currency,
    policy: spec.policy,
    campaign: spec.id,
    tick,
    time,
    from,
    state,
    reason,
    meaning: REASONS[reason] ?? "a reason that this version does not know",
    valuePerConversionMicros: spec.valuePerConversionMicros,
    gammaMicros,
    binding,
    bindingMeaning: BINDINGS[binding] ?? binding,
    loosened: LOOSENED[binding] ?? null,
    account,
    platforms: decision.candidates.map((candidate) => {
      const bid = decision.bids.find(({ platform }) => platform === candidate.platform);
      const { platform, verdict, cvr, cvrRelSd, cpcMicros, roiMicros, marginalMicros } = candidate;
      return {
        platform,
        verdict,
        cvr,
        cvrSd: cvr * cvrRelSd,
        cpcMicros,
        roiMicros,
        marginalMicros,
        newsShare: newsShareOf(found, candidate),
        bidMicros: bid?.bidMicros ?? 0,
        capMicros: bid?.capMicros ?? 0,
        turn: turnOf(found, candidate),
      };
    }),
  };
}

/** What lies above gamma × CVR is the worth of news (own-cvr.ts), or of reach where a goal asks for it. */
function newsShareOf({ spec, decision }: FoundDecision, candidate: LoggedDecision["candidates"][number]): number {
  const { policy, goals } = spec;
  const plainMicros = decision.gammaMicros * candidate.cvr;
  const hasReachGoal = (goals?.clicks ?? goals?.impressions ?? null) !== null;
  if (policy !== gammaPacing.name || hasReachGoal || !(plainMicros > 0)) return 0;
  const share = candidate.marginalMicros / plainMicros - 1;
  return share > LEAST_NEWS ? share : 0;
}

function turnOf({ run, spec, decision }: FoundDecision, candidate: LoggedDecision["candidates"][number]): Turn | null {
  const { platform, cvr, cpcMicros, marginalMicros, roiMicros } = candidate;
  const seller = run.platforms.find(({ id }) => id === platform);
  if (seller === undefined) return null;
  const money = (micros: number) => formatMoney(micros, run.currency, 4);
  const threshold = (limitMicros: number, what: string): Turn | null => {
    if (!(marginalMicros > 0 && cvr > 0) || marginalMicros >= limitMicros) return null;
    const needed = (cvr * limitMicros) / marginalMicros;
    // A first-price bid is shaded below the marginal value, by how much the record does not say (X1).
    if (seller.pricing === "first-price") {
      return { cvr: needed, priceMicros: null, text: `bought only if its CVR were above ${percent(needed)}, or more` };
    }
    const text = `bought if its CVR were above ${percent(needed)}, or ${what} below ${money(marginalMicros)}`;
    return { cvr: needed, priceMicros: marginalMicros, text };
  };
  switch (candidate.verdict) {
    case "below-price":
      return threshold(cpcMicros, "its price");
    case "below-floor":
      return threshold(seller.floorMicros, "its floor");
    case "below-min-bid":
      return threshold(spec.minBidMicros, "the campaign's lowest bid");
    case "not-best": {
      const chosen = decision.candidates.find(({ verdict }) => verdict === "bid");
      if (chosen === undefined) return null;
      const needed = (chosen.roiMicros + cpcMicros) / spec.valuePerConversionMicros;
      const priceMicros = cpcMicros - (chosen.roiMicros - roiMicros);
      const cheaper = priceMicros > 0 ? `, or its price below ${money(priceMicros)}` : "";
      const text = `chosen instead of ${chosen.platform} if its CVR were above ${percent(needed)}${cheaper}`;
      return { cvr: needed, priceMicros: priceMicros > 0 ? priceMicros : null, text };
    }
    case "unaffordable":
      return words("bought if more of the budget were free: reserved money may come back");
    case "paced":
      return words("bought in a later tick, when pacing has set its click aside");
    case "stale":
      return words("bought if its feed were heard again");
    case "down":
      return words("bought once its breaker closes: the feed has failed");
    case "no-evidence":
      return words("bought, perhaps, once its feed has brought enough conversions for a forecast");
    case "bid":
    case "probe":
      return dropOf(seller, candidate, money) ?? reachOf(decision.gammaMicros, candidate, money);
    default:
      return null;
  }
}

/** When a bid would have been left out: known where the platform has a floor, or is steered by its cap. */
function dropOf(
  { floorMicros, control, pricing }: PlatformSpec,
  { cvr, cpcMicros, marginalMicros }: LoggedDecision["candidates"][number],
  money: (micros: number) => string,
): Turn | null {
  const limitMicros = Math.max(pricing === "first-price" ? 0 : floorMicros, control === "budget" ? cpcMicros : 0);
  if (!(limitMicros > 0 && marginalMicros >= limitMicros)) return null;
  const least = (cvr * limitMicros) / marginalMicros;
  const what = limitMicros === floorMicros ? "its floor" : "its price";
  const text = `left out if its CVR were below ${percent(least)}, or ${what} above ${money(marginalMicros)}`;
  return { cvr: least, priceMicros: marginalMicros, text };
}

/** At which gamma a bid would have met the mean price, where it lies below: the marginal value is in proportion to gamma. */
function reachOf(
  gammaMicros: number,
  { cvr, cpcMicros, marginalMicros }: LoggedDecision["candidates"][number],
  money: (micros: number) => string,
): Turn | null {
  if (!(marginalMicros > 0 && gammaMicros > 0) || marginalMicros >= cpcMicros) return null;
  const needed = (cvr * cpcMicros) / marginalMicros;
  const gamma = money((gammaMicros * cpcMicros) / marginalMicros);
  const text = `worth the mean price if its CVR were ${percent(needed)}, its price ${money(marginalMicros)}, or gamma ${gamma}`;
  return { cvr: needed, priceMicros: marginalMicros, text };
}

function words(text: string): Turn {
  return { cvr: null, priceMicros: null, text };
}

/** The explanation as text, ending with a line break. */
export function renderExplanation(explanation: Explanation): string {
  const { currency, account, platforms, gammaMicros, valuePerConversionMicros } = explanation;
  const money = (micros: number) => formatMoney(micros, currency);
  const price = (micros: number) => formatMoney(micros, currency, 4);
  const lines = [
    `${explanation.campaign}, tick ${explanation.tick} (${explanation.time}), ${explanation.policy}, run "${explanation.run}"`,
    `${explanation.from} → ${explanation.state}: ${explanation.meaning} [${explanation.reason}]`,
    "",
    `Money   ${money(account.budgetMicros)} budget: ${money(account.spentMicros)} spent, ${money(account.reservedMicros)} reserved with this decision, ${money(account.availableMicros)} still free`,
    `Gamma   ${money(gammaMicros)} per conversion, of a value of ${money(valuePerConversionMicros)}; limited by ${explanation.bindingMeaning} [${explanation.binding}]`,
    ...(explanation.loosened === null ? [] : [`        ${explanation.loosened}`]),
  ];
  for (const row of platforms) {
    const bid = row.bidMicros > 0 ? `bid ${price(row.bidMicros)}, cap ${money(row.capMicros)}` : "no bid";
    const side = row.marginalMicros >= row.cpcMicros ? "at or above" : "below";
    lines.push(
      "",
      `${row.platform}: ${row.verdict}, ${bid}`,
      `  CVR ${percent(row.cvr)} ± ${percent(row.cvrSd)}, mean price ${price(row.cpcMicros)}, ROI per click ${price(row.roiMicros)}`,
      `  a click is worth ${price(row.marginalMicros)} after pacing, ${side} the mean price${newsOf(row)}`,
    );
    if (row.turn !== null) lines.push(`  ${row.turn.text}`);
  }
  lines.push(
    "",
    "What would have changed it holds for gamma as it was; prices vary around the mean, so that a bid below it wins some.",
  );
  return `${lines.join("\n")}\n`;
}

function newsOf({ newsShare }: PlatformExplanation): string {
  return newsShare === 0 ? "" : `: gamma × CVR and ${percent(newsShare)} for what it tells of the campaign's own CVR`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
