/**
 * Services that are killed in the middle of their work, and what their books say afterwards.
 *
 * CR1 what the platform invoiced for the bids of the log is what the log booked, to the micro; CR2 every bid that was seen outside is in the log, as it was
 * seen; CR3 an order that was acknowledged is in the log once; CR4 the books balance: nothing is doubled, nothing overspent; CR5 the decision log of all
 * services together has every decision once, in order.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RandomStream } from "../../src/core/random.ts";
import { ReportKind } from "../../src/core/reports.ts";
import type { BidBatch } from "../../src/core/reports.ts";
import { AccountBook } from "../../src/journal/account-book.ts";
import { SqliteStore } from "../../src/journal/sqlite-store.ts";
import { readStep } from "../../src/journal/step.ts";
import { EndlessMarket } from "../../src/platforms/endless-market.ts";
import type { Market } from "../../src/platforms/market.ts";
import { endless } from "../../src/scenario/endless.ts";
import { loadScenario } from "../../src/scenario/loader.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";
import type { BidsAnswer } from "../../src/server/view-operations.ts";
import { Service } from "./service.ts";

/** How many services are killed, and how. */
export interface CrashPlan {
  readonly kills: number;
  /** Of the moments and the orders. */
  readonly seed: number;
  /** Where the state is, and grows. */
  readonly directory: string;
  /** Preset or file. Default `storm`. */
  readonly scenario?: string;
  /** Period of the ticks [ms]. Default 25. */
  readonly everyMs?: number;
  /** Longest life of a service after it has begun to bid [ms]. Default 800. */
  readonly lifeMs?: number;
  readonly onKill?: (figures: CrashFigures) => void;
}

/** What was found; differences would have been thrown. */
export interface CrashFigures {
  readonly kills: number;
  readonly ticks: number;
  readonly bids: number;
  /** Bids that were seen outside before their service was killed. */
  readonly bidsSeen: number;
  readonly charges: number;
  /** What the platform has invoiced, and what was booked [micros]. */
  readonly invoicedMicros: number;
  readonly bookedMicros: number;
  readonly topUps: number;
  /** Top-ups whose acknowledgement a kill cut off, sent again with their key. */
  readonly topUpsRepeated: number;
}

interface TopUp {
  readonly campaign: string;
  readonly micros: number;
  readonly key: string;
}

/** Room for campaigns that join, as `serve --demo` has it: the market's draws do not depend on it, but its columns do. */
const SPARE = 1_000;

/** Kills services, one after another, over one state. @throws Error with the first difference */
export async function crashes(plan: CrashPlan): Promise<CrashFigures> {
  const { kills, seed, directory, scenario = "storm", everyMs = 25, lifeMs = 800, onKill } = plan;
  const random = new RandomStream(seed, "crashes");
  const audit = new Audit(scenario, directory);
  let repeated = 0;
  let unsure: TopUp[] = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    const service = await Service.start(
      [
        scenario,
        "--demo",
        ...flags({
          every: `${everyMs}ms`,
          state: directory,
          "snapshot-ticks": 1 + Math.floor(random.next() * 40),
          log: join(directory, "decisions.ndjson"),
          "log-level": "all",
        }),
      ],
      process.cwd(),
    );
    const busy = new AbortController();
    repeated += unsure.length;
    const load = [watchBids(service, audit, busy.signal), giveOrders(service, audit, random, unsure, busy.signal)];
    await sleep(random.next() * lifeMs);
    await service.kill();
    busy.abort();
    const [, left] = await Promise.all(load);
    unsure = left ?? [];
    await audit.check(unsure);
    onKill?.({ ...audit.figures, kills: kill, topUpsRepeated: repeated });
  }
  assertDecisionLog(join(directory, "decisions.ndjson"));
  return { ...audit.figures, kills, topUpsRepeated: repeated };
}

function flags(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

/** @throws Error where the log does not say every decision once, in order; its end may be cut off (CR5) */
function assertDecisionLog(file: string): void {
  const campaigns: string[] = [];
  let [tick, at, declared] = [-1, 0, 0];
  // Under overload, which a busy machine may bring about, not all is written.
  let isThinned = false;
  for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
    const said = JSON.parse(line) as { event: string; tick: number; campaign: string };
    if (said.event === "campaign.declared") declared = campaigns.push(said.campaign);
    isThinned ||= said.event === "engine.overloaded";
    if (said.event !== "decision") continue;
    const slot = campaigns.indexOf(said.campaign);
    const isNext = isThinned ? said.tick > tick : said.tick === tick + 1;
    if (said.tick === tick ? slot < at : !isNext) {
      throw new Error(`CR5: after slot ${at} of tick ${tick} comes slot ${slot} of tick ${said.tick}`);
    }
    [tick, at] = [said.tick, slot + 1];
  }
  if (declared !== new Set(campaigns).size || tick < 0) throw new Error(`CR5: ${declared} campaigns are declared`);
}

/** Notes every bid that leaves. */
async function watchBids(service: Service, audit: Audit, signal: AbortSignal): Promise<undefined> {
  let after = audit.lastTick - 1;
  while (!signal.aborted) {
    const answers = (await service.get<BidsAnswer[]>(`/v1/bids?after=${after}`)) ?? [];
    for (const answer of answers) {
      audit.see(answer);
      after = Math.max(after, answer.tick);
    }
    await sleep(5);
  }
  return undefined;
}

