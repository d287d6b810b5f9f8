import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { browse, chromiumPath, openPage, root } from "./browser.ts";
import type { Misdeeds } from "./browser.ts";

describe.skipIf(chromiumPath === null)("the inspector in a browser", () => {
  const child = spawn(process.execPath, [resolve(root, "src/cli/bin.js"), "inspect", "storm", "--json"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let misdeeds: Misdeeds;

  beforeAll(async () => {
    const line = await new Promise<string>((done) => child.stdout.once("data", (data: Buffer) => done(String(data))));
    const { url } = JSON.parse(line) as { url: string };
    browser = await browse();
    ({ context, page, misdeeds } = await openPage(browser, new URL(url).origin));
    await page.goto(url);
  }, 30_000);

  afterAll(async () => {
    await context.close();
    await browser.close();
    child.kill("SIGTERM");
    await new Promise((done) => child.once("exit", done));
  });

  const inState = (state: string) => page.locator(`.chart-state[aria-label^="${state}:"]`).getAttribute("aria-label");

  it("draws every statechart with its states, guards and actions, and leaves no token in the address", async () => {
    const drawing = page.locator("#drawing");
    for (const name of ["portfolio", "engine", "platform", "stages", "campaign"]) {
      await page.getByRole("button", { name: new RegExp(`^${name}`) }).click();
      await expect.poll(() => drawing.getAttribute("aria-label")).toBe(`Statechart ${name}`);
    }
    expect(await drawing.textContent()).toMatch(/mayEvaluate.*decide/s);
    expect(page.url()).not.toContain("token");
  });

  it("stands still until time is stepped, and shows where actors are and which transitions are taken", async () => {
    await expect.poll(() => inState("idle")).toMatch(/60 actors/);
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await expect.poll(() => inState("bidding")).toMatch(/\d+ actors/);
    await expect.poll(() => page.locator(".chart-edge.is-hot").count()).toBeGreaterThan(1);
    await expect.poll(() => page.locator(".timebar .chip").textContent()).toBe("tick 0");
  });

  it("shows one actor: what it knows, what it heard, and from whom", async () => {
    await page.getByRole("button", { name: /campaign:brand-0002/ }).click();
    await expect.poll(() => page.locator("pre").textContent()).toContain('"id": "brand-0002"');
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await expect.poll(() => page.locator(".log").textContent()).toMatch(/tick/);
    await expect
      .poll(() => page.locator(".sequence svg").textContent())
      .toMatch(/the engine's loop.*campaign:brand-0002/s);
    expect(await page.locator(".chart-state.is-here").count()).toBe(1);
  });

  it("says whether an event would pass its guards, and sends it", async () => {
    await page.getByLabel("Event").selectOption("tick");
    await page.getByRole("button", { name: "Would it pass?" }).click();
    await expect.poll(() => page.locator(".verdict").textContent()).toMatch(/tick 0 \[mayEvaluate\].*✗?/s);
    await page.getByLabel("Event").selectOption("hold");
    await page.getByRole("button", { name: "Send" }).click();
    await expect.poll(() => page.locator(".verdict").textContent()).toMatch(/hold was sent/);
    await expect.poll(() => page.locator("pre").textContent()).toContain('"heldBecause": "by hand"');
  });

  it.each([
    ["Mermaid", /^stateDiagram-v2/],
    ["SVG", /^<svg/],
    ["JSON", /^\{\s+"name": "campaign"/],
  ])("saves the statechart as %s", async (name, begins) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name, exact: true }).click(),
    ]);
    expect(readFileSync(await download.path(), "utf8")).toMatch(begins);
  });

  it("drives a statechart alone, by hand, with what its guards say, and takes a step back", async () => {
    const [campaignTab] = [page.getByRole("button", { name: /^campaign\d/ })];
    await campaignTab.click();
    await page.getByRole("button", { name: "Alone, by hand" }).click();
    const offers = page.locator(".offers");
    await expect.poll(() => offers.textContent()).toMatch(/tick→ bidding/);
    await offers.locator("details").nth(1).getByRole("button").click();
    await expect.poll(() => inState("bidding")).toMatch(/1 actor/);
    await expect.poll(() => page.locator(".log").textContent()).toContain("idle → bidding");
    await offers.locator("summary span").first().click();
    await expect.poll(() => offers.locator("details[open] .verdict").textContent()).toMatch(/tick 0 \[mayEvaluate\]/);
    expect(page.url()).toContain("alone=1");
    await page.getByRole("button", { name: "Back", exact: true }).click();
    await expect.poll(() => inState("idle")).toMatch(/1 actor/);
    await page.getByRole("button", { name: "Live actors" }).click();
    await expect.poll(() => inState("idle")).toMatch(/\d+ actors?/);
  });

  it("asks nobody but the service, and complains of nothing", () => {
    expect(misdeeds.requests.filter((url) => !url.startsWith("blob:"))).toEqual([]);
    expect(misdeeds.console).toEqual([]);
  });

  it("tells Stately's inspector what actors do, once somebody opens it", async () => {
    // In place of stately.ai, which this browser does not reach: what its receiver does, in one line.
    const receiver = `<script>heard = []; onmessage = ({ data }) => heard.push(data); opener.postMessage({ type: "@statelyai.connected" }, "*");</script>`;
    await context.route("https://stately.ai/**", (route) =>
      route.fulfill({ contentType: "text/html", body: receiver }),
    );
    const [popup] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "Stately" }).click(),
    ]);
    const heard = () =>
      popup.evaluate(() => (globalThis as unknown as { heard: { type: string; name?: string }[] }).heard);
    await expect.poll(async () => (await heard()).length).toBeGreaterThan(10);
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await expect.poll(async () => (await heard()).map(({ type }) => type)).toContain("@xstate.snapshot");
    const [engine] = await heard();
    expect(engine).toMatchObject({ type: "@xstate.actor", name: "engine", _version: expect.any(String) });
    expect((await heard()).filter(({ name }) => name?.startsWith("campaign:"))).toHaveLength(12);
    await popup.close();
  });
});
