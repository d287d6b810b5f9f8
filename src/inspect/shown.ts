/** Actors, events and values as they are shown: plain data, no longer and no deeper than a person reads. */
import type { EventObject } from "xstate";

/** Deepest that a context is shown, and most entries of one of its lists. */
export const DEPTH = 4;
const ENTRIES = 12;

/** The active state as a dotted path; of parallel states the first. */
export function stateOf(value: unknown): string {
  const path: string[] = [];
  let inner = value;
  while (typeof inner === "object" && inner !== null) {
    const [[key, deeper] = ["", ""]] = Object.entries(inner);
    path.push(key);
    inner = deeper;
  }
  if (typeof inner === "string") path.push(inner);
  return path.join(".");
}

/** A value as plain data that can be shown: no functions, no actors, no more than so deep and long. */
export function plain(value: unknown, depth: number): unknown {
  if (typeof value === "function") return "ƒ";
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return value.message;
  if ("getSnapshot" in value) return `actor ${String((value as { id?: unknown }).id)}`;
  if (ArrayBuffer.isView(value)) return plain([...(value as unknown as Iterable<number>)].slice(0, ENTRIES + 1), depth);
  if (depth === 0) return Array.isArray(value) ? `[${value.length}]` : "{…}";
  if (value instanceof Map) return plain(Object.fromEntries([...value].slice(0, ENTRIES)), depth);
  if (Array.isArray(value)) {
    const shown = value.slice(0, ENTRIES).map((one) => plain(one, depth - 1));
    return value.length > ENTRIES ? [...shown, `… ${value.length - ENTRIES} more`] : shown;
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, depth - 1)]));
}

/** An event without its type and without what it shares with those of all others. */
export function own(event: EventObject): object {
  return without(event, ["type", "world", "batch", "reply"]);
}

/** What an actor knows, as plain data; without the scratch memory that its policy may write into. */
export function knowledge(context: object = {}): object {
  return plain(without(context, ["spare"]), DEPTH) as object;
}

function without(value: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
