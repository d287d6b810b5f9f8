/**
 * Faults on the engine's side of the market: campaigns, forecasters and supervisors that fail where the run's {@link Faults} say so.
 *
 * FA1 a campaign's chances go by its id, a portfolio's by its own: neither slot nor thread moves them; FA2 what is thrown says that it was injected;
 * FA3 a spoilt forecast is mended before its forecaster goes on: the forecaster itself never knows.
 */
import type { SupervisionLimits } from "../../machines/portfolio.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import type { FaultKind, Faults, InjectedFault } from "../core/faults.ts";
import type { ForecasterFactory } from "../core/forecast/board.ts";
import { FORECASTERS } from "../core/forecast/index.ts";
import { policyNamed } from "../core/policy/index.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { ReportBatch } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import type { TreeConfig } from "./tree.ts";

type PolicyOf = NonNullable<TreeConfig["policyOf"]>;
type Column = "cvr" | "cpcMicros" | "cvrRelSd" | "evidence";

/** Forecasts that no market can mean, and some that are merely far from the truth. */
const ABSURDITIES: readonly (readonly [column: Column, spoil: (figure: number) => number])[] = [
  ["cvr", () => 5],
  ["cvr", (figure) => -figure],
  ["cpcMicros", () => -1],
  ["cpcMicros", () => 1e300],
  ["cvrRelSd", () => Number.POSITIVE_INFINITY],
  ["cvr", (figure) => Math.min(1, figure * 1000)],
  ["cpcMicros", (figure) => figure / 1000],
  ["cpcMicros", (figure) => figure * 1000],
];
const NAN_COLUMNS: readonly Column[] = ["cvr", "cpcMicros", "cvrRelSd", "evidence"];

/** Puts faults into the parts that an engine is made of. */
export class FaultyActors {
  readonly #faults: Faults;
  readonly #slots = new Map<CampaignSpec, number>();
  readonly #campaigns: readonly CampaignSpec[];
  /** Portfolios whose supervisor fails when next it looks at its limits. */
  readonly #armed = new Set<string>();

  constructor(faults: Faults, campaigns: readonly CampaignSpec[]) {
    this.#faults = faults;
    this.#campaigns = campaigns;
    for (const [slot, spec] of campaigns.entries()) this.add(spec, slot);
  }

  /** Takes a further campaign in. */
  add(spec: CampaignSpec, slot: number): void {
    this.#slots.set(spec, slot);
  }

  /** Notes what struck in another thread. */
  note(fault: InjectedFault): void {
    this.#faults.note(fault);
  }

  /** What struck since the last call. */
  take(): readonly InjectedFault[] {
    return this.#faults.take();
  }

  /** The same tree with policies and limits that fail where they are to. */
  tree(config: TreeConfig): TreeConfig {
    const { policyOf = policyNamed, supervision } = config;
    return {
      ...config,
      policyOf: this.policies(policyOf),
      limitsOf: (portfolio) => this.#limits(supervision, portfolio),
    };
  }

  /** Policies that fail where they are to. */
  policies(policyOf: PolicyOf): PolicyOf {
    return (name, spec) => this.#policy(policyOf(name, spec), spec);
  }

