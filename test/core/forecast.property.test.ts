import fc from "fast-check";
import { describe, it } from "vitest";
import { trafficBetween, type ForecastBoard } from "../../src/core/forecast/board.ts";
import { FORECASTERS, createForecasters } from "../../src/core/forecast/index.ts";

const amount = fc.oneof(
  { weight: 3, arbitrary: fc.nat(50) },
  fc.constantFrom(0, 1, 1e6, 1e12, Number.MAX_SAFE_INTEGER),
  fc.double({ min: 0, max: 10, noNaN: true }),
);
const tickOf = fc.option(
  fc.record({
    impressions: amount,
    clicks: amount,
    cpcMicros: amount,
    conversions: amount,
    meanAge: fc.constantFrom(0, 0, 3, 100, 129_600),
  }),
  { freq: 5 },
);

function isSound(board: ForecastBoard): boolean {
  const columns = [
    "cvr",
    "cvrMean",
    "cvrRelSd",
    "cpcMicros",
    "cpcMeanMicros",
    "evidence",
    "delayTicks",
    "ageTicks",
  ] as const;
  const [plan] = board.traffic;
  return [
    ...columns.map((name) => board[name][0]),
    board.impressionsPerClick[0],
    plan.level,
    ...plan.profile,
    trafficBetween(plan, -50, 100),
  ].every((figure) => Number.isFinite(figure) && figure >= 0);
}

describe.each(Object.keys(FORECASTERS))("%s", (name) => {
  it("keeps every figure finite and non-negative, however extreme the feed (B1)", () => {
    fc.assert(
      fc.property(
        fc.constantFrom([60_000, 24], [3_600_000, 24], [86_400_000, 1], [86_400_000, 7], [1000, 60]),
        fc.array(tickOf, { minLength: 1, maxLength: 120, size: "max" }),
        ([tickMs, periodTicks], ticks) => {
          const { board, forecasters } = createForecasters(name, 1, { tickMs, periodTicks });
          for (const [tick, said] of ticks.entries()) {
            const metrics =
              said === null
                ? null
                : { ...said, platform: 0, tick: tick - 40, conversionAgeTicks: said.meanAge * said.conversions };
            forecasters[0].update(metrics, tick - 40);
            if (!isSound(board)) return false;
          }
          return true;
        },
      ),
      { numRuns: 300 },
    );
  });
});
