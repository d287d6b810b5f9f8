/** `npm run pictures [-- <folder>]`: the README's pictures, taken of the pages as they are now; with a folder, every page in both themes besides. Needs Chromium. */
import { join } from "node:path";
import { browse, openPage, serve } from "./browser.ts";

const folder = join(import.meta.dirname, "pictures");
/** How long the demonstration runs before it is looked at: some hours of its day [ms]. */
const WARMUP_MS = 40_000;
/** Every page, with what is worth seeing of it. */
const PAGES = {
  campaigns: "/",
  campaign: "/campaigns/launch-0003",
  platforms: "/platforms",
  system: "/system",
  inspector: "/inspector#chart=campaign&actor=campaign:brand-0002",
  alone: "/inspector#chart=portfolio&alone=0,2",
};

const [service, browser] = await Promise.all([serve("storm", ["--every", "60ms", "--threads", "1"]), browse()]);
try {
  await new Promise((resolve) => setTimeout(resolve, WARMUP_MS));
  const size = { viewport: { width: 1240, height: 760 } } as const;
  const dashboard = await openPage(browser, service.url, { ...size, colorScheme: "light" });
  await dashboard.page.goto(`${service.url}/campaigns/brand-0001`);
  await dashboard.page.waitForTimeout(3_000);
  await dashboard.page.screenshot({ path: join(folder, "campaign.png") });
  await dashboard.page.goto(service.url);
  await dashboard.page.waitForTimeout(2_000);
  await dashboard.page.screenshot({ path: join(folder, "dashboard.png") });
  const inspector = await openPage(browser, service.url, { ...size, colorScheme: "dark" });
  await inspector.page.goto(`${service.url}/inspector#chart=campaign&actor=campaign:brand-0002`);
  await inspector.page.waitForTimeout(4_000);
  await inspector.page.screenshot({ path: join(folder, "inspector.png") });
  const [all] = process.argv.slice(2);
  for (const colorScheme of all === undefined ? [] : (["light", "dark"] as const)) {
    const { page } = await openPage(browser, service.url, { ...size, colorScheme });
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(`${service.url}${path}`);
      await page.waitForTimeout(3_000);
      await page.screenshot({ path: join(all, `${name}-${colorScheme}.png`), fullPage: true });
    }
  }
} finally {
  await browser.close();
  await service.close();
}
