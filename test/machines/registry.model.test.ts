import { getShortestPaths } from "@xstate/graph";
import { describe, expect, it } from "vitest";
import { createActor } from "xstate";
import type { AnyActorLogic, AnyMachineSnapshot, AnyStateMachine, EventObject, InspectionEvent } from "xstate";
import { machines } from "../../machines/index.ts";
import { compile } from "../../src/actors/compiled.ts";

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

function nodesOf({ root }: AnyStateMachine): Node[] {
  return [root, ...Object.values<Node>(root.states)];
}

function transitionsOf(machine: AnyStateMachine): Transition[] {
  return nodesOf(machine).flatMap(({ transitions, always }) => [...transitions.values()].flat().concat(always ?? []));
}

function nameOf({ source, eventType, target, description }: Transition): string {
  return `${source.key} --${eventType || "always"}--> ${target?.[0].key ?? "stays"}: ${description}`;
}

/** Drives an actor through events, and tells which transitions it took. */
function play(logic: AnyActorLogic, input: object, events: readonly EventObject[]) {
  const taken = new Set<Transition>();
  const inspect = (event: InspectionEvent) => {
    if (event.type === "@xstate.microstep") {
      for (const transition of event._transitions) taken.add(transition);
    }
  };
  const actor = createActor(logic, { input, inspect });
  actor.subscribe({ error: () => undefined });
  actor.start();
  for (const event of events) if (actor.getSnapshot().status === "active") actor.send(event);
  return { taken, snapshot: actor.getSnapshot() as AnyMachineSnapshot };
}

describe.each(machines)("the $name statechart", (registered) => {
  const { machine, sampleInput, sampleEvents, abstraction, isFlat } = registered;
  const toEvents = (snapshot: AnyMachineSnapshot) => (snapshot.status === "active" ? [...sampleEvents(snapshot)] : []);
  let edges = 0;
  const paths = getShortestPaths(machine, {
    input: sampleInput(),
    events: toEvents,
    serializeState: (snapshot: AnyMachineSnapshot) => abstraction(snapshot),
    // Every event is an edge of its own: worlds hold functions and maps, which look alike as text.
    serializeEvent: () => String((edges += 1)),
    limit: 20_000,
  });
  // A shortest path to every abstract state, and from there every event: each edge of the graph once.
  const walks: (readonly EventObject[])[] = [];
  for (const { steps, state } of paths) {
    const events = steps.map(({ event }) => event).filter(({ type }) => type !== "xstate.init");
    walks.push(events);
    for (const event of toEvents(state)) walks.push(events.concat(event));
  }

  it("describes every state and every transition", () => {
    expect(nodesOf(machine).filter(({ description }) => !description)).toEqual([]);
    expect(transitionsOf(machine).filter(({ description }) => !description)).toEqual([]);
  });

  it("has no timers and invokes nothing", () => {
    expect(nodesOf(machine).filter(({ invoke, after }) => invoke.length + after.length > 0)).toEqual([]);
  });

  it("takes every transition and visits every state on the paths of its graph", () => {
    const missing = new Set(transitionsOf(machine));
    const unvisited = new Set(Object.keys(machine.states));
    for (const events of walks) {
      const { taken, snapshot } = play(machine, sampleInput(), events);
      expect(snapshot.status).not.toBe("error");
      for (const transition of taken) {
        missing.delete(transition);
        for (const { key } of [transition.source, ...(transition.target ?? [])]) unvisited.delete(key);
      }
    }
    expect([...missing].map(nameOf)).toEqual([]);
    expect([...unvisited]).toEqual([]);
  });

  if (isFlat) {
    it("ends every path in the same state when it is compiled (K1)", () => {
      const logic = compile(machine);
      for (const events of walks) {
        const { value, context, status } = play(machine, sampleInput(), events).snapshot;
        expect(play(logic, sampleInput(), events).snapshot).toMatchObject({ value, context, status });
      }
    });
  }
});
