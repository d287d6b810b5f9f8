/** The platforms: health, share of spend, and what was forecast against what came. */
import { useMemo } from "preact/hooks";
import type { DashboardFrame, PlatformFrame, PlatformHistory, PlatformPoint } from "../../observe/frames.ts";
import { count, money, percent, price, shortCount, shortMoney } from "../format.ts";
import { useAsked } from "./asked.ts";
import { Chart } from "./chart.tsx";
import { confirm } from "./dialog.tsx";
import { Card, Empty, Health, Loading, Trouble } from "./parts.tsx";

/** The colour of a platform, by its index, in every view. */
export function platformColour(index: number): string {
  return `series-${index % 8}`;
}

/** The view. */
export function PlatformsView({ frame }: { readonly frame: DashboardFrame }) {
  const { platforms } = frame;
  return (
    <>
      <div class="title">
        <h1>Platforms</h1>
        <p class="quiet">What was forecast for each, what came, and where the money goes.</p>
      </div>
      <Shares frame={frame} />
      <div class="columns">
        {platforms.map((platform, at) => (
          <Platform key={platform.id} platform={platform} colour={platformColour(at)} frame={frame} />
        ))}
      </div>
    </>
  );
}

function Shares({ frame }: { readonly frame: DashboardFrame }) {
  const { platforms, currency, money: all } = frame;
  const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole);
  return (
    <Card title="Share of spend" note={`${shortMoney(all.spentMicros, currency)} in all`}>
      <div
        class="stack"
        role="img"
        aria-label={platforms.map((one) => `${one.id} ${percent(one.spendShare)}`).join(", ")}
      >
        {platforms.map(({ id, spendShare }, at) => (
          <i
            key={id}
            class={`is-${platformColour(at)}`}
            style={{ width: `${(100 * (spendShare ?? 0)).toFixed(2)}%` }}
            title={`${id} ${percent(spendShare, 1)}`}
          />
        ))}
      </div>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th class="left">Platform</th>
              <th class="left">Health</th>
              <th>Share</th>
              <th>Spent</th>
              <th class="wide">Clicks</th>
              <th class="wide">Conversions</th>
              <th class="wide">CVR</th>
              <th>CPC</th>
              <th>CPA</th>
            </tr>
          </thead>
          <tbody>
            {platforms.map((one, at) => (
              <tr key={one.id}>
                <td class="left">
                  <i class={`dot is-${platformColour(at)}`} aria-hidden="true" /> {one.id}
                </td>
                <td class="left">
                  <Health health={one.health} closed={one.closedBecause} />
                </td>
                <td>{percent(one.spendShare, 1)}</td>
                <td>{shortMoney(one.spentMicros, currency)}</td>
                <td class="wide">{shortCount(one.clicks)}</td>
                <td class="wide">{count(one.conversions)}</td>
                <td class="wide">{percent(ratio(one.conversions, one.clicks), 2)}</td>
                <td>{price(ratio(one.spentMicros, one.clicks), currency)}</td>
                <td>{money(ratio(one.spentMicros, one.conversions), currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

interface PlatformProps {
  readonly platform: PlatformFrame;
  readonly colour: string;
  readonly frame: DashboardFrame;
}

function Platform({ platform, colour, frame }: PlatformProps) {
  const { id, health, closedBecause, silentTicks } = platform;
  const isClosed = closedBecause !== null;
  const { value: history, trouble } = useAsked<PlatformHistory>(
    `/v1/platforms/${encodeURIComponent(id)}/history`,
    2_000,
  );
  const points = history?.points ?? [];
  const order = {
    title: isClosed ? `Open ${id} again` : `Close ${id}`,
    text: isClosed
      ? "Campaigns may bid there again."
      : "No campaign bids there until it is opened again. Bids that are out are still settled.",
    verb: isClosed ? "Open" : "Close",
    isDangerous: !isClosed,
    needsReason: true,
    method: "PUT",
    path: "/v1/kill-switch",
    body: { scope: "platform", id, engaged: !isClosed },
  } as const;
  return (
    <Card
      title={
        <>
          <i class={`dot is-${colour}`} aria-hidden="true" /> {id} <Health health={health} closed={closedBecause} />
        </>
      }
      note={silentTicks > 1 ? `Silent for ${count(silentTicks)} ticks.` : ""}
      actions={
        <button type="button" class={isClosed ? "" : "danger"} onClick={() => confirm(order)}>
          {isClosed ? "Open…" : "Close…"}
        </button>
      }
    >
      <Trouble text={trouble} />
      {history === null ? (
        trouble === null && <Loading lines={6} />
      ) : points.length < 2 ? (
        <Empty>The charts begin with the next ticks.</Empty>
      ) : (
        <>
          <Rate points={points} id={id} colour={colour} frame={frame} />
          <Price points={points} id={id} colour={colour} frame={frame} />
        </>
      )}
    </Card>
  );
}

interface PlotProps {
  readonly points: readonly PlatformPoint[];
  readonly id: string;
  readonly colour: string;
  readonly frame: DashboardFrame;
}

function timesOf(points: readonly PlatformPoint[], { tick, timeMs, tickMs }: DashboardFrame): number[] {
  return points.map((point) => timeMs - (tick - point.tick) * tickMs);
}

const BANDS = [
  [0, 1],
  [2, 3],
] as const;

/** Conversions are few in one tick: what came is shown over the last so many. */
const WINDOW_TICKS = 60;

function Rate({ points, id, colour, frame }: PlotProps) {
  const last = points.at(-1)?.tick;
  const series = useMemo(() => {
    const came = cameOf(points);
    // The forecast's own uncertainty, and with it the luck of so few clicks: the variance of a Poisson count.
    const edge = (sign: number, hasLuck: boolean) =>
      points.map(({ forecastCvr, cvrRelSd }, at) => {
        const seen = came[at];
        if (forecastCvr === null || cvrRelSd === null || (hasLuck && seen === null)) return null;
        const luck = hasLuck && seen !== null ? forecastCvr / seen.clicks : 0;
        return Math.max(0, forecastCvr + sign * 2 * Math.sqrt((forecastCvr * cvrRelSd) ** 2 + luck));
      });
    return {
      x: timesOf(points, frame),
      lines: [
        { name: "most with luck", colour, look: "edge" as const, values: edge(1, true) },
        { name: "least with luck", colour, look: "edge" as const, values: edge(-1, true) },
        { name: "most", colour, look: "edge" as const, values: edge(1, false) },
        { name: "least", colour, look: "edge" as const, values: edge(-1, false) },
        { name: "forecast", colour, values: points.map(({ forecastCvr }) => forecastCvr) },
        { name: `came, last ${WINDOW_TICKS} ticks`, colour: "ink", values: came.map((seen) => seen?.cvr ?? null) },
      ],
    };
  }, [last]);
  return (
    <figure>
      <figcaption class="quiet small">
        Conversions per click, each band two standard deviations: the forecast’s, and of what may come of so few clicks
      </figcaption>
      <Chart
        label={`Conversion rate of ${id}: forecast with its uncertainty, and what came`}
        {...series}
        bands={BANDS}
        height={170}
        showY={(value) => percent(value, 1)}
      />
    </figure>
  );
}

/** Of fewer clicks no rate is shown. */
const LEAST_CLICKS = 30;
/** So many ticks without a click are a silence: while it is in the window there is no rate, for late conversions come before new clicks. */
const SILENCE_TICKS = 15;

/** Clicks, and conversions ÷ clicks, over the last {@link WINDOW_TICKS} of each point. */
function cameOf(points: readonly PlatformPoint[]): ({ readonly clicks: number; readonly cvr: number } | null)[] {
  let [clicks, conversions, quiet, silentAt] = [0, 0, 0, Number.NEGATIVE_INFINITY];
  return points.map((point, at) => {
    clicks += point.clicks;
    conversions += point.conversions;
    quiet = point.clicks === 0 ? quiet + 1 : 0;
    if (quiet >= SILENCE_TICKS) silentAt = at;
    if (at >= WINDOW_TICKS) {
      clicks -= points[at - WINDOW_TICKS].clicks;
      conversions -= points[at - WINDOW_TICKS].conversions;
    }
    const isTold = clicks >= LEAST_CLICKS && at - silentAt >= WINDOW_TICKS;
    return isTold ? { clicks, cvr: conversions / clicks } : null;
  });
}

function Price({ points, id, colour, frame }: PlotProps) {
  const last = points.at(-1)?.tick;
  const series = useMemo(() => {
    const inUnits = (micros: number | null) => (micros === null ? null : micros / 1e6);
    return {
      x: timesOf(points, frame),
      lines: [
        {
          name: "came, each tick",
          colour: "quiet",
          look: "dots" as const,
          values: points.map(({ cpcMicros }) => inUnits(cpcMicros)),
        },
        { name: "forecast", colour, values: points.map(({ forecastCpcMicros }) => inUnits(forecastCpcMicros)) },
      ],
    };
  }, [last]);
  return (
    <figure>
      <figcaption class="quiet small">Price per click</figcaption>
      <Chart
        label={`Price per click of ${id}: forecast, and what came`}
        {...series}
        height={150}
        showY={(value) => money(value * 1e6, frame.currency)}
      />
    </figure>
  );
}
