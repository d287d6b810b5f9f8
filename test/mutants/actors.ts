/** Faults in the statecharts, in their compiler, and in supervision. */
import type { Mutant } from "./mutant.ts";

const CAMPAIGN = "machines/campaign.ts";
const PORTFOLIO = "machines/portfolio.ts";
const PLATFORM = "machines/platform.ts";
const COMPILED = "src/actors/compiled.ts";
const POOL = "src/actors/pool.ts";
const REGISTRY = "test/machines/registry.model.test.ts";
const CAMPAIGN_MODEL = ["test/machines/campaign.model.test.ts"];
const PLATFORM_MODEL = ["test/machines/platform.model.test.ts", REGISTRY];
const SUPERVISION = ["test/actors/supervision.property.test.ts"];
const LOCKSTEP = ["test/actors/compiled.property.test.ts"];

export const ACTORS: readonly Mutant[] = [
  {
    name: "exhaustion is asked for after the guard that is always open",
    breaks: "C4: always-guards in order",
    file: CAMPAIGN,
    find: `        { guard: "isExhausted", target: "exhausted", description: "The budget, or the day's, is spent." },
        { target: "idle", description: "No bid this tick, for the reason in the decision." },`,
    replace: `        { target: "idle", description: "No bid this tick, for the reason in the decision." },
        { guard: "isExhausted", target: "exhausted", description: "The budget, or the day's, is spent." },`,
    killers: [...CAMPAIGN_MODEL, REGISTRY],
  },
  {
    name: "any tick leaves exhausted",
    breaks: "C4",
    file: CAMPAIGN,
    find: `        "budget.toppedUp": { target: "idle", description: "The owner added to the budget." },`,
    replace: `        "budget.toppedUp": { target: "idle", description: "The owner added to the budget." },
        tick: { target: "idle", description: "A tick." },`,
    killers: CAMPAIGN_MODEL,
  },
  {
    name: "a new day without money leaves exhausted",
    breaks: "C4",
    file: CAMPAIGN,
    find: 'only(event, "day.started").world.account(context.slot).availableMicros > 0;',
    replace: 'only(event, "day.started").world.account(context.slot).availableMicros >= 0;',
    killers: CAMPAIGN_MODEL,
  },
  {
    name: "a campaign bids in the tick after its flight",
    breaks: "C1",
    file: CAMPAIGN,
    find: "tick >= startTick && tick < endTick",
    replace: "tick >= startTick && tick <= endTick",
    killers: CAMPAIGN_MODEL,
  },
  {
    name: "a held campaign goes on",
    breaks: "C1",
    file: CAMPAIGN,
    find: "return context.heldBecause === null && tick >= startTick",
    replace: "return tick >= startTick",
    killers: [...CAMPAIGN_MODEL, "test/runtime/engine.sim.test.ts"],
  },
  {
    name: "the last report is not learned from",
    breaks: "C3",
    file: CAMPAIGN,
    find: `      target: "idle",
      actions: "learn",`,
    replace: `      target: "idle",`,
    killers: CAMPAIGN_MODEL,
  },
  {
    name: "a successor forgets what the actor that failed had decided last",
    breaks: "C5",
    file: CAMPAIGN,
    find: "input.resume ?? freshContext(input)",
    replace: "input.resume ? { ...input.resume, kind: null } : freshContext(input)",
    killers: CAMPAIGN_MODEL,
  },
  {
    name: "a restart begins with an empty memory",
    breaks: "S3",
    file: POOL,
    find: "create(held, scope, member, lastGood(held, slot));",
    replace: "create(held, scope, member, undefined);",
    killers: SUPERVISION,
  },
  {
    name: "a restart replaces a live child",
    breaks: "S2",
    file: POOL,
    find: "if (member === undefined || isLive(held.children[slot])) continue;",
    replace: "if (member === undefined) continue;",
    killers: SUPERVISION,
  },
  {
    name: "a pool that stops leaves its children",
    breaks: "S4",
    file: POOL,
    find: "  for (const slot of held.slots) scope.stopChild(held.children[slot]);\n",
    replace: "",
    killers: SUPERVISION,
  },
  {
    name: "a pool that stops leaves one child",
    breaks: "S4",
    file: POOL,
    find: "for (const slot of held.slots) scope.stopChild",
    replace: "for (const slot of held.slots.slice(1)) scope.stopChild",
    killers: SUPERVISION,
  },
  {
    name: "the backoff never resets",
    breaks: "S6",
    file: PORTFOLIO,
    find: "      troubles.delete(trouble.slot);\n",
    replace: "",
    killers: SUPERVISION,
  },
  {
    name: "the backoff grows by a step where it should double",
    breaks: "S6",
    file: PORTFOLIO,
    find: "limits.backoffTicks * 2 ** (nth - 1)",
    replace: "limits.backoffTicks * nth",
    killers: SUPERVISION,
  },
  {
    name: "the window of restart intensity never slides",
    breaks: "S7",
    file: PORTFOLIO,
    find: "(before?.failedTicks ?? []).filter((at) => at > failure.tick - limits.windowTicks)",
    replace: "[...(before?.failedTicks ?? [])]",
    killers: SUPERVISION,
  },
  {
    name: "quarantine comes one failure early",
    breaks: "S7",
    file: PORTFOLIO,
    find: "inRow > limits.maxRestarts",
    replace: "inRow >= limits.maxRestarts",
    killers: SUPERVISION,
  },
  {
    name: "escalation comes one quarantine early",
    breaks: "S8",
    file: PORTFOLIO,
    find: "context.quarantined > context.limits.maxQuarantined",
    replace: "context.quarantined >= context.limits.maxQuarantined",
    killers: SUPERVISION,
  },
  {
    name: "the breaker never probes",
    breaks: "H3: a way back from down",
    file: PLATFORM,
    find: "event.tick - context.sinceTick >= context.thresholds.probeAfterTicks",
    replace: "event.tick - context.sinceTick < 0 * context.thresholds.probeAfterTicks",
    killers: PLATFORM_MODEL,
  },
  {
    name: "a platform that is down is trusted at once",
    breaks: "H3: through probing only",
    file: PLATFORM,
    find: `        "feed.heard": {
          target: "probing",`,
    replace: `        "feed.heard": {
          target: "healthy",`,
    killers: PLATFORM_MODEL,
  },
  {
    name: "good ticks do not break a row of bad ones",
    breaks: "H2: consecutive ticks",
    file: PLATFORM,
    find: "goodTicks: ({ context }) => context.goodTicks + 1, badTicks: 0",
    replace: "goodTicks: ({ context }) => context.goodTicks + 1",
    killers: PLATFORM_MODEL,
  },
  {
    name: "compiled charts skip exit actions",
    breaks: "K1",
    file: COMPILED,
    find: "    perform(run, run.state.exit);\n",
    replace: "",
    killers: LOCKSTEP,
  },
  {
    name: "compiled charts ask the last guard first",
    breaks: "K1",
    file: COMPILED,
    find: "  for (let i = 0; i < transitions.length; i += 1) {",
    replace: "  for (let i = transitions.length - 1; i >= 0; i -= 1) {",
    killers: LOCKSTEP,
  },
  {
    name: "compiled charts take raised events before always",
    breaks: "K1",
    file: COMPILED,
    find: "const eventless = mayBeEnabled ?",
    replace: "const eventless = mayBeEnabled && run.raised.length === 0 ?",
    killers: LOCKSTEP,
  },
  {
    name: "compiled charts let a wildcard win over the event's own name",
    breaks: "K1",
    file: "src/actors/tables.ts",
    find: "exact.set(type, [...transitions, ...wider]);",
    replace: "exact.set(type, [...wider, ...transitions]);",
    killers: LOCKSTEP,
  },
];
