/** Faults in what decisions rest on: window, forecasts, feeds, random streams, and the policies' mathematics. */
import type { Mutant } from "./mutant.ts";

const WINDOW = "src/core/window.ts";
const AIM = "src/core/policy/gamma-aim.ts";
const MARKET = "src/platforms/path-market.ts";
const WINDOW_PROPERTY = ["test/core/window.property.test.ts"];
const POLICIES = ["test/core/policy/policies.property.test.ts"];
const AIM_PROPERTY = ["test/core/policy/gamma-aim.property.test.ts"];
const INVARIANCE = ["test/runtime/invariance.sim.test.ts"];

export const DECISIONS: readonly Mutant[] = [
  {
    name: "the sliding window is one entry too short",
    breaks: "W1",
    file: WINDOW,
    find: "this.#next = at + 1 === this.#capacity ? 0 : at + 1;",
    replace: "this.#next = at + 2 >= this.#capacity ? 0 : at + 1;",
    killers: WINDOW_PROPERTY,
  },
  {
    name: "the sliding window never lets go",
    breaks: "W1",
    file: WINDOW,
    find: "this.#add(this.#xs[at], this.#ys[at], -this.#weights[at]);",
    replace: "this.#length += 0;",
    killers: WINDOW_PROPERTY,
  },
  {
    name: "the feed tells of the tick to come",
    breaks: "no decision sees the future",
    file: "src/platforms/panel-feed.ts",
    find: "const at = tick + this.#paths.warmupTicks;",
    replace: "const at = Math.min(tick + 1, this.#paths.ticks - 1) + this.#paths.warmupTicks;",
    killers: ["test/runtime/no-look-ahead.sim.test.ts"],
  },
  {
    name: "a platform's draws depend on its place",
    breaks: "R1, PM1: shuffled platforms",
    file: MARKET,
    find: "const draw = this.#draw(slot, tick) + 2 * this.#rank[platform];",
    replace: "const draw = this.#draw(slot, tick) + 2 * platform;",
    killers: INVARIANCE,
  },
  {
    name: "the platforms' feeds share one random stream",
    breaks: "R1: shuffled platforms",
    file: "src/platforms/panel-feed.ts",
    find: "this.#draws = new RandomStream(seed, `market:feed:${this.#path.spec.id}`);",
    replace: `const { panels } = paths as unknown as { panels?: RandomStream };
    this.#draws = panels ?? new RandomStream(seed, "market:feed");
    Object.assign(paths, { panels: this.#draws });`,
    killers: INVARIANCE,
  },
  {
    name: "caps are rounded up",
    breaks: "P1: caps fit the account",
    file: "src/core/policy/sharing.ts",
    find: "const cap = Math.floor(micros / overDeliveryFactor);",
    replace: "const cap = Math.ceil(micros / overDeliveryFactor) + 1;",
    killers: POLICIES,
  },
  {
    name: "shares are not bounded by what is left",
    breaks: "P1: caps fit the account",
    file: "src/core/policy/sharing.ts",
    find: "Math.min(leftMicros, Math.floor(poolMicros * (key(wishes, i) / keysMicros)))",
    replace: "Math.ceil(poolMicros * (key(wishes, i) / keysMicros))",
    killers: POLICIES,
  },
  {
    name: "a bid may exceed the campaign's maximum",
    breaks: "P2",
    file: "src/core/policy/sharing.ts",
    find: "Math.min(wishMicros, spec.maxBidMicros)",
    replace: "wishMicros",
    killers: POLICIES,
  },
  {
    name: "gamma ignores the money in flight",
    breaks: "item 5: spent − in flight",
    file: AIM,
    find: "account.budgetMicros - account.spentMicros - going.spendMicros;",
    replace: "account.budgetMicros - account.spentMicros;",
    killers: AIM_PROPERTY,
  },
  {
    name: "the hedge takes every plan to rest on one platform",
    breaks: "f = (1 − x)^(1/epsilon')",
    file: "src/core/policy/gamma-hedge.ts",
    find: "Math.max((restMicros / spendMicros) ** (1 / restElasticity), Math.exp(lnBudget - lnTop))",
    replace: "Math.exp(lnBudget - lnTop)",
    killers: ["test/core/policy/gamma-hedge.property.test.ts"],
  },
  {
    name: "the hedge expects a rate that stands still to collapse",
    breaks: "h goes with the probability that the rate drifts",
    file: "src/core/policy/gamma-hedge.ts",
    find: "const moves = 1 - outlook.stillChanceAt(most);",
    replace: "const moves = 1;",
    killers: ["test/core/policy/gamma-hedge.property.test.ts"],
  },
  {
    name: "news on its way is paid for twice",
    breaks: "N1: E includes what clicks bought are still to convert",
    file: "src/core/policy/gamma-pacing.ts",
    find: "expectedConversions(memory, row, board.cvr[spec.platforms[row]]),",
    replace: "expectedConversions(memory, row, 0),",
    killers: ["test/core/policy/news.property.test.ts"],
  },
  {
    name: "news is bought above the value of a conversion",
    breaks: "item 6: up to V",
    file: "src/core/policy/gamma-pacing.ts",
    find: "Math.max(gammaMicros, Math.min(gammaMicros * (1 + news), spec.valuePerConversionMicros))",
    replace: "gammaMicros * (1 + news)",
    killers: ["test/core/policy/news.property.test.ts"],
  },
  {
    name: "a rate's way of moving is never learned",
    breaks: "Bayes over two filters",
    file: "src/core/forecast/cvr-mixture.ts",
    find: " * Math.exp(lnDrifting - lnStill)",
    replace: "",
    killers: ["test/core/cvr-mixture.sim.test.ts"],
  },
  {
    name: "the CPA aim ignores the spend so far",
    breaks: "item 5: spent + S = A (…)",
    file: AIM,
    find: "(modelConversions(input, memory) + going.conversions) - account.spentMicros - going.spendMicros;",
    replace: "(modelConversions(input, memory) + going.conversions) - going.spendMicros;",
    killers: AIM_PROPERTY,
  },
  {
    name: "the CPA aim ignores the conversions so far",
    breaks: "item 5: A (converted + N)",
    file: AIM,
    find: "cpaMicros * (modelConversions(input, memory) + going.conversions)",
    replace: "cpaMicros * going.conversions",
    killers: AIM_PROPERTY,
  },
  {
    name: "bids are lowered by five cents",
    breaks: "money × 100, bids × 100",
    file: "src/core/policy/gamma-pacing.ts",
    find: "    wishes.bidMicros[row] = bidMicros;\n",
    replace: "    wishes.bidMicros[row] = bidMicros - 50_000;\n",
    killers: INVARIANCE,
  },
  {
    name: "a policy writes into the memory that it is asked with, not into the spare",
    breaks: "P4, K3",
    file: "src/core/policy/gamma-calibration.ts",
    find: "  draft.open = memory.open;\n",
    replace: "  draft.open = memory.open;\n  (memory as Draft).tick += 1;\n",
    killers: POLICIES,
  },
  {
    name: "a draft keeps what it said of the campaign before",
    breaks: "P3",
    file: "src/core/policy/allocation.ts",
    find: "    candidate.capMicros = hasBid ? wishes.capMicros[i] : 0;\n",
    replace: "    if (hasBid) candidate.capMicros = wishes.capMicros[i];\n",
    killers: POLICIES,
  },
  {
    name: "two memories share the list of open bids",
    breaks: "P4, K3",
    file: "src/core/policy/gamma-calibration.ts",
    find: "  next.open = copiedInto(into, open, done, open.length);\n",
    replace: "  next.open = done === 0 ? open : copiedInto(into, open, done, open.length);\n",
    killers: POLICIES,
  },
  {
    name: "what a policy remembers is changed in place",
    breaks: "P4, K3",
    file: "src/core/policy/gamma-calibration.ts",
    find: "own: memory.own.slice(),",
    replace: "own: memory.own as number[],",
    killers: POLICIES,
  },
];
