/**
 * One run over an unreliable store, in one thread and by one seed: processes that die at any await, disks that are full, acknowledgements that are lost,
 * and processes that were taken for dead and come back.
 *
 * SS1 however often it dies, the run's decision log is that of a run that never did; SS2 a bid that reached the market reached it as it is in the log, and
 * none else did; SS3 who was replaced writes nothing, and none of its bids leaves; SS4 the log's books are the ledger's.
 */
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { EngineError } from "../../src/core/errors.ts";
import { Faults, hasFaults } from "../../src/core/faults.ts";
import { RandomStream } from "../../src/core/random.ts";
import type { BidBatch } from "../../src/core/reports.ts";
import type { Savable } from "../../src/core/saved.ts";
import { bookOf, differences } from "../../src/journal/account-book.ts";
import type { Manifest } from "../../src/journal/manifest.ts";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { readStep } from "../../src/journal/step.ts";
import type { JournalStore } from "../../src/journal/store.ts";
import { DecisionLog } from "../../src/observe/decision-log.ts";
import { FaultyMarket } from "../../src/platforms/faulty-market.ts";
import type { Market } from "../../src/platforms/market.ts";
import { PathMarket } from "../../src/platforms/path-market.ts";
import { simulatePaths } from "../../src/platforms/simulated-paths.ts";
import { DurableRun } from "../../src/runtime/durable-run.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { ClockJumps } from "../../src/runtime/jumping-clock.ts";
import { JournaledMarket } from "../../src/runtime/journaled-market.ts";
import type { ResolvedScenario } from "../../src/scenario/resolve.ts";
import { UnreliableStore } from "./unreliable-store.ts";

/** What a simulation went through. */
export interface SimulationFigures {
  readonly deaths: number;
  readonly full: number;
  readonly unacknowledged: number;
  /** Processes that went on from a snapshot. */
  readonly restored: number;
  /** Times that a replaced process tried to go on. */
  readonly comebacks: number;
}

/** Bids as they reach the market, over all processes. */
export type Placed = Map<string, string>;

/** One process of a durable run. */
export interface DurableProcess {
  readonly run: DurableRun;
  readonly market: JournaledMarket;
  /** It went on from a snapshot. */
  isRestored: boolean;
  readonly jumps: ClockJumps | null;
  /** Closes the decision log. @returns its SHA-256 */
  readonly end: () => string;
}

/** Snapshots of a simulated service. */
export interface SimulatedSnapshots {
  readonly everyTicks: number;
  readonly retainTicks: number;
  /** Where decision logs go: each process goes on in a copy of its predecessor's. */
  readonly directory: string;
}

/**
 * Puts a process together.
 * @param placed notes the bids that reach the market; throws where one does so as another (SS2)
 */
export function processOf(
  scenario: ResolvedScenario,
  store: JournalStore,
  placed: Placed,
  snapshots: SimulatedSnapshots | null = null,
): DurableProcess {
  const { market: paths, exposures, faults: plan, ...config } = scenario;
  const faults = hasFaults(plan) ? new Faults(config.seed, plan) : null;
  const valuesPerConversionMicros = config.campaigns.map((spec) => spec.valuePerConversionMicros);
  const inner = new PathMarket({
    paths: simulatePaths(paths),
    exposures,
    valuesPerConversionMicros,
    seed: config.seed,
  });
  const watched = watch(faults === null ? inner : new FaultyMarket(inner, faults, config.campaigns.length), placed);
  const market = new JournaledMarket(watched, () => 0);
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const file = snapshots === null ? null : nextLog(snapshots.directory);
  const log = new DecisionLog(file ?? nowhere(), "all", true);
  const taken =
    snapshots === null ? {} : { snapshots: { ...snapshots, parts: () => ({ log, inner }) as Record<string, Savable> } };
  const observers = [log, market];
  const engine = new Engine(config, { market, observers, nowMs: () => market.nowMs(), ...(faults && { faults }) });
  const jumps = faults === null ? null : new ClockJumps(faults);
  const { name, seed, currency, startMs, tickMs, campaigns, platforms } = config;
  const manifest: Manifest = {
    kind: "test",
    name,
    seed,
    currency,
    startMs,
    tickMs,
    fingerprint: name,
    platforms,
    campaigns,
  };
  const shownAt = jumps === null ? {} : { shownAt: (tick: number) => jumps.shownAt(tick) };
  return {
    run: new DurableRun({ store, engine, market, manifest, ...shownAt, ...taken }),
    market,
    isRestored: false,
    jumps,
    end: () => {
      const { sha256 } = log.close();
      return file === null ? sha256! : createHash("sha256").update(readFileSync(file)).digest("hex");
    },
  };
}

/** The place of the next process's decision log, with what its predecessor wrote. */
function nextLog(directory: string): string {
  const { length } = readdirSync(directory);
  const file = join(directory, `${length}.ndjson`);
  if (length > 0) copyFileSync(join(directory, `${length - 1}.ndjson`), file);
  return file;
}

