/** One campaign: its money against plan, its platforms, its states, what it decided and why, and what more would buy. */
import { useMemo } from "preact/hooks";
import type { CampaignDetail, DashboardFrame, DecisionFrame } from "../../observe/frames.ts";
import { clock, count, dateTime, money, NONE, percent, price, shortMoney } from "../format.ts";
import { useAsked } from "./asked.ts";
import { Chart } from "./chart.tsx";
import { Decisions } from "./decisions.tsx";
import { confirm } from "./dialog.tsx";
import { paceOf } from "./pace.ts";
import { Pareto } from "./pareto.tsx";
import { Card, Empty, Loading, Meter, State, STATE_MEANINGS, Tile, Trouble } from "./parts.tsx";
import { platformColour } from "./platforms.tsx";

interface ViewProps {
  readonly one: CampaignDetail;
  readonly frame: DashboardFrame;
}

/** The view. */
export function CampaignView({ id, frame }: { readonly id: string; readonly frame: DashboardFrame }) {
  const { value: one, trouble } = useAsked<CampaignDetail>(`/v1/campaigns/${encodeURIComponent(id)}`, 900);
  if (one === null) {
    return (
      <>
        <Back />
        {trouble === null ? (
          <div class="card">
            <Loading lines={8} />
          </div>
        ) : (
          <div class="first">
            <h1>No figures of {id}</h1>
            <p>{trouble}</p>
          </div>
        )}
      </>
    );
  }
  return (
    <>
      <Back />
      <div class="title with-actions">
        <div>
          <h1>
            {one.id} <State state={one.state} />
          </h1>
          <p class="quiet">
            {one.heldBecause ?? STATE_MEANINGS[one.state]} · portfolio {one.portfolio} · {one.policy}
          </p>
        </div>
        <Controls one={one} currency={frame.currency} />
      </div>
      <Trouble text={trouble} />
      <Figures one={one} frame={frame} />
      <div class="columns">
        <Pacing one={one} frame={frame} />
        <Pareto one={one} frame={frame} />
      </div>
      <PlatformsOf one={one} frame={frame} />
      <History one={one} frame={frame} />
      <Decisions one={one} currency={frame.currency} />
    </>
  );
}

function Back() {
  return (
    <p class="back">
      <a href="/">← All campaigns</a>
    </p>
  );
}

function Controls({ one, currency }: { readonly one: CampaignDetail; readonly currency: string }) {
  const at = `/v1/campaigns/${encodeURIComponent(one.id)}`;
  if (one.state === "ended") return null;
  const isHeld = one.state === "paused" || one.state === "quarantined";
  const common = { method: "POST", body: {} } as const;
  const topUp = {
    ...common,
    title: `Top up ${one.id}`,
    text: "Adds to its budget at once. A budget is never lowered again.",
    verb: "Top up",
    currency,
    path: `${at}/top-up`,
  };
  const hold = isHeld
    ? {
        ...common,
        title: `Resume ${one.id}`,
        text: "It bids again from the next tick on, with a clean record of failures.",
        verb: "Resume",
        path: `${at}/resume`,
      }
    : {
        ...common,
        title: `Pause ${one.id}`,
        text: "It places no more bids until it is resumed. Bids that are out are still settled.",
        verb: "Pause",
        path: `${at}/pause`,
      };
  const end = {
    ...common,
    title: `End ${one.id}`,
    text: "It never bids again. This cannot be undone.",
    verb: "End for good",
    isDangerous: true,
    needsReason: true,
    path: `${at}/end`,
  };
  return (
    <div class="actions">
      <button type="button" class="primary" onClick={() => confirm(topUp)}>
        Top up…
      </button>
      <button type="button" onClick={() => confirm(hold)}>
        {isHeld ? "Resume…" : "Pause…"}
      </button>
      <button type="button" class="danger" onClick={() => confirm(end)}>
        End…
      </button>
    </div>
  );
}

