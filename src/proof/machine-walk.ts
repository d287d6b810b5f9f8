/**
 * Walks of the statecharts: the shortest path to every abstract state, and from there every event, for each registered machine.
 *
 * The campaign's machine is made with the user's own campaigns and policies, in worlds whose forecasts were learned from the scenario's own feed; the
 * others with their samples. Y1 every walk is driven twice, interpreted and compiled, to the same state; Y2 no walk ends in an error.
 */
import { getShortestPaths } from "@xstate/graph";
import { createActor } from "xstate";
import type { AnyActorLogic, AnyMachineSnapshot, EventObject } from "xstate";
import type { CampaignEvent, CampaignInput } from "../../machines/campaign.ts";
import { machines } from "../../machines/index.ts";
import type { RegisteredMachine } from "../../machines/index.ts";
import { compile } from "../actors/compiled.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import { Health } from "../core/forecast/board.ts";
import type { ForecastBoard } from "../core/forecast/board.ts";
import type { AccountView, Policy } from "../core/policy/policy.ts";
import { policyNamed } from "../core/policy/index.ts";
import { ReportBatch } from "../core/reports.ts";
import type { World } from "../core/world.ts";
import { PathMarket } from "../platforms/path-market.ts";
import { Feed } from "../runtime/feed.ts";
import { ActorCensus } from "./census.ts";
import type { Coverage } from "./census.ts";
import { PolicyGuard } from "./guarded-policy.ts";
import type { TrialSubject } from "./trial.ts";

/** A walk that ended in an error, or in two places. */
export interface BrokenWalk {
  readonly machine: string;
  /** Campaign id; null for a machine that is no campaign. */
  readonly campaign: string | null;
  /** The events of the walk in words, and where each led. */
  readonly steps: readonly string[];
  readonly text: string;
}

/** What the walks came to. */
export interface WalkOutcome {
  readonly walks: number;
  readonly coverage: Coverage;
  /** The first; null where none broke. */
  readonly broken: BrokenWalk | null;
}

/** Abstract states of one machine at most. */
const MAX_STATES = 20_000;

/** One machine with what it is walked with. */
interface Walkable {
  readonly registered: RegisteredMachine;
  readonly campaign: string | null;
  readonly input: () => object;
  /** An input with which no event fails: to find the walks. */
  readonly lookaround: () => object;
  readonly events: (snapshot: AnyMachineSnapshot) => readonly EventObject[];
  readonly nameOf: (event: EventObject) => string;
  /** What the policy did wrong since it was last asked; null for nothing. */
  readonly takeFault: () => string | null;
}

/** Walks all statecharts. @param onWalks called with the number of walks so far */
export function walkMachines(subject: TrialSubject, onWalks: (walks: number) => void = () => undefined): WalkOutcome {
  const census = new ActorCensus();
  let walks = 0;
  let broken: BrokenWalk | null = null;
  for (const walkable of walkables(subject)) {
    const { machine, isFlat } = walkable.registered;
    const compiled = isFlat ? (compile(machine) as AnyActorLogic) : null;
    for (const events of walksOf(walkable)) {
      walks += 1;
      const found = walk(walkable, compiled, events, census);
      broken ??= found;
    }
    onWalks(walks);
  }
  return { walks, coverage: census.coverage, broken };
}

function walkables(subject: TrialSubject): readonly Walkable[] {
  return machines.flatMap((registered): readonly Walkable[] => {
    const { name, sampleInput, sampleEvents } = registered;
    if (name === "campaign") {
      const boards = learnedBoards(subject);
      return subject.config.campaigns.map((spec, slot) => ownCampaign(registered, subject, boards, spec, slot));
    }
    const nameOf = ({ type }: EventObject) => type;
    return [
      {
        registered,
        campaign: null,
        input: sampleInput,
        lookaround: sampleInput,
        events: sampleEvents,
        nameOf,
        takeFault: () => null,
      },
    ];
  });
}

