/** One actor under the glass: pick it, see what it knows and hears, try and send events. */
import { useState } from "preact/hooks";
import type { ActorRow, EventVerdict } from "../../observe/inspection-frames.ts";
import type { Page } from "../../observe/frames.ts";
import { useAsked } from "../dashboard/asked.ts";
import { Card, Empty, Loading, Trouble } from "../dashboard/parts.tsx";
import { count } from "../format.ts";
import { order, Refusal } from "../service.ts";
import type { ChartBook } from "./lettering.ts";
import { actor, messages, watched } from "./state.ts";

type Chart = ChartBook["charts"][number];

/** The list of a chart's live actors. */
export function Actors({ chart }: { readonly chart: Chart }) {
  const [search, setSearch] = useState("");
  const query = new URLSearchParams({ chart: chart.name, search });
  const { value: page, trouble } = useAsked<Page<ActorRow>>(`/v1/inspect/actors?${query.toString()}`, 1_500);
  return (
    <Card title="Actors" {...(page === null ? {} : { note: `${count(page.total)} live` })}>
      <input
        class="full"
        type="search"
        placeholder="Search by id"
        aria-label="Search actors by id"
        maxLength={80}
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <Trouble text={trouble} />
      {page === null ? <Loading /> : null}
      {page?.total === 0 ? <Empty>No live actor of this statechart.</Empty> : null}
      <div class="actors">
        {(page?.items ?? []).map(({ id, state }) => (
          <button
            key={id}
            type="button"
            aria-pressed={watched.value === id}
            onClick={() => (watched.value = watched.value === id ? null : id)}
          >
            {id}
            <span>{state}</span>
          </button>
        ))}
      </div>
    </Card>
  );
}

/** The actor that is watched: its state, its context, and events for it. */
export function Glass({ chart }: { readonly chart: Chart }) {
  const id = watched.value;
  const seen = actor.value;
  if (id === null) return null;
  return (
    <Card
      title={id}
      note={seen === null ? "not alive in this thread now" : `${seen.status}, in ${seen.state}`}
      actions={
        <button type="button" onClick={() => (watched.value = null)}>
          Put away
        </button>
      }
    >
      <Events key={id} id={id} chart={chart} />
      {seen === null ? null : (
        <details open>
          <summary class="small quiet">What it knows</summary>
          <pre tabIndex={0}>{seen.context}</pre>
        </details>
      )}
    </Card>
  );
}

/** The smallest payload of events that need one. */
const PAYLOADS: Readonly<Record<string, object>> = {
  hold: { why: "by hand" },
  "budget.toppedUp": { micros: 10_000_000 },
  "feed.heard": { tick: 0 },
  "feed.silent": { tick: 0 },
  "feed.refused": { tick: 0, why: "by hand" },
};

function Events({ id, chart }: { readonly id: string; readonly chart: Chart }) {
  const types = chart.events.filter(
    (event) => event !== "always" && event !== "reports" && !event.startsWith("xstate."),
  );
  const [type, setType] = useState(types[0]);
  const [verdict, setVerdict] = useState<EventVerdict | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const ask = async (verb: "try" | "events") => {
    try {
      const body = { type, ...PAYLOADS[type] };
      const answer = await order<EventVerdict>("POST", `/v1/inspect/actors/${encodeURIComponent(id)}/${verb}`, body);
      setVerdict(answer);
      setTold(verb === "events" ? `${type} was sent.` : null);
    } catch (error) {
      setVerdict(null);
      setTold(error instanceof Refusal ? error.message : "The service does not answer.");
    }
  };
  return (
    <>
      <div class="send">
        <select
          aria-label="Event"
          value={type}
          onChange={(event) => {
            setType(event.currentTarget.value);
            setVerdict(null);
            setTold(null);
          }}
        >
          {types.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <button type="button" onClick={() => void ask("try")}>
          Would it pass?
        </button>
        <button type="button" class="primary" onClick={() => void ask("events")}>
          Send
        </button>
      </div>
      <div class="verdict small" role="status">
        {told === null ? null : <p>{told}</p>}
        {verdict === null ? null : <Verdict verdict={verdict} />}
      </div>
    </>
  );
}

export function Verdict({ verdict }: { readonly verdict: EventVerdict }) {
  const { state, candidates, next, error } = verdict;
  return (
    <>
      {candidates.length === 0 ? <p>In {state} nobody listens to it: nothing happens.</p> : null}
      <ol>
        {candidates.map(({ transition, guard, isTaken }) => (
          <li key={transition} class={isTaken ? "good" : "quiet"}>
            <span aria-hidden="true">{isTaken ? "✓" : "✗"}</span>
            <span>
              {transition}
              {guard === null ? "" : ` [${guard}]`}
              {isTaken ? " is taken" : ""}
            </span>
          </li>
        ))}
      </ol>
      {error === null ? null : <p class="bad">It fails: {error}</p>}
      {next === null || candidates.length === 0 ? null : (
        <p>{next === state ? `It stays ${state}.` : `From ${state} to ${next}.`}</p>
      )}
    </>
  );
}

/** The newest messages of the watched actor, one line each. */
export function EventLog() {
  if (messages.value.length === 0) return <Empty>Nothing yet. In paused time, step once.</Empty>;
  return (
    <ol class="log" tabIndex={0} aria-label="Messages, newest first">
      {messages.value.toReversed().map((message) => (
        <li key={message.id}>
          <span class="quiet">{count(message.tick)}</span>
          <span>
            <b>{message.event}</b>{" "}
            {message.before === message.after ? `in ${message.after}` : `${message.before} → ${message.after}`}{" "}
            {message.to === watched.value ? null : <span class="quiet">to {message.to}</span>}
            {message.detail === "{}" ? null : <code>{message.detail}</code>}
          </span>
        </li>
      ))}
    </ol>
  );
}
