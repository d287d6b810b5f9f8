import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { browse, chromiumPath, openPage, serve, TOKEN } from "./browser.ts";
import type { Misdeeds, Served } from "./browser.ts";

describe.skipIf(chromiumPath === null)("the dashboard in a browser", () => {
  let service: Served;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let misdeeds: Misdeeds;

  beforeAll(async () => {
    [service, browser] = await Promise.all([serve("storm", ["--every", "100ms"]), browse()]);
    ({ context, page, misdeeds } = await openPage(browser, service.url));
    await page.goto(service.url);
  }, 30_000);

  afterAll(async () => {
    await context.close();
    await browser.close();
    await service.close();
  });

  const rows = () => page.locator("table.campaigns tbody tr");
  const figure = (name: string) => page.locator("dl.tile", { hasText: name }).locator("dd").first().textContent();

  it("shows the campaigns alive: states change, money is spent", async () => {
    await expect.poll(() => rows().count()).toBe(25);
    const before = await figure("Spent");
    await expect.poll(() => figure("Spent"), { timeout: 15_000 }).not.toBe(before);
  });

  it("finds, filters and sorts campaigns, and keeps what it shows in the address", async () => {
    await page.getByRole("searchbox").fill("brand-001");
    await expect.poll(() => rows().count()).toBe(10);
    await page.getByRole("columnheader", { name: "Campaign" }).getByRole("button").click();
    await page.getByRole("columnheader", { name: "Campaign" }).getByRole("button").click();
    await expect.poll(() => rows().first().textContent()).toMatch(/^brand-0019/);
    expect(page.url()).toMatch(/search=brand-001/);
    await page.reload();
    await expect.poll(() => rows().first().textContent()).toMatch(/^brand-0019/);
  });

  it("opens a campaign: its money, platforms, states, and decisions with their reasons", async () => {
    await page.getByRole("link", { name: "brand-0012" }).click();
    await expect.poll(() => page.getByRole("heading", { level: 1 }).textContent()).toMatch(/brand-0012/);
    await expect.poll(() => page.locator("main").textContent()).toMatch(/bid\.placed/);
    await expect.poll(() => page.locator(".u-wrap").count()).toBeGreaterThanOrEqual(2);
  });

  it("tops it up, once confirmed and with the token", async () => {
    await page.getByRole("button", { name: "Top up…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Amount/).fill("50");
    await dialog.getByLabel(/^Reason/).fill("autumn sale");
    await dialog.getByLabel(/^Token/).fill(TOKEN);
    await dialog.getByRole("button", { name: "Top up" }).click();
    await expect.poll(() => dialog.isVisible()).toBe(false);
    await page.goto(service.url);
    await expect.poll(() => page.locator("main").textContent()).toMatch(/autumn sale|top/i);
  });

  it("stops all bidding and lets it go on", async () => {
    for (const [button, told] of [
      ["Stop all bidding", true],
      ["Resume bidding", false],
    ] as const) {
      await page.getByRole("button", { name: `${button}…` }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel(/^Reason/).fill("a drill");
      await dialog.getByRole("button", { name: button, exact: true }).click();
      await expect.poll(() => page.getByText("All bidding is stopped.").isVisible()).toBe(told);
    }
  });

  it("shows platforms with forecasts against what came, and how the engine does", async () => {
    await page.getByRole("link", { name: "Platforms" }).click();
    await expect.poll(() => page.locator("main").textContent()).toMatch(/google.*meta/s);
    await expect.poll(() => page.locator(".u-wrap").count()).toBeGreaterThanOrEqual(5);
    await page.getByRole("link", { name: "System" }).click();
    await expect.poll(() => page.locator("main").textContent()).toMatch(/latency/i);
  });

  it("fits a phone: nothing but tables and charts scrolls sideways", async () => {
    const phone = await openPage(browser, service.url, { viewport: { width: 390, height: 800 } });
    for (const path of ["/", "/campaigns/brand-0012", "/platforms", "/system"]) {
      await phone.page.goto(`${service.url}${path}`);
      await expect.poll(() => phone.page.locator("main .card").count()).toBeGreaterThan(0);
      const width = await phone.page.evaluate("document.documentElement.scrollWidth");
      expect(width, path).toBeLessThanOrEqual(390);
    }
    await phone.context.close();
  });

  it("says so when the service is gone", async () => {
    const lonely = await serve("calm-day");
    const seen = await openPage(browser, lonely.url);
    await seen.page.goto(lonely.url);
    await expect.poll(() => seen.page.locator("table.campaigns tbody tr").count()).toBeGreaterThan(0);
    await lonely.close();
    await expect
      .poll(() => seen.page.getByText("The service does not answer.").isVisible(), { timeout: 10_000 })
      .toBe(true);
    await seen.context.close();
  });

  it("asks nobody but the service, and complains of nothing", () => {
    expect(misdeeds).toEqual({ console: [], requests: [] });
  });
});
