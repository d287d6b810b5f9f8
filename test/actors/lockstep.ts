/** A machine and its compiled logic, side by side. */
import { expect } from "vitest";
import { createActor } from "xstate";
import type { AnyActorLogic, AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate";

/** A machine that can be walked. */
export interface Walk {
  readonly machine: AnyStateMachine;
  readonly input: () => object;
  readonly events: (snapshot: AnyMachineSnapshot) => readonly EventObject[];
}

/** An actor that is started, and what it makes known. */
export function run(logic: AnyActorLogic, input: object, snapshot?: unknown) {
  const facts: unknown[] = [];
  const actor = createActor(logic, { input, snapshot: snapshot as never });
  actor.subscribe({ error: (error) => facts.push(String(error)), complete: () => facts.push("complete") });
  actor.on("*", (fact) => facts.push(fact));
  return { actor: actor.start(), facts };
}

/** What can be seen of an actor. */
export function visible({ actor, facts }: ReturnType<typeof run>) {
  const { status, value, context, output, error } = actor.getSnapshot();
  return { status, value, context, output, error: String(error), facts: [...facts] };
}

interface Pair extends Walk {
  readonly logic: AnyActorLogic;
}

/** Drives both by the same events: they agree after each (K1, K3), and the compiled one's last snapshot stays what it was (K5). */
export function agree({ machine, logic, input, events }: Pair, picks: readonly number[]) {
  const interpreted = run(machine, input());
  const compiled = run(logic, input());
  expect(visible(compiled)).toEqual(visible(interpreted));
  for (const pick of picks) {
    if (interpreted.actor.getSnapshot().status !== "active") break;
    const offered = events(interpreted.actor.getSnapshot());
    const event = offered[pick % offered.length];
    const before = [interpreted.actor.getSnapshot(), compiled.actor.getSnapshot()];
    const { value, context } = before[1];
    const shown = { ...context };
    interpreted.actor.send(event);
    compiled.actor.send(event);
    expect(visible(compiled), event.type).toEqual(visible(interpreted));
    if (interpreted.actor.getSnapshot() === before[0]) expect(compiled.actor.getSnapshot()).toBe(before[1]);
    expect(before[1].value).toBe(value);
    expect(before[1].context).toEqual(shown);
  }
}