function Figures({ one, frame }: ViewProps) {
  const { currency, tick } = frame;
  const used = one.limitMicros === 0 ? 0 : one.usedMicros / one.limitMicros;
  const reserved = one.limitMicros === 0 ? 0 : Math.min(one.usedMicros, one.reservedMicros) / one.limitMicros;
  const isDay = one.dailyBudgetMicros !== null && one.limitMicros === one.dailyBudgetMicros;
  const pace = paceOf(one.pace, tick - one.startTick);
  const dearestMicros = one.cpaTargetMicros ?? one.valuePerConversionMicros;
  return (
    <div class="tiles">
      <Tile
        name={isDay ? "Budget of the day" : "Budget"}
        value={shortMoney(one.limitMicros, currency)}
        note={`${percent(used - reserved)} spent, ${percent(reserved)} reserved`}
      >
        <Meter value={used - reserved} also={reserved} label={`${percent(used)} spent or reserved`} />
      </Tile>
      <Tile
        name="Spent"
        value={shortMoney(one.spentMicros, currency)}
        note={`${shortMoney(one.reservedMicros, currency)} reserved`}
      />
      <Tile
        name="Pace"
        value={percent(one.pace)}
        note={`${pace.word}; plan ${shortMoney(one.planMicros, currency)}`}
        tone={pace.tone}
      />
      <Tile name="Conversions" value={count(one.conversions)} note={`of ${count(one.clicks)} clicks`} />
      <Tile
        name="Cost per conversion"
        value={money(one.cpaMicros, currency)}
        note={
          one.cpaTargetMicros === null
            ? `worth ${money(one.valuePerConversionMicros, currency)}`
            : `target ${money(one.cpaTargetMicros, currency)}`
        }
        tone={one.cpaMicros === null ? "" : one.cpaMicros > dearestMicros ? "bad" : "good"}
      />
      <Tile name="Restarts" value={count(one.restarts)} note={one.restarts === 0 ? "never failed" : "after failures"} />
    </div>
  );
}

function timeOf(frame: DashboardFrame, tick: number): number {
  return frame.timeMs - (frame.tick - tick) * frame.tickMs;
}

function Pacing({ one, frame }: ViewProps) {
  const { currency } = frame;
  const last = one.spending.at(-1)?.tick;
  const series = useMemo(() => {
    return {
      x: one.spending.map(({ tick }) => timeOf(frame, tick)),
      lines: [
        { name: "spent", colour: "series-0", values: one.spending.map(({ spentMicros }) => spentMicros / 1e6) },
        {
          name: "plan",
          colour: "quiet",
          look: "dashed" as const,
          values: one.spending.map(({ planMicros }) => planMicros / 1e6),
        },
      ],
    };
  }, [last, one.budgetMicros]);
  return (
    <Card title="Budget and pacing" note="Spend so far, against a budget that goes as the day's traffic comes.">
      {series.x.length < 2 ? (
        <Empty>The chart begins with the next ticks.</Empty>
      ) : (
        <Chart
          label={`Spend of ${one.id} against plan`}
          {...series}
          isFilled
          height={230}
          showY={(value) => shortMoney(value * 1e6, currency)}
        />
      )}
    </Card>
  );
}

