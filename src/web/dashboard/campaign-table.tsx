/** The table of campaigns: filtered, sorted and paged by the service; what it shows is in the address. */
import { useEffect, useState } from "preact/hooks";
import { SHOWN_STATES } from "../../observe/frames.ts";
import type { CampaignRow, DashboardFrame, Page } from "../../observe/frames.ts";
import { count, money, NONE, percent, shortMoney } from "../format.ts";
import { useAsked } from "./asked.ts";
import { paceOf } from "./pace.ts";
import { Card, Empty, Loading, Meter, State, Trouble } from "./parts.tsx";
import { campaignHref, route, setQuery } from "./route.ts";

const ROWS = 25;
/** How long after the last letter of a search it is asked for [ms]. */
const TYPING_MS = 200;

const COLUMNS = [
  { sort: "id", name: "Campaign", kind: "left" },
  { sort: "state", name: "State", kind: "left" },
  { sort: null, name: "Budget used", kind: "left" },
  { sort: "spent", name: "Spent", kind: "wide" },
  { sort: "pace", name: "Pace", kind: "wide" },
  { sort: "conversions", name: "Conversions", kind: "wide" },
  { sort: "cpa", name: "CPA", kind: "wide" },
  { sort: "restarts", name: "Restarts", kind: "wide" },
  { sort: null, name: "Last decision", kind: "left wide" },
] as const;

/** The table. */
export function CampaignTable({ frame }: { readonly frame: DashboardFrame }) {
  const { query } = route.value;
  const sort = query.get("sort") ?? "slot";
  const isDown = query.get("order") === "desc";
  const offset = Number(query.get("offset") ?? 0) || 0;
  const asked = new URLSearchParams({ sort, order: isDown ? "desc" : "asc", offset: String(offset), limit: `${ROWS}` });
  for (const name of ["state", "search"]) {
    const value = query.get(name);
    if (value !== null) asked.set(name, value);
  }
  const { value: page, isOld, trouble } = useAsked<Page<CampaignRow>>(`/v1/campaigns?${asked.toString()}`, 900);
  const sortBy = (column: string) => {
    const isAgain = sort === column;
    const isNextDown = isAgain ? !isDown : column !== "id" && column !== "state";
    setQuery({ sort: column, order: isNextDown ? "desc" : "", offset: "" });
  };
  const isFiltered = query.has("state") || query.has("search");
  const note =
    page === null
      ? ""
      : isFiltered
        ? `${count(page.total)} of ${count(frame.campaigns)}`
        : `${count(page.total)} in all`;
  return (
    <Card title="Campaigns" note={note} actions={<Filters />}>
      <Trouble text={trouble} />
      <div class={`scroll ${isOld ? "is-old" : ""}`}>
        <table class="campaigns">
          <thead>
            <tr>
              {COLUMNS.map(({ sort: by, name, kind }) => (
                <th
                  key={name}
                  class={kind}
                  scope="col"
                  aria-sort={by === sort ? (isDown ? "descending" : "ascending") : undefined}
                >
                  {by === null ? (
                    name
                  ) : (
                    <button type="button" onClick={() => sortBy(by)}>
                      {name}
                      <i aria-hidden="true">{by === sort ? (isDown ? "↓" : "↑") : ""}</i>
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(page?.items ?? []).map((row) => (
              <Row key={row.id} row={row} frame={frame} />
            ))}
          </tbody>
        </table>
      </div>
      {page === null && trouble === null ? <Loading lines={6} /> : null}
      {page !== null && page.total === 0 ? (
        <Empty>
          <p>No campaign matches.</p>
          <button type="button" onClick={() => setQuery({ state: "", search: "", offset: "" })}>
            Show all campaigns
          </button>
        </Empty>
      ) : null}
      {page === null || page.total === 0 ? null : <Pager offset={offset} total={page.total} />}
    </Card>
  );
}

function Filters() {
  const { query } = route.value;
  const search = query.get("search") ?? "";
  const [typed, setTyped] = useState(search);
  useEffect(() => setTyped(search), [search]);
  useEffect(() => {
    if (typed === search) return undefined;
    const timer = setTimeout(() => setQuery({ search: typed.trim(), offset: "" }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <>
      <input
        type="search"
        placeholder="Search by name"
        aria-label="Search by name"
        maxLength={80}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <select
        aria-label="State"
        value={query.get("state") ?? ""}
        onChange={(event) => setQuery({ state: event.currentTarget.value, offset: "" })}
      >
        <option value="">Every state</option>
        {SHOWN_STATES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </>
  );
}

function Pager({ offset, total }: { readonly offset: number; readonly total: number }) {
  const to = (next: number) => setQuery({ offset: next <= 0 ? "" : String(next) });
  return (
    <nav class="pager" aria-label="Pages of the table">
      <span class="quiet small">
        {count(Math.min(total, offset + 1))}–{count(Math.min(total, offset + ROWS))} of {count(total)}
      </span>
      <button type="button" disabled={offset === 0} onClick={() => to(offset - ROWS)}>
        Previous
      </button>
      <button type="button" disabled={offset + ROWS >= total} onClick={() => to(offset + ROWS)}>
        Next
      </button>
    </nav>
  );
}

function Row({ row, frame }: { readonly row: CampaignRow; readonly frame: DashboardFrame }) {
  const { currency, tick } = frame;
  const spent = row.limitMicros === 0 ? 0 : Math.max(0, row.usedMicros - row.reservedMicros) / row.limitMicros;
  const reserved = row.limitMicros === 0 ? 0 : Math.min(row.usedMicros, row.reservedMicros) / row.limitMicros;
  return (
    <tr>
      <td class="left">
        <a href={campaignHref(row.id)}>{row.id}</a>
      </td>
      <td class="left">
        <State state={row.state} />
      </td>
      <td class="left">
        <Meter
          value={spent}
          also={reserved}
          label={`${percent(spent)} spent and ${percent(reserved)} reserved of ${money(row.limitMicros, currency)}`}
        />
        <span class="quiet small share">{percent(spent + reserved)}</span>
      </td>
      <td class="wide">{shortMoney(row.spentMicros, currency)}</td>
      <td class={`wide ${paceOf(row.pace, tick).tone}`}>{percent(row.pace)}</td>
      <td class="wide">{count(row.conversions)}</td>
      <td class="wide">{money(row.cpaMicros, currency)}</td>
      <td class="wide">{row.restarts === 0 ? NONE : count(row.restarts)}</td>
      <td class="left wide quiet">{row.reason ?? NONE}</td>
    </tr>
  );
}
