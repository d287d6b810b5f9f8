import { describe, expect, it } from "vitest";
import { createBoard } from "../../src/core/forecast/board.ts";
import { TrafficShare } from "../../src/observe/traffic-share.ts";

describe("the plan of spend", () => {
  it("is even until a day was learned, and then follows the traffic of all platforms", () => {
    const traffic = new TrafficShare();
    expect(traffic.share(10, 30, 15)).toBeCloseTo(0.25, 12);
    const board = createBoard("sample", 2, 4);
    for (const [platform, clicks] of [
      [0, [0, 0, 3, 1]],
      [1, [0, 2, 1, 1]],
    ] as const) {
      const { profile, cumulative } = board.traffic[platform];
      clicks.forEach((count, phase) => {
        profile[phase] = count;
        cumulative[phase + 1] = cumulative[phase] + count;
      });
    }
    traffic.learn([board], 0);
    expect([0, 1, 2, 3, 4].map((tick) => traffic.share(0, 4, tick))).toEqual([0, 0, 0.25, 0.75, 1]);
    expect(traffic.share(2, 8, 4)).toBeCloseTo(6 / 14, 12);
    expect([traffic.share(5, 9, 2), traffic.share(5, 9, 12)]).toEqual([0, 1]);
  });
});
