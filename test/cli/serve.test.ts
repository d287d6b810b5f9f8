import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startService } from "../started-service.ts";
import type { CampaignDetail } from "../../src/observe/frames.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "serve-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const start = (args: readonly string[], env: Record<string, string> = {}) => startService(args, { cwd: folder, env });

describe("campaign-engine serve", () => {
  it("runs a demonstration, takes orders, and drains on SIGTERM with the balances right", async () => {
    const token = join(folder, "token");
    const log = join(folder, "decisions.ndjson");
    const live = await start(["calm-day", "--demo", "--every", "50ms", "--token-file", token, "--log", log]);
    expect((await fetch(`${live.url}/readyz`)).status).toBe(200);
    expect(statSync(token).mode & 0o777).toBe(0o600);
    const headers = {
      authorization: `Bearer ${readFileSync(token, "utf8").trim()}`,
      "content-type": "application/json",
    };
    const page = await (await fetch(`${live.url}/v1/campaigns?limit=1`)).json();
    const { id, budgetMicros } = (page as { items: CampaignDetail[] }).items[0];
    const campaign = async () => (await (await fetch(`${live.url}/v1/campaigns/${id}`)).json()) as CampaignDetail;
    await expect.poll(async () => (await campaign()).spentMicros, { timeout: 10_000 }).toBeGreaterThan(0);
    const post = (path: string, body: object, method = "POST") =>
      fetch(live.url + path, { method, headers, body: JSON.stringify(body) });
    expect((await post(`/v1/campaigns/${id}/top-up`, { micros: 5_000_000, by: "anna" })).status).toBe(200);
    expect((await campaign()).budgetMicros).toBe(budgetMicros + 5_000_000);
    expect((await post("/v1/kill-switch", { scope: "all", engaged: true, why: "a test" }, "PUT")).status).toBe(200);
    await expect.poll(async () => (await campaign()).reservedMicros, { timeout: 10_000 }).toBe(0);
    const { spentMicros } = await campaign();
    const frames = await fetch(`${live.url}/v1/frames`);
    live.child.kill("SIGTERM");
    expect(await live.exit).toBe(0);
    await frames.body?.cancel().catch(() => undefined);
    expect(live.errors()).toContain("0 bids without an answer");
    const lines = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const orders = lines.filter(({ event }) => event === "operator.acted");
    expect(orders).toMatchObject([
      { action: "campaign.top-up", campaign: id, micros: 5_000_000, by: "anna" },
      { action: "engine.pause", why: "a test" },
    ]);
    expect(spentMicros).toBeLessThanOrEqual(budgetMicros + 5_000_000);
    expect(readFileSync(log, "utf8") + live.errors()).not.toContain(headers.authorization.slice(7));
  });

  it("is no longer ready while it waits for spend reports, and a second Ctrl-C does not wait", async () => {
    const token = "a-token-for-the-tests";
    const args = ["calm-day", "--every", "1s", "--drain", "30s"];
    const live = await start(args, { CAMPAIGN_ENGINE_TOKEN: token });
    const { tick } = (await (await fetch(`${live.url}/v1/clock`)).json()) as { tick: number };
    const platforms = (await (await fetch(`${live.url}/v1/platforms`)).json()) as { id: string }[];
    const lines = platforms.flatMap(({ id }) =>
      Array.from({ length: 3 }, (_, ahead) =>
        JSON.stringify({
          platform: id,
          tick: tick + ahead,
          impressions: 9e4,
          clicks: 900,
          cpcMicros: 4e5,
          conversions: 60,
        }),
      ),
    );
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" };
    const sent = await fetch(`${live.url}/v1/metrics`, { method: "POST", headers, body: lines.join("\n") });
    expect(sent.status).toBe(200);
    const bids = async () => ((await (await fetch(`${live.url}/v1/bids`)).json()) as unknown[]).length;
    await expect.poll(bids, { timeout: 10_000 }).toBeGreaterThan(0);
    live.child.kill("SIGINT");
    await expect.poll(async () => (await fetch(`${live.url}/readyz`)).status, { timeout: 10_000 }).toBe(503);
    live.child.kill("SIGINT");
    expect(await live.exit).toBe(130);
  });

  it.each([
    ["beyond this machine without a token", ["--host", "0.0.0.0"], 2, "needs a token"],
    ["a scenario that is not there", ["nowhere.yaml"], 3, "no such file or preset"],
    ["a port out of range", ["--port", "70000"], 2, ""],
  ])("refuses %s", async (_, args, code, message) => {
    const child = spawn(process.execPath, [join(root, "src/cli/bin.js"), "serve", ...args], {
      cwd: folder,
      env: { ...process.env, CAMPAIGN_ENGINE_TOKEN: undefined },
    });
    let errors = "";
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    expect(await new Promise((done) => child.once("exit", done))).toBe(code);
    expect(errors).toContain(message);
  });
});
