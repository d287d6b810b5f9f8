import type { Mutant } from "./mutant.ts";

const THREADED = "src/runtime/threads/threaded-actors.ts";
const SAME_LOG = ["test/runtime/threads/threads.sim.test.ts"];
const DEATH = ["test/runtime/threads/death.sim.test.ts"];
const OVERLOAD = ["test/runtime/load-shedding.sim.test.ts"];

export const THREADS: readonly Mutant[] = [
  {
    name: "what happens in threads is told thread by thread",
    breaks: "TH1",
    file: THREADED,
    find: "for (const incident of incidents.sort((a, b) => a.at - b.at)) {",
    replace: "for (const incident of incidents) {",
    killers: SAME_LOG,
  },
  {
    name: "a dead thread's campaigns are not told of",
    breaks: "TH3",
    file: THREADED,
    find: "      this.#parts.onFailed(slot, `its thread died: ${error}`);\n",
    replace: "",
    killers: DEATH,
  },
  {
    name: "what a dead thread answered last is read again",
    breaks: "TH2",
    file: THREADED,
    find: "      this.#homes[slot] = -thread;\n",
    replace: "",
    killers: DEATH,
  },
  {
    name: "threads go on with the accounts of before when the ledger has moved",
    breaks: "CO2, TH1",
    file: THREADED,
    find: "      for (const outbox of this.#outboxes.values()) outbox.accounts = cells;\n",
    replace: "",
    killers: SAME_LOG,
  },
  {
    name: "the successor of a thread begins anew",
    breaks: "SH3",
    file: "src/runtime/threads/worker.ts",
    find: "  restore(shard, backups);\n",
    replace: "  void backups;\n",
    killers: DEATH,
  },
  {
    name: "the less urgent never give way",
    breaks: "LS1",
    file: "src/runtime/load-shedding.ts",
    find: "|| (slot + tick) % evaluateEvery === 0",
    replace: "|| (slot + tick) % evaluateEvery >= 0",
    killers: OVERLOAD,
  },
  {
    name: "one slow tick is an overload",
    breaks: "LD2",
    file: "machines/load.ts",
    find: "context.slow + 1 >= context.limits.slowTicks",
    replace: "context.slow + 1 >= 1",
    killers: OVERLOAD,
  },
  {
    name: "overload leaves the log as it is",
    breaks: "LO1",
    file: "src/observe/decision-log.ts",
    find: "this.#every = event.logEvery;",
    replace: "this.#every = 1;",
    killers: OVERLOAD,
  },
  {
    name: "a tick may begin within a tick",
    breaks: "E11",
    file: "src/runtime/engine.ts",
    find: "    this.#isPlaying = true;\n",
    replace: "",
    killers: OVERLOAD,
  },
  {
    name: "a rehearsal answers in the thread's own columns",
    breaks: "RH1",
    file: "src/runtime/threads/rehearsal.ts",
    find: "{ ...setup, columns, accounts, boards, faults: null }",
    replace: "{ ...setup, accounts, boards, faults: null }",
    killers: ["test/runtime/threads/rehearsal.sim.test.ts"],
  },
  {
    name: "faults strike in a rehearsal",
    breaks: "RH1",
    file: "src/runtime/threads/rehearsal.ts",
    find: "{ ...setup, columns, accounts, boards, faults: null }",
    replace: "{ ...setup, columns, accounts, boards }",
    killers: ["test/runtime/threads/rehearsal.sim.test.ts"],
  },
];
