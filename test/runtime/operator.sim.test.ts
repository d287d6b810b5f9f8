import { describe, expect, it } from "vitest";
import { policies } from "../../src/core/policy/index.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { PlayedRun, scenarioOf } from "./played-run.ts";

const SIGNATURE = { by: "anna", why: "a test", atMs: 1_700_000_000_000 };

/** A run of an hour, with orders given before some of its ticks. */
function ordered(orders: Readonly<Record<number, (engine: Engine) => void>>, fields?: object): PlayedRun {
  return new PlayedRun(scenarioOf(fields)).play((tick, engine) => orders[tick]?.(engine));
}

const bidsOf = (run: PlayedRun) => run.decisions.flatMap(({ tick, bids }) => bids.map((bid) => ({ ...bid, tick })));

describe("an operator's orders", () => {
  it.each([...policies.keys()])("keep %s from bidding on a closed platform until it is opened (E10)", (policy) => {
    const run = ordered(
      {
        20: (engine) => engine.obey({ action: "platform.close", platform: 0 }, SIGNATURE),
        40: (engine) => engine.obey({ action: "platform.open", platform: 0 }, SIGNATURE),
      },
      { policy },
    );
    const ticks = bidsOf(run)
      .filter(({ platform }) => platform === "amber")
      .map(({ tick }) => tick);
    expect(ticks.filter((tick) => tick >= 20 && tick < 40)).toEqual([]);
    const others = bidsOf(run).filter(({ platform, tick }) => platform !== "amber" && tick >= 20 && tick < 40);
    expect(others.length).toBeGreaterThan(0);
  });

  it("are on record with who, when and why", () => {
    const run = ordered({
      5: (engine) => engine.obey({ action: "campaign.top-up", slot: 1, micros: 7_000_000 }, SIGNATURE),
    });
    const line = run.lines.find((text) => text.includes("operator.acted"))!;
    expect(JSON.parse(line)).toMatchObject({
      ...SIGNATURE,
      tick: 5,
      action: "campaign.top-up",
      campaign: "shoes-0002",
      micros: 7_000_000,
    });
  });

  it("pause all bidding, and let it go on", () => {
    const run = ordered({
      20: (engine) => engine.obey({ action: "engine.pause" }, SIGNATURE),
      30: (engine) => engine.obey({ action: "engine.resume" }, SIGNATURE),
    });
    const ticks = new Set(run.decisions.map(({ tick }) => tick));
    expect([...ticks].filter((tick) => tick >= 20 && tick < 30)).toEqual([]);
    expect(ticks.has(19) && ticks.has(30)).toBe(true);
  });

  it("end a campaign for good", () => {
    const refused: unknown[] = [];
    const run = ordered({
      20: (engine) => engine.obey({ action: "campaign.end", slot: 0 }, SIGNATURE),
      25: (engine) => {
        try {
          engine.obey({ action: "campaign.resume", slot: 0 }, SIGNATURE);
        } catch (error) {
          refused.push(error);
        }
      },
    });
    expect(refused).toMatchObject([{ code: "CE_ORDER_REFUSED" }]);
    const late = run.decisions.filter(({ campaign, tick }) => campaign === "shoes-0001" && tick >= 20);
    expect(late).toEqual([]);
    expect(run.engine.ledger.view(0).reservedMicros).toBe(0);
  });
});

describe("a campaign created in a running engine", () => {
  const created = { id: "boots", budgetMicros: 30_000_000, flight: { startTick: 0, endTick: 60 } };

  it("joins its portfolio, bids and stays within its budget", () => {
    const scenario = scenarioOf();
    // The market is told of four campaigns, the engine of three.
    const run = new PlayedRun(
      { ...scenario, exposures: [...scenario.exposures, scenario.exposures[0]] },
      {
        marketCampaigns: 4,
      },
    );
    let slot: number | null = null;
    run.play((tick, engine) => {
      if (tick !== 10) return;
      slot = engine.obey({ action: "campaign.create", campaign: { ...scenario.campaigns[0], ...created } }, SIGNATURE);
    });
    expect(slot).toBe(3);
    expect(run.decisions.find(({ campaign }) => campaign === "boots")?.tick).toBe(10);
    const { spentMicros, reservedMicros, budgetMicros } = run.engine.ledger.view(3);
    expect(spentMicros).toBeGreaterThan(0);
    expect(spentMicros).toBeLessThanOrEqual(budgetMicros);
    expect(reservedMicros).toBe(0);
  });

  it.each([
    ["its id is taken", { id: "shoes-0001" }],
    ["nobody supervises its portfolio", { portfolio: "nowhere" }],
    ["its forecaster does not run", { forecaster: "ols-30" }],
    ["its flight is over", { flight: { startTick: 0, endTick: 5 } }],
  ])("is refused where %s, and nothing changes", (_, fault) => {
    const run = ordered({
      10: (engine) => {
        const campaign = { ...scenarioOf().campaigns[0], ...created, ...fault };
        expect(() => engine.obey({ action: "campaign.create", campaign }, SIGNATURE)).toThrow(
          expect.objectContaining({ code: "CE_ORDER_REFUSED" }),
        );
      },
    });
    expect(run.engine.ledger.size).toBe(3);
    expect(run.lines.some((line) => line.includes("operator.acted"))).toBe(false);
  });
});
