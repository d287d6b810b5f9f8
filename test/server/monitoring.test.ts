import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { REASONS } from "../../src/core/decision.ts";
import { listen } from "../../src/server/listen.ts";
import { LiveService } from "./live-service.ts";

const monitoring = resolve(import.meta.dirname, "../../src/server/monitoring");
const rules = readFileSync(join(monitoring, "alerts.yaml"), "utf8");
const dashboard = JSON.parse(readFileSync(join(monitoring, "grafana-dashboard.json"), "utf8")) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
const alerts = (parse(rules) as { groups: { rules: { alert: string; expr: string }[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
];

const live = new LiveService({ isDemo: true, perCampaign: 2 });
let text = "";
beforeAll(async () => {
  live.start().tick(10);
  text = await (await live.get("/metrics")).text();
});
afterAll(() => {
  live.close();
});

/** Every series of the output: its name and labels. */
const series = () =>
  [...text.matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? /gm)].map(([, name, labels = ""]) => ({
    name,
    labels: new Map([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])),
  }));

const promtool = "/usr/bin/promtool";
const prometheus = "/usr/bin/prometheus";

describe("the metrics", () => {
  it.each(queries)("have all that %s asks for: %s", (_, expr) => {
    const all = series();
    for (const [, name, matchers = ""] of expr.matchAll(/((?:campaign_engine|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)) {
      const named = all.filter((one) => one.name === name);
      expect(named.length, name).toBeGreaterThan(0);
      for (const [, label, value] of matchers.matchAll(/(\w+)="([^"]*)"/g)) {
        expect(named.map(({ labels }) => labels.get(label))).toContain(value);
      }
    }
  });

  it("take their labels from closed lists, there from the start (MT2)", async () => {
    const fresh = new LiveService({ isDemo: true, perCampaign: 2 }).start().tick();
    const before = (await (await fresh.get("/metrics")).text()).match(/^campaign_engine\w+\{[^}]*\}/gm);
    const body = { kind: "spend", campaign: "<script>", platform: "nowhere" };
    await fresh.send("POST", "/v1/settlements", body);
    await fresh.get("/nowhere/at/all");
    fresh.tick(9);
    const after = (await (await fresh.get("/metrics")).text()).match(/^campaign_engine\w+\{[^}]*\}/gm);
    const isIngestion = (one: string) => one.includes("ingestion_duration");
    expect(after!.filter((one) => !isIngestion(one))).toEqual(before!.filter((one) => !isIngestion(one)));
    const reasons = series().filter(({ name }) => name === "campaign_engine_decisions_total");
    expect(reasons.map(({ labels }) => labels.get("reason"))).toEqual(Object.keys(REASONS));
    fresh.close();
  });

  it("have series for so many campaigns as were asked for, and no more (MT3)", () => {
    const spent = series().filter(({ name }) => name === "campaign_engine_campaign_spent_currency_units");
    expect(spent.map(({ labels }) => labels.get("campaign"))).toEqual(["shoes-0001", "shoes-0002"]);
  });

  it("say the same as the ledger, in currency units (MT1)", () => {
    const { money } = live.run.view.frame();
    const line = /^campaign_engine_money_currency_units\{account="spent"\} (.*)$/m.exec(text)!;
    expect(Number(line[1])).toBeCloseTo(money.spentMicros / 1e6, 6);
    const spends = [...text.matchAll(/^campaign_engine_platform_spend_currency_units_total\{.*\} (.*)$/gm)];
    expect(spends.reduce((sum, [, value]) => sum + Number(value), 0)).toBeCloseTo(money.spentMicros / 1e6, 6);
  });

  it("count every decision once, however often they are read", async () => {
    const counted = (read: string) =>
      [...read.matchAll(/^campaign_engine_decisions_total\{.*\} (.*)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
    // Ten ticks of three campaigns.
    const decisions = 30;
    expect(counted(text)).toBe(decisions);
    expect(counted(await (await live.get("/metrics")).text())).toBe(decisions);
  });

  it.skipIf(!existsSync(promtool))("and the rules pass promtool", () => {
    execFileSync(promtool, ["check", "rules", "--lint-fatal", join(monitoring, "alerts.yaml")], { stdio: "pipe" });
    execFileSync(promtool, ["check", "metrics"], { input: text, stdio: "pipe" });
  });

  it.skipIf(!existsSync(prometheus))("are scraped by a real Prometheus, and every query has an answer", async () => {
    const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
    const server = await listen(live.app, "127.0.0.1", 0);
    const port = await freePort();
    const target = `127.0.0.1:${server.port}`;
    const config = {
      global: { scrape_interval: "250ms", evaluation_interval: "1s" },
      rule_files: [join(monitoring, "alerts.yaml")],
      scrape_configs: [{ job_name: "campaign-engine", static_configs: [{ targets: [target] }] }],
    };
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
    const child = spawn(
      prometheus,
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore" },
    );
    const ask = async (expr: string) => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`;
      const response = await fetch(url).catch(() => null);
      const answer = (await response?.json().catch(() => null)) as {
        status: string;
        data: { result: unknown[] };
      } | null;
      return answer ?? { status: "none", data: { result: [] } };
    };
    try {
      const timer = setInterval(() => live.tick(), 200);
      await expect
        .poll(async () => (await ask("rate(campaign_engine_decisions_total[1m])")).data.result.length, {
          timeout: 20_000,
        })
        .toBeGreaterThan(0);
      await new Promise((done) => setTimeout(done, 1_000));
      clearInterval(timer);
      const isAlert = new Set(alerts.map(({ expr }) => expr));
      for (const [title, expr] of queries) {
        const { status, data } = await ask(expr);
        expect(status, `${title}: ${expr}`).toBe("success");
        if (!isAlert.has(expr)) expect(data.result.length, `${title}: ${expr}`).toBeGreaterThan(0);
      }
    } finally {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
      await server.close(100);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
