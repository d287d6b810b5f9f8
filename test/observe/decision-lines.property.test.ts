import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { CampaignChanged, DecisionMade } from "../../src/core/events.ts";
import { DecisionLines } from "../../src/observe/decision-lines.ts";
import { LineBytes } from "../../src/observe/line-bytes.ts";

const TIME = "2026-01-01T00:00:00.000Z";

/** The line of a record as pino writes it. */
function byPino(record: object): string {
  let text = "";
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void (text += line) });
  logger.info(record);
  return text;
}

/** The lines that are written of events. */
function written<Event>(
  events: readonly Event[],
  write: (lines: DecisionLines, into: LineBytes, event: Event) => void,
) {
  const lines = new DecisionLines(null);
  // Far less room than a line needs.
  const into = new LineBytes(8);
  return events.map((event) => {
    into.clear();
    write(lines, into, event);
    return into.bytes.toString();
  });
}

const price = (micros: number) => roundedTo(micros, 1e3);
const rate = (figure: number) => roundedTo(figure, 1e9);

function roundedTo(figure: number, scale: number): number {
  const scaled = Math.round(Math.abs(figure) * scale);
  return scaled <= Number.MAX_SAFE_INTEGER ? Math.sign(figure) * (scaled / scale) + 0 : figure;
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
    gammaMicros: price(gammaMicros),
    bids: candidates
      .filter(({ bidMicros }) => bidMicros > 0)
      .map(({ platform, bidMicros, capMicros }) => ({ platform, bidMicros, capMicros })),
    candidates: candidates.map(({ platform, cvr, cvrRelSd, cpcMicros, roiMicros, marginalMicros, verdict }) => ({
      platform,
      cvr: rate(cvr),
      cvrRelSd: rate(cvrRelSd),
      cpcMicros: price(cpcMicros),
      roiMicros: price(roiMicros),
      marginalMicros: price(marginalMicros),
      verdict,
    })),
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
        const lines = written(changes as unknown as CampaignChanged[], (to, into, one) => to.changed(into, one, TIME));
        const records = changes.map(({ tick, slot, from, state, why }) =>
          byPino({ event: "campaign.changed", time: TIME, tick, campaign: slot, from, state, why }),
        );
        expect(lines).toEqual(records);
      }),
    );
  });
});

describe("a line about a decision", () => {
  it("says what pino would write of the rounded record, whatever the figures and names (DL1)", () => {
    const ids = fc.array(fc.string({ unit: "binary" }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(ids, fc.array(event, { minLength: 1, maxLength: 6 }), (campaigns, events) => {
        const made = events.map(
          (one) => ({ ...one, campaign: { id: campaigns[one.slot] } }) as unknown as DecisionMade,
        );
        const lines = written(made, (to, into, one) => to.decision(into, one, TIME));
        expect(lines.map(parsed)).toEqual(made.map((one) => parsed(byPino(recordOf(one)))));
        for (const line of lines) expect(line.endsWith("}\n")).toBe(true);
      }),
    );
  });
});

function parsed(line: string): unknown {
  return JSON.parse(line);
}
