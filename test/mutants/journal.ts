/** Faults in what survives a crash. */
import type { Mutant } from "./mutant.ts";

const DURABLE = "src/runtime/durable-run.ts";
const COLUMNS = "src/journal/columns.ts";
const BYTES = ["test/journal/columns.property.test.ts"];
const SIMULATED = ["test/runtime/durable-run.sim.test.ts"];
const SAVED = ["test/runtime/snapshot.sim.test.ts"];

export const JOURNAL: readonly Mutant[] = [
  {
    name: "the sign of a zero is lost in the log",
    breaks: "CO1",
    file: COLUMNS,
    find: " && (value !== 0 || 1 / value > 0)",
    replace: "",
    killers: BYTES,
  },
  {
    name: "an entry that ends too early is read as zeros",
    breaks: "CO1, J5",
    file: COLUMNS,
    find: '      if (byte === undefined) throw unreadable("it ends too early");\n',
    replace: "",
    killers: BYTES,
  },
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
  {
    name: "overdue reservations are forgotten in a snapshot",
    breaks: "E9",
    file: "src/runtime/engine.ts",
    find: "    this.#books.restore(state.openByTick);",
    replace: "",
    killers: SAVED,
  },
  {
    name: "the window behind the feed's check is forgotten in a snapshot",
    breaks: "F4",
    file: "src/runtime/feed.ts",
    find: "    else this.#clicks.restore(clicks);",
    replace: "",
    killers: SAVED,
  },
  {
    name: "clicks on their way are forgotten in a snapshot",
    breaks: "V1",
    file: "src/core/forecast/cvr-filter.ts",
    find: "    this.#rates.restore(rates);",
    replace: "",
    killers: SAVED,
  },
  {
    name: "how a rate moves is forgotten in a snapshot",
    breaks: "V3",
    file: "src/core/forecast/cvr-mixture.ts",
    find: "    this.#stillChance = stillChance;",
    replace: "",
    killers: SAVED,
  },
  {
    name: "a campaign that had failed comes back to life with a snapshot",
    breaks: "SP1",
    file: "src/runtime/saved-campaign.ts",
    find: "  return { status, value: state,",
    replace: '  return { status: "active", value: state,',
    killers: SAVED,
  },
  {
    name: "entries go that no snapshot stands for",
    breaks: "RT2",
    file: "src/journal/retention.ts",
    find: "if (seq < base || !(seq === base || isMark",
    replace: "if (seq <= base || !(seq === base || isMark",
    killers: ["test/journal/retention.property.test.ts"],
  },
  {
    name: "a service whose thread has died is not gone on with",
    breaks: "LV1",
    file: "src/server/lives.ts",
    find: "deathTicks.length > MAX_DEATHS",
    replace: "deathTicks.length > 0",
    killers: ["test/server/lives.sim.test.ts"],
  },
];
