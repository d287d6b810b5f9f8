/** Every campaign as a square: its colour is its state, its depth how much of its budget is used. */
import { useEffect, useRef, useState } from "preact/hooks";
import { MOSAIC_ALPHABET, SHOWN_STATES } from "../observe/frames.ts";
import type { CampaignRow, Page } from "../observe/frames.ts";
import { campaignHref } from "./route.ts";
import { read } from "./service.ts";

const CODES = new Map(Array.from(MOSAIC_ALPHABET, (letter, code) => [letter, code] as const));
const LARGEST = 22;
const SMALLEST = 3;

interface Cells {
  readonly columns: number;
  readonly size: number;
}

/** The side of a cell so that all fit into the width and about a third of it in height. */
function cellsOf(count: number, width: number): Cells {
  const height = Math.max(90, Math.min(300, width / 3));
  const fit = Math.floor(Math.sqrt((width * height) / Math.max(1, count)));
  const size = Math.max(SMALLEST, Math.min(LARGEST, fit));
  return { columns: Math.max(1, Math.floor(width / size)), size };
}

/** The mosaic; a click opens the campaign. */
export function Mosaic({ text }: { readonly text: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const cells = useRef<Cells>({ columns: 1, size: 1 });
  const [width, setWidth] = useState(0);
  const [isDark, setDark] = useState(matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(canvas.current!.parentElement!);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const onTheme = () => setDark(dark.matches);
    dark.addEventListener("change", onTheme);
    return () => {
      watch.disconnect();
      dark.removeEventListener("change", onTheme);
    };
  }, []);
  useEffect(() => {
    if (width > 0) cells.current = draw(canvas.current!, text, width);
  }, [text, width, isDark]);
  const open = async (event: MouseEvent) => {
    const { columns, size } = cells.current;
    const slot = Math.floor(event.offsetY / size) * columns + Math.floor(event.offsetX / size);
    if (Math.floor(event.offsetX / size) >= columns || slot >= text.length) return;
    const page = await read<Page<CampaignRow>>(`/v1/campaigns?sort=slot&offset=${slot}&limit=1`);
    if (page.items.length > 0) location.hash = campaignHref(page.items[0].id);
  };
  return (
    <canvas
      class="mosaic"
      ref={canvas}
      role="img"
      aria-label="Every campaign as a square, coloured by its state. The table below has the same campaigns."
      onClick={(event) => void open(event)}
    />
  );
}

function draw(canvas: HTMLCanvasElement, text: string, width: number): Cells {
  const cells = cellsOf(text.length, width);
  const { columns, size } = cells;
  const rows = Math.ceil(text.length / columns);
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = rows * size * scale;
  canvas.style.height = `${rows * size}px`;
  const style = getComputedStyle(document.documentElement);
  const colours = SHOWN_STATES.map((state) => style.getPropertyValue(`--${state}`).trim());
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  const gap = size >= 8 ? 2 : size >= 5 ? 1 : 0.5;
  // One pass per shade, so that ten thousand cells take a few dozen changes of colour.
  const places = new Map<number, number[]>();
  for (let slot = 0; slot < text.length; slot += 1) {
    const code = CODES.get(text[slot]) ?? 0;
    const list = places.get(code);
    if (list === undefined) places.set(code, [slot]);
    else list.push(slot);
  }
  for (const [code, slots] of places) {
    context.fillStyle = colours[code >> 3];
    context.globalAlpha = 0.45 + 0.55 * ((code & 7) / 7);
    for (const slot of slots) {
      context.fillRect((slot % columns) * size, Math.floor(slot / columns) * size, size - gap, size - gap);
    }
  }
  context.globalAlpha = 1;
  return cells;
}
