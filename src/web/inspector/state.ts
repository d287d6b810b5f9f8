/** What the inspector knows: the chart and the actor that are looked at, and what the service says of them. */
import { effect, signal } from "@preact/signals";
import book from "virtual:charts";
import type { ActorFrame, ActorMessage, InspectionFrame } from "../../observe/inspection-frames.ts";
import { events, keepToken, Refusal } from "../service.ts";
import type { Link } from "../service.ts";

/** Messages of the watched actor that are kept. */
const KEPT = 200;
const RETRY_MS = 2_000;

/** How fast a transition cools down from one frame to the next. */
const COOLING = 0.82;

export const { charts } = book;
/** Name of the chart that is shown. */
export const chart = signal(charts[0].name);
/** What the chart was given, driven alone; null where live actors are looked at. */
export const alone = signal<readonly number[] | null>(null);
/** Id of the actor under the glass, or null. */
export const watched = signal<string | null>(null);
export const link = signal<Link>("connecting");
export const inspection = signal<InspectionFrame | null>(null);
export const actor = signal<ActorFrame | null>(null);
/** Of the watched actor, newest last. */
export const messages = signal<readonly ActorMessage[]>([]);
/** By chart and transition: how often it was taken lately. */
export const heat = signal<ReadonlyMap<string, number>>(new Map());

/** The key of a transition in {@link heat}. */
export function heatKey(ofChart: string, transition: string): string {
  return `${ofChart} ${transition}`;
}

/** Reads chart, actor and token from the address; the token is not left there. */
function readAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token");
  if (token !== null) {
    keepToken(token);
    given.delete("token");
    history.replaceState(null, "", `#${given.toString()}`);
  }
  const name = given.get("chart");
  if (charts.some((one) => one.name === name)) chart.value = name!;
  watched.value = given.get("actor");
  const path = given.get("alone");
  alone.value =
    path === null
      ? null
      : path
          .split(",")
          .filter((text) => /^\d{1,4}$/.test(text))
          .map(Number);
}

function writeAddress(): void {
  const given = new URLSearchParams({ chart: chart.value });
  if (watched.value !== null) given.set("actor", watched.value);
  if (alone.value !== null) given.set("alone", alone.value.join(","));
  history.replaceState(null, "", `#${given.toString()}`);
}

/** Looks from now on: a new stream whenever another actor is picked. */
export function look(): void {
  readAddress();
  addEventListener("hashchange", readAddress);
  effect(writeAddress);
  let end = new AbortController();
  effect(() => {
    const id = watched.value;
    end.abort();
    end = new AbortController();
    actor.value = null;
    messages.value = [];
    void follow(id, end.signal);
  });
}

async function follow(id: string | null, end: AbortSignal): Promise<void> {
  const path = `/v1/inspect/frames${id === null ? "" : `?actor=${encodeURIComponent(id)}`}`;
  while (!end.aborted) {
    try {
      for await (const { event, data } of events(path, end)) {
        if (end.aborted) return;
        if (event === "frame") hearFrame(JSON.parse(data) as InspectionFrame);
        else if (event === "actor") hearActor(JSON.parse(data) as ActorFrame | null);
      }
      link.value = "lost";
    } catch (error) {
      if (end.aborted) return;
      link.value = error instanceof Refusal && error.status === 401 ? "locked" : "lost";
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function hearFrame(frame: InspectionFrame): void {
  link.value = "live";
  // Time that stands still leaves no trace: what was taken last stays visible.
  const hasMoved = frame.tick !== inspection.value?.tick;
  inspection.value = frame;
  const warm = new Map<string, number>();
  for (const [key, degree] of heat.value) {
    const left = hasMoved ? degree * COOLING : degree;
    if (left > 0.05) warm.set(key, left);
  }
  for (const { chart: name, taken } of frame.charts) {
    for (const [id, count] of Object.entries(taken)) {
      const key = heatKey(name, id);
      warm.set(key, (warm.get(key) ?? 0) + count);
    }
  }
  heat.value = warm;
}

function hearActor(frame: ActorFrame | null): void {
  actor.value = frame;
  if (frame !== null && frame.messages.length > 0) messages.value = [...messages.value, ...frame.messages].slice(-KEPT);
}
