import { describe, expect, it } from "vitest";
import { createActor, createMachine, enqueueActions, fromCallback, log, raise, sendTo, stateIn } from "xstate";
import type { AnyStateMachine } from "xstate";
import { compile } from "../../src/actors/compiled.ts";

const inert = fromCallback(() => undefined);
const refused: readonly (readonly [feature: string, build: () => AnyStateMachine])[] = [
  ["invoke", () => createMachine({ initial: "a", states: { a: { invoke: { src: inert } } } })],
  ["after", () => createMachine({ initial: "a", states: { a: { after: { 10: "a" } } } })],
  ["of type compound", () => createMachine({ initial: "a", states: { a: { initial: "b", states: { b: {} } } } })],
  ["a root of type parallel", () => createMachine({ type: "parallel", states: { a: {} } })],
  ["of type history", () => createMachine({ initial: "a", states: { a: {}, h: { type: "history" } } })],
  ["tags", () => createMachine({ initial: "a", states: { a: { tags: "t" } } })],
  ["entry or exit of the root", () => createMachine({ initial: "a", entry: () => undefined, states: { a: {} } })],
  [
    "xstate.enqueueActions",
    () => createMachine({ initial: "a", states: { a: { entry: enqueueActions(() => undefined) } } }),
  ],
  ["xstate.log", () => createMachine({ initial: "a", states: { a: { entry: log("x") } } })],
  ["xstate.sendTo", () => createMachine({ initial: "a", states: { a: { entry: sendTo("b", { type: "c" }) } } })],
  ["with a delay", () => createMachine({ initial: "a", states: { a: { entry: raise({ type: "b" }, { delay: 1 }) } } })],
  ["stateIn", () => createMachine({ initial: "a", states: { a: { always: { guard: stateIn("a") } } } })],
  ['action "none"', () => createMachine({ initial: "a", states: { a: { entry: "none" } } })],
  ['guard "none"', () => createMachine({ initial: "a", states: { a: { on: { b: { guard: "none" } } } } })],
];

describe("the compiler", () => {
  it.each(refused)("refuses %s when the machine loads (K2)", (feature, build) => {
    expect(() => compile(build())).toThrow(
      expect.objectContaining({ code: "CE_MACHINE_UNSUPPORTED", message: expect.stringContaining(feature) }),
    );
  });

  it("refuses to restore a state that the machine does not have", () => {
    const logic = compile(createMachine({ id: "m", initial: "a", states: { a: {} } }));
    const actor = createActor(logic, { input: {}, snapshot: { status: "active", value: "b" } as never });
    expect(actor.getSnapshot()).toMatchObject({ status: "error", error: { code: "CE_MACHINE_UNSUPPORTED" } });
  });

  it("refuses a context with a key that it was not told of: the key would be lost where contexts are recycled", () => {
    const machine = createMachine({ id: "m", initial: "a", context: { known: 1, extra: 2 }, states: { a: {} } });
    const snapshot = createActor(compile(machine, { contextKeys: ["known"] as never[] }), { input: {} }).getSnapshot();
    expect(snapshot).toMatchObject({ status: "error", error: { code: "CE_MACHINE_UNSUPPORTED" } });
  });

  it("keeps nothing of event types that it does not know", () => {
    const actor = createActor(compile(createMachine({ initial: "a", states: { a: {} } })), { input: {} }).start();
    const before = actor.getSnapshot();
    actor.send({ type: "unheard.of" });
    expect(actor.getSnapshot()).toBe(before);
  });

  it("reports an error in the context factory as the failure of the actor", () => {
    const logic = compile(
      createMachine({
        context: () => {
          throw new RangeError("no context");
        },
        initial: "a",
        states: { a: {} },
      }),
    );
    expect(createActor(logic, { input: {} }).getSnapshot()).toMatchObject({ status: "error", value: "a", context: {} });
  });
});
