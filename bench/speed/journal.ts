/** What it costs to write every step down: ticks without a log, with one in memory and with one on the disk, in turn; and what going on takes. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { SqliteStore } from "../../src/journal/sqlite-store.ts";
import type { JournalStore } from "../../src/journal/store.ts";
import type { EngineEvent, EngineObserver } from "../../src/core/events.ts";
import type { PathMarket } from "../../src/platforms/path-market.ts";
import { TimedMarket } from "../../src/platforms/timed-market.ts";
import { DurableRun } from "../../src/runtime/durable-run.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { JournaledMarket } from "../../src/runtime/journaled-market.ts";
import { median, plain } from "./timing.ts";
import type { Figure, Sizes } from "./timing.ts";
import { benchWorld } from "./world.ts";
import type { BenchWorld } from "./world.ts";

const POLICY = "gamma-pacing";
const MAX_ROUNDS = 3;
/** Decisions in one flight. */
const DECISIONS = 300_000;
/** Of the wall clock: a disk is waited for, not computed. The first ticks compile. */
const SKIPPED_TICKS = 1;

interface Flight {
  /** Wall-clock time of a tick until its bids leave, without the market's [ms]. */
  readonly tickMs: number;
  readonly decisions: number;
  /** Wall-clock time to keep all that is known at its end [ms]; 0 without a log. */
  readonly snapshotMs: number;
  /** Size of the log at its end. */
  readonly bytes: number;
}

/** Plays a world with a log, or without. */
async function fly(
  { config, createMarket }: BenchWorld,
  store: JournalStore | null,
  sizeOf: () => Promise<number> = async () => 0,
): Promise<Flight> {
  const simulated = createMarket();
  const inner = new TimedMarket(simulated, () => performance.now());
  const market = new JournaledMarket(inner, () => performance.now());
  let decisions = 0;
  const counter: EngineObserver = {
    wantsDecisions: false,
    observe: (event: EngineEvent) => {
      if (event.type === "tick.completed") decisions += event.decisions;
    },
  };
  const observers = store === null ? [counter] : [counter, market];
  const engine = new Engine(config, {
    market: store === null ? inner : market,
    observers,
    nowMs: () => market.nowMs(),
  });
  const run =
    store === null
      ? null
      : new DurableRun({ store, engine, market, manifest: manifestOf(config), snapshots: snapshotsOf(simulated) });
  await run?.recover();
  if (run === null) engine.start();
  else await run.start();
  const times: number[] = [];
  while (engine.nextTick < engine.ticks) {
    const [from, spent] = [performance.now(), inner.spent];
    if (run === null) engine.tick();
    else await run.tick();
    times.push(performance.now() - from - (inner.spent - spent));
  }
  const bytes = await sizeOf();
  const from = performance.now();
  await run?.saveSnapshot();
  const snapshotMs = run === null ? 0 : performance.now() - from;
  engine.stop();
  return { tickMs: median(times.slice(SKIPPED_TICKS)), decisions, snapshotMs, bytes };
}

/** Only the one at the end. */
function snapshotsOf(market: PathMarket) {
  return { parts: () => ({ market }), everyTicks: Number.POSITIVE_INFINITY };
}

/** Goes on from a log. @returns wall-clock time [ms] */
async function goOn({ config, createMarket }: BenchWorld, store: JournalStore, isReplay: boolean): Promise<number> {
  const simulated = createMarket();
  const market = new JournaledMarket(simulated, () => performance.now());
  const engine = new Engine(config, { market, observers: [market], nowMs: () => market.nowMs() });
  const from = performance.now();
  const snapshots = isReplay ? {} : { snapshots: snapshotsOf(simulated) };
  await new DurableRun({ store, engine, market, manifest: manifestOf(config), ...snapshots }).recover();
  const tookMs = performance.now() - from;
  engine.stop();
  return tookMs;
}

