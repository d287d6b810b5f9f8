/** Faults in what supervision means above the campaign: portfolios, a platform's stages, money and orders that outlive an actor. */
import type { Mutant } from "./mutant.ts";

const ENGINE_CHART = "machines/engine.ts";
const STAGES = "machines/stages.ts";
const ROLL = "src/runtime/roll.ts";
const SUPERVISION_FILE = "src/runtime/supervision.ts";
const ROW = "src/runtime/forecaster-row.ts";
const WHOLE_ENGINE = ["test/runtime/supervision.sim.test.ts"];
const MODEL = ["test/machines/registry.model.test.ts"];

export const SUPERVISION: readonly Mutant[] = [
  {
    name: "a portfolio that threw leaves its campaigns running",
    breaks: "G5",
    file: ENGINE_CHART,
    find: `if (pool?.getSnapshot().status === "active") enqueue`,
    replace: `if (pool === undefined) enqueue`,
    killers: WHOLE_ENGINE,
  },
  {
    name: "a portfolio begins anew instead of resuming",
    breaks: "G3",
    file: ENGINE_CHART,
    find: "const input = successor === undefined ? dead.input",
    replace: "const input = successor !== null ? dead.input",
    killers: WHOLE_ENGINE,
  },
  {
    name: "a quarantined campaign keeps its reservations",
    breaks: "E6",
    file: ROLL,
    find: "const released = ledger.releaseAll(slot);",
    replace: "const released = { reservations: 0, micros: 0 };",
    killers: WHOLE_ENGINE,
  },
  {
    name: "a restarted campaign forgets that it is held",
    breaks: "E7",
    file: SUPERVISION_FILE,
    find: "if (roll.toldHold(slot) === why) return;",
    replace: "return;",
    killers: WHOLE_ENGINE,
  },
  {
    name: "a new forecaster learns the tick again that broke the old one",
    breaks: "B4",
    file: ROW,
    find: "if (!this.#poison.includes(tick)) this.#learn(",
    replace: "this.#learn(",
    killers: WHOLE_ENGINE,
  },
  {
    name: "a stage is never given up",
    breaks: "S12",
    file: STAGES,
    find: "failedTicks(context, event.stage, event.tick).length > context.limits.maxRestarts",
    replace: "failedTicks(context, event.stage, event.tick).length > 1e9",
    killers: [...MODEL, ...WHOLE_ENGINE],
  },
  {
    name: "what needs a stage is not restarted with it",
    breaks: "S11",
    file: STAGES,
    find: "if (!isGivenUp && (isFollowing || isDue)) due.push(stage);",
    replace: "if (!isGivenUp && isDue) due.push(stage);",
    killers: WHOLE_ENGINE,
  },
];
