/** What a run's biggest campaigns could have reached, and where they came out: the Pareto section of a report. */
import type { CampaignSpec } from "../core/campaign.ts";
import { paretoCurve } from "../core/pareto.ts";
import type { ParetoCurve, ParetoPoint } from "../core/pareto.ts";
import { gammaPacing } from "../core/policy/gamma-pacing.ts";
import { policyNamed } from "../core/policy/index.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { ParetoSection, SpendPoint } from "../observe/html-report.ts";
import { frontierEfficiency, hindsightCurve } from "../platforms/hindsight.ts";
import type { MarketTruth } from "../platforms/market.ts";
import type { RunPlan } from "./run.ts";

/** Curves are kept of so many campaigns, the biggest budgets first. */
const MOST_CAMPAIGNS = 20;

/** Listens in on gamma pacing: keeps the curve that each chosen campaign saw at its first decision. */
export class ParetoWatch {
  readonly #plan: RunPlan;
  /** By campaign id. */
  readonly #curves = new Map<string, ParetoCurve | null>();

  constructor(plan: RunPlan) {
    this.#plan = plan;
    const biggest = plan.config.campaigns
      .filter(({ policy }) => policy === gammaPacing.name)
      .sort((a, b) => b.budgetMicros - a.budgetMicros);
    for (const { id } of biggest.slice(0, MOST_CAMPAIGNS)) this.#curves.set(id, null);
  }

  /** The plan, its decisions unchanged, under watch. */
  get plan(): RunPlan {
    const { config } = this.#plan;
    const named = config.policyOf ?? policyNamed;
    const watched = this.#watched();
    const policyOf = (name: string) => (name === watched.name ? watched : named(name));
    return { ...this.#plan, config: { ...config, policyOf } };
  }

  /** What the market's own account makes of the whole run, campaign by campaign, the biggest budget first. */
  sections(truth: MarketTruth): readonly ParetoSection[] {
    const slots = new Map(this.#plan.config.campaigns.map(({ id }, slot) => [id, slot]));
    return [...this.#curves].flatMap(([id, curve]) =>
      curve === null ? [] : [this.#section(slots.get(id)!, curve, truth)],
    );
  }

  #watched(): Policy {
    const curves = this.#curves;
    const policy: Policy<Parameters<typeof gammaPacing.decide>[1]> = {
      ...gammaPacing,
      decide(input, memory) {
        if (curves.get(input.spec.id) === null) curves.set(input.spec.id, paretoCurve(input, memory));
        return gammaPacing.decide(input, memory);
      },
    };
    return policy;
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
