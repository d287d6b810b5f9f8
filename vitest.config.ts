import { defineConfig } from "vitest/config";

// Random tests print their seed on failure; CI fixes it so that a red run can be repeated.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/seed.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What a test waits for may take its time on a machine that is busy.
    expect: { poll: { timeout: 15_000 } },
    // Many tests wait for processes and browsers of theirs: a worker for each core, where the default keeps one free.
    maxWorkers: "100%",
    coverage: { include: ["src/**", "machines/**"] },
  },
});
