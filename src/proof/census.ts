/** The census of an engine's actors: who was born, who lives, and which states and transitions of the statecharts were taken. */
import type { AnyActorRef, AnyStateMachine, InspectionEvent } from "xstate";
import { machines } from "../../machines/index.ts";

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

/** What of the statecharts was seen: names as in {@link allCoverage}. */
export interface Coverage {
  readonly states: Set<string>;
  readonly transitions: Set<string>;
}

/** Listens to one engine: give `inspect` to its configuration. */
export class ActorCensus {
  readonly coverage: Coverage = { states: new Set(), transitions: new Set() };
  /** Portfolios that escalated. */
  escalations = 0;
  readonly #campaigns = new Set<AnyActorRef>();
  readonly #names = new Map<Transition, string>();

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type === "@xstate.actor") {
      const actor = event.actorRef as AnyActorRef;
      if (actor.id.startsWith("campaign:")) this.#campaigns.add(actor);
    } else if (event.type === "@xstate.microstep") {
      for (const transition of event._transitions) this.#note(transition);
    }
  };

  /** What is wrong with the living, one text each: two of one campaign, or one whose parent lives no more (I3). */
  faults(): readonly string[] {
    const found: string[] = [];
    const living = new Set<string>();
    for (const actor of this.#campaigns) {
      if (!isLive(actor)) {
        this.#campaigns.delete(actor);
        continue;
      }
      if (living.has(actor.id)) found.push(`two live actors are ${actor.id}`);
      living.add(actor.id);
      for (let parent = actor._parent; parent !== undefined; parent = parent._parent) {
        if (!isLive(parent)) found.push(`${actor.id} lives on under ${parent.id}, which does not`);
      }
    }
    return found;
  }

  /** Campaign actors that live. */
  countLiving(): number {
    return [...this.#campaigns].filter(isLive).length;
  }

  #note(transition: Transition): void {
    let name = this.#names.get(transition);
    if (name === undefined) {
      name = nameOf(transition);
      this.#names.set(transition, name);
      for (const node of [transition.source, ...(transition.target ?? [])]) {
        if (node.parent !== undefined) this.coverage.states.add(stateOf(node));
      }
    }
    this.coverage.transitions.add(name);
    if (transition.source.machine.id === "portfolio" && transition.target?.[0].key === "escalated")
      this.escalations += 1;
  }
}

/** All states and transitions of the registered statecharts. */
export function allCoverage(): Coverage {
  const states = new Set<string>();
  const transitions = new Set<string>();
  for (const { machine } of machines) {
    const { root } = machine;
    for (const node of [root, ...Object.values<Node>(root.states)]) {
      if (node !== root) states.add(stateOf(node));
      for (const transition of [...node.transitions.values()].flat().concat(node.always ?? [])) {
        transitions.add(nameOf(transition));
      }
    }
  }
  return { states, transitions };
}

function isLive(actor: AnyActorRef): boolean {
  return (actor.getSnapshot() as { status: string }).status === "active";
}

function stateOf(node: Node): string {
  return `${node.machine.id}.${node.key}`;
}

function nameOf({ source, eventType, target, description }: Transition): string {
  const from = source.parent === undefined ? source.machine.id : stateOf(source);
  return `${from} on ${eventType === "" ? "always" : eventType} → ${target?.[0].key ?? "stays"}: ${description}`;
}
