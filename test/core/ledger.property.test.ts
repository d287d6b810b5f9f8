import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { Ledger } from "../../src/core/ledger.ts";

/** A plain model of one campaign's money, written without looking at the ledger. */
interface Model {
  budget: number;
  spent: number;
  disputed: number;
  open: Map<string, number>;
  /** Released unanswered. */
  late: Map<string, number>;
  lastKey: number;
}

const PLATFORMS = 3;
const reservedOf = (model: Model) => [...model.open.values()].reduce((sum, micros) => sum + micros, 0);
const availableOf = (model: Model) => model.budget - model.spent - reservedOf(model);

const amount = fc.integer({ min: 0, max: 5_000 });
const place = { tick: fc.integer({ min: 0, max: 12 }), platform: fc.integer({ min: 0, max: PLATFORMS - 1 }) };

class Reserve implements fc.Command<Model, Ledger> {
  readonly tick: number;
  readonly platform: number;
  readonly micros: number;
  constructor(tick: number, platform: number, micros: number) {
    this.tick = tick;
    this.platform = platform;
    this.micros = micros;
  }
  check = () => true;
  run(model: Model, ledger: Ledger): void {
    const key = this.tick * PLATFORMS + this.platform;
    const isTaken = this.micros > 0 && this.micros <= availableOf(model) && key > model.lastKey;
    const act = () => ledger.reserve(0, this.tick, this.platform, this.micros);
    if (isTaken) {
      act();
      model.open.set(`${this.tick}/${this.platform}`, this.micros);
      model.lastKey = key;
    } else {
      expect(act).toThrow(EngineError);
    }
    compare(model, ledger);
  }
  toString = () => `reserve ${this.micros} at ${this.tick}/${this.platform}`;
}

class Settle implements fc.Command<Model, Ledger> {
  readonly tick: number;
  readonly platform: number;
  readonly cost: number;
  constructor(tick: number, platform: number, cost: number) {
    this.tick = tick;
    this.platform = platform;
    this.cost = cost;
  }
  check = () => true;
  run(model: Model, ledger: Ledger): void {
    const key = `${this.tick}/${this.platform}`;
    const settled = ledger.settle(0, this.tick, this.platform, this.cost);
    const reserved = model.open.get(key);
    const late = model.late.get(key);
    if (reserved === undefined && late !== undefined) {
      const booked = Math.min(this.cost, late, availableOf(model));
      model.late.delete(key);
      model.spent += booked;
      model.disputed += this.cost - booked;
      expect(settled).toBe(booked);
    } else if (reserved === undefined) {
      expect(settled).toBeNull();
    } else {
      const booked = Math.min(this.cost, reserved + availableOf(model));
      model.open.delete(key);
      model.spent += booked;
      model.disputed += this.cost - booked;
      expect(settled).toBe(booked);
    }
    compare(model, ledger);
  }
  toString = () => `settle ${this.cost} at ${this.tick}/${this.platform}`;
}

class ReleaseAll implements fc.Command<Model, Ledger> {
  check = () => true;
  run(model: Model, ledger: Ledger): void {
    const expected = { reservations: model.open.size, micros: reservedOf(model) };
    expect(ledger.releaseAll(0)).toEqual(expected);
    for (const [key, micros] of model.open) model.late.set(key, micros);
    model.open.clear();
    compare(model, ledger);
  }
  toString = () => "release all";
}

class TopUp implements fc.Command<Model, Ledger> {
  readonly micros: number;
  constructor(micros: number) {
    this.micros = micros;
  }
  check = () => true;
  run(model: Model, ledger: Ledger): void {
    ledger.topUp(0, this.micros);
    model.budget += this.micros;
    compare(model, ledger);
  }
  toString = () => `top up ${this.micros}`;
}

function compare(model: Model, ledger: Ledger): void {
  const view = ledger.view(0);
  expect(view.spentMicros).toBe(model.spent);
  expect(view.reservedMicros).toBe(reservedOf(model));
  expect(view.availableMicros).toBe(availableOf(model));
  expect(view.budgetMicros).toBe(model.budget);
  expect(ledger.disputedMicros(0)).toBe(model.disputed);
  expect(ledger.openReservations(0)).toBe(model.open.size);
  expect(view.spentMicros + view.reservedMicros).toBeLessThanOrEqual(view.budgetMicros);
}

