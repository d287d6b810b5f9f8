/** Charts: uPlot in the page's colours, as wide as its place. */
import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import { clock, day } from "../format.ts";
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
  /** Pairs of indices of lines between which the area is filled. */
  readonly bands?: readonly (readonly [upper: number, lower: number])[];
  /** Fills the area under the first line. */
  readonly isFilled?: boolean;
  /** Least range of y, so that noise does not fill the chart. */
  readonly leastMax?: number;
  /** Least range of x, counted back from its end. */
  readonly leastSpan?: number;
  /** A line across the chart at a value of x. */
  readonly mark?: { readonly x: number; readonly name: string };
  readonly height?: number;
  /** `latest` shows the values at the end, or under the cursor. */
  readonly legend?: "none" | "names" | "latest";
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
    const made = new uPlot(optionsOf(latest, at.clientWidth), dataOf(latest.current), at);
    chart.current = made;
    showLatest(made);
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
  useEffect(() => {
    if (chart.current === null) return;
    chart.current.setData(dataOf(props));
    showLatest(chart.current);
  }, [props.x, props.lines]);
  return <div class="plot" ref={place} role="img" aria-label={props.label} />;
}

function dataOf({ x, lines }: ChartProps): uPlot.AlignedData {
  return [[...x], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
}

/** Where nothing is pointed at, the legend has the newest values. */
function showLatest(chart: uPlot): void {
  if (chart.cursor.left === undefined || chart.cursor.left < 0) chart.setLegend({ idx: chart.data[0].length - 1 });
}

function faded(colour: string, alpha: number): string {
  return colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

function optionsOf(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { showX, showY, lines, bands = [], height = HEIGHT, legend = "latest", isFilled = false } = latest.current;
  const { leastMax = 0, leastSpan = 0 } = latest.current;
  const grid = colourOf("line");
  const axis = { stroke: colourOf("quiet"), font: FONT, ticks: { show: false } };
  const isTime = showX === undefined;
  const utc = (value: number) => uPlot.tzDate(new Date(value), "Etc/UTC");
  return {
    width,
    height,
    ms: 1,
    tzDate: utc,
    padding: [10, 18, 0, 0],
    legend: {
      show: legend !== "none",
      live: legend === "latest",
      markers: { width: 0, fill: (_, at) => colourOf(lines[at - 1]?.colour ?? "quiet") },
    },
    cursor: { y: false, points: { size: 7 } },
    hooks: {
      setCursor: [showLatest],
      draw: [(chart) => drawMark(chart, latest.current.mark)],
    },
    scales: {
      x: { time: isTime, range: (_, least, most) => [Math.min(least, most - leastSpan), most] },
      y: { range: (_, least, most) => rangeOf(least, most, leastMax) },
    },
    bands: bands.map(([upper, lower]) => {
      return { series: [upper + 1, lower + 1], fill: faded(colourOf(lines[upper].colour), 0.15) };
    }),
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        size: 30,
        values: (_, splits) => splits.map((value) => (isTime ? timeOn(value, splits) : showX(value))),
      },
      {
        ...axis,
        grid: { stroke: grid, width: 1 },
        space: 34,
        values: (_, splits) => splits.map((value) => showY(value)),
        size: (_, values) => widthOf(values),
      },
    ],
    series: [
      { label: isTime ? "time" : "at", value: (_, value) => shown(value, isTime ? clock : showX), class: "unnamed" },
      ...lines.map((line, at) => seriesOf(line, showY, isFilled && at === 0)),
    ],
  };
}

const DAY_MS = 86_400_000;

/** The label of a time among its neighbours: midnights are days, where the axis has more than one. */
function timeOn(timeMs: number, splits: readonly number[]): string {
  const isLong = splits[splits.length - 1] - splits[0] >= DAY_MS;
  return isLong && timeMs % DAY_MS === 0 ? day(timeMs) : clock(timeMs);
}

function drawMark(chart: uPlot, mark: ChartProps["mark"]): void {
  if (mark === undefined) return;
  const { ctx, bbox } = chart;
  const x = chart.valToPos(mark.x, "x", true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colourOf("quiet");
  ctx.lineWidth = scale;
  ctx.setLineDash([4 * scale, 4 * scale]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = FONT.replace(/^\d+/, (size) => String(Number(size) * scale));
  const isRight = x > bbox.left + bbox.width / 2;
  ctx.textAlign = isRight ? "right" : "left";
  ctx.fillText(mark.name, x + (isRight ? -6 : 6) * scale, bbox.top + 12 * scale);
  ctx.restore();
}

function rangeOf(least: number, most: number, leastMax: number): [number, number] {
  const top = Math.max(most, leastMax);
  const bottom = Math.min(0, least);
  return top === bottom ? [bottom, bottom + 1] : [bottom * 1.05, top + (top - bottom) * 0.06];
}

let ruler: CanvasRenderingContext2D | null = null;

/** As wide as its longest label. */
function widthOf(values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, text) => (text.length > most.length ? text : most), "");
  ruler ??= document.createElement("canvas").getContext("2d")!;
  ruler.font = FONT;
  return Math.ceil(ruler.measureText(longest).width) + 14;
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
