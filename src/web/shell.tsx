/** What every page has around it: the bar with the navigation and the choice of theme. */
import type { ComponentChildren } from "preact";
import { nextTheme, theme } from "./theme.ts";

/** The pages, in the order of the bar. */
const PLACES = [
  { href: "/", label: "Campaigns" },
  { href: "/platforms", label: "Platforms" },
  { href: "/system", label: "System" },
  { href: "/inspector", label: "Inspector" },
] as const;

export type Place = (typeof PLACES)[number]["href"];

interface ShellProps {
  /** The page that is shown, or that it belongs to. */
  readonly at: Place;
  /** Beside the theme's button: status, controls. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

const THEMES = { system: "as the system has it", light: "light", dark: "dark" } as const;

/** The bar, and the page under it. */
export function Shell({ at, tools, children }: ShellProps) {
  const name = `Theme: ${THEMES[theme.value]}`;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/">
          <i aria-hidden="true" />
          <span>campaign-engine</span>
        </a>
        <nav aria-label="Pages">
          {PLACES.map(({ href, label }) => (
            <a key={href} href={href} aria-current={href === at ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div class="tools">
          {tools}
          <button type="button" class="round" title={name} aria-label={name} onClick={nextTheme}>
            <ThemeSign />
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function ThemeSign() {
  const sun = (
    <>
      <circle cx="8" cy="8" r="3" fill="currentColor" />
      <path
        d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M3 13l1.4-1.4M11.6 4.4 13 3"
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linecap="round"
      />
    </>
  );
  const moon = <path d="M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z" fill="currentColor" />;
  const half = (
    <>
      <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1.4" />
      <path d="M8 2.4a5.6 5.6 0 0 1 0 11.2Z" fill="currentColor" />
    </>
  );
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {{ system: half, light: sun, dark: moon }[theme.value]}
    </svg>
  );
}
