import { describe, expect, it } from "vitest";
import { machines } from "../../machines/index.ts";
import { toMermaid } from "../../machines/mermaid.ts";

describe("a statechart as Mermaid text", () => {
  it.each(machines)("draws every state of $name, its description as a note", ({ machine }) => {
    const text = toMermaid(machine);
    for (const [key, node] of Object.entries(machine.states)) {
      expect(text).toMatch(new RegExp(`--> ${key}\\b`));
      expect(text).toContain(`note right of ${key}\n    ${node.description}\n`);
    }
  });

  it("labels transitions with event, guards and actions, and draws those of the root from any state", () => {
    const campaign = machines.find(({ name }) => name === "campaign")!;
    const lines = toMermaid(campaign.machine).split("\n");
    expect(lines.slice(0, 2)).toEqual(["stateDiagram-v2", "  [*] --> idle"]);
    expect(lines).toContain("  bidding --> exhausted: reports [isSettled and hasNothingLeft] / learn");
    expect(lines).toContain("  evaluating --> bidding: always [isBid]");
    expect(lines).toContain("  any --> any: hold / hold");
  });

  it("ends final states", () => {
    const engine = machines.find(({ name }) => name === "engine")!;
    expect(toMermaid(engine.machine)).toContain("  stopped --> [*]\n");
  });
});
