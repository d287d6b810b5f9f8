/**
 * `npm run bench:serve`: a live service under load on loopback, counted on both ends.
 *
 * A platform's side, in this process and a thread, reads the bids, answers them with spend reports and sends metrics, so many records a second; viewers watch
 * the live frames. The service runs in a process of its own.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistogram } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command } from "commander";
import { Worker } from "node:worker_threads";
import { Agent, streamed } from "./client.ts";
import type { BidReader } from "./worker.ts";

interface Options {
  readonly campaigns: string;
  readonly rate: string;
  readonly seconds: string;
  readonly every: string;
  readonly viewers: string;
  readonly batch: string;
  readonly json?: string;
}

const options = new Command("bench:serve")
  .description("Loads a live service on loopback and counts every record on both ends.")
  .option("--campaigns <number>", "campaigns", "10000")
  .option("--rate <number>", "records a second", "5000")
  .option("--seconds <number>", "length of the load", "60")
  .option("--every <duration>", "a tick every so often", "2s")
  .option("--viewers <number>", "viewers of the live frames", "2")
  .option("--batch <number>", "records of a request", "100")
  .option("--json <file>", "write the figures to this file")
  .parse()
  .opts<Options>();
const [campaigns, rate, seconds, viewers, batch] = [
  options.campaigns,
  options.rate,
  options.seconds,
  options.viewers,
  options.batch,
].map(Number);

const PLATFORMS = ["google", "meta", "tiktok", "microsoft", "amazon"];
const TOKEN = "a-token-for-the-load-test";
/** How long the service may take to start, and to end [ms]. */
const PATIENCE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "campaign-engine-load-"));
const scenario = join(folder, "load.json");
writeFileSync(
  scenario,
  JSON.stringify({
    name: "load",
    seed: 1,
    currency: "EUR",
    duration: "1d",
    platforms: PLATFORMS.map((id) => ({ id, cpc: 0.8, cvr: 0.04, clicksPerMinute: 60 })),
    campaigns: [{ id: "shop", count: campaigns, budget: 500, valuePerConversion: 40 }],
  }),
);

