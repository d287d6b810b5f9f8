import { expect, it } from "vitest";
import { Writable } from "node:stream";
import { playFlight } from "../../bench/quality/one-thread.ts";
import { qualityWorld } from "../../bench/quality/worlds.ts";
import type { QualityWorld } from "../../bench/quality/worlds.ts";
import { DecisionLog } from "../../src/observe/decision-log.ts";

const FORK = 300;

/** The same world up to the fork; dearer, worse and busier from there on. */
function forked(world: QualityWorld): QualityWorld {
  const after = (column: Float64Array, factor: number) =>
    column.map((value, at) => (at < world.paths.warmupTicks + FORK ? value : value * factor));
  const platforms = world.paths.platforms.map((path) => ({
    ...path,
    volume: after(path.volume, 3),
    priceMicros: after(path.priceMicros, 1.7),
    cvr: after(path.cvr, 0.4),
  }));
  return { ...world, paths: { ...world.paths, platforms } };
}

function logOf(world: QualityWorld): { tick: number; line: string }[] {
  let text = "";
  const write = (chunk: Buffer, _: unknown, done: () => void) => {
    text += chunk.toString();
    done();
  };
  const log = new DecisionLog(new Writable({ write }), "all");
  const contender = { label: "g", policy: "gamma-pacing", forecaster: "count-weighted" };
  playFlight(world, contender, [log]);
  log.close();
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => ({ tick: JSON.parse(line).tick, line }));
}

it.each(["S2", "S5", "S11", "S12"] as const)(
  "what comes after a tick shows in no decision up to it (%s)",
  (scenario) => {
    const world = qualityWorld(scenario, 5, { ticks: 400 });
    const [one, other] = [logOf(world), logOf(forked(world))];
    const until = (log: typeof one) => log.filter(({ tick }) => tick <= FORK);
    expect(until(other)).toEqual(until(one));
    expect(other).not.toEqual(one);
  },
);
