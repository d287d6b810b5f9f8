/** The first page: money, the mosaic, the table of campaigns, what happened lately. */
import { useState } from "preact/hooks";
import { SHOWN_STATES } from "../observe/frames.ts";
import type { CampaignRow, DashboardFrame, Page, ShownState } from "../observe/frames.ts";
import { useAsked } from "./asked.ts";
import { clock, count, money, NONE, percent, shortCount, shortMoney } from "./format.ts";
import { Mosaic } from "./mosaic.tsx";
import { Card, Meter, State, STATE_MEANINGS, Tile } from "./parts.tsx";
import { campaignHref } from "./route.ts";

/** Campaigns on a page of the table. */
const ROWS = 25;

const COLUMNS = [
  { sort: "id", name: "Campaign", isLeft: true, wide: false },
  { sort: "state", name: "State", isLeft: true, wide: false },
  { sort: null, name: "Budget used", isLeft: true, wide: true },
  { sort: "spent", name: "Spent", isLeft: false, wide: false },
  { sort: "pace", name: "Pace", isLeft: false, wide: false },
  { sort: "conversions", name: "Conv.", isLeft: false, wide: false },
  { sort: "cpa", name: "CPA", isLeft: false, wide: false },
  { sort: "restarts", name: "Restarts", isLeft: false, wide: true },
  { sort: null, name: "Last decision", isLeft: true, wide: true },
] as const;

/** How far spend is from plan, as a tone. */
export function paceTone(pace: number | null): "" | "good" | "warn" | "bad" {
  if (pace === null) return "";
  return pace > 1.3 || pace < 0.6 ? "bad" : pace > 1.12 || pace < 0.85 ? "warn" : "good";
}

/** The page. */
export function Overview({ frame }: { readonly frame: DashboardFrame }) {
  const [state, setState] = useState<ShownState | null>(null);
  const { money: all, currency, platforms, performance: speed } = frame;
  const conversions = platforms.reduce((sum, { conversions: some }) => sum + some, 0);
  const clicks = platforms.reduce((sum, one) => sum + one.clicks, 0);
  const running = frame.states.bidding + frame.states.fallback;
  return (
    <main>
      <h1 class="sr">{frame.name}</h1>
      <div class="tiles">
        <Tile
          name="Spent"
          value={shortMoney(all.spentMicros, currency)}
          note={`${money(all.reservedMicros, currency)} reserved`}
        />
        <Tile
          name="Pace"
          value={percent(all.pace)}
          note={`plan ${shortMoney(all.planMicros, currency)}`}
          tone={paceTone(all.pace)}
        />
        <Tile name="Conversions" value={shortCount(conversions)} note={`${shortCount(clicks)} clicks`} />
        <Tile
          name="Cost per conversion"
          value={money(conversions === 0 ? null : all.spentMicros / conversions, currency)}
          note="all campaigns"
        />
        <Tile
          name="Bidding now"
          value={`${count(running)} of ${count(frame.campaigns)}`}
          note={`${count(frame.states.exhausted)} exhausted`}
        />
        <Tile
          name="In trouble"
          value={count(frame.states.quarantined)}
          note={`${count(speed.restarts)} restarts so far`}
          tone={frame.states.quarantined > 0 ? "bad" : "good"}
        />
      </div>
      <Card title="Campaigns by state" note="a square each; the fuller the colour, the more of the budget is used">
        {frame.mosaic === "" ? (
          <p class="empty">Too many campaigns for a mosaic; the table has them all.</p>
        ) : (
          <Mosaic text={frame.mosaic} />
        )}
        <div class="legend" role="group" aria-label="Filter by state">
          {SHOWN_STATES.filter((one) => one !== "evaluating").map((one) => (
            <button
              key={one}
              type="button"
              class="chip"
              title={STATE_MEANINGS[one]}
              aria-pressed={state === one}
              onClick={() => setState(state === one ? null : one)}
            >
              <i class={`dot square is-${one}`} />
              {one} <b>{count(frame.states[one])}</b>
            </button>
          ))}
        </div>
      </Card>
      <Campaigns frame={frame} state={state} setState={setState} />
      <Lately frame={frame} />
    </main>
  );
}

interface CampaignsProps {
  readonly frame: DashboardFrame;
  readonly state: ShownState | null;
  readonly setState: (state: ShownState | null) => void;
}

