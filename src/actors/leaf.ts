/**
 * A leaf of the tree of actors, one of a hundred thousand: an XState actor that weighs less, and whose events cost less.
 *
 * L1 it is inspected, subscribed to, persisted and stopped like any other, but `send` must be called on it; L2 events are worked off in the order in which
 * they came, each to its end before the next (run to completion); L3 what it was created with is not kept once it has started.
 */
import { Actor } from "xstate";
import type { AnyActorLogic, EventObject, Observer, Subscription } from "xstate";

/** What XState's actors keep to themselves. */
interface Internals {
  mailbox: Pick<Mailbox, "start" | "clear" | "enqueue"> & { readonly _current?: unknown };
  observers: Set<unknown>;
  eventListeners: Map<unknown, unknown>;
  options: object;
  send: (event: EventObject) => void;
  _process(event: EventObject): void;
}

/** Stand for the collections of all leaves that nobody listens to. */
const NO_OBSERVERS: Internals["observers"] = new Set();
const NO_LISTENERS: Internals["eventListeners"] = new Map();
const NO_OPTIONS = Object.freeze({});

/** An actor without children. */
export class Leaf extends Actor<AnyActorLogic> {
  /** @param options as those of `createActor` */
  constructor(logic: AnyActorLogic, options: object) {
    super(logic, options);
    const own = internalsOf(this);
    // An inspector may have had a hold of it already.
    if (own.mailbox._current === null) own.mailbox = new Mailbox(own);
    if (own.observers.size === 0) own.observers = NO_OBSERVERS;
    if (own.eventListeners.size === 0) own.eventListeners = NO_LISTENERS;
    // XState's is bound to each actor, and so another function for each.
    // oxlint-disable-next-line typescript/unbound-method
    own.send = Leaf.prototype.send;
  }

  override start(): this {
    super.start();
    this.forgetOptions();
    return this;
  }

  /** Lets go of what it was created with (L3): its input, and what it was to resume from, would weigh as much as what it knows by now. */
  forgetOptions(): void {
    internalsOf(this).options = NO_OPTIONS;
  }

  override subscribe(observer: Observer<unknown>): Subscription;
  override subscribe(
    next?: (snapshot: unknown) => void,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription;
  override subscribe(...given: unknown[]): Subscription {
    const own = internalsOf(this);
    if (own.observers === NO_OBSERVERS) own.observers = new Set();
    return super.subscribe(...(given as [Observer<unknown>]));
  }

  override on(...given: Parameters<Actor<AnyActorLogic>["on"]>): Subscription {
    const own = internalsOf(this);
    if (own.eventListeners === NO_LISTENERS) own.eventListeners = new Map();
    return super.on(...given);
  }
}

function internalsOf(leaf: Leaf): Internals {
  return leaf as unknown as Internals;
}

/**
 * XState's own puts every event into a list first, even where nobody waits: a new object that an old one points to, which the garbage collector has to look for
 * among a hundred thousand mailboxes each time.
 */
class Mailbox {
  readonly #receiver: Internals;
  #isActive = false;
  #isBusy = false;
  /** Oldest first; null where none wait. */
  #waiting: EventObject[] | null = null;

  constructor(receiver: Internals) {
    this.#receiver = receiver;
  }

  start(): void {
    this.#isActive = true;
    this.#flush();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = null;
  }

  enqueue(event: EventObject): void {
    if (!this.#isActive || this.#isBusy) {
      (this.#waiting ??= []).push(event);
      return;
    }
    this.#isBusy = true;
    this.#receiver._process(event);
    this.#isBusy = false;
    if (this.#waiting !== null) this.#flush();
  }

  #flush(): void {
    this.#isBusy = true;
    for (let event = this.#waiting?.shift(); event !== undefined; event = this.#waiting?.shift()) {
      this.#receiver._process(event);
    }
    this.#waiting = null;
    this.#isBusy = false;
  }
}
