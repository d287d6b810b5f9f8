/** Statecharts as Mermaid text (`stateDiagram-v2`): transitions labelled event [guard] / actions, descriptions as notes. */
import type { AnyStateMachine } from "xstate";
import { actionName, guardName } from "./names.ts";

type Node = AnyStateMachine["root"];
type Transition = NonNullable<Node["always"]>[number];

/** The diagram of a machine of one level. Transitions of the root are drawn from a state named `any`. */
export function toMermaid(machine: AnyStateMachine): string {
  const { root } = machine;
  const lines = ["stateDiagram-v2", `  [*] --> ${root.initial.target[0].key}`];
  for (const node of Object.values<Node>(root.states)) {
    lines.push(...edges(node, node.key));
    if (node.type === "final") lines.push(`  ${node.key} --> [*]`);
    lines.push(...note(node.key, node.description));
  }
  const shared = edges(root, "any");
  if (shared.length > 0)
    lines.push("  state any", ...shared, ...note("any", "Every state, where it has no transition of its own."));
  return `${lines.join("\n")}\n`;
}

function edges(node: Node, from: string): string[] {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  return transitions.map((one) => `  ${from} --> ${one.target?.[0].key ?? from}: ${label(one)}`);
}

function label({ eventType, guard, actions }: Transition): string {
  const when = guard === undefined ? "" : ` [${guardName(guard)}]`;
  const names = actions.map((action) => actionName(action)).filter((name) => name !== "");
  // A colon or semicolon would end the label.
  return `${eventType || "always"}${when}${names.length > 0 ? ` / ${names.join(", ")}` : ""}`.replaceAll(/[:;#]/g, " ");
}

function note(state: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`  note right of ${state}`, `    ${text}`, "  end note"];
}
