import fc from "fast-check";
import { expect, it } from "vitest";
import { assign, createActor, emit, setup } from "xstate";
import type { Actor, AnyActorLogic, AnyActorRef, EventObject } from "xstate";
import { Leaf } from "../../src/actors/leaf.ts";

/** Counts; tells whoever listens; sends itself what it is told to; fails; ends. */
const machine = setup({
  types: { context: {} as { heard: readonly string[] }, input: {} as { first: string } },
  actions: {
    hear: assign({ heard: ({ context, event }) => [...context.heard, (event as unknown as { name: string }).name] }),
    tell: emit(({ context }) => ({ type: `heard.${context.heard.length % 2}` })),
    answer: ({ self, event }) => {
      for (const name of (event as unknown as { answers: string[] }).answers) {
        self.send({ type: name === "end" ? name : "say", name, answers: [] });
      }
    },
    fail: () => {
      throw new Error("told to");
    },
  },
}).createMachine({
  context: ({ input }) => ({ heard: [input.first] }),
  initial: "open",
  states: {
    open: {
      on: { say: { actions: ["answer", "hear", "tell"] }, fail: { actions: "fail" }, end: "closed" },
    },
    closed: { type: "final" },
  },
});

interface Step {
  readonly do: string;
}

const names = fc.constantFrom("a", "b", "end");
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("say"), name: names, answers: fc.array(names, { maxLength: 3 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom("start", "subscribe", "unsubscribe", "listen", "unlisten") }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("fail", "stop", "end") }) },
  ),
  { maxLength: 20 },
);

/**
 * A script that XState can be led through: an error that nobody hears of it throws into the event loop, and it does not know what to do with an actor that is
 * started when it has ended.
 */
function sound(script: readonly Step[]): Step[] {
  const isFailing = script.some((step) => step.do === "fail");
  const ended = script.findIndex((step) => step.do === "stop" || step.do === "start");
  const kept = script.filter((step, at) => {
    if (step.do === "unsubscribe") return !isFailing;
    return step.do !== "start" || at === ended;
  });
  return [{ do: "subscribe" }, ...kept];
}

/** All that can be heard of an actor while it is led through the steps. */
function play(create: (inspect: (event: unknown) => void) => AnyActorRef, script: readonly Step[]): string[] {
  const log: string[] = [];
  const note = (what: string, value?: unknown) => log.push(`${what} ${JSON.stringify(value)}`);
  const actor = create((event) => {
    const { type, event: about } = event as { type: string; event?: EventObject };
    note(type, about?.type);
  });
  const subscriptions: { unsubscribe(): void }[] = [];
  const listeners: { unsubscribe(): void }[] = [];
  const seen = (snapshot: { status: string; value: unknown; context: unknown }) =>
    note("next", [snapshot.status, snapshot.value, snapshot.context]);
  for (const step of script) {
    note(step.do);
    if (step.do === "start") actor.start();
    else if (step.do === "stop") (actor as Actor<AnyActorLogic>).stop();
    else if (step.do === "subscribe") {
      subscriptions.push(
        actor.subscribe({
          next: seen,
          error: (error) => note("error", String(error)),
          complete: () => note("complete"),
        }),
      );
    } else if (step.do === "unsubscribe") subscriptions.pop()?.unsubscribe();
    else if (step.do === "listen") listeners.push(actor.on("*", (told: EventObject) => note("told", told.type)));
    else if (step.do === "unlisten") listeners.pop()?.unsubscribe();
    else actor.send({ ...step, type: step.do });
    seen(actor.getSnapshot());
  }
  return log;
}

it("a leaf is, to all who listen, the actor that createActor makes, whatever it is told and when (L1, L2)", () => {
  let deepest = 0;
  const input = { first: "zero" };
  const property = fc.property(steps, (drawn) => {
    const script = sound(drawn);
    const usual = play((inspect) => createActor(machine, { id: "one", input, inspect }), script);
    const leaf = play((inspect) => new Leaf(machine, { id: "one", input, inspect }), script);
    deepest = Math.max(deepest, usual.length);
    expect(leaf).toEqual(usual);
  });
  fc.assert(property, { numRuns: 1000 });
  expect(deepest).toBeGreaterThan(100);
});

it("leaves do not hear what their siblings are subscribed to (L1)", () => {
  const [one, other] = [0, 1].map(() => new Leaf(machine, { input: { first: "zero" } }).start());
  const heard: string[] = [];
  one.subscribe(() => heard.push("next"));
  one.on("*", () => heard.push("told"));
  other.send({ type: "say", name: "a", answers: [] });
  expect(heard).toEqual([]);
  one.send({ type: "say", name: "a", answers: [] });
  expect(heard.toSorted()).toEqual(["next", "told"]);
});

it("keeps nothing of what it was created with once it has started (L3)", () => {
  const input = { first: "zero" };
  const leaf = new Leaf(machine, { input });
  expect(leaf.options).toMatchObject({ input });
  expect(leaf.start().options).toEqual({});
});
