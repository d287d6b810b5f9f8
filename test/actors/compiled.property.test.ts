import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { and, assign, createActor, emit, not, or, raise, setup } from "xstate";
import type { AnyMachineSnapshot } from "xstate";
import { machines } from "../../machines/index.ts";
import { compile } from "../../src/actors/compiled.ts";
import { agree, run, visible } from "./lockstep.ts";
import type { Walk } from "./lockstep.ts";

interface NamedWalk extends Walk {
  readonly name: string;
}

/** One machine with every feature that the compiler knows, in ways that depend on their order. */
const everything = setup({
  types: {
    context: {} as { readonly trace: readonly string[]; readonly count: number },
    emitted: {} as { type: "noted"; count: number },
  },
  actions: {
    note: assign(({ context, event }, params: { what: string } | undefined) => ({
      trace: [...context.trace.slice(-20), `${params?.what ?? "?"}/${event.type}/${context.count}`],
    })),
    count: assign({ count: ({ context }) => (context.count + 1) % 7 }),
    plain: () => undefined,
    shout: emit(({ context }) => ({ type: "noted", count: context.count })),
    fail: assign(() => {
      throw new RangeError("told to fail");
    }),
    failPlainly: () => {
      throw new RangeError("told to fail plainly");
    },
  },
  guards: {
    isOdd: ({ context }) => context.count % 2 === 1,
    isOver: ({ context }, params: { limit: number }) => context.count > params.limit,
    isBroken: () => {
      throw new RangeError("broken guard");
    },
    isHigh: { type: "isOver", params: { limit: 4 } } as never,
  },
}).createMachine({
  id: "everything",
  context: { trace: [], count: 0 },
  initial: "a",
  output: ({ context, event }) => ({ count: context.count, inner: (event as unknown as { output: unknown }).output }),
  on: {
    "*": { actions: { type: "note", params: { what: "root wildcard" } } },
    "go.*": [
      { guard: "isOdd", target: ".b", actions: { type: "note", params: { what: "root go" } } },
      { guard: not("isOdd"), actions: ["count", "plain"] },
    ],
    broken: { guard: "isBroken", target: ".a" },
    fail: { actions: ["count", "fail"] },
    failPlainly: { actions: ["count", "shout", "failPlainly"] },
  },
  always: { guard: { type: "isOver", params: { limit: 5 } }, target: ".a", actions: assign({ count: 0 }) },
  states: {
    a: {
      entry: [{ type: "note", params: ({ context }) => ({ what: `enter a ${context.count}` }) }, "shout"],
      exit: { type: "note", params: { what: "exit a" } },
      on: {
        "go.home": { target: "b", actions: "count" },
        "go.*": { guard: or(["isOdd", { type: "isOver", params: { limit: 3 } }]), target: "c" },
        again: { target: "a", reenter: true, actions: "count" },
        same: { target: "a", actions: "shout" },
        forbidden: {},
        end: { target: "over", actions: "count" },
        burst: { actions: [raise({ type: "go.home" }), raise(({ context }) => ({ type: `x${context.count}` }))] },
      },
    },
    b: {
      entry: "count",
      exit: [{ type: "note", params: { what: "exit b" } }],
      always: [
        { guard: "isHigh", target: "c" },
        { guard: and(["isOdd", not({ type: "isOver", params: { limit: 2 } })]), target: "a", actions: "count" },
      ],
      on: { "*": { target: "a" }, "go.far.away": { target: "c", actions: "shout" }, broken: { target: "b" } },
    },
    c: {
      entry: raise({ type: "landed" }),
      always: { guard: "isOdd", target: "a", actions: { type: "note", params: { what: "c is odd" } } },
      on: { landed: { actions: "count" }, end: { target: "over", actions: "count" }, "go.home": "a" },
    },
    over: {
      type: "final",
      entry: "count",
      exit: { type: "note", params: { what: "exit over" } },
      output: ({ context }) => context.count * 10,
    },
  },
});

const types = "go.home go.far go.far.away go again same forbidden burst end landed broken fail failPlainly x1".split(
  " ",
);

const walks: readonly NamedWalk[] = [
  ...machines
    .filter(({ isFlat }) => isFlat)
    .map(({ name, machine, sampleInput, sampleEvents, failingEvents }) => ({
      name,
      machine,
      input: sampleInput,
      events: (snapshot: AnyMachineSnapshot) => [...sampleEvents(snapshot), ...failingEvents(), { type: "unheard.of" }],
    })),
  { name: "everything", machine: everything, input: () => ({}), events: () => types.map((type) => ({ type })) },
];

function keysOf({ machine, input }: Walk): string[] {
  return Object.keys(createActor(machine, { input: input() }).getSnapshot().context as object);
}

const variants = walks.flatMap((walk) => [
  { ...walk, how: "", logic: compile(walk.machine) },
  {
    ...walk,
    how: ", contexts recycled",
    logic: compile(walk.machine, { contextKeys: keysOf(walk) as never[] }),
  },
]);

describe.each(variants)("the compiled $name machine$how", ({ machine, input, events, logic }) => {
  const choices = fc.array(fc.nat(999), { size: "max", maxLength: 40 });

  it("agrees with the interpreted one after every event, whose last snapshot stays what it was (K1, K3, K5)", () => {
    fc.assert(
      fc.property(choices, (picks) => {
        agree({ machine, logic, input, events }, picks);
      }),
      { numRuns: 200 },
    );
  });

  it("goes on from a snapshot that the interpreted one persisted, and the other way round (K1, K4)", () => {
    fc.assert(
      fc.property(choices, choices, (first, second) => {
        const origin = run(machine, input());
        const twin = run(logic, input());
        const play = (actors: ReturnType<typeof run>[], picks: readonly number[]) => {
          for (const pick of picks) {
            if (actors[0].actor.getSnapshot().status !== "active") return;
            const offered = events(actors[0].actor.getSnapshot());
            for (const { actor } of actors) actor.send(offered[pick % offered.length]);
          }
        };
        play([origin, twin], first);
        if (origin.actor.getSnapshot().status !== "active") return;
        const figures = ["status", "value", "context", "children", "historyValue"];
        expect(Object.keys(twin.actor.getPersistedSnapshot())).toEqual(expect.arrayContaining(figures));
        expect(Object.keys(JSON.parse(JSON.stringify(twin.actor.getSnapshot())))).toEqual(
          expect.arrayContaining(figures),
        );
        const compiled = run(logic, input(), origin.actor.getPersistedSnapshot());
        const interpreted = run(machine, input(), twin.actor.getPersistedSnapshot());
        play([interpreted, compiled], second);
        expect(visible(compiled)).toEqual(visible(interpreted));
      }),
      { numRuns: 50 },
    );
  });
});
