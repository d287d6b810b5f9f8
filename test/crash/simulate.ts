/** `npm run test:store -- [seeds] [first seed]`: runs over a store that fails, and writes that are torn, each by its own seed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SingleBar } from "cli-progress";
import { FAULT_KINDS } from "../../src/core/faults.ts";
import { scenarioOf } from "../runtime/played-run.ts";
import { simulateStore, undisturbed } from "./store-simulation.ts";
import { tearWrite } from "./torn-write.ts";

/** Seeds that share a scenario: the run that never dies is played once for all of them. */
const SEEDS_A_SCENARIO = 50;

const [seeds = 10_000, first = 1] = process.argv.slice(2).map(Number);
const format = "{bar} {value}/{total} seeds | {eta_formatted} left";
const bar = process.stderr.isTTY ? new SingleBar({ format, stream: process.stderr }) : null;
bar?.start(seeds, 0);
const folder = mkdtempSync(join(tmpdir(), "torn-"));
const totals = { seeds: 0, tornWrites: 0, deaths: 0, full: 0, unacknowledged: 0, comebacks: 0 };
const faults = Object.fromEntries(Object.keys(FAULT_KINDS).map((kind) => [kind, 0.01]));
while (totals.seeds < seeds) {
  const from = first + totals.seeds;
  const scenario = scenarioOf({ seed: from, duration: "20m", warmup: "30m", faults });
  const sha = await undisturbed(scenario);
  for (let seed = from; seed < Math.min(from + SEEDS_A_SCENARIO, first + seeds); seed += 1) {
    await tearWrite(folder, seed);
    totals.tornWrites += 1;
    const figures = await simulateStore(scenario, sha, seed);
    totals.seeds += 1;
    totals.deaths += figures.deaths;
    totals.full += figures.full;
    totals.unacknowledged += figures.unacknowledged;
    totals.comebacks += figures.comebacks;
    bar?.update(totals.seeds);
  }
}
bar?.stop();
rmSync(folder, { recursive: true });
// What breaks a promise is thrown where it is found.
process.stderr.write("SS1 to SS4 held for every seed.\n");
process.stdout.write(`${JSON.stringify(totals, null, 2)}\n`);
