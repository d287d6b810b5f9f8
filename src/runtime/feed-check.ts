/** What a platform's metrics must be like to be believed: garbage that shows in a message alone, and garbage that shows beside the last day's clicks. */
import type { PlatformMetrics } from "../core/platform.ts";
import { SlidingWindow } from "../core/window.ts";

/** What was said about one platform's tick: nothing, one message, or more than one. */
export interface RawTick {
  readonly tick: number;
  readonly messages: readonly PlatformMetrics[];
}

/** What became of one platform's metrics of one tick. */
export interface FeedUpdate {
  readonly platform: number;
  /** The tick that the metrics are about. */
  readonly tick: number;
  /** `null` when the platform was silent, or what it said was refused. */
  readonly metrics: PlatformMetrics | null;
  /** Why the metrics were refused; `null` when nothing was wrong. */
  readonly refused: string | null;
}

/** One platform's metrics of one tick as they were accepted; `null` where nothing was. */
export interface AcceptedTick {
  readonly tick: number;
  readonly metrics: PlatformMetrics | null;
}

/** Conversions that may arrive in one tick beyond the clicks of the last day: from clicks older than that or never heard of. */
const SPARE_CONVERSIONS = 100;
/** Greatest believable mean age of a tick's conversions [days]: the longest attribution window in use. */
const MAX_AGE_DAYS = 90;

/** What a stream starts from. */
export const SILENT: FeedUpdate = { platform: 0, tick: 0, metrics: null, refused: null };

/** Garbage that shows in the message alone. */
export function validate({ tick, messages }: RawTick, platform: number): FeedUpdate {
  if (messages.length === 0) return { platform, tick, metrics: null, refused: null };
  const [metrics] = messages;
  const refused = messages.length > 1 ? `${messages.length} messages about one tick` : fault(metrics, tick);
  return { platform, tick, metrics: refused === null ? metrics : null, refused };
}

function fault(metrics: PlatformMetrics, tick: number): string | null {
  if (metrics.tick !== tick) return `about tick ${metrics.tick}, expected ${tick}`;
  for (const field of ["impressions", "clicks", "cpcMicros", "conversions", "conversionAgeTicks"] as const) {
    const value = metrics[field];
    if (typeof value !== "number" || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      return `${field} is ${value}`;
    }
  }
  if (metrics.conversions === 0 && metrics.conversionAgeTicks > 0) return "ages without conversions";
  return null;
}

/** A window of the last day's clicks, which begins with the ticks accepted lately. */
export function clicksWindow(periodTicks: number, recent: readonly AcceptedTick[]): SlidingWindow {
  const clicks = new SlidingWindow(Math.max(2, periodTicks));
  for (const { tick, metrics } of recent) if (metrics !== null) clicks.push(tick, metrics.clicks);
  return clicks;
}

/** Garbage that shows beside the last day's clicks, in a sliding window of accepted ticks. */
export function windowed(
  periodTicks: number,
  clicks: SlidingWindow,
): (before: FeedUpdate, update: FeedUpdate) => FeedUpdate {
  return (_, update) => {
    const { metrics, platform, tick } = update;
    if (metrics === null) return update;
    const most = clicks.mean * clicks.length + metrics.clicks + SPARE_CONVERSIONS;
    const oldest = MAX_AGE_DAYS * periodTicks * metrics.conversions;
    let refused: string | null = null;
    if (metrics.conversions > most) refused = `${metrics.conversions} conversions of ${Math.round(most)} possible`;
    else if (metrics.conversionAgeTicks > oldest) refused = `conversions older than ${MAX_AGE_DAYS} days`;
    if (refused !== null) return { platform, tick, metrics: null, refused };
    clicks.push(tick, metrics.clicks);
    return update;
  };
}
