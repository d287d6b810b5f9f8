/** Birth, death and restart of campaigns in a pool, and what they weigh. */
import { createActor } from "xstate";
import type { ActorRefFrom, AnyActorLogic } from "xstate";
import { campaignMachine } from "../../machines/campaign.ts";
import { compile } from "../../src/actors/compiled.ts";
import { createPool } from "../../src/actors/pool.ts";
import type { PoolLogic } from "../../src/actors/pool.ts";
import { sampleInput, tickEvent } from "./sample.ts";
import { heapBytes, plain, race } from "./timing.ts";
import type { Figure, Sizes } from "./timing.ts";

/** Restarts over which the heap must stay flat, in multiples of the pool's size. */
const RESTART_TURNS = 10;

/** Times against raw `createActor`, then heap. */
export function pool({ campaigns, rounds }: Sizes): Figure[] {
  const logic = compile(campaignMachine) as AnyActorLogic;
  const poolLogic = createPool(logic);
  const slots = Array.from({ length: campaigns }, (_, slot) => slot);
  const spawn = (count = campaigns) => {
    const members = slots.slice(0, count).map((slot) => ({ slot, id: `campaign:${slot}`, input: sampleInput(slot) }));
    return createActor(poolLogic, { input: { members } }).start();
  };
  const restart = (actor: ActorRefFrom<PoolLogic>) => actor.send({ type: "children.restart", slots });
  // First of all: what the contestants leave behind is not gone when it should be.
  weigh(spawn(Math.min(1_000, campaigns)), restart);
  const empty = heapBytes();
  const { full, after } = weigh(spawn(), restart);
  const bench = `pool of ${campaigns}`;
  const figures = race(
    bench,
    [
      {
        subject: "raw createActor and start",
        operations: campaigns,
        prepare: () => () => {
          for (const slot of slots) createActor(logic, { input: sampleInput(slot) }).start();
        },
      },
      {
        subject: "spawn",
        operations: campaigns,
        goal: { most: 25, ofRatio: false },
        prepare: () => () => void spawn(),
      },
      {
        subject: "stop",
        operations: campaigns,
        prepare: () => {
          const actor = spawn();
          return () => void actor.stop();
        },
      },
      {
        subject: "restart",
        operations: campaigns,
        goal: { most: 100, ofRatio: false },
        prepare: () => {
          const actor = spawn();
          fail(actor);
          return () => restart(actor);
        },
      },
    ],
    rounds,
  );
  const restarts = `after ${RESTART_TURNS * campaigns} restarts`;
  return [
    ...figures,
    plain(bench, "heap per campaign", (full - empty) / campaigns, "bytes"),
    {
      bench,
      subject: `heap ${restarts}`,
      value: (after - empty) / campaigns,
      unit: "bytes",
      baseline: "heap per campaign",
      ratio: (after - empty) / (full - empty),
      goal: { most: 1.05, ofRatio: true },
    },
  ];
}

/** Heap in use with a pool that has decided, and after many restarts [bytes]. */
function weigh(actor: ActorRefFrom<PoolLogic>, restart: (actor: ActorRefFrom<PoolLogic>) => void) {
  // A campaign that has decided holds a decision: one that resumes is to be compared with such a one, not with a newborn.
  tell(actor, 0);
  const full = heapBytes();
  for (let turn = 0; turn < RESTART_TURNS; turn += 1) {
    fail(actor);
    restart(actor);
  }
  const after = heapBytes();
  // Until here somebody has a use for it.
  actor.stop();
  return { full, after };
}

/** Makes every child fail. */
function fail(actor: ActorRefFrom<PoolLogic>): void {
  tell(actor, -1);
}

/** Tells every child of a tick. */
function tell(actor: ActorRefFrom<PoolLogic>, tick: number): void {
  const event = tickEvent(tick);
  for (const child of actor.getSnapshot().children) child.send(event);
}
