import { describe, expect, it } from "vitest";
import type { CampaignSpec } from "../../../src/core/campaign.ts";
import { Ledger } from "../../../src/core/ledger.ts";
import { createBoard } from "../../../src/core/forecast/board.ts";
import { shareBoard } from "../../../src/runtime/threads/board-mirror.ts";
import { shareColumns } from "../../../src/runtime/threads/columns.ts";
import { Control } from "../../../src/runtime/threads/control.ts";
import type { ThreadSetup } from "../../../src/runtime/threads/messages.ts";
import { rehearse } from "../../../src/runtime/threads/rehearsal.ts";
import { loadScenario } from "../../../src/scenario/loader.ts";
import { resolveScenario } from "../../../src/scenario/resolve.ts";

const { scenario, source } = loadScenario("ten-thousand");
const { campaigns, platforms, seed, tickMs, periodTicks } = resolveScenario(
  { ...scenario, campaigns: [{ ...scenario.campaigns[0], count: 300 }] },
  source.locate,
);

/** What a thread of these campaigns is born with, and a look at its memory. */
function setupOf(given: Partial<ThreadSetup> = {}) {
  const names = [...new Set(campaigns.map(({ forecaster }) => forecaster))];
  const boards = names.map((name) => shareBoard(createBoard(name, platforms.length, periodTicks)));
  const setup: ThreadSetup = {
    thread: 1,
    seed,
    tickMs,
    platforms,
    boards,
    columns: shareColumns(campaigns.length, platforms.length),
    accounts: new Ledger(platforms.length, true).rows.cells,
    control: new SharedArrayBuffer(Control.BYTES),
    policyModules: {},
    isInterpreted: false,
    faults: null,
    backupTicks: 60,
    ...given,
  };
  const memories = [setup.columns.calls, setup.columns.answers, setup.control, ...boards.map((one) => one.buffer)];
  return { setup, isUntouched: () => memories.every((one) => new Uint8Array(one).every((byte) => byte === 0)) };
}

const decidedBy = (policy: string) => campaigns.map((spec): CampaignSpec => ({ ...spec, policy }));

describe("a rehearsal", () => {
  it.each(["gamma-pacing", "greedy-roi", "pid"])("plays thousands of decisions of %s, no more (RH2)", (policy) => {
    const decisions = rehearse(setupOf().setup, decidedBy(policy));
    expect(decisions).toBeGreaterThan(7_500);
    expect(decisions).toBeLessThanOrEqual(15_000);
  });

  it("leaves the memory of its thread as it was, and throws no fault into it (RH1)", () => {
    const { setup, isUntouched } = setupOf({
      faults: { rates: { "decision-throws": 1 }, fromTick: 0, toTick: 1_000, longestTicks: 1 },
    });
    expect(rehearse(setup, campaigns)).toBeGreaterThan(7_500);
    expect(isUntouched()).toBe(true);
  });

  it("is not played by policies of others, known or under the name of one of the engine's (RH1)", () => {
    expect(rehearse(setupOf().setup, decidedBy("mine"))).toBe(0);
    const { setup } = setupOf({ policyModules: { "gamma-pacing": "file:///mine.ts" } });
    expect(rehearse(setup, decidedBy("gamma-pacing"))).toBe(0);
  });
});
