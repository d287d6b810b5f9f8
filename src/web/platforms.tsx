/** The platforms: their health, their share of spend, and what was forecast against what came. */
import { useMemo } from "preact/hooks";
import type { DashboardFrame, PlatformFrame, PlatformHistory, PlatformPoint } from "../observe/frames.ts";
import { useAsked } from "./asked.ts";
import { Chart } from "./chart.tsx";
import { confirm } from "./dialog.tsx";
import { clock, count, money, percent, shortCount, shortMoney } from "./format.ts";
import { Card, Health } from "./parts.tsx";

/** The page. */
export function Platforms({ frame }: { readonly frame: DashboardFrame }) {
  const { platforms, currency } = frame;
  return (
    <main>
      <Card title="Share of spend">
        <div class="shares">
          {platforms.map((platform, at) => (
            <Share key={platform.id} platform={platform} at={at} currency={currency} />
          ))}
        </div>
      </Card>
      <div class="columns">
        {platforms.map((platform) => (
          <Platform key={platform.id} platform={platform} frame={frame} />
        ))}
      </div>
    </main>
  );
}

function Share({
  platform,
  at,
  currency,
}: {
  readonly platform: PlatformFrame;
  readonly at: number;
  readonly currency: string;
}) {
  const share = platform.spendShare ?? 0;
  return (
    <>
      <span class="name">{platform.id}</span>
      <i style={{ width: `${(100 * share).toFixed(1)}%`, background: `var(--c${at % 8})` }} />
      <span>{percent(share, 1)}</span>
      <span class="muted">{shortMoney(platform.spentMicros, currency)}</span>
    </>
  );
}

function Platform({ platform, frame }: { readonly platform: PlatformFrame; readonly frame: DashboardFrame }) {
  const { currency } = frame;
  const isClosed = platform.closedBecause !== null;
  const asked = useAsked<PlatformHistory>(`/v1/platforms/${encodeURIComponent(platform.id)}/history`, 2_000);
  const points = asked.value?.points ?? [];
  return (
    <Card
      title={platform.id}
      actions={
        <>
          <Health health={platform.health} closed={platform.closedBecause} />
          <button
            type="button"
            class={`button ${isClosed ? "" : "danger"}`}
            onClick={() =>
              confirm({
                title: isClosed ? `Open ${platform.id} again` : `Close ${platform.id}`,
                text: isClosed
                  ? "Campaigns may bid there again."
                  : "No campaign bids there until it is opened again. Bids that are out are still settled.",
                verb: isClosed ? "Open" : "Close",
                isDangerous: !isClosed,
                needsReason: true,
                method: "PUT",
                path: "/v1/kill-switch",
                body: { scope: "platform", id: platform.id, engaged: !isClosed },
              })
            }
          >
            {isClosed ? "Open…" : "Close…"}
          </button>
        </>
      }
    >
      <p class="muted small">
        {shortCount(platform.impressions)} impressions, {shortCount(platform.clicks)} clicks,{" "}
        {count(platform.conversions)} conversions
        {platform.silentTicks > 0 ? `; silent for ${platform.silentTicks} ticks` : ""}
      </p>
      {asked.trouble === null ? null : <p class="bad">{asked.trouble}</p>}
      {points.length < 2 ? (
        <p class="empty">{asked.value === null ? "Loading…" : "Not enough ticks for a chart yet."}</p>
      ) : (
        <>
          <Rate points={points} platform={platform} frame={frame} />
          <Price points={points} platform={platform} frame={frame} currency={currency} />
        </>
      )}
    </Card>
  );
}

interface PlotProps {
  readonly points: readonly PlatformPoint[];
  readonly platform: PlatformFrame;
  readonly frame: DashboardFrame;
}

function timesOf(points: readonly PlatformPoint[], { tick, timeMs, tickMs }: DashboardFrame): number[] {
  return points.map((point) => timeMs - (tick - point.tick) * tickMs);
}

/** Clicks are few in one tick: conversions per click are shown over a window of so many. */
const WINDOW = 30;

function Rate({ points, platform, frame }: PlotProps) {
  const last = points.at(-1)?.tick;
  const series = useMemo(() => {
    const spread = (sign: number) =>
      points.map(({ forecastCvr, cvrRelSd }) =>
        forecastCvr === null || cvrRelSd === null ? null : 100 * Math.max(0, forecastCvr * (1 + sign * cvrRelSd)),
      );
    return {
      x: timesOf(points, frame),
      lines: [
        { name: "+ sd", colour: "--c0", values: spread(1), isDashed: true },
        { name: "− sd", colour: "--c0", values: spread(-1), isDashed: true },
        {
          name: "forecast",
          colour: "--c0",
          values: points.map(({ forecastCvr }) => (forecastCvr === null ? null : 100 * forecastCvr)),
        },
        { name: `came, mean of ${WINDOW} ticks`, colour: "--c1", values: meanOf(points) },
      ],
      band: [0, 1] as const,
    };
  }, [last]);
  return (
    <>
      <h3 class="muted small">Conversions per click</h3>
      <Chart
        label={`Conversion rate of ${platform.id}: forecast with uncertainty, and what came`}
        {...series}
        height={170}
        showX={clock}
        showY={(value) => percent(value / 100, 1)}
      />
    </>
  );
}

/** Per cent. */
function meanOf(points: readonly PlatformPoint[]): (number | null)[] {
  return points.map((_, at) => {
    const seen = points.slice(Math.max(0, at - WINDOW + 1), at + 1).flatMap(({ cvr }) => (cvr === null ? [] : [cvr]));
    return seen.length < WINDOW / 3 ? null : (100 * seen.reduce((sum, cvr) => sum + cvr, 0)) / seen.length;
  });
}

function Price({ points, platform, frame, currency }: PlotProps & { readonly currency: string }) {
  const last = points.at(-1)?.tick;
  const series = useMemo(
    () => ({
      x: timesOf(points, frame),
      lines: [
        {
          name: "came",
          colour: "--c5",
          values: points.map(({ cpcMicros }) => (cpcMicros === null ? null : cpcMicros / 1e6)),
        },
        {
          name: "forecast",
          colour: "--c0",
          values: points.map(({ forecastCpcMicros }) => (forecastCpcMicros === null ? null : forecastCpcMicros / 1e6)),
        },
      ],
    }),
    [last],
  );
  return (
    <>
      <h3 class="muted small">Price per click</h3>
      <Chart
        label={`Price per click of ${platform.id}: forecast, and what came`}
        {...series}
        height={150}
        showX={clock}
        showY={(value) => money(value * 1e6, currency)}
      />
    </>
  );
}
