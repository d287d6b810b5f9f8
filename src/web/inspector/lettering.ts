/** What is written on a drawn statechart, and how big that is: the build that places it and the page that draws it agree on it here. */
import type { Chart, ChartState, ChartTransition } from "../../../machines/chart.ts";

/** Measures of nodes and letters [px]. */
export const NODE = { least: 120, head: 40, line: 15, letter: 6.55, dot: 12 } as const;

/** The place of a state. */
export interface DrawnState {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The way of a transition. */
export interface DrawnEdge {
  /** Id of the transition, or `initial`. */
  readonly id: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Upper left corner of its label, or null. */
  readonly label: readonly [x: number, y: number] | null;
}

/** A chart with the place of everything. */
export interface DrawnChart extends Chart {
  readonly width: number;
  readonly height: number;
  readonly drawn: readonly DrawnState[];
  readonly edges: readonly DrawnEdge[];
}

/** The statecharts as the build has placed them, with their text for Mermaid. */
export interface ChartBook {
  readonly charts: readonly (DrawnChart & {
    readonly mermaid: string;
    readonly notes: string;
    readonly events: readonly string[];
  })[];
}

/** The label of a transition that leaves its state: event, guard, actions, a line each. */
export function edgeLines({ event, guard, actions }: Pick<ChartTransition, "event" | "guard" | "actions">): string[] {
  const lines = [event];
  if (guard !== null) lines.push(`[${guard}]`);
  if (actions.length > 0) lines.push(`/ ${actions.join(", ")}`);
  return lines;
}

/** What is written inside a state: its entry and exit actions, and the events that it handles without leaving it. */
export function rowsOf({ id, entry, exit }: ChartState, transitions: readonly ChartTransition[]): string[] {
  return [
    ...entry.map((action) => `entry / ${action}`),
    ...transitions.filter((one) => one.source === id && one.target === null).map((one) => edgeLines(one).join(" ")),
    ...exit.map((action) => `exit / ${action}`),
  ];
}
