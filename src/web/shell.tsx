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
  /** The page that is shown. */
  readonly at: Place;
  /** Beside the theme's button: status, controls. */
  readonly tools?: ComponentChildren;
  /** Follows a link without loading the page anew; left out, links load. */
  readonly onNavigate?: (event: MouseEvent, href: Place) => void;
  readonly children: ComponentChildren;
}

const THEMES = { system: ["◐", "as the system"], light: ["☀", "light"], dark: ["☾", "dark"] } as const;

/** The bar, and the page under it. */
export function Shell({ at, tools, onNavigate, children }: ShellProps) {
  const [sign, name] = THEMES[theme.value];
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="bar">
        <span class="brand">
          <i aria-hidden="true" />
          campaign-engine
        </span>
        <nav aria-label="Pages">
          {PLACES.map(({ href, label }) => (
            <a
              key={href}
              href={href}
              aria-current={href === at ? "page" : undefined}
              onClick={(event) => onNavigate?.(event, href)}
            >
              {label}
            </a>
          ))}
        </nav>
        <div class="tools">
          {tools}
          <button
            type="button"
            class="icon-button"
            title={`Theme: ${name}`}
            aria-label={`Theme: ${name}`}
            onClick={nextTheme}
          >
            {sign}
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
