/**
 * A stand-in: an actor in the place of something that lives in another thread, so that its supervisor deals with it as with its own.
 *
 * SI1 what it stands for lives as long as it does: its start starts that, its stop stops it; SI2 the other's failure is its own, with the same
 * message; SI3 what the other knew stays with the other: a successor resumes there from its last good context.
 */
import type { ActorLogic, EventObject, Snapshot } from "xstate";

/** Where that lives. */
export interface Elsewhere<Input> {
  start(input: Input): void;
  stop(input: Input): void;
}

/** What the stand-in of a campaign is created with. */
export interface StandInSlot {
  readonly slot: number;
}

/** Tells a stand-in that what it stands for has failed. */
export interface StandInFailed extends EventObject {
  readonly type: "elsewhere.failed";
  /** Message of the failure. */
  readonly error: string;
}

type StandInSnapshot<Input> = Snapshot<undefined> & { readonly context: Input };

/** Makes the logic of stand-ins. */
export function createStandIn<Input>(
  elsewhere: Elsewhere<Input>,
): ActorLogic<StandInSnapshot<Input>, StandInFailed, Input> {
  return {
    getInitialSnapshot: (_, context) => ({ status: "active", output: undefined, error: undefined, context }),
    start: ({ context }) => elsewhere.start(context),
    transition(snapshot, event: StandInFailed | EventObject) {
      if (event.type === "elsewhere.failed") throw new Error((event as StandInFailed).error);
      if (event.type !== "xstate.stop") return snapshot;
      elsewhere.stop(snapshot.context);
      return { ...snapshot, status: "stopped", output: undefined, error: undefined };
    },
    getPersistedSnapshot: (snapshot) => snapshot,
  };
}
