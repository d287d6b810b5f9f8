/**
 * Live streams as server-sent events: frames, decisions, bids.
 *
 * ST1 a viewer that reads slowly misses frames, and holds nobody up; ST2 one that reads nothing for long is cut; ST3 there are never more
 * viewers than {@link MAX_VIEWERS}.
 */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { FRAME_MS } from "./live-run.ts";
import type { LiveRun } from "./live-run.ts";
import { Problem } from "./problem.ts";

/** Most viewers of all streams together. */
export const MAX_VIEWERS = 100;
/** Silence after which a comment is sent, so that nobody between cuts the connection [ms]. */
const HEARTBEAT_MS = 15_000;

/** One message of a stream. */
export interface Message {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/**
 * Streams what `next` has to say, asked at most four times a second, until the viewer leaves or the service closes. Messages that are made one by
 * one as they are asked for leave room for others in between.
 */
export function streamed(context: Context, run: LiveRun, next: () => Iterable<Message>, onEnd?: () => void): Response {
  if (run.vitals.viewers >= MAX_VIEWERS) {
    onEnd?.();
    throw new Problem("viewers.full", "There are too many viewers.", {}, 10);
  }
  const { signal } = run.closing;
  run.vitals.viewers += 1;
  return streamSSE(context, async (stream) => {
    const sleeper = new AbortController();
    const wake = () => sleeper.abort();
    stream.onAbort(wake);
    signal.addEventListener("abort", wake);
    const isOpen = () => !stream.aborted && !signal.aborted;
    let spokeMs = performance.now();
    try {
      while (isOpen()) {
        for (const message of next()) {
          if (!(await within(stream.writeSSE(message), run.stuckMs, sleeper.signal))) return drop(context);
          if (!isOpen()) return;
          spokeMs = performance.now();
          await new Promise((turned) => setImmediate(turned));
        }
        if (performance.now() - spokeMs > HEARTBEAT_MS) {
          if (!(await within(stream.write(": still here\n\n"), run.stuckMs, sleeper.signal))) return drop(context);
          spokeMs = performance.now();
        }
        await within(new Promise(() => undefined), FRAME_MS, sleeper.signal);
      }
    } finally {
      run.vitals.viewers -= 1;
      onEnd?.();
      signal.removeEventListener("abort", wake);
      if (!stream.closed) stream.abort();
    }
  });
}

/** Drops the connection: what waits in it would never be read (ST2). */
function drop(context: Context): void {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  outgoing?.destroy();
}

/** True when the promise is fulfilled within the time; false when it is not, or the signal aborts first. */
async function within(promise: Promise<unknown>, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise: cut, resolve } = Promise.withResolvers<boolean>();
  const giveUp = () => resolve(false);
  const timer = setTimeout(giveUp, ms);
  signal.addEventListener("abort", giveUp, { once: true });
  const isDone = await Promise.race([promise.then(() => true), cut]);
  clearTimeout(timer);
  signal.removeEventListener("abort", giveUp);
  return isDone;
}
