/** What the live view keeps of each platform: health, totals, and the last 600 ticks of forecast against what came. */
import type { ReportsBooked, TickCompleted } from "../core/events.ts";
import { Health } from "../core/forecast/board.ts";
import type { ForecastBoard } from "../core/forecast/board.ts";
import type { PlatformSpec } from "../core/platform.ts";
import type { Savable } from "../core/saved.ts";
import type { PlatformFrame, PlatformHealth, PlatformHistory, PlatformPoint } from "./frames.ts";
import { Ring } from "./recent-decisions.ts";

/** Points kept of each platform. */
export const HISTORY_TICKS = 600;

const HEALTH_NAMES = Object.keys(Health) as PlatformHealth[];

/** A forecast that waits for what comes. */
interface Pending {
  readonly tick: number;
  readonly cvr: number | null;
  readonly cvrRelSd: number | null;
  readonly cpcMicros: number | null;
}

class LivePlatform {
  readonly points = new Ring<PlatformPoint>(HISTORY_TICKS);
  pending: Pending | null = null;
  health: PlatformHealth = "healthy";
  closedBecause: string | null = null;
  silentTicks = 0;
  /** Spend booked since the last complete tick [micros]. */
  tickSpentMicros = 0;
  spentMicros = 0;
  impressions = 0;
  clicks = 0;
  conversions = 0;
}

/** A platform as it is shown, with its points in a list. */
type LivePlatformState = Omit<LivePlatform, "points"> & { readonly points: readonly PlatformPoint[] };

/** All platforms of a run. */
export class LivePlatforms implements Savable<readonly LivePlatformState[]> {
  readonly #specs: readonly PlatformSpec[];
  readonly #rows: readonly LivePlatform[];

  constructor(specs: readonly PlatformSpec[]) {
    this.#specs = specs;
    this.#rows = specs.map(() => new LivePlatform());
  }

  save(): readonly LivePlatformState[] {
    return this.#rows.map(({ points, ...rest }) => ({ ...rest, points: [...points] }));
  }

  restore(state: readonly LivePlatformState[]): void {
    for (const [platform, { points, ...rest }] of state.entries()) {
      Object.assign(this.#rows[platform], rest);
      for (const point of points) this.#rows[platform].points.push(point);
    }
  }

  /** Notes that the operator closed a platform, or with null opened it. */
  close(platform: number, why: string | null): void {
    this.#rows[platform].closedBecause = why;
  }

  booked({ batch, bookedMicros }: ReportsBooked): void {
    for (let i = 0; i < batch.length; i += 1) {
      const row = this.#rows[batch.platform[i]];
      row.spentMicros += bookedMicros[i];
      row.tickSpentMicros += bookedMicros[i];
      row.impressions += batch.impressions[i];
      row.clicks += batch.clicks[i];
      row.conversions += batch.conversions[i];
    }
  }

  /** Money booked without a report: of a reservation that expired. */
  charged(platform: number, micros: number): void {
    this.#rows[platform].spentMicros += micros;
    this.#rows[platform].tickSpentMicros += micros;
  }

  /** Sets what came beside what was forecast for it, and keeps the next forecast. */
  ticked({ tick, feed, boards }: TickCompleted): void {
    const [board] = boards;
    for (const [platform, row] of this.#rows.entries()) {
      const { pending } = row;
      const heard = feed[platform];
      if (pending !== null) {
        const isHeard = heard !== null && heard.tick === pending.tick;
        row.points.push({
          tick: pending.tick,
          forecastCvr: pending.cvr,
          cvrRelSd: pending.cvrRelSd,
          cvr: isHeard && heard.clicks > 0 ? heard.conversions / heard.clicks : null,
          forecastCpcMicros: pending.cpcMicros,
          cpcMicros: isHeard && heard.clicks > 0 ? heard.cpcMicros : null,
          clicks: isHeard ? heard.clicks : 0,
          conversions: isHeard ? heard.conversions : 0,
          spentMicros: row.tickSpentMicros,
        });
        row.tickSpentMicros = 0;
      }
      row.pending = forecastOf(board, platform, tick);
      row.health = HEALTH_NAMES[board.health[platform]];
      row.silentTicks = heard === null ? row.silentTicks + 1 : 0;
    }
  }

  frames(): PlatformFrame[] {
    const total = this.#rows.reduce((sum, row) => sum + row.spentMicros, 0);
    return this.#rows.map((row, platform) => {
      const { health, closedBecause, silentTicks, spentMicros, impressions, clicks, conversions } = row;
      const spendShare = total === 0 ? null : spentMicros / total;
      const latest = row.points.last() ?? null;
      const { id } = this.#specs[platform];
      return {
        id,
        health,
        closedBecause,
        silentTicks,
        spentMicros,
        spendShare,
        impressions,
        clicks,
        conversions,
        latest,
      };
    });
  }

  history(platform: number): PlatformHistory {
    return { id: this.#specs[platform].id, points: [...this.#rows[platform].points] };
  }
}

function forecastOf(board: ForecastBoard, platform: number, tick: number): Pending {
  if (board.evidence[platform] === 0) return { tick, cvr: null, cvrRelSd: null, cpcMicros: null };
  return {
    tick,
    cvr: board.cvr[platform],
    cvrRelSd: board.cvrRelSd[platform],
    cpcMicros: board.cpcMicros[platform],
  };
}
