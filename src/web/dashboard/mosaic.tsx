/** The mosaic in its place: what is under the pointer or the keyboard's cursor, and the way to its page. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { CampaignRow, Page, ShownState } from "../../observe/frames.ts";
import { percent } from "../format.ts";
import { read } from "../service.ts";
import { colours } from "../theme.ts";
import { meaningOf, MosaicPainting } from "./mosaic-painting.ts";
import { campaignHref, goTo } from "./route.ts";

/** Height that the mosaic aims at [px]. */
const [LOW, HIGH] = [200, 330];
/** How long the pointer rests before the campaign's figures are asked for [ms]. */
const REST_MS = 90;

interface MosaicProps {
  readonly text: string;
  /** Campaigns in other states fade. */
  readonly lit: ShownState | null;
}

/** The mosaic; a click, or Enter on the cell that the arrow keys lead to, opens the campaign. */
export function Mosaic({ text, lit }: MosaicProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painting = useRef<MosaicPainting | null>(null);
  const [width, setWidth] = useState(0);
  const [slot, setSlot] = useState<number | null>(null);
  const theme = colours.value;
  useEffect(() => {
    painting.current = new MosaicPainting(canvas.current!);
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(canvas.current!.parentElement!);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0) return undefined;
    const height = text.length > 2_000 ? HIGH : LOW;
    const done = requestAnimationFrame(() => painting.current?.paint(text, lit, width, height, theme));
    return () => cancelAnimationFrame(done);
  }, [text, lit, width, theme]);
  const at = (event: MouseEvent) => painting.current?.slotAt(event.offsetX, event.offsetY) ?? null;
  const move = (event: KeyboardEvent) => {
    const columns = painting.current?.cells.columns ?? 1;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const step = steps[event.key];
    if (event.key === "Enter" && slot !== null) void open(slot);
    if (event.key === "Escape") setSlot(null);
    if (step === undefined) return;
    event.preventDefault();
    setSlot(Math.max(0, Math.min(text.length - 1, (slot ?? -step) + step)));
  };
  const cells = painting.current?.cells;
  return (
    <div class="mosaic">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={`Mosaic of ${text.length} campaigns. The arrow keys lead from one to the next, Enter opens it; the table below has the same campaigns.`}
        onPointerMove={(event) => setSlot(at(event))}
        onPointerLeave={() => setSlot(null)}
        onBlur={() => setSlot(null)}
        onKeyDown={move}
        onClick={(event) => {
          const under = at(event);
          if (under !== null) void open(under);
        }}
      />
      {slot === null || cells === undefined || slot >= text.length ? null : (
        <Pointed slot={slot} letter={text[slot]} cells={cells} width={width} />
      )}
    </div>
  );
}

async function open(slot: number): Promise<void> {
  const row = await rowOf(slot, AbortSignal.timeout(5_000)).catch(() => null);
  if (row !== null) goTo(campaignHref(row.id));
}

async function rowOf(slot: number, end: AbortSignal): Promise<CampaignRow | null> {
  const page = await read<Page<CampaignRow>>(`/v1/campaigns?sort=slot&offset=${slot}&limit=1`, end);
  return page.items[0] ?? null;
}

interface PointedProps {
  readonly slot: number;
  readonly letter: string;
  readonly cells: MosaicPainting["cells"];
  readonly width: number;
}

/** What is known of the cell that is pointed at: at once from its letter, then from the service. */
function Pointed({ slot, letter, cells, width }: PointedProps) {
  const [row, setRow] = useState<CampaignRow | null>(null);
  useEffect(() => {
    const end = new AbortController();
    const timer = setTimeout(() => {
      rowOf(slot, end.signal).then(setRow, () => undefined);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [slot]);
  const { columns, side } = cells;
  const [x, y] = [(slot % columns) * side, Math.floor(slot / columns) * side];
  const { state, eighths } = meaningOf(letter);
  const known = row?.slot === slot ? row : null;
  const used =
    known === null ? `${percent(eighths / 8)} or more` : percent(known.usedMicros / Math.max(1, known.limitMicros));
  return (
    <>
      <i
        class="cell"
        style={{ left: `${x - 2}px`, top: `${y - 2}px`, width: `${side + 1}px`, height: `${side + 1}px` }}
      />
      <div
        class={`pointed ${x > width / 2 ? "to-left" : ""}`}
        role="status"
        style={{ left: `${x}px`, top: `${y + side + 6}px` }}
      >
        <b>{known?.id ?? `Campaign ${slot + 1}`}</b>
        <span>
          <i class={`dot square is-${state}`} aria-hidden="true" /> {state} · {used} of the budget used
        </span>
      </div>
    </>
  );
}
