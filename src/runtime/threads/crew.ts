/**
 * The worker threads: started, told their rounds, waited for, and found dead.
 *
 * CW1 waiting never outlasts a dead thread: one that ends says so in shared memory, one that gives no sign of life for too long is ended;
 * CW2 what a dead thread had published stands, what it had not is lost; CW3 nothing of a predecessor reaches its successor's rounds.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { Control } from "./control.ts";
import type { Reply, RoundMessage, ThreadSetup } from "./messages.ts";

/** How long a thread may take to start [ms]. */
const START_MS = 30_000;
/** How long is waited between two looks at it [ms]. */
const LOOK_MS = 5;

/** What came back from a round, beside the answers. */
export interface Outcome {
  readonly replies: readonly Reply[];
  /** Why the thread is dead, or null. */
  readonly death: string | null;
}

interface Hand {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly control: Control;
  /** Whether it has answered yet. */
  isUp: boolean;
  /** Slots below this were seen to be answered for in the present round. */
  seen: number;
  /** Signs of life that were seen, and how long there was none since [ms]. */
  beats: number;
  silentMs: number;
  death: string | null;
}

/** The threads of one engine, by number from 1. */
export class Crew {
  readonly #hands = new Map<number, Hand>();
  readonly #silenceMs: number;

  /** @param silenceMs how long a thread may give no sign of life in a round */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** Starts a thread; it is ready when it first answers. */
  start(setup: Omit<ThreadSetup, "control">): void {
    const control = new SharedArrayBuffer(Control.BYTES);
    const { port1, port2 } = new MessageChannel();
    const url = new URL(`./worker.${import.meta.url.split(".").at(-1)}`, import.meta.url);
    const worker = new Worker(url, {
      name: `campaigns ${setup.thread}`,
      workerData: { setup: { ...setup, control }, port: port2 },
      transferList: [port2],
    });
    // A run that was given up must not be kept alive by its threads.
    worker.unref();
    const hand: Hand = {
      worker,
      port: port1,
      control: new Control(control),
      isUp: false,
      seen: 0,
      beats: 0,
      silentMs: 0,
      death: null,
    };
    worker.on("error", (error) => {
      hand.death ??= error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", (code) => {
      hand.death ??= `it ended with code ${code}`;
    });
    this.#hands.set(setup.thread, hand);
  }

  /** Ends a thread. */
  end(thread: number): void {
    const hand = this.#hands.get(thread);
    this.#hands.delete(thread);
    if (hand === undefined) return;
    hand.port.close();
    void hand.worker.terminate();
  }

  /** Begins a round. */
  post(thread: number, message: RoundMessage): void {
    const hand = this.#hands.get(thread)!;
    hand.control.reset();
    hand.seen = 0;
    hand.silentMs = 0;
    hand.port.postMessage(message);
  }

  /**
   * Whether a thread has answered for a slot in the present round: false where it never will (CW1), null where it has not yet. Blocks for some
   * milliseconds before it says so.
   */
  look(thread: number, slot: number): boolean | null {
    const hand = this.#hands.get(thread);
    if (hand === undefined) return false;
    if (hand.seen > slot) return true;
    const { control } = hand;
    const { published } = control;
    hand.seen = published;
    if (published > slot) {
      hand.isUp = true;
      return true;
    }
    if (control.isDead) hand.death ??= "it ended";
    if (hand.death !== null) return control.published > slot;
    control.wait(published, LOOK_MS);
    const { beats } = control;
    hand.silentMs = beats === hand.beats ? hand.silentMs + LOOK_MS : 0;
    hand.beats = beats;
    const mostMs = hand.isUp ? this.#silenceMs : START_MS;
    if (hand.silentMs >= mostMs) hand.death = `it gave no sign of life for ${mostMs} ms`;
    return null;
  }

  /** Blocks until a round is over, and returns what was said since the last one. */
  finish(thread: number): Outcome {
    const hand = this.#hands.get(thread);
    if (hand === undefined) return { replies: [], death: null };
    while (this.look(thread, Control.DONE - 1) === null);
    const replies: Reply[] = [];
    for (;;) {
      const received = receiveMessageOnPort(hand.port);
      if (received === undefined) break;
      const reply = received.message as Reply;
      if (reply.type === "failed") hand.death = reply.error;
      replies.push(reply);
    }
    return { replies, death: hand.death };
  }
}
