/** What a tick of feed costs: the sliding window, and each forecaster, per platform. */
import { createForecasters, FORECASTERS } from "../../src/core/forecast/index.ts";
import { RandomStream } from "../../src/core/random.ts";
import { SlidingWindow } from "../../src/core/window.ts";
import { race } from "./timing.ts";
import type { Contestant, Figure, Sizes } from "./timing.ts";

const WINDOWS = [30, 600];
/** Forecasters cost more than a window does. */
const UPDATE_SHARE = 0.1;

/** Windows against a recomputation, forecasters against the named baseline. */
export function forecast({ rounds, repeats }: Sizes): Figure[] {
  const random = new RandomStream(1, "bench:forecast");
  const ys = Float64Array.from({ length: 4096 }, () => random.next());
  const windows = WINDOWS.flatMap((size) => race(`window of ${size}`, windowContestants(size, ys, repeats), rounds));
  const updates = Math.max(1, Math.round(repeats * UPDATE_SHARE));
  const names = ["ols-30", ...Object.keys(FORECASTERS).filter((name) => name !== "ols-30")];
  const contestants = names.map((name) => forecasterContestant(name, ys, updates));
  return [...windows, ...race("forecast update", contestants, rounds)];
}

function windowContestants(size: number, ys: Float64Array, repeats: number): Contestant[] {
  const pushes = Math.max(1, Math.round((repeats * 10) / size));
  return [
    {
      subject: "recomputed from scratch",
      operations: pushes,
      prepare: () => {
        const held = Array.from({ length: size }, (_, x) => ys[x % ys.length]);
        return () => {
          let sum = 0;
          for (let x = size; x < size + pushes; x += 1) {
            held.shift();
            held.push(ys[x % ys.length]);
            sum += regressed(held);
          }
          consume(sum);
        };
      },
    },
    {
      subject: "incremental",
      operations: repeats,
      prepare: () => {
        const window = new SlidingWindow(size);
        for (let x = 0; x < size; x += 1) window.push(x, ys[x % ys.length]);
        return () => {
          let sum = 0;
          for (let x = size; x < size + repeats; x += 1) {
            window.push(x, ys[x % ys.length]);
            sum += window.at(x + 1);
          }
          consume(sum);
        };
      },
    },
  ];
}

/** The least-squares line of a window, read one step ahead. */
function regressed(ys: readonly number[]): number {
  const n = ys.length;
  let sumY = 0;
  let sumXY = 0;
  for (let x = 0; x < n; x += 1) {
    sumY += ys[x];
    sumXY += x * ys[x];
  }
  const meanX = (n - 1) / 2;
  const slope = (sumXY - meanX * sumY) / ((n * (n * n - 1)) / 12);
  return sumY / n + slope * (n - meanX);
}

function forecasterContestant(name: string, ys: Float64Array, updates: number): Contestant {
  return {
    subject: name,
    operations: updates,
    prepare: () => {
      const { forecasters } = createForecasters(name, 1, { tickMs: 60_000, periodTicks: 1440 });
      return () => {
        for (let tick = 0; tick < updates; tick += 1) {
          const clicks = Math.floor(60 * ys[tick % ys.length]);
          const conversions = Math.floor(clicks * 0.04);
          const metrics = { platform: 0, tick, impressions: 50 * clicks, clicks, cpcMicros: 1e6, conversions };
          forecasters[0].update({ ...metrics, conversionAgeTicks: conversions * 15 }, tick);
        }
      };
    },
  };
}

/** Keeps the optimiser from dropping what nobody reads. */
function consume(figure: number): void {
  if (Number.isNaN(figure)) throw new RangeError("not a number");
}
