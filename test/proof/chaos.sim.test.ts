import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderShrunk, scenarioText, shrinkFlight } from "../../src/cli/chaos-report.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { ReportBatch } from "../../src/core/reports.ts";
import type { Market } from "../../src/platforms/market.ts";
import { playFlight } from "../../src/proof/flight.ts";
import type { FlightOptions } from "../../src/proof/flight.ts";
import { randomScenario } from "../../src/proof/random-scenario.ts";
import { addTally, NO_FLIGHTS, playFlights, tallyOf } from "../../src/proof/tally.ts";
import type { ScenarioFile } from "../../src/scenario/schema.ts";
import { failing, spoiled } from "./spoiled.ts";

const SEED = 20_260_105;

/** An engine that hears the charges of the second platform twice as high as they are. */
const overcharged: FlightOptions = {
  betray: (market: Market) => ({
    platforms: market.platforms,
    place: (bids) => market.place(bids),
    isSettled: () => market.isSettled(),
    advance: (tick) => {
      const { feed, reports } = market.advance(tick);
      const heard = new ReportBatch();
      for (let row = 0; row < reports.length; row += 1) {
        const factor = reports.platform[row] === 1 ? 2 : 1;
        heard.push({ ...reports.row(row), costMicros: factor * reports.costMicros[row] });
      }
      return { feed, reports: heard };
    },
  }),
};

/** A policy that says "hold" and bids all the same, from its fifth tick on. */
const twoFaced: FlightOptions = {
  policyOf: (name) => ({
    ...policyNamed(name),
    decide(input, memory) {
      const { decision, memory: next } = policyNamed(name).decide(input, memory);
      const isBid = decision.kind === "bid" && input.tick >= 5;
      return { decision: isBid ? { ...decision, kind: "hold" } : decision, memory: next };
    },
  }),
};

/** The first flight of the seed that breaks with this planted. */
function firstBroken(options: FlightOptions) {
  for (let flight = 0; flight < 30; flight += 1) {
    const file = randomScenario(SEED, flight);
    const [violation] = playFlight(file, options).violations;
    if (violation !== undefined) return { flight, file, violation };
  }
  throw new Error("No flight breaks.");
}

describe("random flights", () => {
  it("break no invariant (I1 to I11)", () => {
    const tally = playFlights(SEED, 0, 60);
    expect(tally.broken).toEqual([]);
    expect(tally.flights).toBe(60);
    expect(tally.decisions).toBeGreaterThan(5000);
  });

  it("come to the same, whoever plays which of them and in whatever order", () => {
    const whole = playFlights(SEED, 0, 12);
    const parts = addTally(addTally(NO_FLIGHTS, playFlights(SEED, 7, 5)), playFlights(SEED, 0, 7));
    expect(parts).toEqual(whole);
  });

  it("are a function of seed and number, and plain data (D1, D3)", () => {
    const file = randomScenario(SEED, 3);
    expect(randomScenario(SEED, 3)).toEqual(file);
    expect(randomScenario(SEED + 1, 3)).not.toEqual(file);
    expect(parse(scenarioText(file, { invariant: "I1", tick: 0, campaign: null, text: "" }))).toEqual(file);
  });
});

describe("random flights in which campaigns fail and reports go wrong", () => {
  it("break no invariant, and see every remedy (I1 to I11)", () => {
    let tally = NO_FLIGHTS;
    for (let flight = 0; flight < 60; flight += 1) {
      const options = { ...failing(flight), ...spoiled(flight), isTwice: flight % 8 === 0 };
      tally = addTally(tally, tallyOf(flight, playFlight(randomScenario(SEED, flight), options)));
    }
    expect(tally.broken).toEqual([]);
    const { restarts, quarantines, escalations, refusedReports, disputedMicros } = tally;
    const remedies = { restarts, quarantines, escalations, refusedReports, disputedMicros };
    expect(Object.entries(remedies).filter(([, times]) => times === 0)).toEqual([]);
  });
});

describe("a flight", () => {
  const file = randomScenario(SEED, 1);

  it("that throws has broken an invariant (I10)", () => {
    const betray = (market: Market): Market => ({
      platforms: market.platforms,
      place: (bids) => market.place(bids),
      isSettled: () => market.isSettled(),
      advance: (tick) => {
        if (tick === 7) throw new RangeError("planted");
        return market.advance(tick);
      },
    });
    expect(playFlight(file, { betray }).violations).toMatchObject([
      { invariant: "I10", tick: 7, text: expect.stringContaining("planted") },
    ]);
  });

  it("that goes otherwise when it is interpreted has broken an invariant (I11)", () => {
    let calls = 0;
    const policyOf = (name: string) => ({
      ...policyNamed(name),
      decide: (...[input, memory]: Parameters<Policy["decide"]>) => {
        const { decision, memory: next } = policyNamed(name).decide(input, memory);
        return { decision: { ...decision, gammaMicros: (calls += 1) }, memory: next };
      },
    });
    expect(playFlight(file, { policyOf, isTwice: true }).violations).toMatchObject([{ invariant: "I11" }]);
  });
});

describe.each([
  ["charges that are heard twice as high", overcharged, "I2"],
  ["a policy that bids while it says that it holds", twoFaced, "I6"],
])("%s", (_, options, invariant) => {
  it("are found, come back, and shrink to one campaign and a few ticks", () => {
    const { flight, file, violation } = firstBroken(options);
    expect(violation.invariant).toBe(invariant);
    expect(playFlight(randomScenario(SEED, flight), options).violations[0]).toEqual(violation);

    const shrunk = shrinkFlight(file, violation, options);
    expect(shrunk.violation.invariant).toBe(invariant);
    expect(shrunk.file.campaigns).toHaveLength(1);
    expect(shrunk.file.platforms.length).toBeLessThanOrEqual(2);
    expect(shrunk.violation.tick).toBeLessThan(20);

    const again = parse(scenarioText(shrunk.file, shrunk.violation)) as ScenarioFile;
    expect(playFlight(again, options).violations[0]).toEqual(shrunk.violation);
    expect(renderShrunk(file, shrunk, options)).toMatch(/Shrunk in \d+ plays[^]*\n {2}tick \d+: /);
  });
});