/** All walks: to every abstract state by the shortest path, and one event further. */
function walksOf({ registered, lookaround, events }: Walkable): readonly (readonly EventObject[])[] {
  const { machine, abstraction } = registered;
  const toEvents = (snapshot: AnyMachineSnapshot) => (snapshot.status === "active" ? [...events(snapshot)] : []);
  let edges = 0;
  const paths = getShortestPaths(machine, {
    input: lookaround(),
    events: toEvents,
    serializeState: (snapshot: AnyMachineSnapshot) => `${snapshot.status} ${abstraction(snapshot)}`,
    // Every event is an edge of its own: worlds hold functions and maps, which look alike as text.
    serializeEvent: () => String((edges += 1)),
    limit: MAX_STATES,
  });
  return paths.flatMap(({ steps, state }) => {
    const path = steps.map(({ event }) => event as EventObject).filter(({ type }) => type !== "xstate.init");
    return [path].concat(toEvents(state).map((event) => path.concat(event)));
  });
}

function walk(
  walkable: Walkable,
  compiled: AnyActorLogic | null,
  events: readonly EventObject[],
  census: ActorCensus,
): BrokenWalk | null {
  const { registered, campaign, input, nameOf, takeFault } = walkable;
  const { name, machine } = registered;
  takeFault();
  const steps: string[] = [];
  const drive = (logic: AnyActorLogic, isTwin: boolean): AnyMachineSnapshot => {
    const actor = createActor(logic, { input: input(), ...(isTwin ? { inspect: census.inspect } : {}) });
    actor.subscribe({ error: () => undefined });
    actor.start();
    for (const event of events) {
      if ((actor.getSnapshot() as AnyMachineSnapshot).status !== "active") break;
      actor.send(event);
      if (isTwin) steps.push(`${nameOf(event)} → ${String((actor.getSnapshot() as AnyMachineSnapshot).value)}`);
    }
    return actor.getSnapshot() as AnyMachineSnapshot;
  };
  const twin = drive(machine, true);
  const fault = takeFault();
  const failed = (text: string): BrokenWalk => ({ machine: name, campaign, steps, text });
  if (fault !== null) return failed(fault);
  if (twin.status === "error") return failed(`it fails: ${String(twin.error)}`);
  if (compiled === null) return null;
  const end = drive(compiled, false);
  if (end.value === twin.value && end.status === twin.status) return null;
  return failed(`compiled it ends ${String(end.value)}, interpreted ${String(twin.value)}`);
}

/** The campaign machine of one of the user's campaigns, with worlds that a policy may meet. */
function ownCampaign(
  registered: RegisteredMachine,
  { config, paths, policy }: TrialSubject,
  boards: ReadonlyMap<string, ForecastBoard>,
  spec: CampaignSpec,
  slot: number,
): Walkable {
  const guard = new PolicyGuard(config.currency);
  const own = policy ?? policyNamed(spec.policy);
  const guarded = guard.around(own);
  const platforms = paths.platforms.map((path) => path.spec);
  const inputWith = (decider: Policy): CampaignInput => ({ spec, slot, policy: decider, platforms });
  const worldAt = (tick: number, board: ForecastBoard, account: AccountView): World => {
    const { tickMs, startMs, ticks } = config;
    return {
      tick,
      tickMs,
      timeMs: startMs + tick * tickMs,
      day: { startTick: 0, endTick: ticks },
      platforms,
      boards: new Map([[spec.forecaster, { ...board, tick }]]),
      account: () => account,
    };
  };
  const names = new Map<EventObject, string>();
  const named = (event: CampaignEvent, name: string): CampaignEvent => {
    names.set(event, name);
    return event;
  };
  const { startTick, endTick } = spec.flight;
  const { untouched, bound, spent } = accountsOf(spec);
  const usual = boards.get(spec.forecaster)!;
  const tick = (at: number, board: ForecastBoard, account: AccountView, name: string) =>
    named({ type: "tick", world: worldAt(at, board, account) }, `a tick ${name}`);
  const reports = (account: AccountView, name: string) => {
    const world = worldAt(startTick, usual, account);
    return named({ type: "reports", batch: new ReportBatch(1), from: 0, to: 0, world }, `reports, ${name}`);
  };
  const newDay = (account: AccountView, name: string) => {
    const world = worldAt(startTick, usual, account);
    return named({ type: "day.started", tick: startTick, world }, `a new day, ${name}`);
  };
  const events = [
    ...Object.entries(boardsLike(usual)).map(([name, board]) => tick(startTick, board, untouched, `with ${name}`)),
    tick(startTick, usual, bound, "with all money reserved"),
    tick(startTick, usual, spent, "with all money spent"),
    tick(endTick - 1, usual, untouched, "at the end of the flight"),
    tick(startTick - 1, usual, untouched, "before the flight"),
    tick(endTick, usual, untouched, "after the flight"),
    reports(bound, "money still reserved"),
    reports(untouched, "all settled"),
    reports(spent, "all settled and spent"),
    named({ type: "budget.toppedUp", micros: spec.budgetMicros }, "a top-up"),
    named({ type: "budget.exhausted" }, "word that the budget was spent before a restart"),
    newDay(untouched, "money left"),
    newDay(spent, "nothing left"),
    named({ type: "hold", why: "check" }, "a hold"),
    named({ type: "resume" }, "a release"),
  ];
  return {
    registered,
    campaign: spec.id,
    input: () => inputWith(guarded),
    lookaround: () => inputWith(PolicyGuard.lenient(own)),
    events: () => events,
    nameOf: (event) => names.get(event) ?? event.type,
    takeFault: () => {
      const text = guard.fault?.text ?? null;
      guard.fault = null;
      return text;
    },
  };
}

