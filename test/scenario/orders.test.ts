import { describe, expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";

function ordersOf(...operator: readonly object[]) {
  const campaigns = [
    { id: "solo", budget: 10, valuePerConversion: 5 },
    { id: "many", count: 3, budget: 10, valuePerConversion: 5 },
  ];
  const fields = { name: "orders", duration: "1h", platforms: [{ id: "p" }], campaigns, operator };
  const { scenario, source } = parseScenario(JSON.stringify(fields, null, 2), "orders.json");
  return resolveScenario(scenario, source.locate).orders;
}

describe("the operator's orders", () => {
  it("are in the order of time, of one tick as they are written, with names as slots", () => {
    expect(
      ordersOf(
        { at: "30m", campaigns: "many-0002", do: "release" },
        { at: "10m", campaigns: ["many", "solo"], do: "hold", why: "out of stock" },
        { at: "10m", campaigns: "solo", do: "top-up", amount: "2.50 EUR" },
      ),
    ).toEqual([
      { tick: 10, slots: [0, 1, 2, 3], kind: "hold", micros: 0, why: "out of stock" },
      { tick: 10, slots: [0], kind: "top-up", micros: 2_500_000, why: "ordered by the operator" },
      { tick: 30, slots: [2], kind: "release", micros: 0, why: "ordered by the operator" },
    ]);
  });

  it.each([
    ["a campaign that is not there", { at: "1m", campaigns: "sole", do: "hold" }, "operator[0].campaigns", "sole"],
    ["a time after the end", { at: "1h", campaigns: "solo", do: "hold" }, "operator[0].at", "over"],
    ["a top-up of nothing", { at: "1m", campaigns: "solo", do: "top-up" }, "operator[0].amount", "top-up"],
    ["an amount to hold", { at: "1m", campaigns: "solo", do: "hold", amount: 5 }, "operator[0].amount", "top-up"],
    ["an unknown order", { at: "1m", campaigns: "solo", do: "stop" }, "operator[0].do", "hold"],
  ])("are refused with their place when they name %s", (_, order, field, word) => {
    let thrown: { place?: { field?: string } } & Error = new Error("nothing was thrown");
    try {
      ordersOf(order);
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown.place?.field).toBe(field);
    expect(JSON.stringify([thrown.message, thrown.place])).toContain(word);
  });
});
