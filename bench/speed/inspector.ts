/** What it costs that somebody looks: the same engine, ticks with the inspector attached and without it in turn. */
import { Inspection } from "../../src/inspect/inspection.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { cpuMicroseconds, median, plain } from "./timing.ts";
import type { Figure, Sizes } from "./timing.ts";
import { benchWorld } from "./world.ts";

/** Most that a look may add to a campaign's cycle, its tick and its reports [µs]. */
const MOST = 5;
const MOST_FRAME_BYTES = 10_000;

/** Attached and detached, tick by tick. */
export function inspector(sizes: Sizes): Figure[] {
  const { campaigns } = sizes;
  const ticks = 4 * Math.max(10, sizes.rounds);
  const { config, createMarket } = benchWorld(campaigns, ticks + 1, "greedy-roi", 5);
  const market = createMarket();
  const engine = new Engine(config, { market, observers: [], nowMs: () => 0 });
  const inspection = new Inspection(engine);
  engine.start();
  const times: [number[], number[]] = [[], []];
  let frameBytes = 0;
  for (let tick = 0; tick < ticks; tick += 1) {
    const isAttached = tick % 2 === 1;
    const detach = isAttached ? inspection.attach() : null;
    const from = cpuMicroseconds();
    engine.tick();
    if (isAttached) frameBytes = JSON.stringify(inspection.activity()).length;
    // The first ticks warm the code up.
    if (tick >= ticks / 4) times[tick % 2].push((cpuMicroseconds() - from) / campaigns);
    detach?.();
  }
  engine.stop();
  const bench = `inspector, ${campaigns.toLocaleString("en-US")} compiled campaigns`;
  const [alone, watched] = times.map(median);
  const baseline = "nobody looks, per campaign cycle";
  return [
    plain(bench, baseline, alone, "µs"),
    { ...plain(bench, "attached, per campaign cycle", watched, "µs"), baseline, ratio: watched / alone },
    plain(bench, "what the look adds", watched - alone, "µs", MOST),
    plain(bench, "a frame", frameBytes, "bytes", MOST_FRAME_BYTES),
  ];
}
