/** The whole engine on the simulated market: how its cost grows, what it weighs, what a second thread brings. */
import { fly, latency } from "./flights.ts";
import type { Flight } from "./flights.ts";
import { median, plain } from "./timing.ts";
import type { Figure, Sizes } from "./timing.ts";
import { benchWorld } from "./world.ts";
import type { BenchWorld } from "./world.ts";

const POLICY = "gamma-pacing";
/** Rounds of minutes each would be too many. */
const MAX_ROUNDS = 3;
/** Decisions in one flight: of many campaigns, fewer ticks do. */
const DECISIONS = 2_000_000;

/** A flight of so many campaigns, no longer than it takes to measure it. */
function worldOf(campaigns: number, { ticks }: Sizes): BenchWorld {
  const fewer = Math.max(3, Math.min(ticks, Math.round(DECISIONS / campaigns)));
  return benchWorld(campaigns, fewer, POLICY);
}

const shown = (campaigns: number) => campaigns.toLocaleString("en-US");

/** Few campaigns against many and very many: the cost of a decision must not grow with their number. */
export async function scale(sizes: Sizes): Promise<Figure[]> {
  const counts = [sizes.fewCampaigns, sizes.campaigns, sizes.manyCampaigns];
  const worlds = counts.map((count) => worldOf(count, sizes));
  await fly(worlds[0]);
  const rounds: Flight[][] = [];
  for (let round = 0; round < Math.min(sizes.rounds, MAX_ROUNDS); round += 1) {
    const flights: Flight[] = [];
    for (const world of worlds) flights.push(await fly(world));
    rounds.push(flights);
  }
  const bench = `whole tick, 5 platforms, ${POLICY}`;
  const baseline = `${shown(counts[0])} campaigns: engine, per decision`;
  return counts.flatMap((count, i) => {
    const flights = rounds.map((round) => round[i]);
    const at = `${shown(count)} campaigns:`;
    return [
      i === 0
        ? plain(bench, baseline, median(flights.map(({ engine }) => engine)), "µs")
        : {
            bench,
            subject: `${at} engine, per decision`,
            value: median(flights.map(({ engine }) => engine)),
            unit: "µs",
            baseline,
            ratio: median(rounds.map((round) => round[i].engine / round[0].engine)),
            goal: { most: 1.25, ofRatio: true },
          },
      plain(bench, `${at} simulated market, per decision`, median(flights.map(({ market }) => market)), "µs"),
      plain(bench, `${at} tick to decision, p50`, latency(flights, 0.5), "ms"),
      plain(bench, `${at} tick to decision, p95`, latency(flights, 0.95), "ms"),
      plain(bench, `${at} tick to decision, p99`, latency(flights, 0.99), "ms"),
      plain(bench, `${at} event loop delay, p99`, median(flights.map(({ loopDelayMs }) => loopDelayMs)), "ms"),
      plain(bench, `${at} startup`, median(flights.map(({ startupMs }) => startupMs)), "ms"),
    ];
  });
}

/** What a campaign weighs, as the operating system sees it: against a flight of one campaign. */
export async function memory(sizes: Sizes): Promise<Figure[]> {
  const count = sizes.manyCampaigns;
  const bench = `memory, greedy-roi, 3 platforms`;
  const base = await fly(benchWorld(1, 10, "greedy-roi", 3));
  const world = benchWorld(count, 10, "greedy-roi", 3);
  const market = world.createMarket();
  const outside = process.memoryUsage.rss() - base.residentBytes;
  const full = await fly({ ...world, createMarket: () => market });
  const per = (kind: "liveBytes" | "residentBytes") => (full[kind] - base[kind]) / count;
  const baseline = "one campaign: resident memory";
  return [
    plain(bench, baseline, base.residentBytes / 2 ** 20, "MiB"),
    {
      ...plain(bench, `${shown(count)} campaigns: resident memory`, full.residentBytes / 2 ** 20, "MiB"),
      baseline,
      ratio: full.residentBytes / base.residentBytes,
    },
    plain(bench, "resident memory per campaign beyond the base", per("residentBytes"), "bytes", 3 * 1024),
    plain(bench, "of it scenario and simulated market, before there is an engine", outside / count, "bytes"),
    plain(bench, "live heap per campaign beyond the base, market included", per("liveBytes"), "bytes"),
  ];
}

/** One thread against two: wall-clock time, which is what a second core is for. */
export async function threads(sizes: Sizes): Promise<Figure[]> {
  const bench = `threads, ${shown(sizes.campaigns)} campaigns, 5 platforms, ${POLICY}`;
  const world = worldOf(sizes.campaigns, { ...sizes, ticks: Math.ceil(sizes.ticks / 4) });
  const rounds: [Flight, Flight][] = [];
  for (let round = 0; round <= Math.min(sizes.rounds, MAX_ROUNDS); round += 1) {
    const pair: [Flight, Flight] = [await fly(world), await fly(world, { threads: 2 })];
    if (round > 0) rounds.push(pair);
  }
  const p50 = (flight: Flight) => latency([flight], 0.5);
  const baseline = "1 thread: tick to decision, p50";
  return [
    plain(bench, baseline, median(rounds.map(([one]) => p50(one))), "ms"),
    {
      ...plain(bench, "2 threads: tick to decision, p50", median(rounds.map(([, two]) => p50(two))), "ms"),
      baseline,
      ratio: median(rounds.map(([one, two]) => p50(two) / p50(one))),
    },
    {
      ...plain(bench, "2 threads: CPU time per decision", median(rounds.map(([, two]) => two.engine)), "µs"),
      baseline: "1 thread: CPU time per decision",
      ratio: median(rounds.map(([one, two]) => two.engine / one.engine)),
    },
    plain(bench, "1 thread: CPU time per decision", median(rounds.map(([one]) => one.engine)), "µs"),
  ];
}
