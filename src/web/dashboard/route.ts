/** Where the reader is: the address of the page, followed without loading it anew. */
import { signal } from "@preact/signals";

/** An address of the dashboard. */
export interface Route {
  readonly view: "campaigns" | "campaign" | "platforms" | "system" | "nowhere";
  /** Id of the campaign whose page it is. */
  readonly id: string | null;
  readonly query: URLSearchParams;
}

/** The address now. */
export const route = signal<Route>(routeOf(new URL(location.href)));

function routeOf({ pathname, searchParams: query }: URL): Route {
  const [, first = "", second = ""] = pathname.split("/");
  if (first === "") return { view: "campaigns", id: null, query };
  if (first === "campaigns" && second !== "") return { view: "campaign", id: decoded(second), query };
  if (first === "platforms" || first === "system") return { view: first, id: null, query };
  return { view: "nowhere", id: null, query };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Goes to an address of the dashboard. */
export function goTo(href: string): void {
  history.pushState(null, "", href);
  route.value = routeOf(new URL(location.href));
  scrollTo(0, 0);
  document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true });
}

/** Changes the part of the address after `?` in its place; empty values are left out. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(null, "", text === "" ? location.pathname : `?${text}`);
  route.value = { ...route.value, query };
}

/** The address of a campaign's page. */
export function campaignHref(id: string): string {
  return `/campaigns/${encodeURIComponent(id)}`;
}

addEventListener("popstate", () => (route.value = routeOf(new URL(location.href))));

// Links to other views of the dashboard are followed here; what opens elsewhere is left to the browser.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.origin !== location.origin || link.hash !== "" || link.target !== "") return;
  if (routeOf(new URL(link.href)).view === "nowhere") return;
  event.preventDefault();
  goTo(link.href);
});
