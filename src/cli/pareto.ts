/** What a run's biggest campaigns could have reached, and where they came out: the Pareto section of a report. */
import type { CampaignSpec } from "../core/campaign.ts";
import type { EngineEvent, EngineObserver } from "../core/events.ts";
import { paretoCurve } from "../core/pareto.ts";
import type { ParetoCurve, ParetoPoint } from "../core/pareto.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { gammaPacing } from "../core/policy/gamma-pacing.ts";
import type { ParetoSection, SpendPoint } from "../observe/html-report.ts";
import { frontierEfficiency, hindsightCurve } from "../platforms/hindsight.ts";
import type { MarketTruth } from "../platforms/market.ts";
import { dayAt, dayStartTicks } from "../runtime/calendar.ts";
import type { RunPlan } from "./run.ts";

/** Curves are kept of so many campaigns, the biggest budgets first. */
const MOST_CAMPAIGNS = 20;

/** Listens in on gamma pacing: keeps the curve that each chosen campaign saw at its first decision. */
export class ParetoWatch implements EngineObserver {
  readonly wantsDecisions = "fleeting";
  readonly #plan: RunPlan;
  readonly #dayStarts: readonly number[];
  #platforms: readonly PlatformSpec[] = [];
  /** By campaign id. */
  readonly #curves = new Map<string, ParetoCurve | null>();

  constructor(plan: RunPlan) {
    this.#plan = plan;
    const { campaigns, startMs, tickMs, ticks, timeZone } = plan.config;
    this.#dayStarts = dayStartTicks(startMs, tickMs, ticks, timeZone);
    const biggest = campaigns
      .filter(({ policy }) => policy === gammaPacing.name)
      .sort((a, b) => b.budgetMicros - a.budgetMicros);
    for (const { id } of biggest.slice(0, MOST_CAMPAIGNS)) this.#curves.set(id, null);
  }

  observe(event: EngineEvent): void {
    if (event.type === "engine.started") this.#platforms = event.platforms;
    if (event.type !== "decision" || this.#curves.get(event.campaign.id) !== null) return;
    const { tick, campaign: spec, board } = event;
    const { tickMs, ticks } = this.#plan.config;
    const platforms = this.#platforms;
    const { budgetMicros } = spec;
    const availableMicros = Math.min(budgetMicros, spec.dailyBudgetMicros ?? budgetMicros);
    const isDailyBound = availableMicros < budgetMicros;
    // Before the first decision nothing is bid, and nothing known of the campaign itself.
    const account = { budgetMicros, spentMicros: 0, reservedMicros: 0, availableMicros, isDailyBound };
    const input = { tick, tickMs, day: dayAt(tick, this.#dayStarts, ticks), spec, platforms, board, account };
    this.#curves.set(spec.id, paretoCurve(input, gammaPacing.create(spec, platforms)));
  }

  /** What the market's own account makes of the whole run, campaign by campaign, the biggest budget first. */
  sections(truth: MarketTruth): readonly ParetoSection[] {
    const slots = new Map(this.#plan.config.campaigns.map(({ id }, slot) => [id, slot]));
    return [...this.#curves].flatMap(([id, curve]) =>
      curve === null ? [] : [this.#section(slots.get(id)!, curve, truth)],
    );
  }

  #section(slot: number, { points }: ParetoCurve, truth: MarketTruth): ParetoSection {
    const { config, paths, exposures } = this.#plan;
    const spec = config.campaigns[slot];
    const valueMicros = spec.valuePerConversionMicros;
    const operating = achieved(truth, slot, paths.platforms.length);
    const { platforms, flight } = spec;
    const question = { paths, exposure: exposures[slot], platforms, flight };
    const gammas = points.map(({ gammaMicros }) => gammaMicros);
    return {
      campaign: spec.id,
      points,
      operating,
      budgetMicros: spec.budgetMicros,
      cpaTargetMicros: spec.cpaTargetMicros,
      valuePoint: atValue(points, spec),
      hindsight: hindsightCurve(question, gammas).map(({ spendMicros, conversions }) => ({ spendMicros, conversions })),
      frontierEfficiency:
        operating.spendMicros > 0
          ? frontierEfficiency(question, valueMicros, operating.spendMicros, operating.conversions)
          : null,
    };
  }
}

/** Invoiced cost, and conversions expected of the clicks bought at their true CVR, of one campaign. */
function achieved({ costMicros, expectedConversions }: MarketTruth, slot: number, platforms: number): SpendPoint {
  let spendMicros = 0;
  let conversions = 0;
  for (let cell = slot * platforms; cell < (slot + 1) * platforms; cell += 1) {
    spendMicros += costMicros[cell];
    conversions += expectedConversions[cell];
  }
  return { spendMicros, conversions };
}

/** Where the curve has gamma = the value of a conversion, straight between its neighbours. */
function atValue(points: readonly ParetoPoint[], { valuePerConversionMicros: valueMicros }: CampaignSpec): SpendPoint {
  const above = points.findIndex(({ gammaMicros }) => gammaMicros >= valueMicros);
  const [low, high] = [points[above - 1], points[above]];
  const share = (valueMicros - low.gammaMicros) / (high.gammaMicros - low.gammaMicros);
  return {
    spendMicros: low.spendMicros + share * (high.spendMicros - low.spendMicros),
    conversions: low.conversions + share * (high.conversions - low.conversions),
  };
}
