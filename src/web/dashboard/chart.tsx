/** Charts: uPlot in the page's colours, as wide as its place. */
import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import { colourOf, colours } from "../theme.ts";

/** One line of a chart. */
export interface Line {
  readonly name: string;
  /** A colour of theme.css, e.g. `series-0`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  /** Default a line. */
  readonly look?: "line" | "dashed" | "stepped" | "dots" | "spot" | "edge";
}

interface ChartProps {
  /** For readers who cannot see it. */
  readonly label: string;
  readonly x: readonly number[];
  /** Shows values of `x`; left out, they are times [ms since the epoch]. */
  readonly showX?: (value: number) => string;
  readonly showY: (value: number) => string;
  readonly lines: readonly Line[];
  /** Indices of two lines between which the area is filled. */
  readonly band?: readonly [upper: number, lower: number];
  /** Fills the area under the first line. */
  readonly isFilled?: boolean;
  /** Least range of y, so that noise does not fill the chart. */
  readonly leastMax?: number;
  readonly height?: number;
  readonly hasLegend?: boolean;
}

const HEIGHT = 200;
const FONT = "12px system-ui, sans-serif";

/** A chart that follows its data, the theme and its place. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.lines.map(({ name }) => name).join("\n");
  const theme = colours.value;
  useEffect(() => {
    const at = place.current!;
    const made = new uPlot(optionsOf(latest.current, at.clientWidth), dataOf(latest.current), at);
    chart.current = made;
    const watch = new ResizeObserver(() => {
      const { height = HEIGHT } = latest.current;
      if (at.clientWidth !== made.width) made.setSize({ width: at.clientWidth, height });
    });
    watch.observe(at);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape, theme]);
  useEffect(() => chart.current?.setData(dataOf(props)), [props.x, props.lines]);
  return <div class="plot" ref={place} role="img" aria-label={props.label} />;
}

function dataOf({ x, lines }: ChartProps): uPlot.AlignedData {
  return [[...x], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function faded(colour: string, alpha: number): string {
  return colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const { showX, showY, lines, band, height = HEIGHT, hasLegend = true, isFilled = false, leastMax = 0 } = props;
  const grid = colourOf("line");
  const axis = { stroke: colourOf("quiet"), font: FONT, ticks: { show: false } };
  const isTime = showX === undefined;
  const utc = (value: number) => uPlot.tzDate(new Date(value), "Etc/UTC");
  return {
    width,
    height,
    ms: 1,
    tzDate: utc,
    padding: [10, 10, 0, 0],
    legend: { show: hasLegend, live: true },
    cursor: { y: false, points: { size: 7 } },
    scales: {
      x: { time: isTime },
      y: { range: (_, least, most) => rangeOf(least, most, leastMax) },
    },
    bands:
      band === undefined
        ? []
        : [{ series: [band[0] + 1, band[1] + 1], fill: faded(colourOf(lines[band[0]].colour), 0.16) }],
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        size: 30,
        values: isTime ? TIMES : (_, splits) => splits.map((value) => showX(value)),
      },
      {
        ...axis,
        grid: { stroke: grid, width: 1 },
        space: 34,
        values: (_, splits) => splits.map((value) => showY(value)),
        size: (chart, values) => widthOf(chart, values),
      },
    ],
    series: [
      isTime
        ? { label: "time", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }
        : { label: "at", value: (_, value) => shown(value, showX) },
      ...lines.map((line, at) => seriesOf(line, showY, isFilled && at === 0)),
    ],
  };
}

/** Labels of a time axis, by the step between them [ms]: hours in 24, days in words. */
const [SECOND, MINUTE, HOUR, DAY] = [1e3, 6e4, 36e5, 864e5];
const TIMES: uPlot.Axis.Values = [
  [DAY * 28, "{MMM} {YYYY}", null, null, null, null, null, null, 1],
  [DAY, "{D} {MMM}", null, null, null, null, null, null, 1],
  [HOUR, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [MINUTE, "{HH}:{mm}", null, null, null, null, null, null, 1],
  [SECOND, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1],
];

function rangeOf(least: number, most: number, leastMax: number): [number, number] {
  const top = Math.max(most, leastMax);
  const bottom = Math.min(0, least);
  return top === bottom ? [bottom, bottom + 1] : [bottom * 1.05, top + (top - bottom) * 0.06];
}

/** As wide as its longest label. */
function widthOf(chart: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, text) => (text.length > most.length ? text : most), "");
  chart.ctx.font = FONT;
  return Math.ceil(chart.ctx.measureText(longest).width) + 14;
}

function seriesOf({ name, colour, look = "line" }: Line, showY: (value: number) => string, isFilled: boolean) {
  const stroke = colourOf(colour);
  const series: uPlot.Series = {
    label: name,
    stroke,
    width: 1.8,
    points: { show: false },
    value: (_, value) => shown(value, showY),
    spanGaps: false,
  };
  if (isFilled) series.fill = faded(stroke, 0.14);
  if (look === "dashed") series.dash = [6, 4];
  if (look === "stepped") series.paths = uPlot.paths.stepped!({ align: 1 });
  if (look === "edge") Object.assign(series, { width: 0, class: "unnamed" });
  if (look === "dots" || look === "spot") {
    series.paths = () => null;
    series.points = { show: true, size: look === "spot" ? 12 : 4, fill: stroke, stroke, width: 1 };
  }
  return series;
}

function shown(value: number | null | undefined, show: (value: number) => string): string {
  return value === null || value === undefined ? "–" : show(value);
}
