import { describe, expect, it } from "vitest";
import { machines } from "../../machines/index.ts";
import { driven } from "../../src/inspect/hand-driven.ts";

describe("a statechart driven alone", () => {
  it.each(machines.map(({ name }) => name))(
    "goes where its guards let it, the same way every time: %s (HD1)",
    (chart) => {
      const path: number[] = [];
      for (let step = 0; step < 6; step += 1) {
        const frame = driven(chart, path)!;
        expect(frame.steps.map(({ place }) => place)).toEqual(path);
        const places = [...frame.offers.keys()].filter((place) => frame.offers[place].verdict.error === null);
        if (places.length === 0) break;
        const place = places[(step * 5) % places.length];
        path.push(place);
        const after = driven(chart, path)!;
        expect(after.state).toBe(frame.offers[place].verdict.next);
        expect(driven(chart, path)).toEqual(after);
      }
      expect(path.length).toBeGreaterThan(0);
    },
  );

  it("stops where an event makes it fail, and says why", () => {
    const { offers } = driven("campaign", [])!;
    const place = offers.findIndex(({ verdict }) => verdict.error !== null);
    const failed = driven("campaign", [place, 0])!;
    expect(failed).toMatchObject({ status: "error", failure: "The sample policy was told to fail.", offers: [] });
    expect(failed.steps).toHaveLength(1);
  });

  it("knows no other statechart, and passes over events that there are not", () => {
    expect(driven("nothing", [])).toBeNull();
    expect(driven("campaign", [9_999])!.steps).toEqual([]);
  });
});
