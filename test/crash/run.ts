/** `npm run test:crash -- [kills] [seed]`: kills services at random moments, and prints what an audit found after each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SingleBar } from "cli-progress";
import { crashes } from "./crashes.ts";

/** Kills over one state, before another one begins: the audit has its whole log in memory. */
const KILLS_A_STATE = 25;

const [kills = 200, seed = 1] = process.argv.slice(2).map(Number);
const bar = process.stderr.isTTY
  ? new SingleBar({ format: "{bar} {value}/{total} kills | {eta_formatted} left", stream: process.stderr })
  : null;
bar?.start(kills, 0);
const totals = {
  kills: 0,
  ticks: 0,
  bids: 0,
  bidsSeen: 0,
  charges: 0,
  invoicedMicros: 0,
  bookedMicros: 0,
  topUps: 0,
  topUpsRepeated: 0,
};
for (let state = 0; totals.kills < kills; state += 1) {
  const directory = mkdtempSync(join(tmpdir(), "crash-"));
  try {
    const done = totals.kills;
    const wanted = Math.min(KILLS_A_STATE, kills - done);
    const onKill = ({ kills: of }: { kills: number }) => bar?.update(done + of);
    const figures = await crashes({ kills: wanted, seed: seed + state, directory, onKill });
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += figures[key];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
bar?.stop();
// What breaks a promise (a bid or charge doubled, a budget overspent) is thrown where it is found.
process.stderr.write("CR1 to CR5 held after every kill.\n");
const differenceMicros = totals.invoicedMicros - totals.bookedMicros;
process.stdout.write(`${JSON.stringify({ ...totals, differenceMicros }, null, 2)}\n`);
