import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Hono } from "hono";
import { afterAll, describe, expect, it } from "vitest";
import { mountPages } from "../../src/server/pages.ts";
import { LiveService } from "./live-service.ts";

const folder = mkdtempSync(join(tmpdir(), "pages-"));
mkdirSync(join(folder, "bundle/assets"), { recursive: true });
writeFileSync(join(folder, "bundle/dashboard.html"), "<!doctype html>the dashboard");
writeFileSync(join(folder, "bundle/inspector.html"), "<!doctype html>the inspector");
writeFileSync(join(folder, "bundle/assets/dashboard-ABC.js"), "let a = 1;");
writeFileSync(join(folder, "bundle/assets/notes.txt"), "of no known type");
writeFileSync(join(folder, "secret.js"), "outside");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const app = new Hono();
mountPages(app, pathToFileURL(join(folder, "bundle/")));

describe("the pages", () => {
  it.each(["/", "/campaigns/shoes-0001", "/platforms", "/system"])("are the dashboard at %s", async (path) => {
    const answer = await app.request(path);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(await answer.text()).toContain("the dashboard");
  });

  it("are not sent again where the browser has them (PG2)", async () => {
    const first = await app.request("/assets/dashboard-ABC.js");
    expect(first.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(first.headers.get("cache-control")).toContain("immutable");
    const again = await app.request("/assets/dashboard-ABC.js", {
      headers: { "if-none-match": first.headers.get("etag")! },
    });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it.each(["/assets/notes.txt", "/assets/..%2F..%2Fsecret.js", "/assets/%2e%2e/%2e%2e/secret.js", "/assets/"])(
    "are files of the bundle alone: nothing at %s (PG1)",
    async (path) => {
      expect((await app.request(path)).status).toBe(404);
    },
  );

  it("are found at /inspect too", async () => {
    const answer = await app.request("/inspect");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/inspector"]);
  });

  it("say how to build them where nobody has (PG3)", async () => {
    const bare = new Hono();
    mountPages(bare, pathToFileURL(join(folder, "nowhere/")));
    const answer = await bare.request("/platforms");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("npm run pages");
  });

  it("are open where the service is bound beyond this machine, and what they show is not (SE3)", async () => {
    const open = new LiveService({ guard: { isPublic: true } }).start();
    expect([200, 503]).toContain((await open.get("/system")).status);
    expect((await open.get("/v1/status")).status).toBe(401);
    expect((await open.get("/campaignsx")).status).toBe(401);
    open.close();
  });
});
