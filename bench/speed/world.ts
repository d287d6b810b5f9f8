/** The preset `ten-thousand` with any number of campaigns: the world of the policy and engine benches. */
import type { Policy, PolicyInput } from "../../src/core/policy/policy.ts";
import { OlsForecaster } from "../../src/core/forecast/ols.ts";
import { Ledger } from "../../src/core/ledger.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import type { EngineConfig } from "../../src/runtime/engine.ts";
import { Feed } from "../../src/runtime/feed.ts";
import { loadScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";

/** An engine's configuration, and how to make the market that goes with it. */
export interface BenchWorld {
  readonly config: EngineConfig;
  readonly createMarket: () => PathMarket;
}

/** Entries of the sliding window that the rule of the requirements is measured with. */
const WINDOW_TICKS = 50;
const WINDOWED = `ols-${WINDOW_TICKS}`;

/** The preset with so many campaigns and ticks, all under one policy, on its first `width` platforms; on fewer than all, forecasts come from a sliding window. */
export function benchWorld(campaigns: number, ticks: number, policy: string, width = 5): BenchWorld {
  const { scenario, source } = loadScenario("ten-thousand");
  const resolved = resolveScenario(
    {
      ...scenario,
      duration: `${ticks}m`,
      campaigns: [{ ...scenario.campaigns[0], count: campaigns }],
    },
    source.locate,
  );
  const { market, exposures, ...config } = resolved;
  const { seed } = config;
  const paths = simulatePaths(market);
  const forecasters: EngineConfig["forecasters"] = new Map([
    [WINDOWED, (board, platform) => new OlsForecaster(board, platform, WINDOW_TICKS)],
  ]);
  const platforms = config.campaigns[0].platforms.slice(0, width);
  const specs = config.campaigns.map((spec) => {
    return width === 5 ? { ...spec, policy } : { ...spec, policy, forecaster: WINDOWED, platforms };
  });
  const valuesPerConversionMicros = specs.map((spec) => spec.valuePerConversionMicros);
  return {
    config: { ...config, campaigns: specs, forecasters },
    createMarket: () => new PathMarket({ paths, exposures, valuesPerConversionMicros, seed }),
  };
}

/** What campaigns decide on in tick 0, after a warm-up, with all their money left. */
export function decisionInputs(campaigns: number, policy: Policy): { input: PolicyInput; memory: unknown }[] {
  const { config, createMarket } = benchWorld(campaigns, 1, policy.name);
  const market = createMarket();
  const { platforms } = market;
  const { tickMs, periodTicks, warmupTicks } = config;
  const forecasterNames = new Set(config.campaigns.map((spec) => spec.forecaster));
  const feed = new Feed({ platforms, forecasterNames, tickMs, periodTicks });
  for (let tick = 1 - warmupTicks; tick <= 0; tick += 1) feed.push(tick, market.advance(tick).feed);
  const books = new Ledger(platforms.length);
  return config.campaigns.map((spec) => {
    const account = books.view(books.open(spec.budgetMicros, spec.dailyBudgetMicros));
    const board = feed.boards.get(spec.forecaster)!;
    const day = { startTick: 0, endTick: periodTicks };
    const input = { tick: 0, tickMs, day, spec, platforms, board, account };
    return { input, memory: policy.create(spec, platforms) };
  });
}
