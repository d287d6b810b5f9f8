import fc from "fast-check";
import { expect, it } from "vitest";
import { createActor } from "xstate";
import { platformMachine } from "../../machines/platform.ts";

const few = fc.integer({ min: 1, max: 4 });
const thresholds = fc
  .record({ degradedAfterTicks: few, more: few, probeAfterTicks: few, probeTicks: few, recoverAfterTicks: few })
  .map(({ more, ...rest }) => Object.assign(rest, { downAfterTicks: rest.degradedAfterTicks + more }));
/** Runs of good (true) and bad ticks. */
const feeds = fc
  .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 12 })
  .map((runs) => runs.flatMap(([isHeard, ticks]) => Array<boolean>(ticks).fill(isHeard)));

const WAYS = [
  "healthy degraded",
  "degraded healthy",
  "degraded down",
  "down probing",
  "probing healthy",
  "probing down",
];

/** Length of the row of equal values at the end of a list. */
function lastRow<T>(list: readonly T[], value: T): number {
  return list.length - 1 - list.findLastIndex((one) => one !== value);
}

it("whatever a feed does, its platform is judged by rows of ticks, and always gets another chance (H2, H3)", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(thresholds, feeds, (given, feed) => {
      const actor = createActor(platformMachine, { input: { id: "p", thresholds: given } }).start();
      const states: string[] = ["healthy"];
      for (const [tick, isHeard] of feed.entries()) {
        actor.send({ type: isHeard ? "feed.heard" : "feed.silent", tick });
        const before = states.at(-1)!;
        const state: string = actor.getSnapshot().value;
        states.push(state);
        const until = feed.slice(0, tick + 1);
        const [good, bad] = [lastRow(until, true), lastRow(until, false)];
        if (state !== before) {
          seen.add(`${before} ${state}`);
          expect(WAYS).toContain(`${before} ${state}`);
          if (state === "degraded") expect(bad).toBeGreaterThanOrEqual(given.degradedAfterTicks);
          if (before === "degraded" && state === "down") expect(bad).toBeGreaterThanOrEqual(given.downAfterTicks);
          if (state === "healthy") expect(good).toBeGreaterThanOrEqual(given.recoverAfterTicks);
        }
        if (state === "healthy") expect(bad).toBeLessThan(given.degradedAfterTicks);
        if (state === "degraded") expect(bad).toBeLessThan(given.downAfterTicks);
        expect(lastRow(states, "down")).toBeLessThanOrEqual(given.probeAfterTicks);
      }
    }),
    { numRuns: 400 },
  );
  expect([...seen].toSorted()).toEqual(WAYS.toSorted());
});
