/**
 * A policy under guard: asked as the engine asks it, with its answers checked before anything is made of them.
 *
 * P5 what it throws on its own is noted; what was planted is thrown, and not noted. P1 to P4 are those of every policy.
 */
import { assertDecision } from "../core/decision.ts";
import { EngineError } from "../core/errors.ts";
import { fromMicros } from "../core/money.ts";
import type { Policy } from "../core/policy/policy.ts";

/** Something that a policy did which no policy may do. */
export interface PolicyFault {
  readonly campaign: string;
  readonly tick: number;
  readonly text: string;
}

/** What the guard throws where a failure was planted. */
export const PLANTED = "a failure planted by the check";

/** Ticks between two decisions that are asked for twice. */
const THOROUGH_EVERY = 8;

/** Guards all policies of one engine. */
export class PolicyGuard {
  /** The first fault; null while there is none. */
  fault: PolicyFault | null = null;
  readonly #planted = new Set<string>();
  readonly #currency: string;

  constructor(currency: string) {
    this.#currency = currency;
  }

  /** The campaign's next decision fails. */
  plant(campaign: string): void {
    this.#planted.add(campaign);
  }

  /** The policy, guarded. */
  around(policy: Policy): Policy {
    return {
      name: policy.name,
      description: policy.description,
      create: (spec, platforms) => this.#noted(spec.id, -1, () => policy.create(spec, platforms)),
      decide: (input, memory, spare) => {
        const { spec, tick } = input;
        if (this.#planted.delete(spec.id)) throw new Error(PLANTED);
        return this.#noted(spec.id, tick, () => {
          const isThorough = tick % THOROUGH_EVERY === 0;
          const before = isThorough ? JSON.stringify(memory) : "";
          const outcome = policy.decide(input, memory, spare);
          if (typeof outcome?.decision !== "object" || !Array.isArray(outcome.decision?.candidates)) {
            throw new TypeError("decide gives no { decision, memory } with a list of candidates");
          }
          assertDecision(outcome.decision, input);
          if (!isThorough) return outcome;
          if (JSON.stringify(memory) !== before)
            throw new TypeError("decide changes its memory instead of replacing it (P4)");
          const again = policy.decide(input, memory);
          if (JSON.stringify(again.decision) !== JSON.stringify(outcome.decision)) {
            throw new TypeError("decide gives two decisions for the same input (P3)");
          }
          if (JSON.stringify(again.memory) !== JSON.stringify(outcome.memory)) {
            throw new TypeError("decide remembers something else where it may write into a spare (P4)");
          }
          return outcome;
        });
      },
      learn: (input, memory, batch, from, to, spare) =>
        this.#noted(input.spec.id, input.tick, () => policy.learn(input, memory, batch, from, to, spare)),
    };
  }

  /** The policy for a look around: where it fails, the campaign holds, and nothing is noted. */
  static lenient(policy: Policy): Policy {
    return {
      name: policy.name,
      description: policy.description,
      create: (spec, platforms) => attempt(() => policy.create(spec, platforms), null),
      decide: (input, memory) => {
        const { tick } = input;
        const hold = {
          tick,
          kind: "hold",
          reason: "hold.no-evidence",
          binding: "none",
          gammaMicros: 0,
          candidates: [],
        } as const;
        const instead = { decision: hold, memory };
        return attempt(() => {
          const outcome = policy.decide(input, memory);
          assertDecision(outcome.decision, input);
          return outcome;
        }, instead);
      },
      learn: (input, memory, batch, from, to) => attempt(() => policy.learn(input, memory, batch, from, to), memory),
    };
  }

  #noted<T>(campaign: string, tick: number, ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      this.fault ??= { campaign, tick, text: this.#textOf(error) };
      throw error;
    }
  }

  /** Amounts of micros as money: the only numbers of more than three digits that these errors name. */
  #inMoney(text: string): string {
    return text.replaceAll(/\b(\d{4,})\b(?: micros)?/g, (_, micros: string) => {
      const units = fromMicros(Number(micros)).toLocaleString("en-US", {
        minimumFractionDigits: 2,
        maximumFractionDigits: 6,
      });
      return `${units} ${this.#currency}`;
    });
  }

  #textOf(error: unknown): string {
    if (error instanceof EngineError) {
      const { expected } = error.place;
      return this.#inMoney(`${error.message}${expected === undefined ? "" : ` Expected: ${expected}.`}`);
    }
    return error instanceof Error ? `It throws ${error.name}: ${error.message}` : `It throws ${String(error)}`;
  }
}

function attempt<T>(ask: () => T, instead: T): T {
  try {
    return ask();
  } catch {
    return instead;
  }
}
