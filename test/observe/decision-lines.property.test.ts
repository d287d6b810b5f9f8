import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { CampaignChanged, DecisionMade } from "../../src/core/events.ts";
import { DecisionLines } from "../../src/observe/decision-lines.ts";

const TIME = "2026-01-01T00:00:00.000Z";

/** The line of a record as pino writes it. */
function byPino(record: object): string {
  let text = "";
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void (text += line) });
  logger.info(record);
  return text;
}

/** What a line about a decision says. */
function recordOf({ tick, campaign, from, state, decision, account }: DecisionMade): object {
  const { reason, binding, gammaMicros, candidates } = decision;
  const { budgetMicros, spentMicros, reservedMicros, availableMicros } = account;
  return {
    event: "decision",
    time: TIME,
    tick,
    campaign: campaign.id,
    from,
    state,
    reason,
    binding,
    gammaMicros,
    bids: candidates
      .filter(({ bidMicros }) => bidMicros > 0)
      .map(({ platform, bidMicros, capMicros }) => ({ platform, bidMicros, capMicros })),
    candidates: candidates.map(({ bidMicros: _bid, capMicros: _cap, ...figures }) => figures),
    account: { budgetMicros, spentMicros, reservedMicros, availableMicros },
  };
}

const micros = fc.nat(2 ** 31);
const figure = fc.oneof(fc.double(), fc.integer(), fc.constant(0.1));
const candidate = fc.record({
  platform: fc.nat(4),
  cvr: figure,
  cvrRelSd: figure,
  cpcMicros: figure,
  roiMicros: figure,
  marginalMicros: figure,
  verdict: fc.string({ unit: "binary" }),
  bidMicros: micros,
  capMicros: micros,
});
const event = fc.record({
  tick: fc.nat(),
  slot: fc.nat(3),
  from: fc.string(),
  state: fc.string(),
  decision: fc.record({
    reason: fc.string({ unit: "grapheme" }),
    binding: fc.string(),
    gammaMicros: figure,
    candidates: fc.array(candidate, { maxLength: 5 }),
  }),
  account: fc.record({ budgetMicros: micros, spentMicros: micros, reservedMicros: micros, availableMicros: micros }),
});

describe("a line about a change of state", () => {
  it("has the bytes that pino would write, whatever the names (DL1)", () => {
    const word = fc.string({ unit: "binary" });
    const change = fc.record({ tick: fc.nat(), slot: fc.nat(3), from: word, state: word, why: word });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const lines = new DecisionLines(null);
        for (const { tick, slot, from, state, why } of changes) {
          const record = { event: "campaign.changed", time: TIME, tick, campaign: slot, from, state, why };
          const changed = { tick, slot, from, state, why } as unknown as CampaignChanged;
          expect(lines.changed(changed, TIME)).toBe(byPino(record));
        }
      }),
    );
  });
});

describe("a line about a decision", () => {
  it("has the bytes that pino would write, whatever the figures and names (DL1)", () => {
    const ids = fc.array(fc.string({ unit: "binary" }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(ids, fc.array(event, { minLength: 1, maxLength: 6 }), (campaigns, events) => {
        const lines = new DecisionLines(null);
        for (const one of events) {
          const made = { ...one, campaign: { id: campaigns[one.slot] } } as unknown as DecisionMade;
          expect(lines.line(made, TIME)).toBe(byPino(recordOf(made)));
        }
      }),
    );
  });
});
