/** The first view: money, the mosaic, what happened lately. */
import { SHOWN_STATES } from "../../observe/frames.ts";
import type { DashboardFrame, ShownState } from "../../observe/frames.ts";
import { clock, count, dateTime, money, percent, shortCount, shortMoney } from "../format.ts";
import { CampaignTable } from "./campaign-table.tsx";
import { Mosaic } from "./mosaic.tsx";
import { paceOf } from "./pace.ts";
import { Card, Empty, Meter, STATE_MEANINGS, Tile } from "./parts.tsx";
import { campaignHref, route, setQuery } from "./route.ts";

/** The states that last: `evaluating` is over within its tick. */
const LASTING = SHOWN_STATES.filter((state) => state !== "evaluating");

/** The view. */
export function CampaignsView({ frame }: { readonly frame: DashboardFrame }) {
  const { currency, money: all, platforms, states, performance: speed, timeMs, tick } = frame;
  const lit = LASTING.find((state) => state === route.value.query.get("state")) ?? null;
  const conversions = platforms.reduce((sum, one) => sum + one.conversions, 0);
  const clicks = platforms.reduce((sum, one) => sum + one.clicks, 0);
  const bidding = states.bidding + states.fallback;
  const pace = paceOf(all.pace, tick);
  const troubled = states.quarantined;
  return (
    <>
      <div class="title">
        <h1>{frame.name}</h1>
        <p class="quiet">
          {count(frame.campaigns)} campaigns on {platforms.length} platforms · {dateTime(timeMs)} UTC · tick{" "}
          {count(tick)}
        </p>
      </div>
      <div class="tiles">
        <Tile
          name="Spent"
          value={shortMoney(all.spentMicros, currency)}
          note={`${shortMoney(all.reservedMicros, currency)} reserved`}
        />
        <Tile
          name="Pace"
          value={percent(all.pace)}
          note={`${pace.word}; plan ${shortMoney(all.planMicros, currency)}`}
          tone={pace.tone}
        />
        <Tile name="Conversions" value={shortCount(conversions)} note={`of ${shortCount(clicks)} clicks`} />
        <Tile
          name="Cost per conversion"
          value={money(conversions === 0 ? null : all.spentMicros / conversions, currency)}
          note="mean of all campaigns"
        />
        <Tile name="Bidding now" value={count(bidding)} note={`of ${count(frame.campaigns)} campaigns`}>
          <Meter value={bidding / Math.max(1, frame.campaigns)} label={`${count(bidding)} campaigns have bids out`} />
        </Tile>
        <Tile
          name="In quarantine"
          value={count(troubled)}
          note={`${count(speed.restarts)} restarts so far`}
          tone={troubled > 0 ? "bad" : "good"}
        />
      </div>
      <div class="split">
        <Card title="Every campaign" note="Colour is state; a cell fills as its budget is used.">
          {frame.mosaic === "" ? (
            <Empty>Too many campaigns for a mosaic; the table has them all.</Empty>
          ) : (
            <Mosaic text={frame.mosaic} lit={lit} />
          )}
          <Legend states={states} lit={lit} />
        </Card>
        <Lately frame={frame} />
      </div>
      <CampaignTable frame={frame} />
    </>
  );
}

interface LegendProps {
  readonly states: DashboardFrame["states"];
  readonly lit: ShownState | null;
}

function Legend({ states, lit }: LegendProps) {
  return (
    <div class="legend" role="group" aria-label="Show one state">
      {LASTING.map((state) => (
        <button
          key={state}
          type="button"
          class={`chip ${states[state] === 0 ? "is-none" : ""}`}
          title={STATE_MEANINGS[state]}
          aria-pressed={lit === state}
          onClick={() => setQuery({ state: lit === state ? "" : state, offset: "" })}
        >
          <i class={`dot square is-${state}`} aria-hidden="true" />
          {state} <b>{count(states[state])}</b>
        </button>
      ))}
    </div>
  );
}

function Lately({ frame }: { readonly frame: DashboardFrame }) {
  return (
    <Card title="Lately" note="Orders, failures, platforms; newest first." class="lately">
      {frame.events.length === 0 ? (
        <Empty>Nothing has happened yet.</Empty>
      ) : (
        <ol class="lines" tabIndex={0} aria-label="What happened lately, newest first">
          {frame.events.toReversed().map((line) => (
            <li key={line.id}>
              <time>{clock(line.timeMs)}</time>
              <span>
                {line.campaign === null ? null : <a href={campaignHref(line.campaign)}>{line.campaign}</a>}{" "}
                {line.platform === null ? null : <b>{line.platform}</b>} {line.text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
