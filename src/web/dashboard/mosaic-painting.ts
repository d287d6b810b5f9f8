/**
 * The mosaic on its canvas: every campaign a cell, coloured by its state and filled as far as its budget is used.
 *
 * MP1 only cells that changed are painted, so that ten thousand campaigns cost little; MP2 states are told apart without colour too, where
 * there is room for a sign.
 */
import { MOSAIC_ALPHABET, SHOWN_STATES } from "../../observe/frames.ts";
import type { ShownState } from "../../observe/frames.ts";
import { colourOf } from "../theme.ts";

const CODES = new Map(Array.from(MOSAIC_ALPHABET, (letter, code) => [letter, code] as const));
/** Sides of a cell, gap included [px]. */
const [SMALLEST, LARGEST] = [4, 34];
/** Side from which a cell shows its level by its filling; smaller ones by their depth of colour. */
const FILLED = 9;
/** Side from which there is room for signs. */
const SIGNED = 14;
const PALE = 0.34;
const DIMMED = 0.12;

/** Where the cells are. */
export interface Cells {
  readonly columns: number;
  readonly rows: number;
  /** Side of a cell, gap included [px]. */
  readonly side: number;
}

/** Cells for so many campaigns in a place of this size; higher than it where they would be too small. */
export function cellsFor(campaigns: number, width: number, height: number): Cells {
  let side = Math.floor(Math.sqrt((width * height) / Math.max(1, campaigns)));
  // The last row is seldom full: one step smaller fits it in.
  while (side > SMALLEST && Math.ceil(campaigns / Math.floor(width / side)) * side > height) side -= 1;
  side = Math.max(SMALLEST, Math.min(LARGEST, side));
  const columns = Math.max(1, Math.floor(width / side));
  return { columns, rows: Math.ceil(campaigns / columns), side };
}

/** What a letter of the mosaic says. */
export function meaningOf(letter: string): { readonly state: ShownState; readonly eighths: number } {
  const code = CODES.get(letter) ?? 0;
  return { state: SHOWN_STATES[code >> 3], eighths: code & 7 };
}

/** Paints one mosaic. */
export class MosaicPainting {
  readonly #canvas: HTMLCanvasElement;
  #cells: Cells = { columns: 1, rows: 0, side: LARGEST };
  #painted = "";
  #lit: ShownState | null = null;
  #key = "";
  #colours: readonly string[] = [];
  #sign = "";

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  get cells(): Cells {
    return this.#cells;
  }

  /** The campaign under a point of the canvas, or null. */
  slotAt(x: number, y: number): number | null {
    const { columns, side } = this.#cells;
    const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
    const slot = row * columns + column;
    return column < 0 || row < 0 || column >= columns || slot >= this.#painted.length ? null : slot;
  }

  /** Shows `text`; with `lit`, campaigns in other states fade. `theme` tells when colours changed. @returns cells painted */
  paint(text: string, lit: ShownState | null, width: number, height: number, theme: number): number {
    const scale = devicePixelRatio;
    const key = [text.length, width, height, scale, theme].join(" ");
    if (key !== this.#key) {
      this.#key = key;
      this.#painted = "";
      this.#resize(text.length, width, height, scale);
      this.#colours = SHOWN_STATES.map((state) => colourOf(`state-${state}`));
      this.#sign = colourOf("card");
    }
    if (lit !== this.#lit) this.#painted = "";
    this.#lit = lit;
    const context = this.#canvas.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    let changed = 0;
    for (let slot = 0; slot < text.length; slot += 1) {
      if (text[slot] === this.#painted[slot]) continue;
      this.#cell(context, slot, text[slot]);
      changed += 1;
    }
    context.globalAlpha = 1;
    this.#painted = text;
    return changed;
  }

  #resize(campaigns: number, width: number, height: number, scale: number): void {
    this.#cells = cellsFor(campaigns, width, height);
    const { rows, side } = this.#cells;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(rows * side * scale);
    this.#canvas.style.height = `${rows * side}px`;
  }

  #cell(context: CanvasRenderingContext2D, slot: number, letter: string): void {
    const { columns, side } = this.#cells;
    const code = CODES.get(letter) ?? 0;
    const state = SHOWN_STATES[code >> 3];
    const level = (code & 7) / 7;
    const inner = side - (side >= 16 ? 3 : side >= 9 ? 2 : 1);
    const x = (slot % columns) * side;
    const y = Math.floor(slot / columns) * side;
    const depth = this.#lit === null || this.#lit === state ? 1 : DIMMED;
    context.clearRect(x, y, side, side);
    context.fillStyle = this.#colours[code >> 3];
    if (side < FILLED) {
      context.globalAlpha = depth * (PALE + (1 - PALE) * level);
      context.fillRect(x, y, inner, inner);
      return;
    }
    context.globalAlpha = depth * PALE;
    context.fillRect(x, y, inner, inner);
    const filled = Math.max(2, Math.round(inner * level));
    context.globalAlpha = depth;
    context.fillRect(x, y + inner - filled, inner, filled);
    if (side >= SIGNED) this.#signOf(context, state, x, y, inner);
  }

  /** A cross for quarantine, two bars for a pause. */
  #signOf(context: CanvasRenderingContext2D, state: ShownState, x: number, y: number, inner: number): void {
    if (state !== "quarantined" && state !== "paused") return;
    const at = (share: number) => inner * share;
    context.fillRect(x, y, inner, inner);
    context.strokeStyle = this.#sign;
    context.lineWidth = Math.max(1.5, inner / 8);
    context.beginPath();
    const line = (x1: number, y1: number, x2: number, y2: number) => {
      context.moveTo(x + at(x1), y + at(y1));
      context.lineTo(x + at(x2), y + at(y2));
    };
    if (state === "quarantined") {
      line(0.3, 0.3, 0.7, 0.7);
      line(0.7, 0.3, 0.3, 0.7);
    } else {
      line(0.38, 0.28, 0.38, 0.72);
      line(0.62, 0.28, 0.62, 0.72);
    }
    context.stroke();
  }
}
