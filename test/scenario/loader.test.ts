import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { loadScenario, MAX_SCENARIO_BYTES, parseScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";
import type { ResolvedScenario } from "../../src/scenario/resolve.ts";

const BASE = `name: shop
currency: EUR
platforms:
  - id: google
    cpc: 1.10
  - id: meta
campaigns:
  - id: shoes
    budget: 250.00 EUR
    valuePerConversion: 40
`;

function read(text: string): ResolvedScenario {
  const { scenario, source } = parseScenario(text, "shop.yaml");
  return resolveScenario(scenario, source.locate);
}

function failure(act: () => unknown): EngineError {
  try {
    act();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error("no error");
}

const more = (line: string) => `${BASE}    ${line}\n`;

// What is wrong, the text, line, column, field, and a part of message, expectation or hint.
const BAD: readonly (readonly [string, string, number, number, string | undefined, RegExp])[] = [
  ["an empty file", "", 1, 1, undefined, /is missing/],
  ["a list", "- 1\n", 1, 1, undefined, /fields with values/],
  ["broken YAML", "name: [\n", 2, 1, undefined, /not YAML/],
  ["two documents", `${BASE}---\na: 1\n`, 11, 1, undefined, /not YAML/],
  ["a repeated field", `${BASE}name: x\n`, 11, 1, undefined, /unique/],
  ["a misspelt field", BASE.replace("budget", "budgte"), 9, 5, "campaigns[0].budgte", /Did you mean "budget"/],
  ["a misspelt field at the top", `${BASE}duraton: 1d\n`, 11, 1, "duraton", /Did you mean "duration"/],
  ["a missing budget", BASE.replace(/ {4}budget.*\n/, ""), 8, 5, "campaigns[0].budget", /is missing/],
  ["no campaigns", BASE.replace(/campaigns:[^]*/, "campaigns: []\n"), 7, 1, "campaigns", />=1 item/],
  ["a misspelt choice", `${BASE}policy: dual-decent\n`, 11, 9, "policy", /Did you mean "dual-descent"/],
  ["a number as a duration", `${BASE}tick: 5\n`, 11, 7, "tick", /a duration: 30s/],
  ["a tick that does not divide a day", `${BASE}tick: 7m\n`, 11, 7, "tick", /whole number of ticks/],
  ["no tick", `${BASE}tick: 0m\n`, 11, 7, "tick", /whole number of ticks/],
  ["a broken tick in the duration", `${BASE}duration: 90s\n`, 11, 11, "duration", /a multiple of 1m/],
  ["no duration", `${BASE}duration: 0d\n`, 11, 11, "duration", /no time/],
  ["too many ticks", `${BASE}duration: 999w\n`, 11, 11, "duration", /at most 1000000 ticks/],
  ["a day that does not exist", `${BASE}start: 2026-02-30T00:00:00Z\n`, 11, 8, "start", /a date-time/],
  ["an unknown time zone", `${BASE}timeZone: Europe/Berln\n`, 11, 11, "timeZone", /Did you mean "Europe\/Berlin"/],
  ["an unknown currency", BASE.replace("EUR\nplat", "EUX\nplat"), 2, 11, "currency", /Did you mean/],
  ["money in another currency", BASE.replace("00 EUR", "00 USD"), 9, 13, "campaigns[0].budget", /in USD/],
  ["a budget of nothing", BASE.replace("250.00 EUR", "0"), 9, 13, "campaigns[0].budget", /more than nothing/],
  ["a negative budget", BASE.replace("250.00 EUR", "-5"), 9, 13, "campaigns[0].budget", /not an amount/],
  [
    "a budget that is no number",
    BASE.replace("250.00 EUR", ".nan"),
    9,
    13,
    "campaigns[0].budget",
    /an amount of money/,
  ],
  ["an endless budget", BASE.replace("250.00 EUR", ".inf"), 9, 13, "campaigns[0].budget", /an amount of money/],
  ["a decimal comma", BASE.replace("250.00 EUR", `"250,00"`), 9, 13, "campaigns[0].budget", /an amount of money/],
  ["minBid above maxBid", more("minBid: 3\n    maxBid: 2"), 11, 13, "campaigns[0].minBid", /above maxBid/],
  ["an unknown platform", more("platforms: [gogle]"), 11, 17, "campaigns[0].platforms[0]", /Did you mean "google"/],
  ["no platform", more("platforms: []"), 11, 5, "campaigns[0].platforms", />=1 item/],
  ["a platform named twice", more("platforms: [meta, meta]"), 11, 23, "campaigns[0].platforms[1]", /twice/],
  [
    "a flight that ends first",
    more("flight: { start: 5h, end: 3h }"),
    11,
    31,
    "campaigns[0].flight.end",
    /before it starts/,
  ],
  ["a flight beyond the end", more("flight: { end: 2d }"), 11, 20, "campaigns[0].flight.end", /after the scenario/],
  [
    "a repeated campaign",
    more("\n  - { id: shoes, budget: 1, valuePerConversion: 1 }"),
    12,
    11,
    "campaigns[1].id",
    /is taken/,
  ],
  ["a repeated platform", BASE.replace("id: meta", "id: google"), 6, 9, "platforms[1].id", /is taken/],
  [
    "too many campaigns",
    more("count: 999999\n  - { id: b, count: 2, budget: 1, valuePerConversion: 1 }"),
    7,
    1,
    "campaigns",
    /at most 1000000/,
  ],
  ["a rate above 1", BASE.replace("cpc: 1.10", "cvr: 4"), 5, 10, "platforms[0].cvr", /<1/],
  [
    "an outage that ends first",
    BASE.replace("cpc: 1.10", "outages: [{ from: 2h, to: 1h }]"),
    5,
    31,
    "platforms[0].outages[0].to",
    /begins at/,
  ],
  ["a factor for no platform", more("cvrFactor: { gogle: 2 }"), 11, 25, "campaigns[0].cvrFactor.gogle", /no platform/],
];

describe("a bad scenario", () => {
  it.each(BAD)("with %s is refused with its place (Q2)", (_, text, line, column, field, about) => {
    const { code, message, place } = failure(() => read(text));
    expect({ code, ...place }).toMatchObject({ code: "CE_SCENARIO_INVALID", file: "shop.yaml", line, column });
    expect(place.field).toBe(field);
    expect([message, place.expected, place.hint].join(" ")).toMatch(about);
  });

  it("names the first error and counts the others", () => {
    expect(failure(() => read(`${BASE}tick: 5\nseed: -1\n`)).message).toMatch(/\(\+ 1 more\)$/);
  });

  it("cannot blow up by aliases (Q5)", () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    expect(failure(() => read(`a0: &a0 [x]\n${levels.join("\n")}\n`)).message).toMatch(
      /cannot be resolved: Excessive alias/,
    );
  });

  it("cannot blow up by nesting (Q4)", () => {
    expect(failure(() => read("[".repeat(200_000))).code).toBe("CE_SCENARIO_INVALID");
  });
});

describe("a scenario file", () => {
  it("that is missing, a folder, too large or not text is refused by its code (Q4, Q5)", () => {
    const folder = mkdtempSync(join(tmpdir(), "scenario-"));
    try {
      const file = join(folder, "a.yaml");
      expect(failure(() => loadScenario(file)).code).toBe("CE_SCENARIO_UNREADABLE");
      expect(failure(() => loadScenario(folder)).code).toBe("CE_SCENARIO_UNREADABLE");
      writeFileSync(file, new Uint8Array([0x6e, 0xff, 0xfe]));
      expect(failure(() => loadScenario(file)).code).toBe("CE_SCENARIO_INVALID");
      writeFileSync(file, new Uint8Array(MAX_SCENARIO_BYTES + 1).fill(0x20));
      expect(failure(() => loadScenario(file)).code).toBe("CE_DATA_TOO_LARGE");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("that is a misspelt preset is told which one was meant", () => {
    expect(failure(() => loadScenario("strom")).place.hint).toBe('Did you mean the preset "storm"?');
  });

  it("may be JSON", () => {
    const json = { name: "j", platforms: [{ id: "p" }], campaigns: [{ id: "c", budget: 1, valuePerConversion: 2 }] };
    expect(read(JSON.stringify(json, null, 2)).campaigns[0].budgetMicros).toBe(1_000_000);
  });

  it("may repeat itself by anchors and merge keys, and errors still have a place", () => {
    const shared = (budget: string) =>
      `${BASE}  - &x { id: b, budget: ${budget}, valuePerConversion: 1 }\n  - { <<: *x, id: c }\n`;
    expect(read(shared("1")).campaigns.map(({ id }) => id)).toEqual(["shoes", "b", "c"]);
    expect(failure(() => read(shared("0"))).place).toMatchObject({ line: 11, field: "campaigns[1].budget" });
  });
});
