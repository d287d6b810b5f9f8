import { beforeAll, describe, expect, it } from "vitest";
import type { EngineEvent } from "../../src/core/events.ts";
import { MOSAIC_ALPHABET, SHOWN_STATES } from "../../src/observe/frames.ts";
import { LiveView } from "../../src/observe/live-view.ts";
import { PlayedRun, scenarioOf } from "../runtime/played-run.ts";

const NEXT_PAGE = { sort: "slot", order: "asc", offset: 0, limit: 100 } as const;

function playedView(fields?: object): { view: LiveView; run: PlayedRun } {
  const view = new LiveView();
  const run = new PlayedRun(scenarioOf(fields), { observers: [view], keepsLines: false });
  return { view, run: run.play() };
}

describe("the live view", () => {
  let view: LiveView;
  let run: PlayedRun;
  beforeAll(() => {
    ({ view, run } = playedView());
  });

  it("shows the balances of the ledger", () => {
    const { items, total } = view.campaigns(NEXT_PAGE);
    expect(total).toBe(3);
    for (const row of items) {
      const { budgetMicros, spentMicros, reservedMicros } = run.engine.ledger.view(row.slot);
      expect(row).toMatchObject({ budgetMicros, spentMicros, reservedMicros });
      const detail = view.campaign(row.slot);
      expect(detail.byPlatform.reduce((sum, one) => sum + one.spentMicros, 0)).toBe(spentMicros);
      expect(detail.byPlatform.reduce((sum, one) => sum + one.clicks, 0)).toBe(row.clicks);
      const best = detail.byPlatform.find(({ clicks }) => clicks > 0)!;
      const valueMicros = best.conversions * detail.valuePerConversionMicros;
      expect(best.roiMicros).toBeCloseTo((valueMicros - best.spentMicros) / best.clicks, 6);
      expect(row.usedMicros).toBeLessThanOrEqual(row.limitMicros);
    }
    const { money, platforms } = view.frame();
    expect(money.spentMicros).toBe(items.reduce((sum, row) => sum + row.spentMicros, 0));
    expect(platforms.reduce((sum, row) => sum + row.spentMicros, 0)).toBe(money.spentMicros);
    expect(platforms.reduce((sum, row) => sum + (row.spendShare ?? 0), 0)).toBeCloseTo(1, 9);
    expect(money.pace).toBeCloseTo(money.spentMicros / money.planMicros, 9);
  });

  it("keeps a campaign's decisions newest first, with reason and bids", () => {
    const { decisions, history } = view.campaign(0);
    expect(decisions.length).toBeGreaterThan(10);
    expect(decisions[0].tick).toBeGreaterThan(decisions[1].tick);
    expect(decisions[0].candidates.map(({ platform }) => platform)).toContain("amber");
    expect(history.length).toBeGreaterThan(0);
    expect(history.length).toBeLessThanOrEqual(64);
  });

  it("pages through decisions by their number", () => {
    const first = view.decisionsAfter(0, 5);
    expect(first.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(view.decisionsAfter(first[4].id, 1)[0].id).toBe(6);
    expect(view.decisionsAfter(view.lastDecisionId, 5)).toEqual([]);
  });

  it("sets what came beside what was forecast for the same tick", () => {
    const { points } = view.platformHistory(0);
    expect(points).toHaveLength(59);
    expect(points.map(({ tick }) => tick)).toEqual(points.map((_, tick) => tick));
    expect(points.some(({ cvr, forecastCvr }) => cvr !== null && forecastCvr !== null)).toBe(true);
  });

  it("keeps how long the last ticks took, and how a campaign's spend grew over the whole run (SH1)", () => {
    expect(view.tickHistory().map(({ tick }) => tick)).toEqual(Array.from({ length: 60 }, (_, tick) => tick));
    const { spending } = view.campaign(0);
    expect(spending.map(({ tick }) => tick)).toEqual(Array.from({ length: 60 }, (_, tick) => tick));
    expect(spending.map(({ spentMicros }) => spentMicros)).toEqual(
      spending.map(({ spentMicros }) => spentMicros).toSorted((a, b) => a - b),
    );
    expect(spending.at(-1)!.spentMicros).toBeGreaterThan(0);
  });

  it("filters and sorts campaigns", () => {
    const bySpend = view.campaigns({ ...NEXT_PAGE, sort: "spent", order: "desc" }).items;
    expect(bySpend.map(({ spentMicros }) => spentMicros)).toEqual(
      bySpend.map(({ spentMicros }) => spentMicros).toSorted((a, b) => b - a),
    );
    expect(view.campaigns({ ...NEXT_PAGE, search: "0002" }).items.map(({ id }) => id)).toEqual(["shoes-0002"]);
    expect(view.campaigns({ ...NEXT_PAGE, state: "quarantined" }).total).toBe(0);
    expect(view.campaigns({ ...NEXT_PAGE, offset: 2, limit: 5 }).items).toHaveLength(1);
  });

  it("shows a paused campaign as paused, and an ended one as ended for good", () => {
    const started = playedView().view;
    const at = { tick: 1, timeMs: 0, slot: 1, why: "a test" };
    const end: EngineEvent = {
      type: "operator.acted",
      action: "campaign.end",
      platform: null,
      micros: null,
      by: "anna",
      atMs: 0,
      ...at,
    };
    started.observe({ type: "campaign.held", ...at });
    expect(started.campaign(1)).toMatchObject({ state: "paused", heldBecause: "a test" });
    started.observe({ type: "campaign.released", ...at });
    expect(started.frame().states.paused).toBe(0);
    started.observe(end);
    started.observe({ type: "campaign.released", ...at });
    expect(started.frame().states.ended).toBe(1);
    expect(started.events().at(-1)?.text).toBe("campaign.end by anna: a test");
  });

  it("shows campaigns of a portfolio that was given up as quarantined, and free once it is restarted", () => {
    const started = playedView().view;
    const at = { tick: 1, timeMs: 0, supervisor: "portfolio:main", error: "too much" };
    started.observe({ type: "supervisor.stopped", ...at });
    expect(started.campaign(2)).toMatchObject({ state: "quarantined", heldBecause: "too much" });
    started.observe({ type: "supervisor.restarted", restarts: 1, ...at });
    expect(started.frame().states.quarantined).toBe(0);
  });

  it("fits ten thousand campaigns into a frame of less than 16 kB", () => {
    const campaigns = [{ id: "c", count: 10_000, budget: 5, valuePerConversion: 35 }];
    const { view: wide } = playedView({ duration: "2m", warmup: "10m", campaigns });
    const frame = wide.frame();
    expect(frame.mosaic).toHaveLength(10_000);
    expect(JSON.stringify(frame).length).toBeLessThan(16_000);
    const states = Array.from(frame.mosaic, (letter) => SHOWN_STATES[Math.floor(MOSAIC_ALPHABET.indexOf(letter) / 8)]);
    for (const state of SHOWN_STATES) {
      expect(states.filter((shown) => shown === state)).toHaveLength(frame.states[state]);
    }
  });
});
