/** Faults in the handling of money: the ledger, and what the engine and the log make of it. */
import type { Mutant } from "./mutant.ts";

const LEDGER = "src/core/ledger.ts";
const ENGINE = "src/runtime/engine.ts";
const BOOKS = "src/runtime/bookkeeping.ts";
const SUPERVISION_FILE = "src/runtime/supervision.ts";
const LOG = "src/observe/decision-log.ts";
const LINE_BYTES = "src/observe/line-bytes.ts";
const LEDGER_MODEL = ["test/core/ledger.property.test.ts"];
const RUN = ["test/runtime/engine.sim.test.ts"];

export const MONEY: readonly Mutant[] = [
  {
    name: "a campaign with many open reservations forgets the oldest",
    breaks: "L3: closed once, not lost",
    file: "src/core/open-reservations.ts",
    find: "    larger.set(this.#pairs(slot).subarray(begin, begin + length));\n",
    replace: "    larger.set(this.#pairs(slot).subarray(begin + 2, begin + length));\n",
    killers: LEDGER_MODEL,
  },
  {
    name: "a bid is settled twice",
    breaks: "L3, L4: closed once",
    file: LEDGER,
    find: "    this.#open.close(slot, place);\n",
    replace: "",
    killers: LEDGER_MODEL,
  },
  {
    name: "a settlement keeps the rest of its reservation",
    breaks: "L3: the rest is released",
    file: LEDGER,
    find: `    cells[at + RESERVED] -= reserved;
    cells[at + SPENT] += bookedMicros;
    cells[at + AVAILABLE] += reserved - bookedMicros;`,
    replace: `    cells[at + RESERVED] -= bookedMicros;
    cells[at + SPENT] += bookedMicros;`,
    killers: LEDGER_MODEL,
  },
  {
    name: "the rest of a reservation vanishes from the day",
    breaks: "L6: the daily budget",
    file: LEDGER,
    find: "      cells[at + DAY_RESERVED] -= reserved;\n",
    replace: "      cells[at + DAY_RESERVED] -= bookedMicros;\n",
    killers: LEDGER_MODEL,
  },
  {
    name: "a charge above the budget is booked",
    breaks: "L2, L5: spent ≤ budget",
    file: LEDGER,
    find: "const bookedMicros = Math.min(costMicros, reserved + cells[at + AVAILABLE]);",
    replace: "const bookedMicros = costMicros;",
    killers: LEDGER_MODEL,
  },
  {
    name: "a closed reservation can be opened again",
    breaks: "L3: keys only grow",
    file: LEDGER,
    find: "if (key <= cells[at + LAST_KEY])",
    replace: "if (key < cells[at + LAST_KEY])",
    killers: LEDGER_MODEL,
  },
  {
    name: "a new day forgets to reset what the last one spent",
    breaks: "L6: a fresh daily budget",
    file: LEDGER,
    find: "    cells[at + DAY_SPENT] = 0;\n",
    replace: "",
    killers: LEDGER_MODEL,
  },
  {
    name: "a new day resets the lifetime budget as well",
    breaks: "L2: spent ≤ budget",
    file: LEDGER,
    find: "    cells[at + DAY_SPENT] = 0;\n",
    replace: `    cells[at + DAY_SPENT] = 0;
    cells[at + AVAILABLE] += cells[at + SPENT];
    cells[at + SPENT] = 0;
`,
    killers: LEDGER_MODEL,
  },
  {
    name: "a late report counts against today",
    breaks: "L6: a day's own bids",
    file: LEDGER,
    find: "if (tick >= cells[at + DAY_START]) {",
    replace: "if (tick >= cells[at + DAY_START] || reserved <= cells[at + DAY_RESERVED]) {",
    killers: LEDGER_MODEL,
  },
  {
    name: "restart forgets the spend",
    breaks: "S3, L2: money outlives actors",
    file: SUPERVISION_FILE,
    find: "      this.#follow(fact);\n",
    replace: `      this.#follow(fact);
      if (fact.type === "campaign.restarted") this.#parts.desk.topUp(fact.slot, 1_000_000, fact.error);
`,
    killers: RUN,
  },
  {
    name: "quarantine keeps a reservation",
    breaks: "E6: nobody's bids hold no money",
    file: SUPERVISION_FILE,
    find: `roll.leave(fact.slot, "quarantined")`,
    replace: `roll.change(fact.slot, "idle", "quarantined")`,
    killers: ["test/runtime/supervision.sim.test.ts"],
  },
  {
    name: "a top-up is not booked",
    breaks: "C4, L1",
    file: "src/runtime/operator-desk.ts",
    find: "    ledger.topUp(slot, micros);\n",
    replace: "",
    killers: RUN,
  },
  {
    name: "a bid is placed without a reservation",
    breaks: "E1",
    file: "src/runtime/bidding.ts",
    find: "      books.reserve(slot, decision.tick, platform, reservationMicros(capMicros, overDeliveryFactor));\n",
    replace: "      reservationMicros(capMicros, overDeliveryFactor);\n",
    killers: RUN,
  },
  {
    name: "over-delivery is not reserved",
    breaks: "L2, P1: caps × factor fit",
    file: "src/core/decision.ts",
    find: "return Math.ceil(capMicros * overDeliveryFactor);",
    replace: "return Math.ceil(capMicros + 0 * overDeliveryFactor);",
    killers: ["test/core/policy/policies.property.test.ts"],
  },
  {
    name: "a repeated report is learned from twice",
    breaks: "L4, E2",
    file: BOOKS,
    find: "if (bookedMicros === null) refused.add(row);",
    replace: "if (bookedMicros === null) this.#booked[accepted++] = 0;",
    killers: RUN,
  },
  {
    name: "the actor hears of a report before the ledger",
    breaks: "E2",
    file: ENGINE,
    find: "    const batch = this.#books.book(heard, tick);\n",
    replace: `    finish(this.#actors.learn(heard, this.#world, () => undefined));
    const batch = this.#books.book(heard, tick);
`,
    killers: RUN,
  },
  {
    name: "an old decision is placed again",
    breaks: "C2",
    file: "src/runtime/campaign-actors.ts",
    find: "      reply.decision = null;\n",
    replace: "",
    killers: RUN,
  },
  {
    name: "the run ends without a drain",
    breaks: "no reservation is left open",
    file: "src/runtime/scheduler.ts",
    find: "    await engine.drain();\n",
    replace: "",
    killers: ["test/runtime/scheduler.sim.test.ts"],
  },
  {
    name: "the decision log drops a full buffer",
    breaks: "D1: a line per decision",
    file: LOG,
    find: "    if (this.#buffer.length >= BUFFER_BYTES) this.#flush();\n",
    replace: "    if (this.#buffer.length >= BUFFER_BYTES) this.#buffer.clear();\n",
    killers: ["test/observe/decision-log.sim.test.ts"],
  },
  {
    name: "a log's buffer that grows loses what was in it",
    breaks: "LB2",
    file: LINE_BYTES,
    find: "      larger.set(this.#bytes.subarray(0, at));\n",
    replace: "",
    killers: ["test/observe/line-bytes.property.test.ts"],
  },
  {
    name: "a small loss is logged as -0",
    breaks: "LB1",
    file: LINE_BYTES,
    find: "if (value < 0 && scaled > 0)",
    replace: "if (value < 0)",
    killers: ["test/observe/line-bytes.property.test.ts"],
  },
  {
    name: "what was seen lately forgets the newest",
    breaks: "RK1",
    file: "src/core/recent-keys.ts",
    find: "    this.#oldest = (this.#oldest + 1) % this.#capacity;\n",
    replace: "",
    killers: ["test/core/recent-keys.property.test.ts"],
  },
];