function PlatformsOf({ one, frame }: ViewProps) {
  const { currency } = frame;
  const last: DecisionFrame | undefined = one.decisions[0];
  const indexOf = (platform: string) => frame.platforms.findIndex(({ id }) => id === platform);
  const bought = new Map(one.byPlatform.map((share) => [share.platform, share]));
  const series = useMemo(() => {
    const past = one.decisions.toReversed();
    return {
      x: past.map(({ timeMs }) => timeMs),
      lines: one.platforms.map((platform) => ({
        name: platform,
        colour: platformColour(indexOf(platform)),
        values: past.map(({ candidates }) => {
          const seen = candidates.find((candidate) => candidate.platform === platform);
          return seen === undefined ? null : seen.roiMicros / 1e6;
        }),
      })),
    };
  }, [last?.id]);
  return (
    <Card
      title="ROI per platform"
      note="Per click: conversion rate × value − price. Expected, and what came of it so far."
    >
      <div class="columns inner">
        {series.x.length < 2 ? (
          <Empty>The chart begins with the next decisions.</Empty>
        ) : (
          <Chart
            label={`Expected ROI per click of ${one.id}, by platform`}
            {...series}
            height={210}
            showY={(value) => money(value * 1e6, currency)}
            legend="names"
          />
        )}
        <div class="scroll">
          <table class="dense">
            <thead>
              <tr>
                <th class="left">Platform</th>
                <th class="left">Share</th>
                <th class="wide">Clicks</th>
                <th class="wide">Conv.</th>
                <th>So far</th>
                <th>Expected</th>
                <th>Bid now</th>
              </tr>
            </thead>
            <tbody>
              {one.platforms.map((platform) => {
                const seen = last?.candidates.find((candidate) => candidate.platform === platform);
                const own = bought.get(platform);
                const share = one.spentMicros === 0 ? 0 : (own?.spentMicros ?? 0) / one.spentMicros;
                return (
                  <tr key={platform}>
                    <td class="left">
                      <i class={`dot is-${platformColour(indexOf(platform))}`} aria-hidden="true" /> {platform}
                    </td>
                    <td class="left">
                      <Meter value={share} label={`${percent(share)} of its spend`} />
                      <span class="quiet small share">{percent(share)}</span>
                    </td>
                    <td class="wide">{count(own?.clicks ?? 0)}</td>
                    <td class="wide">{count(own?.conversions ?? 0)}</td>
                    <td class={toneOf(own?.roiMicros ?? null)}>{price(own?.roiMicros ?? null, currency)}</td>
                    <td class={toneOf(seen?.roiMicros ?? null)}>{price(seen?.roiMicros ?? null, currency)}</td>
                    <td>
                      {seen === undefined
                        ? NONE
                        : seen.bidMicros === 0
                          ? seen.verdict
                          : price(seen.bidMicros, currency)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </div>
    </Card>
  );
}

function toneOf(roiMicros: number | null): string {
  return roiMicros === null ? "" : roiMicros > 0 ? "good" : "bad";
}

/** Changes listed under the strip. */
const LISTED = 8;

function History({ one, frame }: ViewProps) {
  const { history: changes } = one;
  if (changes.length === 0) {
    return (
      <Card title="State history">
        <Empty>It has been {one.state} from the beginning.</Empty>
      </Card>
    );
  }
  const [{ tick: fromTick }] = changes;
  const whole = Math.max(1, frame.tick + 1 - fromTick);
  const spans = changes.map((change, at) => {
    return { ...change, ticks: (changes[at + 1]?.tick ?? frame.tick + 1) - change.tick };
  });
  const isLong = whole * frame.tickMs > 86_400_000;
  const show = (tick: number) => (isLong ? dateTime : clock)(timeOf(frame, tick));
  return (
    <Card
      title="State history"
      note={changes.length === 1 ? "One change so far." : `The last ${count(changes.length)} changes.`}
    >
      <div class="states" role="img" aria-label={`States: ${changes.map(({ state }) => state).join(", ")}`}>
        {spans.map((span, at) => (
          <i
            key={at}
            class={`is-${span.state}`}
            style={{ width: `${((100 * span.ticks) / whole).toFixed(3)}%` }}
            title={`${span.state} from ${show(span.tick)}, ${count(span.ticks)} ticks`}
          />
        ))}
      </div>
      <div class="ends quiet small">
        <span>{show(fromTick)}</span>
        <span>now</span>
      </div>
      <ol class="changes" aria-label="Changes of state, newest first">
        {spans
          .toReversed()
          .slice(0, LISTED)
          .map((span, at) => (
            <li key={at}>
              <time class="quiet small">{show(span.tick)}</time>
              <State state={span.state} />
              <span class="quiet small">
                {at === 0 ? "until now" : `for ${count(span.ticks)} ${span.ticks === 1 ? "tick" : "ticks"}`}
              </span>
            </li>
          ))}
      </ol>
    </Card>
  );
}
