/**
 * One statechart driven alone, by hand: no engine, no other actors, no time. Where it stands is the list of the sample events that it was given.
 *
 * HD1 the same list leads to the same state; HD2 nothing is carried out: children are named, not started.
 */
import { getInitialSnapshot, getNextSnapshot } from "xstate";
import type { AnyMachineSnapshot } from "xstate";
import { machines } from "../../machines/index.ts";
import type { RegisteredMachine } from "../../machines/index.ts";
import type { EventVerdict, HandDrivenFrame } from "../observe/inspection-frames.ts";
import { ChartIndex } from "./chart-index.ts";
import { knowledge, messageOf, own, plain, stateOf } from "./shown.ts";

const MOST_DETAIL = 200;
const MOST_CONTEXT = 6_000;

/**
 * The statechart of a name after these events; null where there is none.
 * @param path places of the events in the offers, each as of the state before it; what follows a failure, or an event that there is not, is left out
 */
export function driven(chart: string, path: readonly number[]): HandDrivenFrame | null {
  const registered = machines.find(({ name }) => name === chart);
  return registered === undefined ? null : drive(registered, path);
}

function drive(
  { name, machine, sampleInput, sampleEvents, failingEvents }: RegisteredMachine,
  path: readonly number[],
): HandDrivenFrame {
  const index = new ChartIndex(name, machine);
  const offered = (snapshot: AnyMachineSnapshot) =>
    snapshot.status === "active" ? [...sampleEvents(snapshot), ...failingEvents()] : [];
  const steps: HandDrivenFrame["steps"][number][] = [];
  let snapshot = getInitialSnapshot(machine, sampleInput()) as AnyMachineSnapshot;
  let failure: string | null = null;
  for (const place of path) {
    const event = offered(snapshot)[place];
    if (event === undefined || failure !== null) break;
    const before = stateOf(snapshot.value);
    try {
      const next = getNextSnapshot(machine, snapshot, event) as AnyMachineSnapshot;
      if (next.status === "error") throw next.error;
      snapshot = next;
    } catch (error) {
      failure = messageOf(error);
    }
    steps.push({ event: event.type, detail: detailOf(event), before, after: stateOf(snapshot.value), place });
  }
  const offers = failure === null ? offered(snapshot) : [];
  return {
    chart: name,
    state: stateOf(snapshot.value),
    status: failure === null ? snapshot.status : "error",
    failure,
    context: (JSON.stringify(knowledge(snapshot.context), null, 2) ?? "").slice(0, MOST_CONTEXT),
    steps,
    offers: offers.map((event): HandDrivenFrame["offers"][number] => {
      const verdict: EventVerdict = index.verdict(snapshot, event);
      return { event: event.type, detail: detailOf(event), verdict };
    }),
  };
}

function detailOf(event: { readonly type: string }): string {
  const known = "world" in event ? { ...own(event), world: worldOf(event.world) } : own(event);
  const text = JSON.stringify(plain(known, 2));
  return text === "{}" ? "" : text.slice(0, MOST_DETAIL);
}

/** Of a sample world what differs from one to the next: its tick, the money, and what the sample policy is told to do. */
function worldOf(world: unknown): object {
  const { tick, account, boards } = world as {
    tick: number;
    account: (slot: number) => { availableMicros: number; reservedMicros: number };
    boards: ReadonlyMap<string, { evidence: ArrayLike<number> }>;
  };
  const { availableMicros, reservedMicros } = account(0);
  const decides = ["holds", "bids", "falls back", "has no money", "fails"][[...boards.values()][0].evidence[0]];
  return { tick, availableMicros, reservedMicros, policy: decides };
}
