/** Operations of the inspector: what actors do, one actor under the glass, events by hand, and time where it can be stopped. */
import { driven } from "../inspect/hand-driven.ts";
import { StatelyFeed } from "../inspect/stately.ts";
import type {
  ActorRow,
  EventVerdict,
  HandDrivenFrame,
  InspectionFrame,
  TimeFrame,
} from "../observe/inspection-frames.ts";
import type { LiveRun } from "./live-run.ts";
import { operation } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { Problem } from "./problem.ts";
import { actorPath, actorQuery, handDrivenQuery, handMadeEvent, inspectionQuery, timeOrder } from "./schemas.ts";
import { streamed } from "./streams.ts";
import type { Message } from "./streams.ts";

/** The operations of the inspector. */
export const inspectOperations: readonly Operation[] = [
  operation({
    method: "get",
    path: "/v1/inspect/frames",
    summary:
      "What the actors of every statechart do, and one actor in particular; nobody listens to them when nobody reads this.",
    query: inspectionQuery,
    answer: "Events named `frame`, each an InspectionFrame, and `actor`, each an ActorFrame, at most four a second.",
    type: "text/event-stream",
    handle: ({ query }, run, context) => {
      run.assertStarted();
      const detach = run.inspection.attach();
      const watch = query.actor === undefined ? null : run.inspection.watch(query.actor);
      return streamed(
        context,
        run,
        () => {
          const messages: Message[] = [{ event: "frame", data: JSON.stringify(frameOf(run)) }];
          if (watch !== null) messages.push({ event: "actor", data: JSON.stringify(watch.frame()) });
          return messages;
        },
        () => {
          watch?.stop();
          detach();
        },
      );
    },
  }),
  operation({
    method: "get",
    path: "/v1/inspect/actors",
    summary: "Live actors of one statechart, one page.",
    query: actorQuery,
    answer: "A page of ActorRow.",
    handle: ({ query }, run): { total: number; offset: number; items: readonly ActorRow[] } => {
      run.assertStarted();
      const { chart, search, offset, limit } = query;
      return { offset, ...run.inspection.actors(chart, search, offset, limit) };
    },
  }),
  operation({
    method: "get",
    path: "/v1/inspect/alone",
    summary: "One statechart driven alone, by sample events: where it stands, and what each event would do.",
    query: handDrivenQuery,
    answer: "A HandDrivenFrame.",
    handle: ({ query }): HandDrivenFrame => {
      const { chart, path } = query;
      const frame = driven(chart, path === "" ? [] : path.split(",").map(Number));
      if (frame === null) throw new Problem("not.found", `There is no statechart ${query.chart}.`);
      return frame;
    },
  }),
  operation({
    method: "get",
    path: "/v1/inspect/stately",
    summary:
      "Live actors in the words of Stately's inspection protocol: the supervisors, and a dozen campaigns with the chosen one first.",
    query: inspectionQuery,
    answer: "Events named `stately`, each a message as @statelyai/inspect sends it.",
    type: "text/event-stream",
    handle: ({ query }, run, context) => {
      run.assertStarted();
      const feed = new StatelyFeed(run.engine, query.actor, () => Date.now());
      return streamed(
        context,
        run,
        () => feed.take().messages.map((message): Message => ({ event: "stately", data: JSON.stringify(message) })),
        () => feed.stop(),
      );
    },
  }),
  operation({
    method: "post",
    path: "/v1/inspect/actors/{id}/try",
    summary:
      "What would become of an event: which transitions it could take, and which its guards let through. Nothing is sent.",
    params: actorPath,
    body: handMadeEvent,
    answer: "An EventVerdict.",
    handle: ({ params, body }, run): EventVerdict => {
      run.assertStarted();
      const verdict = run.inspection.verdict(params.id, run.engine.withWorld(body));
      if (verdict === null) throw new Problem("not.found", `There is no live actor ${params.id} in this thread.`);
      return verdict;
    },
  }),
  operation({
    method: "post",
    path: "/v1/inspect/actors/{id}/events",
    summary: "Sends an event to a campaign's or a platform's actor by hand.",
    params: actorPath,
    body: handMadeEvent,
    answer: "What it did: an EventVerdict from before.",
    handle: async ({ params, body }, run): Promise<EventVerdict> => {
      run.assertStarted();
      const verdict = run.inspection.verdict(params.id, run.engine.withWorld(body));
      if (verdict === null) throw new Problem("not.found", `There is no live actor ${params.id} in this thread.`);
      await run.send(params.id, body);
      return verdict;
    },
  }),
  operation({
    method: "post",
    path: "/v1/time",
    summary: "Plays, pauses or steps the time of a simulation that is looked at with `campaign-engine inspect`.",
    body: timeOrder,
    answer: "A TimeFrame.",
    handle: ({ body }, run): TimeFrame => {
      const { time } = run;
      if (time === null)
        throw new Problem("order.refused", "Time goes by the wall clock here.", {
          hint: "Use `campaign-engine inspect`.",
        });
      if (body.action === "play") time.play(body.everyMs);
      else if (body.action === "pause") time.pause();
      else time.step(body.ticks);
      return time.frame;
    },
  }),
];

/** Made once for all viewers of the same moment: counting is taken off the transitions by whoever asks first. */
const frames = new WeakMap<LiveRun, { readonly madeMs: number; readonly frame: InspectionFrame }>();
/** How long a frame is shown to all [ms]. */
const SHARED_MS = 200;

function frameOf(run: LiveRun): InspectionFrame {
  const made = frames.get(run);
  if (made !== undefined && performance.now() - made.madeMs < SHARED_MS) return made.frame;
  const frame: InspectionFrame = {
    tick: run.view.tick,
    timeMs: run.view.timeMs,
    threads: run.engine.threads,
    time: run.time?.frame ?? null,
    charts: run.inspection.activity(),
  };
  frames.set(run, { madeMs: performance.now(), frame });
  return frame;
}
