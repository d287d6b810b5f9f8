/**
 * A rehearsal: some of the campaigns that are to begin in a thread play made-up ticks there, so that what the first real tick calls is compiled by then.
 *
 * RH1 nothing of it is left: boards, balances and answers are its own, faults and policies that are not the engine's take no part; RH2 it is short.
 */
import type { CampaignSpec } from "../../core/campaign.ts";
import type { Decision } from "../../core/decision.ts";
import { createBoard } from "../../core/forecast/board.ts";
import { Ledger } from "../../core/ledger.ts";
import { policies } from "../../core/policy/index.ts";
import { ReportBatch } from "../../core/reports.ts";
import { BoardMirror, shareBoard } from "./board-mirror.ts";
import type { SharedBoard } from "./board-mirror.ts";
import { Answers, Calls, shareColumns } from "./columns.ts";
import type { ThreadSetup } from "./messages.ts";
import { shareReports } from "./report-columns.ts";
import { Shard } from "./shard.ts";

/** Most campaigns that rehearse, and their ticks (RH2): as many decisions as compile a policy. */
const MOST_CAMPAIGNS = 250;
const TICKS = 60;
/** They are on the way: no campaign comes to its end. */
const FLIGHT = { startTick: 0, endTick: 2 * TICKS };
/** The market that they meet: a click costs a quarter of its value; a bid wins one, at half its price; one in so many converts. */
const CVR = 0.05;
const PRICE_SHARE = 0.25;
const CLICKS_PER_CONVERSION = 20;
const DELAY_TICKS = 10;
const IMPRESSIONS_PER_CLICK = 50;
const FEED_CLICKS = 4;

/** Rehearses with some of the campaigns; returns the number of decisions that they made. */
export function rehearse(setup: ThreadSetup, campaigns: readonly CampaignSpec[]): number {
  const specs = campaigns
    .filter(({ policy }) => policies.has(policy) && !Object.hasOwn(setup.policyModules, policy))
    .slice(0, MOST_CAMPAIGNS)
    .map(ofFlight);
  if (specs.length === 0) return 0;
  const platforms = setup.platforms.length;
  const columns = shareColumns(specs.length, platforms);
  const reports = shareReports(specs.length * platforms);
  const boards = setup.boards.map((board) => madeUp(board, specs[0].valuePerConversionMicros));
  const ledger = new Ledger(platforms);
  ledger.makeRoom(specs.length);
  for (const { budgetMicros } of specs) ledger.open(budgetMicros);
  const accounts = ledger.rows.cells;
  const shard = new Shard({ ...setup, columns, accounts, boards, faults: null }, new Map());
  shard.setReports(reports);
  shard.assign(specs.map((spec, slot) => ({ type: "start", slot, spec })));
  const calls = new Calls(columns);
  const answers = new Answers(columns);
  const { answer: _answer, ...rows } = reports;
  const batch = Object.assign(new ReportBatch(0), rows);
  let decided: (Decision | null)[] = specs.map(() => null);
  let decisions = 0;
  for (let tick = 0; tick < TICKS; tick += 1) {
    batch.clear();
    for (const [slot, spec] of specs.entries()) {
      const before = batch.length;
      report(batch, slot, decided[slot]);
      spend(ledger, slot, spec, tick);
      calls.write(slot, batch.length > before, true);
    }
    const moment = { tick, timeMs: tick * setup.tickMs, day: FLIGHT };
    shard.play({ type: "tick", moment, length: batch.length }, () => undefined);
    decided = specs.map((_, slot) => answers.decision(slot));
    decisions += decided.filter((decision) => decision !== null).length;
  }
  return decisions;
}

function ofFlight(spec: CampaignSpec): CampaignSpec {
  return { ...spec, flight: FLIGHT };
}

/** Reports what came of a campaign's bids. */
function report(batch: ReportBatch, slot: number, decision: Decision | null): void {
  if (decision === null) return;
  const { tick, candidates } = decision;
  for (const { platform, bidMicros } of candidates) {
    if (bidMicros === 0) continue;
    const conversions = (slot + tick) % CLICKS_PER_CONVERSION === 0 ? 1 : 0;
    batch.pushSpend(slot, platform, tick, Math.ceil(bidMicros / 2), IMPRESSIONS_PER_CLICK, 1, conversions);
  }
}

/** Spends evenly. */
function spend(ledger: Ledger, slot: number, { budgetMicros }: CampaignSpec, tick: number): void {
  const micros = Math.floor((budgetMicros * tick) / FLIGHT.endTick) - ledger.view(slot).spentMicros;
  if (micros === 0) return;
  ledger.reserve(slot, tick, 0, micros);
  ledger.settle(slot, tick, 0, micros);
}

/** A board of the same kind, on which every platform is worth its price. */
function madeUp({ forecaster, platforms, periodTicks }: SharedBoard, valueMicros: number): SharedBoard {
  const board = createBoard(forecaster, platforms, periodTicks);
  const priceMicros = CVR * valueMicros * PRICE_SHARE;
  board.cvr.fill(CVR);
  board.cvrMean.fill(CVR);
  board.cvrRelSd.fill(0.1);
  board.cpcMicros.fill(priceMicros);
  board.cpcMeanMicros.fill(priceMicros);
  board.evidence.fill(100);
  board.delayTicks.fill(DELAY_TICKS);
  board.impressionsPerClick.fill(IMPRESSIONS_PER_CLICK);
  for (const plan of board.traffic) {
    plan.profile.fill(FEED_CLICKS);
    for (let i = 0; i <= periodTicks; i += 1) plan.cumulative[i] = i * FEED_CLICKS;
    plan.far = { tick: 0, level: 1, reversionTicks: 100, horizonTicks: periodTicks };
  }
  const shared = shareBoard(board);
  new BoardMirror(shared).write(board);
  return shared;
}
