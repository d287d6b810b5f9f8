/** For tests in a real browser: a service of its own on a free port, and a Chromium that notes what it must not do. */
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { startService } from "../started-service.ts";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

export const root = resolve(import.meta.dirname, "../..");
export const TOKEN = "a-token-for-the-tests";

/** Where Chromium is, or null where it is not installed. */
export const chromiumPath =
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path)) ?? null;

/** A service that plays a demonstration. */
export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  /** Ends it, and waits until it is gone. */
  close(): Promise<void>;
}

/** Starts `serve <scenario> --demo` on a free port, and waits until it listens. */
export async function serve(scenario: string, args: readonly string[] = []): Promise<Served> {
  const line = [scenario, "--demo", "--drain", "50ms", ...args];
  const { url, child, exit } = await startService(line, { env: { CAMPAIGN_ENGINE_TOKEN: TOKEN } });
  const close = async () => {
    child.kill("SIGTERM");
    await exit;
  };
  return { url, child, close };
}

/** What a page did that it must not. */
export interface Misdeeds {
  /** Errors and warnings in the console, refusals by the content security policy among them. */
  readonly console: string[];
  /** Requests to anywhere but the service. */
  readonly requests: string[];
}

/** Starts Chromium, which reaches nothing but this machine. */
export async function browse(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath!,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
}

/** Opens a page that notes its misdeeds. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page; misdeeds: Misdeeds }> {
  const context = await browser.newContext({
    viewport: { width: 1320, height: 900 },
    locale: "en-GB",
    timezoneId: "UTC",
    ...options,
  });
  const page = await context.newPage();
  const misdeeds: Misdeeds = { console: [], requests: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) misdeeds.console.push(message.text());
  });
  page.on("pageerror", (error) => misdeeds.console.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith("data:"))
      misdeeds.requests.push(request.url());
  });
  return { context, page, misdeeds };
}
