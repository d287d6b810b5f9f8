/**
 * A pool: actor logic that holds many leaf actors, where a statechart's own children would cost quadratic time.
 *
 * It holds; its parent decides. S1 a failing child disturbs no sibling; S2 at most one live actor per slot; S3 a restarted child
 * is created with `resume`: the last good context of the one it replaces; S4 when the pool ends, by order or by failure, its children stop first:
 * no orphan; S5 a child that was restarted weighs what it weighed before: nothing of its predecessors is kept; SP1 a child that goes on from a
 * snapshot is what it was: one that had failed is dead, waits for its restart, and its failure is not told again.
 */
import type { ActorLogic, ActorScope, AnyActorLogic, AnyActorRef, EventObject, Snapshot } from "xstate";
import { Leaf } from "./leaf.ts";

/** One actor to hold. */
export interface PoolMember {
  /** Place in {@link PoolSnapshot.children}. */
  readonly slot: number;
  /** Actor id, unique in the pool, e.g. `campaign:spring`. */
  readonly id: string;
  /** Input of the actor; a restart adds `resume`. */
  readonly input: object;
  /** Last good context to begin with, where the member has lived in another pool before. */
  readonly resume?: unknown;
  /** What the member goes on from, where it lived in another process before (SP1); then `resume` is of one that had failed at birth. */
  readonly snapshot?: ChildSnapshot;
}

/** A child as it was. */
export interface ChildSnapshot {
  readonly status: "active" | "error" | "stopped";
  /** State of its statechart, where it has one. */
  readonly value?: string;
  readonly context: object;
}

/** What a pool is created with. */
export interface PoolInput {
  readonly members: readonly PoolMember[];
}

/** Commands to a pool. A restart of a live child, and a second child for a slot, are ignored (S2); one that was stopped can be restarted. */
export type PoolCommand =
  | { readonly type: "children.restart"; readonly slots: readonly number[] }
  | { readonly type: "children.stop"; readonly slots: readonly number[] }
  | { readonly type: "child.add"; readonly member: PoolMember };

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
  /** Input of a pool that goes on where this one is, or ended: every member with its last good context (S3). */
  readonly successor: () => PoolInput;
};