/** Tops campaigns up, one after another; those of an earlier service first that nobody knows the fate of. @returns those of this one */
async function giveOrders(
  service: Service,
  audit: Audit,
  random: RandomStream,
  unsure: readonly TopUp[],
  signal: AbortSignal,
): Promise<TopUp[]> {
  const waiting = [...unsure];
  for (;;) {
    const order = waiting[0] ?? audit.newTopUp(random);
    if (waiting.length === 0) waiting.push(order);
    if (signal.aborted) return waiting;
    const { campaign, micros, key } = order;
    const answer = await service.post(`/v1/campaigns/${campaign}/top-up`, { micros, key, by: "crash test", why: key });
    if (answer !== null) {
      waiting.shift();
      audit.acknowledge(order);
    }
    await sleep(10);
  }
}

/** The platform's books and ours, side by side. */
class Audit {
  lastTick = 0;
  readonly #directory: string;
  readonly #market: Market;
  readonly #platforms: readonly string[];
  readonly #campaigns: readonly string[];
  readonly #book = new AccountBook();
  readonly #seen = new Map<string, string>();
  readonly #acknowledged = new Map<string, TopUp>();
  readonly #toppedUp = new Map<string, number>();
  readonly #invoicedMicros: number[];
  readonly #bids = new Map<string, string>();
  #bidsSeen = 0;
  #seq = 0;
  #keys = 0;

  constructor(source: string, directory: string) {
    const { scenario, source: from } = loadScenario(source);
    const { market, exposures, campaigns, platforms } = endless(resolveScenario(scenario, from.locate));
    const spare = Array.from({ length: SPARE }, () => ({ volumeShare: 1, cvrFactors: platforms.map(() => 1) }));
    this.#market = new EndlessMarket(market, [...exposures, ...spare]);
    this.#directory = directory;
    this.#platforms = platforms.map(({ id }) => id);
    this.#campaigns = campaigns.map(({ id }) => id);
    this.#invoicedMicros = campaigns.map(() => 0);
  }

  get figures(): Omit<CrashFigures, "kills" | "topUpsRepeated"> {
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const { ticks, bids, charges } = this.#book.counts;
    const invoicedMicros = sum(this.#invoicedMicros);
    const bookedMicros = sum(this.#book.rows.map(({ spentMicros, disputedMicros }) => spentMicros + disputedMicros));
    return {
      ticks,
      bids,
      bidsSeen: this.#bidsSeen,
      charges,
      invoicedMicros,
      bookedMicros,
      topUps: this.#toppedUp.size,
    };
  }

  newTopUp(random: RandomStream): TopUp {
    this.#keys += 1;
    const campaign = this.#campaigns[Math.floor(random.next() * this.#campaigns.length)];
    return { campaign, micros: 1 + Math.floor(random.next() * 1e6), key: `top-up ${this.#keys}` };
  }

  acknowledge(order: TopUp): void {
    this.#acknowledged.set(order.key, order);
  }

  /** Notes bids that were seen outside. */
  see({ tick, platform, bids }: BidsAnswer): void {
    for (const { campaign, bidMicros, capMicros } of bids) {
      this.#seen.set(`${campaign} ${tick} ${platform}`, `${bidMicros} ${capMicros}`);
    }
  }

  /** Reads what the log has since the last time, and holds it against what the platform invoices, and what was seen and promised (CR1–CR4). */
  async check(unsure: readonly TopUp[]): Promise<void> {
    const store = new SqliteStore(this.#directory, { isReadOnly: true });
    for await (const entry of store.read(0, this.#seq)) {
      this.#seq = entry.seq;
      this.#book.book(entry);
      if (entry.kind === "opened" || entry.kind === "received") continue;
      const step = readStep(entry.bytes);
      for (const { tick } of step.news) this.#invoice(tick);
      for (const batch of step.bids) this.#place(batch);
      if (entry.kind === "tick") this.lastTick = entry.tick;
      for (const { type, ...fact } of step.facts)
        if (type === "budget.toppedUp") this.#note(String(fact["why"]), Number(fact["micros"]));
    }
    await store.close();
    for (const [slot, { campaign, spentMicros, disputedMicros }] of this.#book.rows.entries()) {
      if (spentMicros + disputedMicros !== this.#invoicedMicros[slot]) {
        throw new Error(
          `CR1: ${campaign} was invoiced ${this.#invoicedMicros[slot]} micros; ${spentMicros} + ${disputedMicros} are booked`,
        );
      }
    }
    for (const [key, seen] of this.#seen) {
      const kept = this.#bids.get(key);
      if (seen !== kept) throw new Error(`CR2: bid ${key} left as ${seen}, and is in the log as ${kept}`);
    }
    this.#bidsSeen += this.#seen.size;
    this.#seen.clear();
    const open = new Set(unsure.map(({ key }) => key));
    for (const { key, micros } of this.#acknowledged.values()) {
      if (this.#toppedUp.get(key) !== micros)
        throw new Error(`CR3: ${key} of ${micros} micros was acknowledged, not written`);
    }
    for (const key of this.#toppedUp.keys()) {
      if (!this.#acknowledged.has(key) && !open.has(key)) throw new Error(`CR3: ${key} was never sent`);
    }
  }

  #invoice(tick: number): void {
    const { reports } = this.#market.advance(tick);
    for (let row = 0; row < reports.length; row += 1) {
      if (reports.kind[row] === ReportKind.spend)
        this.#invoicedMicros[reports.campaign[row]] += reports.costMicros[row];
    }
  }

  #place(batch: BidBatch): void {
    const { tick, length, campaign, bidMicros, capMicros } = batch;
    const platform = this.#platforms[batch.platform];
    for (let row = 0; row < length; row += 1) {
      this.#bids.set(`${this.#campaigns[campaign[row]]} ${tick} ${platform}`, `${bidMicros[row]} ${capMicros[row]}`);
    }
    this.#market.place(batch);
  }

  #note(key: string, micros: number): void {
    if (this.#toppedUp.has(key)) throw new Error(`CR3: ${key} is in the log twice`);
    this.#toppedUp.set(key, micros);
  }
}
