/** The inspector: every statechart, drawn from its definition and alive. */
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { Card } from "../dashboard/parts.tsx";
import { count, shortCount } from "../format.ts";
import { beat, order } from "../service.ts";
import { Shell } from "../shell.tsx";
import { Drawing } from "./drawing.tsx";
import type { HandDrivenFrame } from "../../observe/inspection-frames.ts";
import { useAsked } from "../dashboard/asked.ts";
import { Alone } from "./alone.tsx";
import { Actors, EventLog, Glass } from "./glass.tsx";
import "./inspector.css";
import { Sequence } from "./sequence.tsx";
import { actor, alone, chart, charts, heat, inspection, link, look, messages, watched } from "./state.ts";
import { openStately } from "./stately.ts";

const LINKS = {
  connecting: ["", "connecting"],
  live: ["is-good", "live"],
  stale: ["is-warn", "stale"],
  lost: ["is-bad", "no answer"],
  locked: ["is-bad", "locked"],
} as const;

function Inspector() {
  const shown = charts.find(({ name }) => name === chart.value)!;
  const frame = inspection.value;
  useEffect(() => {
    // Lists are asked for anew whenever a frame has come.
    beat.value += 1;
  }, [frame]);
  const [tone, word] = LINKS[link.value];
  const activity = frame?.charts.find((one) => one.chart === shown.name);
  const seen = actor.value;
  const path = alone.value;
  const asked = useAsked<HandDrivenFrame>(
    `/v1/inspect/alone?chart=${shown.name}&path=${(path ?? []).join(",")}`,
    Number.POSITIVE_INFINITY,
  );
  const single = path === null || asked.value?.chart !== shown.name ? null : asked.value;
  const here = path === null ? (seen?.chart === shown.name ? seen.state : null) : (single?.state ?? null);
  const states = path === null ? (activity?.states ?? {}) : single === null ? {} : { [single.state]: 1 };
  return (
    <Shell
      at="/inspector"
      tools={
        <>
          {frame === null ? null : <TimeBar />}
          <span class="chip" role="status">
            <i class={`dot ${tone}`} aria-hidden="true" />
            {word}
          </span>
        </>
      }
    >
      <h1 class="visually-hidden">Inspector</h1>
      <div class="tabs" role="group" aria-label="Statecharts">
        {charts.map(({ name, notes }) => {
          const counts = frame?.charts.find((one) => one.chart === name)?.states ?? {};
          const live = Object.values(counts).reduce((sum, some) => sum + some, 0);
          return (
            <button
              key={name}
              type="button"
              title={notes}
              aria-pressed={name === shown.name}
              onClick={() => {
                chart.value = name;
                if (alone.value !== null) alone.value = [];
              }}
            >
              {name}
              <b>{shortCount(live)}</b>
            </button>
          );
        })}
      </div>
      <div class="deck">
        <Card title={shown.name} note={shown.notes} actions={<Exports />}>
          <Drawing chart={shown} states={states} heat={path === null ? heat.value : COLD} here={here} />
          {frame !== null && frame.threads > 1 ? (
            <p class="small quiet">
              Campaigns live in {frame.threads} threads of their own: start with --threads 1 to look into them.
            </p>
          ) : null}
        </Card>
        <div class="side">
          <div class="tabs" role="group" aria-label="What is looked at">
            <button type="button" aria-pressed={path === null} onClick={() => (alone.value = null)}>
              Live actors
            </button>
            <button type="button" aria-pressed={path !== null} onClick={() => (alone.value ??= [])}>
              Alone, by hand
            </button>
          </div>
          {path === null ? (
            <>
              <Actors key={shown.name} chart={shown} />
              <Glass chart={charts.find(({ name }) => name === actor.value?.chart) ?? shown} />
            </>
          ) : (
            <Alone frame={single} trouble={asked.trouble} />
          )}
        </div>
      </div>
      {watched.value === null || path !== null ? null : (
        <div class="halves">
          <Card title="Who sent what to whom" note={`the newest ${Math.min(16, messages.value.length)} messages`}>
            <Sequence messages={messages.value} />
          </Card>
          <Card title="Events" note="newest first">
            <EventLog />
          </Card>
        </div>
      )}
    </Shell>
  );
}

/** Nothing is taken by live actors where a statechart is driven alone. */
const COLD: ReadonlyMap<string, number> = new Map();

function TimeBar() {
  const { tick, time } = inspection.value!;
  const say = (body: object) => void order("POST", "/v1/time", body).catch(() => undefined);
  return (
    <div class="timebar" role="group" aria-label="Time">
      <span class="chip">tick {count(tick)}</span>
      {time === null ? null : (
        <>
          <button
            type="button"
            class={time.isPlaying ? "" : "primary"}
            onClick={() => say({ action: time.isPlaying ? "pause" : "play" })}
          >
            {time.isPlaying ? "Pause" : "Play"}
          </button>
          <button type="button" onClick={() => say({ action: "step", ticks: 1 })}>
            Step
          </button>
          <button type="button" class="wide" onClick={() => say({ action: "step", ticks: 60 })}>
            60 ticks
          </button>
          <select
            class="wide"
            aria-label="Pace"
            value={String(time.everyMs)}
            onChange={(event) => say({ action: "play", everyMs: Number(event.currentTarget.value) })}
          >
            {[...new Set([50, 200, 500, 2_000, time.everyMs])]
              .sort((a, b) => a - b)
              .map((everyMs) => (
                <option key={everyMs} value={String(everyMs)}>
                  a tick every {everyMs < 1_000 ? `${everyMs} ms` : `${everyMs / 1_000} s`}
                </option>
              ))}
          </select>
        </>
      )}
    </div>
  );
}

function Exports() {
  const shown = charts.find(({ name }) => name === chart.value)!;
  const { mermaid, drawn: _, edges: __, width: ___, height: ____, ...definition } = shown;
  return (
    <>
      <button type="button" onClick={() => save(`${shown.name}.mmd`, "text/plain", mermaid)}>
        Mermaid
      </button>
      <button type="button" onClick={() => save(`${shown.name}.svg`, "image/svg+xml", pictured())}>
        SVG
      </button>
      <button
        type="button"
        onClick={() => save(`${shown.name}.json`, "application/json", JSON.stringify(definition, null, 2))}
      >
        JSON
      </button>
      <button
        type="button"
        title="Opens Stately's own inspector, on the internet, and tells it what these actors do"
        onClick={openStately}
      >
        Stately ↗
      </button>
    </>
  );
}

/** Properties that a drawing takes from the style sheet. */
const STYLED = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
];

/** The drawing as a file of its own: what the style sheet says is written into it. */
function pictured(): string {
  const drawing = document.querySelector("#drawing")!;
  const copy = drawing.cloneNode(true) as Element;
  const [from, to] = [
    [drawing, ...drawing.querySelectorAll("*")],
    [copy, ...copy.querySelectorAll("*")],
  ];
  for (const [at, element] of from.entries()) {
    const style = getComputedStyle(element);
    for (const name of STYLED) to[at].setAttribute(name, style.getPropertyValue(name));
  }
  copy.removeAttribute("style");
  return copy.outerHTML;
}

function save(name: string, type: string, text: string): void {
  const link_ = document.createElement("a");
  link_.href = URL.createObjectURL(new Blob([text], { type }));
  link_.download = name;
  link_.click();
  URL.revokeObjectURL(link_.href);
}

look();
render(<Inspector />, document.querySelector("#page")!);
