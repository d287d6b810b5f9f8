/**
 * The pages of the bundle: static files, read once, the same for everybody.
 *
 * PG1 only files of the bundle are served, whatever path is asked for; PG2 a file that a browser has is not sent again; PG3 where no bundle
 * was built, the page says so and how to build it.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname } from "node:path";
import type { Context, Hono } from "hono";

/** Where the build puts the bundle. */
const BUNDLE = new URL("../web/bundle/", import.meta.url);

/** Routes of the pages, each with its file. */
const PAGES: Readonly<Record<string, string>> = {
  "/": "dashboard.html",
  "/campaigns/:id": "dashboard.html",
  "/platforms": "dashboard.html",
  "/system": "dashboard.html",
  "/inspector": "inspector.html",
};

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
};

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The pages are not built · campaign-engine</title>
<h1>The pages are not built</h1>
<p>The service runs, but this copy of it has no pages yet. In its folder, run <code>npm run pages</code> and start it again.</p>
<p>Meanwhile: <a href="/v1/status">its figures</a>, and <a href="/openapi.json">its description</a>.</p>
</html>
`;

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/** True for the paths of pages and their assets: they say nothing of the campaigns. */
export function isPage(path: string): boolean {
  return path === "/" || /^\/(assets|campaigns|platforms|system|inspect|inspector)(\/|$)/.test(path);
}

/** Mounts the pages of the bundle in `folder`. */
export function mountPages(app: Hono, folder: URL = BUNDLE): void {
  const assets = assetsIn(folder);
  for (const [route, file] of Object.entries(PAGES)) {
    app.get(route, (context) => {
      const page = assets.get(file);
      return page === undefined ? context.html(NOT_BUILT, 503) : sent(context, page, "no-cache");
    });
  }
  app.get("/inspect", (context) => context.redirect("/inspector"));
  app.get("/assets/:name", (context) => {
    const asset = assets.get(`assets/${context.req.param("name")}`);
    // Their names change with their content.
    return asset === undefined ? context.notFound() : sent(context, asset, "public, max-age=31536000, immutable");
  });
}

function sent(context: Context, { body, type, etag }: Asset, cacheControl: string): Response {
  const headers = { ETag: etag, "Cache-Control": cacheControl };
  if (context.req.header("if-none-match") === etag) return context.body(null, 304, headers);
  return context.body(body, 200, { ...headers, "Content-Type": type });
}

function assetsIn(folder: URL): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  if (!existsSync(folder)) return assets;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = new Uint8Array(readFileSync(new URL(name, folder)));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    assets.set(name.replaceAll("\\", "/"), { body, type, etag });
  }
  return assets;
}