/** Balances at the beginning, with everything reserved, and with everything spent. */
function accountsOf({
  budgetMicros,
  dailyBudgetMicros,
}: CampaignSpec): Record<"untouched" | "bound" | "spent", AccountView> {
  const mostMicros = Math.min(budgetMicros, dailyBudgetMicros ?? budgetMicros);
  const isDailyBound = mostMicros < budgetMicros;
  const account = (spentMicros: number, reservedMicros: number): AccountView => {
    return {
      budgetMicros,
      spentMicros,
      reservedMicros,
      availableMicros: mostMicros - spentMicros - reservedMicros,
      isDailyBound,
    };
  };
  return { untouched: account(0, 0), bound: account(0, mostMicros), spent: account(mostMicros, 0) };
}

/** Forecasts that a policy may meet, made from one that was learned. */
function boardsLike(board: ForecastBoard): Readonly<Record<string, ForecastBoard>> {
  const all = (value: number) => new Float64Array(board.cvr.length).fill(value);
  const times = (column: Float64Array, factor: number) => column.map((value) => value * factor);
  const { cpcMicros, cpcMeanMicros, cvr, cvrMean, health } = board;
  return {
    "the usual forecast": board,
    "prices a thousand times as high": {
      ...board,
      cpcMicros: times(cpcMicros, 1000),
      cpcMeanMicros: times(cpcMeanMicros, 1000),
    },
    "conversion rates of next to nothing": { ...board, cvr: times(cvr, 1e-9), cvrMean: times(cvrMean, 1e-9) },
    "no evidence yet": { ...board, evidence: all(0) },
    "a stale feed": { ...board, health: health.map(() => Health.degraded), ageTicks: all(5) },
    "every platform down": { ...board, health: health.map(() => Health.down), ageTicks: all(30) },
    "every platform on probation": { ...board, health: health.map(() => Health.probing) },
  };
}

/** The boards of all forecasters in use, after the scenario's own warm-up. */
function learnedBoards({ config, paths, exposures }: TrialSubject): ReadonlyMap<string, ForecastBoard> {
  const { campaigns, tickMs, periodTicks, warmupTicks, seed } = config;
  const valuesPerConversionMicros = campaigns.map((spec) => spec.valuePerConversionMicros);
  const market = new PathMarket({ paths, exposures, valuesPerConversionMicros, seed });
  const feed = new Feed({
    platforms: market.platforms,
    forecasterNames: campaigns.map((spec) => spec.forecaster),
    tickMs,
    periodTicks,
    forecasters: config.forecasters,
  });
  for (let tick = 1 - warmupTicks; tick <= 0; tick += 1) feed.push(tick, market.advance(tick).feed);
  feed.complete();
  return feed.boards;
}
