/** Places statecharts on paper at build time, with ELK: its 1.5 MB stay out of the page. */
import Elk from "elkjs/lib/elk.bundled.js";
import type { ELK, ElkExtendedEdge, ElkNode } from "elkjs/lib/elk.bundled.js";
import type { Chart, ChartState, ChartTransition } from "../../../machines/chart.ts";
import { edgeLines, NODE, rowsOf } from "./lettering.ts";
import type { DrawnChart, DrawnEdge, DrawnState } from "./lettering.ts";

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.edgeCoords": "ROOT",
  "elk.json.shapeCoords": "ROOT",
  "elk.spacing.nodeNode": "46",
  "elk.spacing.edgeNode": "22",
  "elk.spacing.edgeEdge": "14",
  "elk.spacing.edgeLabel": "5",
  "elk.layered.spacing.nodeNodeBetweenLayers": "44",
  "elk.layered.spacing.edgeNodeBetweenLayers": "20",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "14",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
  "elk.edgeLabels.inline": "false",
  "elk.padding": "[top=20,left=20,bottom=20,right=20]",
};

/** The package exports the class itself; its types say that it is in `default`. */
const Layouter = Elk as unknown as new () => ELK;

/** Id of the node that stands for every state, where the root has transitions of its own. */
const ANY = "*";
const START = "start";

/** A chart with the place of everything. */
export async function layOut(chart: Chart): Promise<DrawnChart> {
  const { states, transitions } = chart;
  const inner = states.filter(({ parent }) => parent !== null);
  const leaving = transitions.filter(({ target }) => target !== null);
  const root = states.find(({ parent }) => parent === null)!;
  const ofRoot = transitions.filter(({ source }) => source === root.id);
  const nodeOf = (state: ChartState): ElkNode => {
    const children = inner.filter(({ parent }) => parent === state.id).map((child) => nodeOf(child));
    const size = sizeOf(state, transitions);
    return children.length === 0
      ? { id: state.id, ...size }
      : {
          id: state.id,
          children,
          layoutOptions: { "elk.padding": `[top=${size.height + 14},left=16,bottom=16,right=16]` },
        };
  };
  const tops = inner.filter(({ parent }) => parent === root.id).map((state) => nodeOf(state));
  const first = { "elk.layered.layering.layerConstraint": "FIRST" };
  const extra: ElkNode[] = [{ id: START, width: NODE.dot, height: NODE.dot, layoutOptions: first }];
  if (ofRoot.length > 0)
    extra.push({ id: ANY, ...sizeOf({ ...root, name: "any state", description: "" }, transitions) });
  const edges: ElkExtendedEdge[] = leaving.map((one) => {
    const lines = edgeLines(one);
    return {
      id: one.id,
      sources: [one.source === root.id ? ANY : one.source],
      targets: [one.target!],
      labels: [
        { id: `${one.id} label`, text: lines.join("\n"), width: widthOf(lines), height: lines.length * NODE.line },
      ],
    };
  });
  edges.push({ id: "initial", sources: [START], targets: [root.initial!] });
  // In the order of the definition: what leads back is drawn upwards.
  const nodes = [extra[0], ...tops, ...extra.slice(1)];
  const paper: ElkNode = { id: "chart", layoutOptions: OPTIONS, children: nodes, edges };
  const placed = await new Layouter().layout(paper);
  const drawn: DrawnState[] = [];
  const collect = (node: ElkNode): void => {
    const { id, x = 0, y = 0, width = 0, height = 0, children = [] } = node;
    if (id !== "chart") drawn.push({ id, x: round(x), y: round(y), width: round(width), height: round(height) });
    for (const child of children) collect(child);
  };
  collect(placed);
  return {
    ...chart,
    width: round(placed.width ?? 0),
    height: round(placed.height ?? 0),
    drawn,
    edges: (placed.edges ?? []).map((edge): DrawnEdge => {
      const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
        [startPoint].concat(bendPoints, endPoint),
      );
      const [label] = edge.labels ?? [];
      return {
        id: edge.id,
        points: points.map(({ x, y }) => [round(x), round(y)] as const),
        label: label === undefined ? null : [round(label.x ?? 0), round(label.y ?? 0)],
      };
    }),
  };
}

function sizeOf(state: ChartState, transitions: readonly ChartTransition[]): { width: number; height: number } {
  const rows = rowsOf(state, transitions);
  const width = Math.max(NODE.least, 46 + widthOf([state.name], 8.4), 24 + widthOf(rows));
  return { width, height: NODE.head + (rows.length === 0 ? 0 : 6 + rows.length * NODE.line) };
}

function widthOf(lines: readonly string[], ofLetter: number = NODE.letter): number {
  return Math.ceil(Math.max(0, ...lines.map((line) => line.length)) * ofLetter) + 4;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