function Campaigns({ frame, state, setState }: CampaignsProps) {
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState("slot");
  const [isDown, setDown] = useState(false);
  const [offset, setOffset] = useState(0);
  const query = new URLSearchParams({ sort, order: isDown ? "desc" : "asc", limit: String(ROWS) });
  if (state !== null) query.set("state", state);
  if (search !== "") query.set("search", search);
  const first = useAsked<Page<CampaignRow>>(`/v1/campaigns?${query.toString()}&offset=${offset}`, 900);
  const { value: page, trouble } = first;
  const sortBy = (wanted: string) => {
    setDown(sort === wanted ? !isDown : wanted !== "id");
    setSort(wanted);
    setOffset(0);
  };
  return (
    <Card
      title="Campaigns"
      {...(page === null
        ? {}
        : { note: `${count(page.total)} ${page.total === frame.campaigns ? "in all" : "match"}` })}
    >
      <div class="filters">
        <input
          class="field"
          type="search"
          placeholder="Search by name"
          aria-label="Search by name"
          maxLength={80}
          value={search}
          onInput={(event) => {
            setSearch(event.currentTarget.value);
            setOffset(0);
          }}
        />
        <select
          class="field"
          aria-label="State"
          value={state ?? ""}
          onChange={(event) => {
            setState(event.currentTarget.value === "" ? null : (event.currentTarget.value as ShownState));
            setOffset(0);
          }}
        >
          <option value="">every state</option>
          {SHOWN_STATES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </div>
      {trouble === null ? null : <p class="bad">{trouble}</p>}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              {COLUMNS.map(({ sort: by, name, isLeft, wide }) => (
                <th
                  key={name}
                  class={`${isLeft ? "left" : ""} ${wide ? "wide-only" : ""}`}
                  {...(by === sort ? { "aria-sort": isDown ? ("descending" as const) : ("ascending" as const) } : {})}
                >
                  {by === null ? (
                    name
                  ) : (
                    <button type="button" onClick={() => sortBy(by)}>
                      {name}
                      {by === sort ? (isDown ? " ↓" : " ↑") : ""}
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(page?.items ?? []).map((row) => (
              <Row key={row.id} row={row} currency={frame.currency} />
            ))}
          </tbody>
        </table>
      </div>
      {page === null ? <p class="empty">Loading…</p> : null}
      {page !== null && page.total === 0 ? <p class="empty">No campaign matches.</p> : null}
      {page !== null && page.total > ROWS ? (
        <div class="pager">
          <span class="muted small number">
            {count(offset + 1)} to {count(Math.min(page.total, offset + ROWS))} of {count(page.total)}
          </span>
          <button
            type="button"
            class="button"
            disabled={offset === 0}
            onClick={() => setOffset(Math.max(0, offset - ROWS))}
          >
            Previous
          </button>
          <button
            type="button"
            class="button"
            disabled={offset + ROWS >= page.total}
            onClick={() => setOffset(offset + ROWS)}
          >
            Next
          </button>
        </div>
      ) : null}
    </Card>
  );
}

function Row({ row, currency }: { readonly row: CampaignRow; readonly currency: string }) {
  const used = row.limitMicros === 0 ? 0 : row.usedMicros / row.limitMicros;
  return (
    <tr>
      <td class="left">
        <a href={campaignHref(row.id)}>{row.id}</a>
      </td>
      <td class="left">
        <State state={row.state} />
      </td>
      <td class="left wide-only">
        <Meter value={used} label={`${percent(used)} of ${money(row.limitMicros, currency)} spent or reserved`} />{" "}
        <span class="muted small">{percent(used)}</span>
      </td>
      <td>{money(row.spentMicros, currency)}</td>
      <td class={paceTone(row.pace)}>{percent(row.pace)}</td>
      <td>{count(row.conversions)}</td>
      <td>{money(row.cpaMicros, currency)}</td>
      <td class="wide-only">{row.restarts === 0 ? NONE : count(row.restarts)}</td>
      <td class="left muted wide-only">{row.reason ?? NONE}</td>
    </tr>
  );
}

function Lately({ frame }: { readonly frame: DashboardFrame }) {
  return (
    <Card title="Lately" note="orders, restarts, quarantines, platforms, refusals">
      {frame.events.length === 0 ? (
        <p class="empty">Nothing yet.</p>
      ) : (
        <ol class="lines" tabIndex={0} aria-label="What happened lately, newest first">
          {frame.events.toReversed().map((line) => (
            <li key={line.id}>
              <time>{clock(line.timeMs)}</time>
              <span>
                {line.campaign === null ? null : (
                  <>
                    <a href={campaignHref(line.campaign)}>{line.campaign}</a>{" "}
                  </>
                )}
                {line.platform === null ? null : <b>{line.platform} </b>}
                {line.text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
