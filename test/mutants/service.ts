/** Faults in what an operator orders of a running engine, and in how the service answers whatever is sent. */
import type { Mutant } from "./mutant.ts";

const DESK = "src/runtime/operator-desk.ts";
const ORDERED = ["test/runtime/operator.sim.test.ts"];
const SENT = ["test/server/fuzz.property.test.ts"];

export const SERVICE: readonly Mutant[] = [
  {
    name: "a closed platform is bid on",
    breaks: "E10",
    file: DESK,
    find: "this.#closed.add(order.platform);",
    replace: "this.#closed.delete(order.platform);",
    killers: ORDERED,
  },
  {
    name: "an ended campaign can be resumed",
    breaks: "E7",
    file: DESK,
    find: "this.#ended.add(order.slot);",
    replace: "this.#ended.delete(order.slot);",
    killers: ORDERED,
  },
  {
    name: "an order is carried out off the record",
    breaks: "E4",
    file: DESK,
    find: 'announcer.emit({ type: "operator.acted",',
    replace: 'void ({ type: "operator.acted",',
    killers: ORDERED,
  },
  {
    name: "what the ledger refuses is a fault of the service",
    breaks: "AP1",
    file: "src/server/problem.ts",
    find: ' || error.code === "CE_LEDGER_REFUSED"',
    replace: "",
    killers: SENT,
  },
];
