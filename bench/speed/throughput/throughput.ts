/**
 * Decisions in a second of CPU time, the market's left out: one engine after its warm-up. Contestants in turn; every flight in a process of its own, as an engine
 * has it: how V8 compiles, and where it puts the objects, is not the same in any two.
 */
import { fork } from "node:child_process";
import { median } from "../timing.ts";
import type { Figure, Sizes } from "../timing.ts";
import { CONTESTANTS } from "./contestants.ts";
import type { Contestant } from "./contestants.ts";

const MAX_ROUNDS = 5;

/** Half of the ticks are the warm-up. */
export async function throughput({ campaigns, ticks, rounds }: Sizes): Promise<Figure[]> {
  // Greedy campaigns run out of money after that.
  const size = { campaigns, ticks: Math.ceil(ticks / 2) };
  const speeds: number[][] = [];
  for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round += 1) {
    const flown: number[] = [];
    for (const contestant of CONTESTANTS) flown.push(await fly(contestant, size));
    speeds.push(flown);
  }
  return CONTESTANTS.map(({ subject, goal }, i) => ({
    bench: `decisions per CPU second, ${campaigns.toLocaleString("en-US")} campaigns`,
    subject,
    value: median(speeds.map((flown) => flown[i])),
    unit: "per s",
    baseline: i === 0 ? null : CONTESTANTS[0].subject,
    ratio: i === 0 ? null : median(speeds.map((flown) => flown[i] / flown[0])),
    goal: goal === null ? null : { least: goal },
  }));
}

/** Decisions per CPU second in a flight. */
function fly(contestant: Contestant, size: object): Promise<number> {
  return new Promise((resolve, reject) => {
    // Under the flags of this process.
    const child = fork(new URL("worker.ts", import.meta.url), [JSON.stringify(contestant), JSON.stringify(size)]);
    child.once("exit", (code) => reject(new Error(`A contestant ended with exit code ${code}.`)));
    child.once("message", (speed) => resolve(speed as number));
  });
}
