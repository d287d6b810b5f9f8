/**
 * The supervision tree as it was, to go on from in another process: the states of its statecharts, without the campaigns.
 *
 * A saved tree is in the form in which XState goes on from a snapshot; what the specifications say is not saved, but taken from the input.
 */
import type { AnyActorRef } from "xstate";
import type { EngineContext, EngineInput, Supervised } from "../../machines/engine.ts";
import type { PortfolioContext } from "../../machines/portfolio.ts";
import type { PoolInput } from "../actors/pool.ts";

/** The statechart of a supervisor as it is. */
interface SavedSupervisor {
  readonly id: string;
  readonly restartTicks: readonly number[];
  readonly value: string;
  /** What its input does not say. */
  readonly context: object;
}

/** The tree without its campaigns. */
export interface TreeState {
  readonly engine: { readonly value: string } & Pick<EngineContext, "givenUp" | "tick" | "why">;
  /** Platforms, feeds and portfolios that are not given up. Threads are begun anew. */
  readonly supervisors: readonly SavedSupervisor[];
  /** By platform: the last state that was told. */
  readonly platformStates: readonly string[];
}

/** How XState writes an actor into a saved context. */
interface SavedRef {
  readonly xstate$$type: 1;
  readonly id: string;
}

/** An entry of the engine's context, whose actor is yet to be made. */
export type Unattached = { -readonly [Key in keyof Supervised]: Supervised[Key] };

/** What the tree under a root is like. */
export function saveTree(root: AnyActorRef, platformStates: readonly string[]): TreeState {
  const { value, context } = root.getSnapshot() as { value: string; context: EngineContext };
  const { givenUp, tick, why, supervised } = context;
  const supervisors = [...supervised].flatMap(([id, one]) => (one.kind === "thread" ? [] : [savedSupervisor(id, one)]));
  return { engine: { value, givenUp, tick, why }, supervisors, platformStates };
}

function savedSupervisor(id: string, { ref, kind, restartTicks }: Supervised): SavedSupervisor {
  const { value, context } = ref.getSnapshot() as { value: string; context: object };
  return { id, restartTicks, value, context: kind === "portfolio" ? ownOf(context as PortfolioContext) : context };
}

/** The failures are a list as long as one tick's failures: as an array, it is no deeper than it must be. */
function ownOf({ tick, failures, troubles, quarantined, why }: PortfolioContext): object {
  const noted: object[] = [];
  for (let at = failures; at !== null; at = at.earlier) noted.push({ ...at, earlier: null });
  return { tick, failures: noted.toReversed(), troubles, quarantined, why };
}

/** The snapshot that the root goes on from, and the entries of its context that have no actor before there is one. */
export function treeSnapshot(
  { engine, supervisors }: TreeState,
  { intensity, platforms, feeds, threads = [], portfolios }: EngineInput,
): { readonly snapshot: object; readonly supervised: ReadonlyMap<string, Unattached> } {
  const { value, ...rest } = engine;
  const byId = new Map(supervisors.map((one) => [one.id, one]));
  const supervised = new Map<string, Unattached>();
  const children: Record<string, object> = {};
  const add = (id: string, kind: Supervised["kind"], input: object, snapshotOf: (saved: SavedSupervisor) => object) => {
    const saved = byId.get(id);
    if (saved === undefined) return;
    const { restartTicks } = saved;
    supervised.set(id, { kind, input, restartTicks } as unknown as Unattached);
    children[id] = { src: kind, snapshot: snapshotOf(saved) };
  };
  for (const input of platforms) {
    add(`platform:${input.id}`, "platform", input, (saved) => active(saved.value, saved.context, {}));
  }
  for (const input of feeds) {
    add(`feed:${input.id}`, "feed", input, (saved) => active(saved.value, saved.context, {}));
  }
  for (const input of threads) {
    const id = `thread:${input.thread}`;
    byId.set(id, { id, restartTicks: [], value: "", context: {} });
    add(id, "thread", input, () => ({ status: "active", context: input }));
  }
  for (const input of portfolios) {
    const { id, limits, seed } = input;
    const pool: SavedRef = { xstate$$type: 1, id: "pool" };
    const held = { pool: { src: "pool", snapshot: { status: "active", ...input.pool } } };
    // Without what they go on from: the context is kept for life.
    const members = (input.pool as PoolInput).members.map(({ slot, id: member, input: own }) => ({
      slot,
      id: member,
      input: own,
    }));
    add(`portfolio:${id}`, "portfolio", { id, limits, seed, pool: { members } }, (saved) =>
      active(saved.value, { id, limits, seed, pool, ...chained(saved.context as SavedPortfolio) }, held),
    );
  }
  return { snapshot: active(value, { intensity, supervised, ...rest }, children), supervised };
}

type SavedPortfolio = Omit<PortfolioContext, "failures" | "pool"> & {
  readonly failures: readonly NonNullable<PortfolioContext["failures"]>[];
};

function chained({ failures, ...rest }: SavedPortfolio): object {
  let newest: PortfolioContext["failures"] = null;
  for (const failure of failures) newest = { ...failure, earlier: newest };
  return { ...rest, failures: newest };
}

function active(value: string, context: object, children: object): object {
  return {
    status: "active",
    value,
    context: { ...context },
    children,
    historyValue: {},
    output: undefined,
    error: undefined,
  };
}
