/** What the inspector's page is told. Types, nothing else. */

/** How the actors of one statechart are doing. */
export interface ChartActivity {
  /** Name of the statechart. */
  readonly chart: string;
  /** Actors in each state that any is in, by id of the state. */
  readonly states: Readonly<Record<string, number>>;
  /** How often each transition was taken since the last frame, by its id; none that was not. */
  readonly taken: Readonly<Record<string, number>>;
}

/** Everything that is the same for all who look: at most 10 kB however many actors there are. */
export interface InspectionFrame {
  readonly tick: number;
  readonly timeMs: number;
  /** Threads that campaigns live in, where they do not live in the engine's own: those show their states only. */
  readonly threads: number;
  /** Null where time goes by the wall clock alone. */
  readonly time: TimeFrame | null;
  readonly charts: readonly ChartActivity[];
}

/** Time in a simulation that is looked at. */
export interface TimeFrame {
  readonly isPlaying: boolean;
  /** Wall-clock time between two ticks while it plays [ms]. */
  readonly everyMs: number;
}

/** One actor in a list. */
export interface ActorRow {
  readonly id: string;
  readonly chart: string;
  readonly state: string;
}

/** One message that an actor got. */
export interface ActorMessage {
  /** Counts up from 1 over all that this viewer was told of this actor. */
  readonly id: number;
  readonly tick: number;
  readonly event: string;
  /** Id of who sent it; null for the engine's loop. */
  readonly from: string | null;
  readonly to: string;
  /** State of the receiver before and after. Alike where it was not left. */
  readonly before: string;
  readonly after: string;
  /** Ids of the transitions taken, as far as the states tell. */
  readonly taken: readonly string[];
  /** The event without what is shared by all, as JSON, cut at 300 characters. */
  readonly detail: string;
}

/** One actor under the glass. */
export interface ActorFrame {
  readonly id: string;
  readonly chart: string;
  readonly state: string;
  readonly status: string;
  /** What it knows, as indented JSON, cut at 6,000 characters. */
  readonly context: string;
  /** Messages since the last frame, oldest first, at most 50. */
  readonly messages: readonly ActorMessage[];
  /** Messages that were too many to be told. */
  readonly missed: number;
}

/** One statechart driven alone, by hand. */
export interface HandDrivenFrame {
  readonly chart: string;
  readonly state: string;
  /** `active`, `done`, or `error` where the last event made it fail. */
  readonly status: string;
  readonly failure: string | null;
  /** What it knows, as indented JSON, cut at 6,000 characters. */
  readonly context: string;
  /** What it was given so far; `place` is the event's in the offers of that moment. */
  readonly steps: readonly {
    readonly event: string;
    readonly detail: string;
    readonly before: string;
    readonly after: string;
    readonly place: number;
  }[];
  /** The events that it can be given now, each with what would become of it. */
  readonly offers: readonly { readonly event: string; readonly detail: string; readonly verdict: EventVerdict }[];
}

/** What would become of an event. */
export interface EventVerdict {
  readonly state: string;
  /** The transitions that the event could take from this state, in the order in which they are asked. */
  readonly candidates: readonly {
    readonly transition: string;
    readonly guard: string | null;
    /** Whether it is the one that is taken. */
    readonly isTaken: boolean;
  }[];
  /** The state after it, eventless transitions included; null where it would fail. */
  readonly next: string | null;
  /** Why it would fail, or null. */
  readonly error: string | null;
}