function watch(market: Market, placed: Placed): Market {
  return {
    platforms: market.platforms,
    advance: (tick) => market.advance(tick),
    isSettled: () => market.isSettled(),
    place(bids) {
      const key = `${bids.tick} ${bids.platform}`;
      const text = textOf(bids);
      if ((placed.get(key) ?? text) !== text) throw new Error(`SS2: the bids of ${key} were placed twice, as others`);
      placed.set(key, text);
      market.place(bids);
    },
  };
}

function textOf({ length, campaign, bidMicros, capMicros }: BidBatch): string {
  return [campaign, bidMicros, capMicros].map((column) => column.slice(0, length).join(" ")).join("; ");
}

/** The decision log's SHA-256 of a run that never dies. */
export async function undisturbed(scenario: ResolvedScenario): Promise<string> {
  const { run, jumps, end } = processOf(scenario, new MemoryStore(), new Map());
  await run.recover();
  await run.start();
  while (run.nextTick < run.ticks) await run.tick(jumps?.shownAt(run.nextTick) ?? run.nextTick);
  await run.drain();
  run.stop();
  return end();
}

/** Tries after which a store that fails one time in eight has long succeeded. */
const MAX_TRIES = 100;

/** Plays a scenario through all that. @throws Error with the first promise that is broken (SS1–SS4) */
export async function simulateStore(
  scenario: ResolvedScenario,
  expectedSha: string,
  seed: number,
  snapshots: SimulatedSnapshots | null = null,
): Promise<SimulationFigures> {
  const random = new RandomStream(seed, "store simulation");
  const sound = new MemoryStore();
  const store = new UnreliableStore(sound, random);
  const placed: Placed = new Map();
  const figures = { deaths: 0, restored: 0, comebacks: 0 };
  const dead: DurableProcess[] = [];
  for (;;) {
    const live = processOf(scenario, store, placed, snapshots);
    const isDone = await lives(live, random, async () => {
      const zombie = dead[Math.floor(random.next() * dead.length)];
      if (zombie === undefined) return;
      figures.comebacks += 1;
      await comesBack(zombie, placed);
    });
    if (live.isRestored) figures.restored += 1;
    if (!isDone) {
      figures.deaths += 1;
      dead.push(live);
      continue;
    }
    const sha = live.end();
    if (sha !== expectedSha) throw new Error(`SS1: seed ${seed} gives another decision log`);
    await assertBooks(sound, live.run, placed);
    live.run.stop();
    for (const process of dead) process.run.stop();
    return { ...figures, ...store.failures };
  }
}

/** Lives until the end of the run, or of the process. @returns true at the end of the run */
async function lives(process: DurableProcess, random: RandomStream, meanwhile: () => Promise<void>): Promise<boolean> {
  const { run, jumps } = process;
  const isDead = () => random.next() < 0.03;
  const patiently = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!run.isStuckForNow) throw error;
      for (let tries = 0; run.isStuckForNow; tries += 1) {
        if (tries === MAX_TRIES) throw new Error("What could not be written is never written", { cause: error });
        await run.commit().catch(() => undefined);
      }
    }
  };
  let isRecovered = false;
  await patiently(async () => {
    const { snapshotTick } = await run.recover();
    process.isRestored = snapshotTick !== null;
    isRecovered = true;
  });
  // What it could not announce, it could not begin: it starts over, as another.
  if (!isRecovered) return false;
  await patiently(() => run.start());
  while (run.nextTick < run.ticks) {
    if (isDead()) return false;
    await meanwhile();
    await patiently(async () => run.tick(jumps?.shownAt(run.nextTick) ?? run.nextTick));
  }
  if (isDead()) return false;
  await patiently(() => run.drain());
  await run.saveAccounts();
  return true;
}

/** A process that was taken for dead plays its next tick, or writes what it had to write. @throws Error where it gets through (SS3) */
async function comesBack({ run }: DurableProcess, placed: Placed): Promise<void> {
  const before = placed.size;
  try {
    if (run.stuckBecause === null && run.nextTick < run.ticks) await run.tick();
    else await run.commit();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  if (placed.size !== before) throw new Error("SS3: a bid of a process that was replaced has left");
}

async function assertBooks(store: JournalStore, run: DurableRun, placed: Placed): Promise<void> {
  const logged: Placed = new Map();
  let fromTick = Number.POSITIVE_INFINITY;
  const book = await bookOf(store, 0, {
    onEntry: (_, { kind, tick, bytes }) => {
      if (kind !== "tick") return;
      fromTick = Math.min(fromTick, tick - 1);
      for (const batch of readStep(bytes).bids) logged.set(`${batch.tick} ${batch.platform}`, textOf(batch));
    },
  });
  const stillThere = [...placed].filter(([key]) => Number(key.split(" ")[0]) >= fromTick);
  for (const [key, text] of stillThere)
    if (logged.get(key) !== text) throw new Error(`SS2: bids of ${key} are not in the log`);
  if (logged.size !== stillThere.length)
    throw new Error(`SS2: ${logged.size} batches are in the log, ${stillThere.length} were placed`);
  const kept = await store.accounts(0);
  const [difference] = differences(book.rows, kept?.rows ?? []);
  if (difference !== undefined) throw new Error(`SS4: ${difference}`);
  for (const { slot, reservedMicros } of book.rows) {
    if (run.engine.ledger.view(slot).reservedMicros !== reservedMicros) throw new Error(`SS4: slot ${slot}`);
  }
}
