import fc from "fast-check";
import { it } from "vitest";
import { and, assign, emit, not, or, raise, setup } from "xstate";
import type { AnyStateMachine } from "xstate";
import { compile } from "../../src/actors/compiled.ts";
import { agree } from "./lockstep.ts";

/** What generated machines are made of. Whatever may go on by itself burns fuel, so that every macrostep ends. */
const parts = setup({
  types: {
    context: {} as { readonly trace: readonly string[]; readonly count: number; readonly fuel: number },
    emitted: {} as { type: "noted"; count: number },
  },
  actions: {
    burn: assign({ fuel: ({ context }) => context.fuel - 1 }),
    refuel: assign({ fuel: 5 }),
    note: assign(({ context, event }, { what }: { what: string }) => ({
      trace: [...context.trace.slice(-9), `${what}/${event.type}/${context.count}`],
    })),
    count: assign(({ context }) => ({ count: (context.count + 1) % 5 })),
    shout: emit(({ context }) => ({ type: "noted", count: context.count })),
    fail: assign(({ context }) => {
      if (context.count === 4) throw new RangeError("told to fail");
      return {};
    }),
  },
  guards: {
    hasFuel: ({ context }) => context.fuel > 0,
    isOdd: ({ context }) => context.count % 2 === 1,
    isOver: ({ context }, { limit }: { limit: number }) => context.count > limit,
    isBroken: ({ context }) => {
      if (context.count === 3) throw new RangeError("broken guard");
      return false;
    },
  },
});

const STATES = ["a", "b", "c"];
const HEARD = ["x", "y", "x.y", "x.y.z", "z"];
const DESCRIPTORS = ["x", "y", "x.y", "x.*", "x.y.*", "*"];

const guards = fc.letrec<{ guard: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom("isOdd", "isBroken"),
    fc.nat(4).map((limit) => ({ type: "isOver", params: { limit } })),
  ),
  guard: fc.oneof(
    { depthSize: "small", maxDepth: 2 },
    tie("leaf"),
    tie("guard").map((one) => not(one as never)),
    fc.array(tie("guard"), { maxLength: 3 }).map((all) => and(all as never)),
    fc.array(tie("guard"), { maxLength: 3 }).map((all) => or(all as never)),
  ),
})).guard;
const action = fc.oneof(
  fc.constantFrom("count", "shout", "fail"),
  fc.nat(9).map((what) => ({ type: "note", params: { what: String(what) } })),
);
const actions = fc.array(action, { maxLength: 3 });
const raised = fc.constantFrom(...HEARD).map((type) => raise({ type }));
const arbitraryTransition = (targets: readonly string[], isSelfMoving: boolean) =>
  fc
    .record({
      target: fc.oneof(
        { weight: 1, arbitrary: fc.constant(undefined) },
        { weight: 3, arbitrary: fc.constantFrom(...targets) },
      ),
      guard: fc.oneof(fc.constant(undefined), guards),
      actions,
      raise: fc.option(raised, { nil: null }),
      reenter: fc.boolean(),
    })
    .map(({ target, guard, actions: own, raise: one, reenter }) => {
      if (one === null && !isSelfMoving) return { target, guard, actions: own, reenter };
      const fuelled = guard === undefined ? "hasFuel" : and(["hasFuel", guard as never]);
      return { target, guard: fuelled, actions: ["burn", ...own, ...(one === null ? [] : [one])], reenter };
    });
const arbitraryNode = (targets: readonly string[]) =>
  fc.record({
    on: fc.dictionary(
      fc.constantFrom(...DESCRIPTORS),
      fc.array(arbitraryTransition(targets, false), { minLength: 1, maxLength: 3, size: "max" }),
      { minKeys: 2, maxKeys: 5, size: "max" },
    ),
    always: fc.array(arbitraryTransition(targets, true), { maxLength: 2 }),
  });
const arbitraryMachine = fc
  .record({
    root: arbitraryNode(STATES.map((name) => `.${name}`)),
    states: fc.tuple(
      ...STATES.map(() =>
        fc.record({ node: arbitraryNode([...STATES, ...STATES, ...STATES, "over"]), entry: actions, exit: actions }),
      ),
    ),
  })
  .map(({ root, states }) => {
    const nodes = states.map(({ node, entry, exit }, i) => [STATES[i], { ...node, entry, exit }] as const);
    const over = {
      type: "final",
      entry: "count",
      exit: "shout",
      output: ({ context }: { context: object }) => context,
    };
    // The root is no state that could be entered again.
    const on = Object.fromEntries(
      Object.entries(root.on).map(([type, all]) => [type, all.map((one) => ({ ...one, reenter: false }))]),
    );
    const always = root.always.map((one) => ({ ...one, reenter: false }));
    return parts.createMachine({
      id: "generated",
      context: { trace: [], count: 0, fuel: 5 },
      initial: "a",
      output: ({ event }: { event: object }) => event,
      on: { ...on, refuel: { actions: "refuel" } },
      always,
      states: { ...Object.fromEntries(nodes), over },
    } as never) as unknown as AnyStateMachine;
  });

it("compiles any machine to logic that agrees with it, contexts recycled or not (K1, K3, K5)", () => {
  const events = () => ["refuel", ...HEARD].map((type) => ({ type }));
  const choices = fc.array(fc.nat(999), { size: "max", maxLength: 25 });
  fc.assert(
    fc.property(arbitraryMachine, fc.boolean(), choices, (machine, isRecycling, picks) => {
      const contextKeys = ["trace", "count", "fuel"] as never[];
      const logic = compile(machine, isRecycling ? { contextKeys } : {});
      agree({ machine, logic, input: () => ({}), events }, picks);
    }),
    { numRuns: 1_000 },
  );
});
