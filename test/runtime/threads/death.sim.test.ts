import { describe, expect, it } from "vitest";
import type { EngineObserver } from "../../../src/core/events.ts";
import type { Market } from "../../../src/platforms/market.ts";
import { InvariantCheck } from "../../../src/proof/invariants.ts";
import { dayStartTicks } from "../../../src/runtime/calendar.ts";
import { PlayedRun, scenarioOf } from "../played-run.ts";

const policyModules = { deadly: new URL("./deadly-policy.ts", import.meta.url).href };

/** Two hours of four campaigns, every invariant checked at every tick. */
function flown() {
  const resolved = scenarioOf({
    duration: "2h",
    supervision: { backoff: "3m", jitter: 0 },
    market: { reportLag: "5m", conversionDelay: "20m" },
    campaigns: [{ id: "shoes", count: 4, spread: { budget: 0.5, value: 0.2 }, budget: 60, valuePerConversion: 35 }],
  });
  const campaigns = resolved.campaigns.map((spec) => ({ ...spec, policy: "deadly" }));
  const { startMs, tickMs, ticks, timeZone } = resolved;
  const checks: InvariantCheck[] = [];
  const wrap = (market: Market) => {
    checks.push(new InvariantCheck({ campaigns, dayStarts: dayStartTicks(startMs, tickMs, ticks, timeZone), market }));
    return checks[0].market;
  };
  const observers: EngineObserver[] = [{ observe: (event) => checks[0].observe(event) }];
  const parts = { threads: 2, wrap, observers, policyModules, threadSilenceMs: 300 };
  const run = new PlayedRun({ ...resolved, campaigns }, parts).play();
  checks[0].close();
  return { run, violations: checks[0].violations };
}

describe("a thread that dies", () => {
  let flight: ReturnType<typeof flown> | null = null;
  /** Played once, by the first test that asks. */
  const fly = () => {
    flight ??= flown();
    const { run, violations } = flight;
    return { run, violations, of: (id: string) => run.decisions.filter(({ campaign }) => campaign === id) };
  };

  it("is restarted, whether it ended, threw or hung, and given up after too many deaths (TH3, G3)", () => {
    const { run } = fly();
    const restarts = run.of("supervisor.restarted");
    expect(restarts.map(({ supervisor, error }) => [supervisor, error])).toEqual([
      ["thread:2", "it ended"],
      ["thread:2", "late"],
      ["thread:2", "it gave no sign of life for 300 ms"],
    ]);
    // What is thrown after the round may be heard of in that tick or in the next.
    expect(restarts.map(({ tick }) => tick)).toEqual([70, expect.toBeOneOf([80, 81]), 90]);
    expect(run.of("supervisor.stopped").map(({ tick, supervisor }) => [tick, supervisor])).toEqual([[100, "thread:2"]]);
  });

  it("takes no cent with it, and breaks no invariant (TH2)", () => {
    const { run, violations } = fly();
    expect(violations).toEqual([]);
    for (let slot = 0; slot < 4; slot += 1) {
      expect(run.engine.ledger.view(slot)).toMatchObject({ spentMicros: run.invoicedMicros(slot), reservedMicros: 0 });
    }
  });

  it("is a failure of its campaigns alone, which go on in its successor, and in the other thread when there is none (S1)", () => {
    const { run, of } = fly();
    const deaths = [...run.of("supervisor.restarted"), ...run.of("supervisor.stopped")].map(({ tick }) => tick);
    expect(run.of("campaign.restarted").map(({ tick, slot }) => [tick, slot])).toEqual(
      deaths.flatMap((tick) => [1, 3].map((slot) => [tick + 3, slot])),
    );
    for (const campaign of ["shoes-0001", "shoes-0003"]) {
      expect(of(campaign).map(({ tick }) => tick)).toEqual([...Array(120).keys()]);
    }
    expect(of("shoes-0002").at(-1)?.tick).toBe(119);
    expect(of("shoes-0004").at(-1)?.tick).toBe(119);
  });

  it("leaves behind what its campaigns knew when it last posted it (SH3)", () => {
    const { of } = fly();
    const known = new Map(of("shoes-0002").map(({ tick, gammaMicros }) => [tick, gammaMicros]));
    expect(known.get(69)).toBe(70);
    // Posted once an hour of ticks, by turns.
    expect(known.get(73)).toBe(62);
    expect(known.get(74)).toBe(63);
  });
});