const bin = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));
const service = spawn(
  process.execPath,
  [bin, "serve", scenario, "--every", options.every, "--port", "0", "--json", "--drain", "10ms"],
  { env: { ...process.env, CAMPAIGN_ENGINE_TOKEN: TOKEN }, stdio: ["ignore", "pipe", "inherit"] },
);
const ended = new Promise<number | null>((resolve) => service.on("exit", resolve));
try {
  const figures = await load(await addressOf());
  process.stdout.write(`${render(figures)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  if (!isSound(figures)) process.exitCode = 1;
} finally {
  service.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
}

interface Figures {
  readonly campaigns: number;
  readonly seconds: number;
  readonly sent: number;
  readonly recordsPerSecond: number;
  /** Receipts of all requests added up. */
  readonly accepted: number;
  readonly refused: number;
  /** What the service itself has counted, by /metrics. */
  readonly counted: number;
  readonly requests: number;
  readonly tooMany: number;
  readonly requestMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  readonly frames: number;
  readonly ticks: number;
  readonly lateTicks: number;
  readonly tickMs: { readonly p50: number; readonly p99: number } | null;
}

async function load(base: URL): Promise<Figures> {
  const agent = new Agent(base, TOKEN);
  const stop = new AbortController();
  let frames = 0;
  const watching = Array.from({ length: viewers }, () =>
    streamed(base, "/v1/frames", stop.signal, () => (frames += 1)),
  );
  const outstanding: string[] = [];
  const reader = new Worker(new URL("worker.ts", import.meta.url), {
    workerData: { base: base.href, batch } satisfies BidReader,
  });
  reader.on("message", (lines: string) => outstanding.push(lines));
  reader.on("error", () => undefined);
  let metricsTick = 0;
  const clock = await agent.get<{ tick: number; everyMs: number }>("/v1/clock");
  metricsTick = clock.tick + 1;
  const took = createHistogram();
  const totals = { sent: 0, accepted: 0, refused: 0, requests: 0, tooMany: 0 };
  const bar = process.stderr.isTTY ? new SingleBar({ format: "{bar} {value} of {total} s, {sent} records" }) : null;
  const inFlight = new Set<Promise<void>>();
  const send = async (path: string, lines: string, records: number) => {
    const sentMs = performance.now();
    const { status, body } = await agent.post(path, lines);
    took.record(Math.max(1, Math.round((performance.now() - sentMs) * 1000)));
    totals.requests += 1;
    if (status === 429) {
      totals.tooMany += 1;
      outstanding.push(lines);
      return;
    }
    const receipt = JSON.parse(body) as { accepted: number; refused: number; errors: readonly object[] };
    if (receipt.refused > 0 && totals.refused === 0) {
      process.stderr.write(`refused: ${JSON.stringify(receipt.errors[0])}\n`);
    }
    totals.sent += records;
    totals.accepted += receipt.accepted;
    totals.refused += receipt.refused;
  };
  const bornMs = performance.now();
  /** Metrics are sent ahead, one record a platform and tick. */
  const sendMetrics = () => {
    const untilTick = clock.tick + 3 + Math.floor((performance.now() - bornMs) / clock.everyMs);
    const metrics: string[] = [];
    for (; metricsTick <= untilTick; metricsTick += 1) {
      for (const platform of PLATFORMS) {
        const figures = { impressions: 6000, clicks: 60, cpcMicros: 800_000, conversions: 2, conversionAgeTicks: 4 };
        metrics.push(JSON.stringify({ platform, tick: metricsTick, ...figures }));
      }
    }
    if (metrics.length > 0) track(inFlight, send("/v1/metrics", metrics.join("\n"), metrics.length));
  };
  // The load begins with the first bids: what was due before would come as one burst.
  while (outstanding.length < 100) {
    sendMetrics();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const before = totals.sent;
  bar?.start(seconds, 0, { sent: 0 });
  const startedMs = performance.now();
  const elapsed = () => (performance.now() - startedMs) / 1000;
  while (elapsed() < seconds) {
    sendMetrics();
    const due = before + elapsed() * rate;
    while (totals.sent + inFlight.size * batch + batch <= due && outstanding.length > 0) {
      track(inFlight, send("/v1/settlements", outstanding.shift()!, batch));
      reader.postMessage("sent");
    }
    bar?.update(Math.floor(elapsed()), { sent: totals.sent });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(inFlight);
  const lasted = elapsed();
  bar?.stop();
  const counted = countOf(await agent.text("/metrics"));
  const { performance: speed, tick } = await agent.get<StatusMessage>("/v1/status");
  stop.abort();
  await Promise.allSettled([...watching, reader.terminate()]);
  agent.close();
  const at = (percentile: number) => took.percentile(percentile) / 1000;
  return {
    campaigns,
    seconds: lasted,
    ...totals,
    recordsPerSecond: totals.sent / lasted,
    counted,
    requestMs: { p50: at(50), p95: at(95), p99: at(99), max: took.max / 1000 },
    frames,
    ticks: tick - clock.tick,
    lateTicks: speed.lateTicks,
    tickMs: speed.tickLatencyMs,
  };
}

interface StatusMessage {
  readonly tick: number;
  readonly performance: { readonly lateTicks: number; readonly tickLatencyMs: { p50: number; p99: number } | null };
}

function track(all: Set<Promise<void>>, one: Promise<void>): void {
  all.add(one);
  void one.finally(() => all.delete(one));
}

/** Records that the service counted as accepted, of all kinds. */
function countOf(metrics: string): number {
  const lines = metrics.matchAll(/^campaign_engine_records_total\{[^}]*outcome="accepted"[^}]*\} (\d+)/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

function isSound({ sent, accepted, counted, lateTicks }: Figures): boolean {
  return accepted === sent && counted === accepted && lateTicks === 0;
}

async function addressOf(): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  let text = "";
  service.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.includes("\n")) resolve(new URL((JSON.parse(text) as { url: string }).url));
  });
  service.on("exit", (code) => reject(new Error(`The service ended with exit code ${code}.`)));
  setTimeout(() => reject(new Error("The service does not start.")), PATIENCE_MS).unref();
  return promise;
}

function render(figures: Figures): string {
  const { requestMs, tickMs } = figures;
  const ms = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(1)} ms`);
  const count = (value: number) => Math.round(value).toLocaleString("en");
  const table = new Table({ style: { head: [], border: [] } });
  table.push(
    ["campaigns", count(figures.campaigns)],
    ["seconds", figures.seconds.toFixed(1)],
    [
      "records sent",
      `${count(figures.sent)}, ${count(figures.recordsPerSecond)} a second in ${count(figures.requests)} requests`,
    ],
    ["accepted, by the receipts", count(figures.accepted)],
    ["accepted, by the service's count", count(figures.counted)],
    ["refused", count(figures.refused)],
    ["sent again after 429", count(figures.tooMany)],
    ["request p50", ms(requestMs.p50)],
    ["request p95", ms(requestMs.p95)],
    ["request p99", ms(requestMs.p99)],
    ["request max", ms(requestMs.max)],
    ["viewers' frames", count(figures.frames)],
    ["ticks", `${count(figures.ticks)}, ${figures.lateTicks} late`],
    ["tick p50", ms(tickMs?.p50)],
    ["tick p99", ms(tickMs?.p99)],
  );
  return table.toString();
}
