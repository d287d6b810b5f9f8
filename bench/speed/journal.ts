/** What it costs to write every step down: ticks without a log, with one in memory and with one on the disk, in turn; and what going on takes. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { SqliteStore } from "../../src/journal/sqlite-store.ts";
import type { JournalStore } from "../../src/journal/store.ts";
import type { EngineEvent, EngineObserver } from "../../src/core/events.ts";
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
}

/** Plays a world with a log, or without. */
async function fly({ config, createMarket }: BenchWorld, store: JournalStore | null): Promise<Flight> {
  const inner = new TimedMarket(createMarket(), () => performance.now());
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
  const run = store === null ? null : new DurableRun({ store, engine, market, manifest: manifestOf(config) });
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
  engine.stop();
  return { tickMs: median(times.slice(SKIPPED_TICKS)), decisions };
}

/** Replays a log. @returns wall-clock time [ms] */
async function goOn({ config, createMarket }: BenchWorld, store: JournalStore): Promise<number> {
  const market = new JournaledMarket(createMarket(), () => performance.now());
  const engine = new Engine(config, { market, observers: [market], nowMs: () => market.nowMs() });
  const from = performance.now();
  await new DurableRun({ store, engine, market, manifest: manifestOf(config) }).recover();
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

async function journalOf(campaigns: number, sizes: Sizes): Promise<Figure[]> {
  const ticks = Math.max(5, Math.min(sizes.ticks, Math.round(DECISIONS / campaigns)));
  const world = benchWorld(campaigns, ticks, POLICY);
  const rounds: { none: Flight; memory: Flight; disk: Flight; bytes: number; recoveryMs: number }[] = [];
  for (let round = 0; round <= Math.min(sizes.rounds, MAX_ROUNDS); round += 1) {
    const directory = mkdtempSync(join(tmpdir(), "bench-state-"));
    const store = new SqliteStore(directory);
    try {
      const none = await fly(world, null);
      const memory = await fly(world, new MemoryStore());
      const disk = await fly(world, store);
      const bytes = readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
      const recoveryMs = await goOn(world, store);
      if (round > 0) rounds.push({ none, memory, disk, bytes, recoveryMs });
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
      of(({ bytes, disk }) => bytes / disk.decisions),
      "bytes per decision",
    ),
    {
      ...plain(
        bench,
        "going on, per tick of the log",
        of((round) => round.recoveryMs / ticks),
        "ms",
      ),
      baseline: "a tick, log on the disk",
      ratio: of((round) => round.recoveryMs / ticks / round.disk.tickMs),
    },
  ];
}