function manifestOf({ name, seed, currency, startMs, tickMs, campaigns }: BenchWorld["config"]) {
  return { kind: "bench", name, seed, currency, startMs, tickMs, fingerprint: "", platforms: [], campaigns };
}

/** Every step written down, at many campaigns and at very many. */
export async function journal(sizes: Sizes): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const campaigns of [sizes.campaigns, sizes.manyCampaigns]) figures.push(...(await journalOf(campaigns, sizes)));
  return figures;
}

interface Round {
  readonly none: Flight;
  readonly memory: Flight;
  readonly disk: Flight;
  readonly snapshotBytes: number;
  readonly replayMs: number;
  readonly goingOnMs: number;
}

async function journalOf(campaigns: number, sizes: Sizes): Promise<Figure[]> {
  const ticks = Math.max(5, Math.min(sizes.ticks, Math.round(DECISIONS / campaigns)));
  const world = benchWorld(campaigns, ticks, POLICY);
  const rounds: Round[] = [];
  for (let round = 0; round <= Math.min(sizes.rounds, MAX_ROUNDS); round += 1) {
    const directory = mkdtempSync(join(tmpdir(), "bench-state-"));
    const store = new SqliteStore(directory);
    try {
      const none = await fly(world, null);
      const memory = await fly(world, new MemoryStore());
      const size = async () => {
        // What was written ahead is in two places until then.
        await store.compact();
        return readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
      };
      const disk = await fly(world, store, size);
      const [snapshot] = await store.snapshots(0);
      const snapshotBytes = (await store.snapshot(0, snapshot.seq))!.bytes.length;
      const replayMs = await goOn(world, store, true);
      const goingOnMs = await goOn(world, store, false);
      if (round > 0) rounds.push({ none, memory, disk, snapshotBytes, replayMs, goingOnMs });
    } finally {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }
  const bench = `durable log, ${campaigns.toLocaleString("en-US")} campaigns, 5 platforms, ${POLICY}`;
  const of = (figure: (round: (typeof rounds)[number]) => number) => median(rounds.map((round) => figure(round)));
  const [none, memory] = ["a tick without a log", "a tick, log in memory"];
  return [
    plain(
      bench,
      none,
      of((round) => round.none.tickMs),
      "ms",
    ),
    {
      ...plain(
        bench,
        memory,
        of((round) => round.memory.tickMs),
        "ms",
      ),
      baseline: none,
      ratio: of((round) => round.memory.tickMs / round.none.tickMs),
    },
    {
      ...plain(
        bench,
        "a tick, log on the disk",
        of((round) => round.disk.tickMs),
        "ms",
      ),
      baseline: memory,
      ratio: of((round) => round.disk.tickMs / round.memory.tickMs),
      goal: { most: 1.3, ofRatio: true },
    },
    plain(
      bench,
      "on the disk",
      of(({ disk }) => disk.bytes / disk.decisions),
      "bytes per decision",
    ),
    {
      ...plain(
        bench,
        "going on through the log, per tick",
        of((round) => round.replayMs / ticks),
        "ms",
      ),
      baseline: "a tick, log on the disk",
      ratio: of((round) => round.replayMs / ticks / round.disk.tickMs),
    },
    {
      ...plain(
        bench,
        "taking a snapshot",
        of((round) => round.disk.snapshotMs),
        "ms",
      ),
      baseline: "a tick, log on the disk",
      ratio: of((round) => round.disk.snapshotMs / round.disk.tickMs),
    },
    plain(
      bench,
      "a snapshot",
      of(({ snapshotBytes }) => snapshotBytes / campaigns),
      "bytes per campaign",
    ),
    {
      ...plain(
        bench,
        "going on from a snapshot",
        of((round) => round.goingOnMs),
        "ms",
      ),
      baseline: "a tick, log on the disk",
      ratio: of((round) => round.goingOnMs / round.disk.tickMs),
    },
  ];
}
