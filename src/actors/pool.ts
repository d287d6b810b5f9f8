/**
 * A pool: actor logic that holds many leaf actors, where a statechart's own children would cost quadratic time.
 *
 * It holds; its parent decides. S1 a failing child disturbs no sibling; S2 at most one live actor per slot; S3 a restarted child
 * is created with `resume`: the last good context of the one it replaces; S4 when the pool stops, by whatever way, its children stop first.
 */
import { createActor } from "xstate";
import type { ActorScope, AnyActorLogic, AnyActorRef, ActorLogic, EventObject, Snapshot } from "xstate";

/** One actor to hold. */
export interface PoolMember {
  /** Place in {@link PoolSnapshot.children}. */
  readonly slot: number;
  /** Actor id, unique in the pool, e.g. `campaign:spring`. */
  readonly id: string;
  /** Input of the actor; a restart adds `resume`. */
  readonly input: object;
}

/** What a pool is created with. */
export interface PoolInput {
  readonly members: readonly PoolMember[];
}

/** Commands to a pool. A restart of a live child is ignored (S2). */
export interface PoolCommand {
  readonly type: "children.restart";
  readonly slots: readonly number[];
}

/** What a pool tells its parent, at once, for every child that failed. */
export interface ChildFailed {
  readonly type: "child.failed";
  readonly slot: number;
  readonly id: string;
  readonly error: unknown;
}

/** The state of a pool. `children` is live: a restart replaces its element, nothing is copied. */
export type PoolSnapshot = Snapshot<undefined> & {
  /** By slot; a failed child stays in its place until it is restarted. Slots of other pools are empty. */
  readonly children: readonly AnyActorRef[];
  /** The slots of this pool's members, in the order given. */
  readonly slots: readonly number[];
};

/** How a pool keeps its books; opaque to others. */
type Held = PoolSnapshot & {
  readonly children: AnyActorRef[];
  readonly members: ReadonlyMap<number, PoolMember>;
  readonly slotOf: ReadonlyMap<string, number>;
  /** By slot, of children restarted at least once: what the present child resumed from. */
  readonly resumes: Map<number, unknown>;
};

/** Actor logic of a pool. */
export type PoolLogic = ActorLogic<PoolSnapshot, PoolCommand, PoolInput>;

interface ErrorEvent extends EventObject {
  readonly actorId: string;
  readonly error: unknown;
}

/** Makes the logic of a pool whose children all run `child`. */
export function createPool(child: AnyActorLogic): PoolLogic {
  const create = (scope: Scope, member: PoolMember, resume?: unknown): AnyActorRef =>
    createActor(child, {
      parent: scope.self,
      id: member.id,
      input: resume === undefined ? member.input : { ...member.input, resume },
    });

  const restart = (held: Held, scope: Scope, slots: readonly number[]): void => {
    const fresh: AnyActorRef[] = [];
    for (const slot of slots) {
      const member = held.members.get(slot);
      if (member === undefined || isLive(held.children[slot])) continue;
      const resume = lastGood(held, slot);
      held.resumes.set(slot, resume);
      held.children[slot] = create(scope, member, resume);
      fresh.push(held.children[slot]);
    }
    // One effect for all: XState's queue of deferred effects is quadratic in its length.
    scope.defer(() => {
      for (const ref of fresh) ref.start();
    });
  };

  return {
    getInitialSnapshot(scope, input) {
      const children: AnyActorRef[] = [];
      const members = new Map<number, PoolMember>();
      const slotOf = new Map<string, number>();
      for (const member of input.members) {
        members.set(member.slot, member);
        slotOf.set(member.id, member.slot);
        children[member.slot] = create(scope, member);
      }
      const slots = input.members.map(({ slot }) => slot);
      const held: Held = {
        status: "active",
        output: undefined,
        error: undefined,
        children,
        slots,
        members,
        slotOf,
        resumes: new Map(),
      };
      return held;
    },

    start(snapshot) {
      for (const slot of snapshot.slots) snapshot.children[slot].start();
    },

    transition(snapshot, event, scope) {
      const held = snapshot as Held;
      if (event.type === "children.restart") {
        restart(held, scope, event.slots);
        return held;
      }
      const { type } = event as EventObject;
      if (type === "xstate.stop") {
        for (const slot of held.slots) scope.stopChild(held.children[slot]);
        return { ...held, status: "stopped", output: undefined, error: undefined };
      }
      if (type.startsWith("xstate.error.actor.")) {
        const { actorId, error } = event as unknown as ErrorEvent;
        const slot = held.slotOf.get(actorId);
        if (slot !== undefined) {
          const failed: ChildFailed = { type: "child.failed", slot, id: actorId, error };
          scope.defer(() => scope.self._parent?.send(failed));
        }
      }
      return held;
    },

    // Children are resumed by whoever owns their journal, not by the pool.
    getPersistedSnapshot: (snapshot) => snapshot,
  };
}

type Scope = ActorScope<PoolSnapshot, PoolCommand>;

function isLive(ref: AnyActorRef): boolean {
  return (ref.getSnapshot() as { status: string }).status === "active";
}

/** What a failed actor knew before the event that it failed on (S3); what it resumed from, where it failed at birth. */
function lastGood(held: Held, slot: number): unknown {
  const { context } = held.children[slot].getSnapshot() as { context?: object };
  const isBorn = context !== undefined && Object.keys(context).length > 0;
  return isBorn ? context : held.resumes.get(slot);
}
