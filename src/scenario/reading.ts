/** One scenario being read: its units, and how what is wrong in it is refused. */
import { formatMoney } from "../core/money.ts";
import { scenarioError } from "./issue.ts";
import type { FieldPath, Locate } from "./issue.ts";
import { parseDuration, parseMoney } from "./quantities.ts";
import type { Scenario } from "./schema.ts";
import { suggestion } from "./spelling.ts";

/** The scenario with its tick and currency. Every method that refuses throws EngineError CE_SCENARIO_INVALID. */
export class Reading {
  readonly scenario: Scenario;
  /** Length of a tick [ms]. */
  readonly tickMs: number;
  readonly #locate: Locate | undefined;

  constructor(scenario: Scenario, locate?: Locate) {
    this.scenario = scenario;
    this.#locate = locate;
    this.tickMs = this.#durationMs(scenario.tick);
  }

  refuse(path: FieldPath, message: string, expected?: string, hint?: string): never {
    throw scenarioError([{ path, message, expected, hint }], this.#locate);
  }

  /** Refuses a name that is not among the known ones, and suggests one that is. */
  refuseUnknown(path: FieldPath, kind: string, name: string, known: readonly string[]): never {
    const hint = known.length > 50 ? suggestion(name, known).replace(/^There are:.*$/, "") : suggestion(name, known);
    return this.refuse(path, `There is no ${kind} "${name}"`, undefined, hint === "" ? undefined : hint);
  }

  /** A duration in ticks, which may be a fraction. */
  ticks(duration: string): number {
    return this.#durationMs(duration) / this.tickMs;
  }

  /** An amount in micros of the scenario's currency: at least `leastMicros`, by default more than nothing. */
  money(path: FieldPath, value: number | string, leastMicros = 1): number {
    const { currency } = this.scenario;
    const amount = parseMoney(value) ?? this.refuse(path, `${value} is not an amount of money`, "0 or more");
    if (amount.currency !== null && amount.currency !== currency) {
      const hint = "All amounts of a scenario are in its currency; nothing is converted.";
      this.refuse(
        path,
        `The amount is in ${amount.currency}, the scenario in ${currency}`,
        `an amount in ${currency}`,
        hint,
      );
    }
    if (amount.micros < leastMicros) {
      this.refuse(path, `The amount is ${formatMoney(amount.micros, currency)}`, "more than nothing");
    }
    return amount.micros;
  }

  #durationMs(duration: string): number {
    return parseDuration(duration) ?? 0;
  }
}
