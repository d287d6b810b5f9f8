/** Line charts: uPlot in the page's colours, as wide as its place. */
import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";

/** One line of a chart. */
export interface Line {
  readonly name: string;
  /** A custom property of the theme, e.g. `--c0`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly isDashed?: boolean;
  /** Points instead of a line. */
  readonly isDots?: boolean;
  readonly isStepped?: boolean;
}

export interface ChartProps {
  /** For readers who cannot see it. */
  readonly label: string;
  readonly x: readonly number[];
  /** Shows values of `x`. */
  readonly showX: (value: number) => string;
  readonly showY: (value: number) => string;
  readonly lines: readonly Line[];
  /** Indices of two lines between which the area is filled. */
  readonly band?: readonly [upper: number, lower: number];
  readonly height?: number;
  readonly hasLegend?: boolean;
}

/** A chart that is drawn anew when its data change. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shape = props.lines.map(({ name }) => name).join("\n");
  useEffect(() => {
    const at = place.current!;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsOf(props, at.clientWidth), dataOf(props), at);
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    const watch = new ResizeObserver(() =>
      chart.current?.setSize({ width: at.clientWidth, height: props.height ?? HEIGHT }),
    );
    watch.observe(at);
    return () => {
      dark.removeEventListener("change", draw);
      watch.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => chart.current?.setData(dataOf(props)), [props.x, props.lines]);
  return <div class="plot" ref={place} role="img" aria-label={props.label} />;
}

const HEIGHT = 210;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function dataOf({ x, lines }: ChartProps): uPlot.AlignedData {
  return [[...x], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function optionsOf(
  { showX, showY, lines, band, height = HEIGHT, hasLegend = true }: ChartProps,
  width: number,
): uPlot.Options {
  const font = "12px system-ui, sans-serif";
  const axis = {
    stroke: colour("--muted"),
    font,
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
  };
  const filled =
    band === undefined
      ? []
      : [{ series: [band[0] + 1, band[1] + 1] as [number, number], fill: `${colour(lines[band[0]].colour)}22` }];
  return {
    width,
    height,
    legend: { show: hasLegend },
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: false } },
    bands: filled,
    axes: [
      { ...axis, grid: { show: false }, values: (_, splits) => splits.map(showX), space: 70 },
      { ...axis, values: (_, splits) => splits.map(showY), size: 68, space: 34 },
    ],
    series: [
      { value: (_, value) => (value === null ? "–" : showX(value)) },
      ...lines.map((line): uPlot.Series => {
        const stroke = colour(line.colour);
        return {
          label: line.name,
          stroke,
          width: line.isDots === true ? 0 : 1.8,
          ...(line.isDashed === true ? { dash: [5, 4] } : {}),
          ...(line.isDots === true
            ? { paths: () => null, points: { show: true, size: 4, fill: stroke } }
            : { points: { show: false } }),
          ...(line.isStepped === true ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
          value: (_, value) => (value === null || value === undefined ? "–" : showY(value)),
        };
      }),
    ],
  };
}
