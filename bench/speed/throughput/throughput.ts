/** Decisions in a second of CPU time, the market's left out: contestants in turn, each in a process of its own. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { median } from "../timing.ts";
import type { Figure, Sizes } from "../timing.ts";
import { CONTESTANTS } from "./contestants.ts";
import type { Contestant } from "./contestants.ts";

const MAX_ROUNDS = 3;

/** A round goes before as warm-up. */
export async function throughput({ campaigns, ticks, rounds }: Sizes): Promise<Figure[]> {
  // Greedy campaigns run out of money after that.
  const size = { campaigns, ticks: Math.ceil(ticks / 2) };
  const children = CONTESTANTS.map((contestant) => start(contestant, size));
  const speeds: number[][] = [];
  for (let round = 0; round <= Math.min(rounds, MAX_ROUNDS); round += 1) {
    const flown: number[] = [];
    for (const child of children) flown.push(await play(child));
    if (round > 0) speeds.push(flown);
  }
  for (const child of children) child.disconnect();
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

function start(contestant: Contestant, size: object): ChildProcess {
  return fork(new URL("worker.ts", import.meta.url), [JSON.stringify(contestant), JSON.stringify(size)]);
}

function play(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`A contestant ended with exit code ${code}.`));
    child.once("exit", onExit);
    child.once("message", (speed) => {
      child.off("exit", onExit);
      resolve(speed as number);
    });
    child.send("fly");
  });
}