  /** The forecasters in use, failing where they are to. */
  forecasters(custom: ReadonlyMap<string, ForecasterFactory> | undefined): ReadonlyMap<string, ForecasterFactory> {
    const faulty = new Map(custom);
    for (const name of new Set(this.#campaigns.map((spec) => spec.forecaster))) {
      const create = custom?.get(name) ?? FORECASTERS[name]?.create;
      if (create !== undefined) faulty.set(name, this.#forecaster(create));
    }
    return faulty;
  }

  /** Decides which portfolios' supervisors fail in this tick. */
  armSupervisors(tick: number): void {
    if (!this.#faults.has("supervisor-throws")) return;
    for (const portfolio of new Set(this.#campaigns.map((spec) => spec.portfolio))) {
      if (!this.#faults.strikes("supervisor-throws", tick, portfolio)) continue;
      this.#armed.add(portfolio);
      this.#faults.note({ kind: "supervisor-throws", detail: `the supervisor of ${portfolio} throws` });
    }
  }

  /** The world that a campaign with bids out hears its reports in: its guards read the balances first, and may fail on them. */
  world(world: World, slot: number, batch: ReportBatch, from: number): World {
    const { id } = this.#campaigns[slot];
    const about = [id, batch.tick[from], batch.platform[from]];
    if (!this.#faults.strikes("guard-throws", world.tick, ...about)) return world;
    this.#faults.note({ kind: "guard-throws", slot, detail: "the guard on a report throws" });
    return {
      ...world,
      account: () => {
        throw injected("guard-throws");
      },
    };
  }

  #policy(policy: Policy, spec: CampaignSpec): Policy {
    const slotOf = () => this.#slots.get(spec)!;
    const faults = this.#faults;
    return {
      ...policy,
      decide(input, memory, spare, draft) {
        if (faults.strikes("decision-throws", input.tick, spec.id)) {
          faults.note({ kind: "decision-throws", slot: slotOf(), detail: "the decision throws" });
          throw injected("decision-throws");
        }
        return policy.decide(input, memory, spare, draft);
      },
      learn(input, memory, batch, from, to, spare) {
        if (faults.strikes("action-throws", input.tick, spec.id, batch.tick[from], batch.platform[from])) {
          faults.note({ kind: "action-throws", slot: slotOf(), detail: "learning from a report throws" });
          throw injected("action-throws");
        }
        return policy.learn(input, memory, batch, from, to, spare);
      },
    };
  }

  #limits(limits: SupervisionLimits, portfolio: string): SupervisionLimits {
    const armed = this.#armed;
    return {
      ...limits,
      get maxQuarantined() {
        if (armed.delete(portfolio)) throw injected("supervisor-throws");
        return limits.maxQuarantined;
      },
    };
  }

  #forecaster(create: ForecasterFactory): ForecasterFactory {
    const faults = this.#faults;
    /** By platform: the last tick that had its chance. A restarted forecaster learns old ticks again, without faults. */
    const chanced: number[] = [];
    return (board, platform, options) => {
      const forecaster = create(board, platform, options);
      let mend = (): void => undefined;
      return {
        update(metrics, about) {
          mend();
          mend = () => undefined;
          const tick = about + 1;
          const hasChance = tick > (chanced[platform] ?? Number.NEGATIVE_INFINITY);
          if (hasChance) chanced[platform] = tick;
          if (hasChance && faults.strikes("forecaster-throws", tick, platform)) {
            faults.note({ kind: "forecaster-throws", platform, detail: `forecaster ${board.forecaster} throws` });
            throw injected("forecaster-throws");
          }
          forecaster.update(metrics, about);
          if (!hasChance) return;
          for (const kind of ["forecast-nan", "forecast-absurd"] as const) {
            if (!faults.strikes(kind, tick, platform)) continue;
            const [column, absurd] = spoiling(kind, faults.shape(kind, "what", tick, platform));
            const figure = board[column][platform];
            const before = mend;
            mend = () => {
              board[column][platform] = figure;
              before();
            };
            board[column][platform] = absurd(figure);
            faults.note({ kind, platform, detail: `${column} is ${board[column][platform]}` });
          }
        },
      };
    };
  }
}

function spoiling(kind: "forecast-nan" | "forecast-absurd", draw: number): (typeof ABSURDITIES)[number] {
  if (kind === "forecast-absurd") return ABSURDITIES[Math.floor(draw * ABSURDITIES.length)];
  return [NAN_COLUMNS[Math.floor(draw * NAN_COLUMNS.length)], () => Number.NaN];
}

function injected(kind: FaultKind): Error {
  return new Error(`injected fault: ${kind}`);
}