describe("ledger, against a model", () => {
  it("keeps every balance equal to the model's under any sequence of entries (L1–L5, L7)", () => {
    const commands = [
      fc.record({ ...place, micros: amount }).map((c) => new Reserve(c.tick, c.platform, c.micros)),
      fc.record({ ...place, cost: amount }).map((c) => new Settle(c.tick, c.platform, c.cost)),
      amount.map((micros) => new TopUp(micros)),
      fc.constant(new ReleaseAll()),
    ];
    fc.assert(
      fc.property(amount, fc.commands(commands, { size: "max", maxCommands: 80 }), (budget, sequence) => {
        fc.modelRun(() => {
          const real = new Ledger(PLATFORMS);
          real.open(budget);
          return {
            model: {
              budget,
              spent: 0,
              disputed: 0,
              open: new Map(),
              late: new Map(),
              lastKey: Number.NEGATIVE_INFINITY,
            },
            real,
          };
        }, sequence);
      }),
      { numRuns: 400 },
    );
  });

  it("never lets late charges bring a day over its budget, and books them in part (L6, L7)", () => {
    const ledger = new Ledger(1);
    ledger.open(1_000, 100);
    ledger.startDay(0, 0);
    ledger.reserve(0, 0, 0, 80);
    ledger.releaseAll(0);
    ledger.reserve(0, 1, 0, 60);
    expect(ledger.settle(0, 0, 0, 80)).toBe(40);
    expect(ledger.settle(0, 0, 0, 80)).toBeNull();
    expect(ledger.settle(0, 1, 0, 60)).toBe(60);
    expect(ledger.view(0).availableMicros).toBe(0);
    ledger.startDay(0, 2);
    ledger.reserve(0, 2, 0, 100);
    ledger.releaseAll(0);
    ledger.startDay(0, 3);
    ledger.reserve(0, 3, 0, 100);
    expect(ledger.settle(0, 2, 0, 100)).toBe(100);
    expect(ledger.view(0)).toMatchObject({ spentMicros: 200, reservedMicros: 100 });
  });

  it("never lets a day's bids spend and reserve more than the daily budget while platforms keep to their caps (L6)", () => {
    const step = fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      paid: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.array(step, { maxLength: 40 }), (daily, steps) => {
        const ledger = new Ledger(1);
        ledger.open(1_000_000, daily);
        let day = 0;
        for (const [tick, { share, paid }] of steps.entries()) {
          if (tick % 10 === 0) {
            ledger.startDay(0, tick);
            day = 0;
          }
          const cap = Math.floor(ledger.view(0).availableMicros * share);
          if (cap === 0) continue;
          ledger.reserve(0, tick, 0, cap);
          const cost = Math.floor(cap * paid);
          ledger.settle(0, tick, 0, cost);
          day += cost;
          expect(day).toBeLessThanOrEqual(daily);
        }
      }),
    );
  });

  it("counts against a day the bids of that day only, whatever is reported late (L6)", () => {
    const step = fc.record({
      order: fc.constantFrom("bid", "bid", "report", "report", "new day"),
      sharePercent: fc.integer({ min: 0, max: 100 }),
      paidPercent: fc.integer({ min: 0, max: 150 }),
      pick: fc.nat(),
    });
    const budgets = fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 5_000 }));
    fc.assert(
      fc.property(budgets, fc.array(step, { size: "max", maxLength: 60 }), ([budget, daily], steps) => {
        const ledger = new Ledger(1);
        ledger.open(budget, daily);
        const view = ledger.view(0);
        const open = new Map<number, number>();
        const sum = (ticks: Iterable<number>) => [...ticks].reduce((total, at) => total + (open.get(at) ?? 0), 0);
        let dayTick = 0;
        let spent = 0;
        let spentToday = 0;
        for (const [tick, { order, sharePercent, paidPercent, pick }] of steps.entries()) {
          if (order === "new day") {
            ledger.startDay(0, tick);
            dayTick = tick;
            spentToday = 0;
          } else if (order === "bid") {
            const micros = Math.floor((view.availableMicros * sharePercent) / 100);
            if (micros === 0) continue;
            ledger.reserve(0, tick, 0, micros);
            open.set(tick, micros);
          } else if (open.size > 0) {
            const at = [...open.keys()][pick % open.size];
            const reserved = open.get(at)!;
            const charged = Math.floor((reserved * paidPercent) / 100);
            const booked = Math.min(charged, reserved + budget - spent - sum(open.keys()));
            ledger.settle(0, at, 0, charged);
            open.delete(at);
            spent += booked;
            if (at >= dayTick) spentToday += booked;
          }
          const today = sum([...open.keys()].filter((at) => at >= dayTick));
          const left = Math.min(budget - spent - sum(open.keys()), daily - spentToday - today);
          expect(view.spentMicros).toBe(spent);
          expect(view.availableMicros).toBe(Math.max(0, left));
        }
      }),
    );
  });
});
