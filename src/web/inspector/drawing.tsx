/** A statechart as SVG: its states with how many actors are in each, its transitions as warm as they are taken. */
import { useState } from "preact/hooks";
import { edgeLines, NODE, rowsOf } from "./lettering.ts";
import type { ChartBook, DrawnEdge, DrawnState } from "./lettering.ts";
import { shortCount } from "../format.ts";
import { heatKey } from "./state.ts";

type Chart = ChartBook["charts"][number];

interface DrawingProps {
  readonly chart: Chart;
  /** Actors by state. */
  readonly states: Readonly<Record<string, number>>;
  readonly heat: ReadonlyMap<string, number>;
  /** State of the actor under the glass, or null. */
  readonly here: string | null;
}

/** The drawing, and under it what the state or transition means that is pointed at. */
export function Drawing({ chart, states, heat, here }: DrawingProps) {
  const [about, setAbout] = useState<string | null>(null);
  const hottest = Math.max(1, ...chart.transitions.map(({ id }) => heat.get(heatKey(chart.name, id)) ?? 0));
  return (
    <>
      <div class="paper">
        <svg
          id="drawing"
          xmlns="http://www.w3.org/2000/svg"
          viewBox={`0 0 ${chart.width} ${chart.height}`}
          style={{ width: "100%", minWidth: "560px", maxWidth: `${chart.width}px` }}
          role="group"
          aria-label={`Statechart ${chart.name}`}
        >
          {chart.edges.map((edge) => (
            <Edge
              key={edge.id}
              edge={edge}
              chart={chart}
              heat={heat.get(heatKey(chart.name, edge.id)) ?? 0}
              hottest={hottest}
              onAbout={setAbout}
            />
          ))}
          {chart.drawn.map((drawn) => (
            <State
              key={drawn.id}
              drawn={drawn}
              chart={chart}
              count={states[drawn.id] ?? 0}
              isHere={drawn.id === here}
              onAbout={setAbout}
            />
          ))}
        </svg>
      </div>
      <p class="about small quiet" aria-live="polite">
        {about ?? chart.description}
      </p>
    </>
  );
}

interface Pointed {
  readonly onAbout: (text: string | null) => void;
}

function pointing(text: string, onAbout: Pointed["onAbout"]) {
  return {
    tabIndex: 0,
    onMouseEnter: () => onAbout(text),
    onMouseLeave: () => onAbout(null),
    onFocus: () => onAbout(text),
    onBlur: () => onAbout(null),
  };
}

interface StateProps extends Pointed {
  readonly drawn: DrawnState;
  readonly chart: Chart;
  readonly count: number;
  readonly isHere: boolean;
}

function State({ drawn, chart, count, isHere, onAbout }: StateProps) {
  const { id, x, y, width, height } = drawn;
  if (id === "start") return <circle cx={x + width / 2} cy={y + height / 2} r={NODE.dot / 2} fill="currentColor" />;
  const isAny = id === "*";
  const state = chart.states.find((one) => (isAny ? one.parent === null : one.id === id))!;
  const name = isAny ? "any state" : state.name;
  const rows = rowsOf(state, chart.transitions);
  const isGroup = !isAny && chart.states.some(({ parent }) => parent === id);
  const text = isAny ? "Every state, where it has no transition of its own." : `${name}: ${state.description}`;
  const label = shortCount(count);
  const badge = Math.max(22, 12 + label.length * 7);
  return (
    <g
      class={`chart-state ${state.kind === "final" ? "is-final" : ""} ${isGroup ? "is-group" : ""} ${count > 0 ? "is-live" : ""} ${isHere ? "is-here" : ""}`}
      role="img"
      aria-label={`${text}${count > 0 ? ` ${count} actors.` : ""}`}
      {...pointing(text, onAbout)}
    >
      <title>{text}</title>
      <rect x={x} y={y} width={width} height={height} rx="9" />
      <text class="name" x={x + 12} y={y + 25}>
        {name}
      </text>
      {count === 0 ? null : (
        <>
          <rect
            class="count-ground"
            x={x + width - badge - 8}
            y={y + 10}
            width={badge}
            height="20"
            rx="10"
            style={{ stroke: "none", fill: "var(--accent)" }}
          />
          <text class="count" x={x + width - badge / 2 - 8} y={y + 24}>
            {label}
          </text>
        </>
      )}
      {rows.map((row, at) => (
        <text key={row} class="row" x={x + 12} y={y + NODE.head + 9 + at * NODE.line}>
          {row}
        </text>
      ))}
    </g>
  );
}

interface EdgeProps extends Pointed {
  readonly edge: DrawnEdge;
  readonly chart: Chart;
  readonly heat: number;
  readonly hottest: number;
}

function Edge({ edge, chart, heat, hottest, onAbout }: EdgeProps) {
  const { id, points, label } = edge;
  const transition = chart.transitions.find((one) => one.id === id);
  const [tip, before] = [points.at(-1)!, points.at(-2)!];
  const degree = heat === 0 ? 0 : 0.25 + 0.75 * (Math.log1p(heat) / Math.log1p(hottest));
  const text =
    transition === undefined
      ? "Where it begins."
      : `${transition.event}${transition.guard === null ? "" : ` [${transition.guard}]`}: ${transition.description}`;
  const lines = transition === undefined ? [] : edgeLines(transition);
  return (
    <g
      class={`chart-edge ${heat > 0 ? "is-hot" : ""}`}
      role="img"
      aria-label={text}
      {...(transition === undefined ? {} : pointing(text, onAbout))}
    >
      <title>{text}</title>
      <path d={rounded(points)} style={{ strokeWidth: `${1.3 + 3.2 * degree}px` }} />
      <path class="head" d={head(before, tip)} style={{ strokeWidth: "0" }} />
      {label === null
        ? null
        : lines.map((line, at) => (
            <text key={line} x={label[0] + 2} y={label[1] + 11 + at * NODE.line}>
              <tspan class={at === 0 ? "event" : line.startsWith("[") ? "guard" : "action"}>{line}</tspan>
            </text>
          ))}
    </g>
  );
}

/** A way with rounded corners. */
function rounded(points: DrawnEdge["points"]): string {
  const parts = [`M${points[0].join(" ")}`];
  for (let at = 1; at < points.length - 1; at += 1) {
    const [from, corner, to] = [points[at - 1], points[at], points[at + 1]];
    const [a, b] = [towards(corner, from, 7), towards(corner, to, 7)];
    parts.push(`L${a.join(" ")}Q${corner.join(" ")} ${b.join(" ")}`);
  }
  return `${parts.join("")}L${points.at(-1)!.join(" ")}`;
}

type Point = readonly [x: number, y: number];

function towards([x, y]: Point, [toX, toY]: Point, distance: number): Point {
  const length = Math.hypot(toX - x, toY - y) || 1;
  const share = Math.min(0.5, distance / length);
  return [x + (toX - x) * share, y + (toY - y) * share];
}

/** An arrow's head at the end of a way. */
function head(from: Point, tip: Point): string {
  const length = Math.hypot(tip[0] - from[0], tip[1] - from[1]) || 1;
  const [ux, uy] = [(tip[0] - from[0]) / length, (tip[1] - from[1]) / length];
  const [bx, by] = [tip[0] - 9 * ux, tip[1] - 9 * uy];
  return `M${tip[0]} ${tip[1]}L${bx - 4 * uy} ${by + 4 * ux}L${bx + 4 * uy} ${by - 4 * ux}Z`;
}
