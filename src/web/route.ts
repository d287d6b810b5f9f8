/** Where the reader is: the part of the address after `#`. */
import { signal } from "@preact/signals";

/** The path as decoded parts, e.g. `["campaigns", "spring"]`. */
export const route = signal<readonly string[]>(parts());

function parts(): readonly string[] {
  return location.hash
    .replace(/^#\/?/, "")
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}

addEventListener("hashchange", () => {
  route.value = parts();
  scrollTo(0, 0);
});

/** The address of a campaign's page. */
export function campaignHref(id: string): string {
  return `#/campaigns/${encodeURIComponent(id)}`;
}