/** How a pool keeps its books; opaque to others. */
type Held = PoolSnapshot & {
  readonly children: AnyActorRef[];
  readonly slots: number[];
  /** By slot: what its actors are created with. Slots of other pools are empty. */
  readonly inputs: object[];
  /** Slot by id; null where no child has failed since the last restart: it would weigh as much as a twentieth of the children. */
  slotOf: Map<string, number> | null;
  /** By slot, of children that failed at birth: what they were to resume from. */
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
  /** Children that had failed before they came here. */
  const dead = new WeakSet<AnyActorRef>();

  const goOn = (held: Held, scope: Scope, { slot, id, resume }: PoolMember, from: ChildSnapshot): Leaf => {
    const snapshot = { ...from, children: {}, historyValue: {}, output: undefined, error: undefined };
    const ref = new Leaf(child, { parent: scope.self, id, snapshot });
    if (!isBorn(ref)) held.resumes.set(slot, resume);
    if (!isLive(ref)) {
      ref.forgetOptions();
      dead.add(ref);
    }
    return ref;
  };

  const create = (held: Held, scope: Scope, { slot, id, input }: PoolMember, resume: unknown): Leaf => {
    if (resume === undefined) return new Leaf(child, { parent: scope.self, id, input });
    const ref = new Leaf(child, { parent: scope.self, id, input: { ...input, resume } });
    if (isBorn(ref)) held.resumes.delete(slot);
    else held.resumes.set(slot, resume);
    return ref;
  };

  const restart = (held: Held, scope: Scope, slots: readonly number[]): void => {
    const fresh: AnyActorRef[] = [];
    for (const slot of slots) {
      const before = held.children[slot];
      if (before === undefined || isLive(before)) continue;
      const ref = create(held, scope, { slot, id: before.id, input: held.inputs[slot] }, lastGood(held, slot));
      held.children[slot] = ref;
      fresh.push(ref);
    }
    held.slotOf = null;
    // One effect for all: XState's queue of deferred effects is quadratic in its length.
    scope.defer(() => {
      for (const ref of fresh) ref.start();
    });
  };

  /** Gives a member its place, and its first actor here. */
  const place = (held: Held, scope: Scope, member: PoolMember): Leaf => {
    const { slot, input, resume, snapshot } = member;
    const first = snapshot === undefined ? create(held, scope, member, resume) : goOn(held, scope, member, snapshot);
    held.children[slot] = first;
    held.slots.push(slot);
    held.inputs[slot] = input;
    return first;
  };

  const add = (held: Held, scope: Scope, member: PoolMember): void => {
    if (held.children[member.slot] !== undefined) return;
    const fresh = place(held, scope, member);
    held.slotOf?.set(member.id, member.slot);
    if (!dead.has(fresh)) scope.defer(() => fresh.start());
  };

  const react = (held: Held, event: PoolCommand | EventObject, scope: Scope): Held => {
    if (event.type === "children.restart") {
      restart(held, scope, (event as Extract<PoolCommand, { type: "children.restart" }>).slots);
    } else if (event.type === "children.stop") {
      const { slots } = event as Extract<PoolCommand, { type: "children.stop" }>;
      for (const slot of slots) if (held.children[slot] !== undefined) scope.stopChild(held.children[slot]);
    } else if (event.type === "child.add") {
      add(held, scope, (event as Extract<PoolCommand, { type: "child.add" }>).member);
    } else if (event.type === "xstate.stop") {
      stopAll(held, scope);
      return { ...held, status: "stopped", output: undefined, error: undefined };
    } else if (event.type.startsWith("xstate.error.actor.")) {
      const { actorId, error } = event as ErrorEvent;
      held.slotOf ??= new Map(held.slots.map((at) => [held.children[at].id, at]));
      const slot = held.slotOf.get(actorId);
      if (slot !== undefined) {
        const failed: ChildFailed = { type: "child.failed", slot, id: actorId, error };
        scope.defer(() => scope.self._parent?.send(failed));
      }
    }
    return held;
  };

  const hold = (scope: Scope, { members }: PoolInput): Held => {
    const held: Held = {
      status: "active",
      output: undefined,
      error: undefined,
      children: [],
      slots: [],
      inputs: [],
      slotOf: null,
      resumes: new Map(),
      successor: () => ({
        members: held.slots.map((slot) => {
          return { slot, id: held.children[slot].id, input: held.inputs[slot], resume: lastGood(held, slot) };
        }),
      }),
    };
    for (const member of members) place(held, scope, member);
    return held;
  };

  return {
    getInitialSnapshot: hold,

    start(snapshot) {
      for (const slot of snapshot.slots) if (!dead.has(snapshot.children[slot])) snapshot.children[slot].start();
    },

    transition(snapshot, event, scope) {
      const held = snapshot as Held;
      try {
        return react(held, event, scope);
      } catch (error) {
        stopAll(held, scope);
        throw error;
      }
    },

    // Children are saved by whoever owns their journal, not by the pool; it goes on from members as it begins with them.
    getPersistedSnapshot: (snapshot) => snapshot,
    restoreSnapshot: (members, scope) => hold(scope, members as unknown as PoolInput),
  };
}

type Scope = ActorScope<PoolSnapshot, PoolCommand>;

function isLive(ref: AnyActorRef): boolean {
  return (ref.getSnapshot() as { status: string }).status === "active";
}

function isBorn(ref: AnyActorRef): boolean {
  const { context } = ref.getSnapshot() as { context?: object };
  return context !== undefined && Object.keys(context).length > 0;
}

/** What an actor knew before the event that it failed on (S3); what it was to resume from, where it failed at birth. */
function lastGood(held: Held, slot: number): unknown {
  const ref = held.children[slot];
  return isBorn(ref) ? (ref.getSnapshot() as { context: object }).context : held.resumes.get(slot);
}

function stopAll(held: Held, scope: Scope): void {
  for (const slot of held.slots) scope.stopChild(held.children[slot]);
}
