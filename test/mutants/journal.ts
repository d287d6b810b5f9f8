/** Faults in what survives a crash. */
import type { Mutant } from "./mutant.ts";

const DURABLE = "src/runtime/durable-run.ts";
const SIMULATED = ["test/runtime/durable-run.sim.test.ts"];

export const JOURNAL: readonly Mutant[] = [
  {
    name: "a step whose acknowledgement was lost is forgotten",
    breaks: "DR1",
    file: DURABLE,
    find: "if (this.#sent.length === 0) [this.#sent, this.#pending] = [this.#pending, []];",
    replace: "[this.#sent, this.#pending] = [this.#pending, []];",
    killers: SIMULATED,
  },
  {
    name: "the clock's jumps are not replayed",
    breaks: "DR2",
    file: DURABLE,
    find: "const shownTick = shownAt?.(engine.nextTick) ?? step.shownTick;",
    replace: "const shownTick = engine.nextTick;",
    killers: SIMULATED,
  },
  {
    name: "a replay is not compared with what was written",
    breaks: "DR2",
    file: DURABLE,
    find: "if (Buffer.compare(entry.bytes, bytes) === 0) return;",
    replace: "if (entry.bytes.length >= 0) return;",
    killers: SIMULATED,
  },
  {
    name: "bids leave although their step could not be written",
    breaks: "DR1",
    file: DURABLE,
    find: "        if (error instanceof EngineError) this.#stuckBecause = error;",
    replace:
      "        this.#stuckBecause = error as EngineError;\n        for (const { bids } of this.#sent) market.release(bids);",
    killers: SIMULATED,
  },
  {
    name: "a run that cannot be written goes on",
    breaks: "DR3",
    file: DURABLE,
    find: "if (this.#stuckBecause !== null) throw this.#stuckBecause;",
    replace: "",
    killers: SIMULATED,
  },
  {
    name: "an append that is repeated is taken for another's",
    breaks: "J4",
    file: "src/journal/memory-store.ts",
    find: "if (seq === expectedSeq + entries.length && this.#isRepeated(log, epoch, expectedSeq, entries)) return seq;",
    replace: "",
    killers: SIMULATED,
  },
  {
    name: "the books kept from the log take a charge for its cost where less was booked",
    breaks: "AB1",
    file: "src/journal/account-book.ts",
    find: "const micros = booked.get(name) ?? costMicros;",
    replace: "const micros = costMicros;",
    killers: SIMULATED,
  },
];
