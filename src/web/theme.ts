/** Light, dark, or as the system has it: the viewer's choice, kept in this browser. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "campaign-engine.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

/** The choice now. */
export const theme = signal<Theme>(stored());
/** Counts up whenever colours change, for what is drawn on a canvas. */
export const colours = signal(0);

/** Takes the next choice. */
export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length];
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // A browser without storage forgets the choice, and that is all.
  }
}

theme.subscribe((choice) => {
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  colours.value += 1;
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (colours.value += 1));

function stored(): Theme {
  try {
    const choice = localStorage.getItem(KEY);
    return ORDER.find((one) => one === choice) ?? "system";
  } catch {
    return "system";
  }
}

/** The colour of a token of theme.css, as the canvas takes it. */
export function colourOf(token: string): string {
  probe ??= document.body.appendChild(Object.assign(document.createElement("i"), { hidden: true }));
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}
let probe: HTMLElement | null = null;
