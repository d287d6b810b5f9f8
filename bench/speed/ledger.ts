/** The books and the log: what certainty and a record cost. */
import { Writable } from "node:stream";
import type { DecisionMade } from "../../src/core/events.ts";
import { createBoard } from "../../src/core/forecast/board.ts";
import { Ledger } from "../../src/core/ledger.ts";
import { DecisionLog } from "../../src/observe/decision-log.ts";
import type { DecisionLogLevel } from "../../src/observe/decision-log.ts";
import { decisionInputs } from "./world.ts";
import { policyNamed } from "../../src/core/policy/index.ts";
import { race } from "./timing.ts";
import type { Contestant, Figure, Sizes } from "./timing.ts";

/** The ledger against a counter, the log against `JSON.stringify`. */
export function ledger({ rounds, repeats }: Sizes): Figure[] {
  return [
    ...race("reserve and settle", [counterContestant(repeats), ledgerContestant(repeats)], rounds),
    ...race("decision log line", logContestants(Math.max(1, Math.round(repeats / 10))), rounds),
  ];
}

function counterContestant(repeats: number): Contestant {
  return {
    subject: "two variables",
    operations: repeats,
    prepare: () => () => {
      let available = 1e12;
      let reserved = 0;
      for (let tick = 0; tick < repeats; tick += 1) {
        available -= 100;
        reserved += 100;
        const cost = tick % 100;
        reserved -= 100;
        available += 100 - cost;
      }
      if (available + reserved > 1e12) throw new RangeError("money out of nothing");
    },
  };
}

function ledgerContestant(repeats: number): Contestant {
  return {
    subject: "ledger",
    operations: repeats,
    prepare: () => {
      const books = new Ledger(5);
      books.open(1e12);
      return () => {
        for (let tick = 0; tick < repeats; tick += 1) {
          books.reserve(0, tick, 0, 100);
          books.settle(0, tick, 0, tick % 100);
        }
      };
    },
  };
}

function logContestants(lines: number): Contestant[] {
  const [{ input, memory }] = decisionInputs(1, policyNamed("greedy-roi"));
  const { decision } = policyNamed("greedy-roi").decide(input, memory);
  const event: DecisionMade = {
    type: "decision",
    tick: 0,
    timeMs: 0,
    slot: 0,
    campaign: input.spec,
    from: "idle",
    state: "bidding",
    decision,
    account: input.account,
    board: createBoard("sample", 1, 1),
  };
  const text = { ...event, campaign: event.campaign.id, board: undefined };
  const logAt = (level: DecisionLogLevel): Contestant => ({
    subject: `level ${level}, ${level === "all" ? "written" : "an unchanged decision"}`,
    operations: lines,
    prepare: () => {
      const log = new DecisionLog(new Writable({ write: (_chunk, _encoding, done) => done() }), level);
      return () => {
        for (let line = 0; line < lines; line += 1) log.observe(event);
        log.close();
      };
    },
  });
  return [
    {
      subject: "JSON.stringify",
      operations: lines,
      prepare: () => () => {
        let length = 0;
        for (let line = 0; line < lines; line += 1) length += JSON.stringify(text).length;
        if (length === 0) throw new RangeError("nothing written");
      },
    },
    logAt("all"),
    logAt("changes"),
  ];
}
