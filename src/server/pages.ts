/**
 * The pages: static files, made by `npm run pages`, read once.
 *
 * PG1 only the files of the bundle are served, whatever is asked for; PG2 an unchanged file is not sent twice; PG3 a bundle that was never made
 * is said so on the page.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import type { Context, Hono } from "hono";

/** Where `npm run pages` puts them. */
export const BUNDLE = new URL("../web/bundle/", import.meta.url);

/** Paths of the pages, and the file that each is. */
export const PAGES: Readonly<Record<string, string>> = { "/": "dashboard.html" };

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

const NOT_BUILT =
  "<!doctype html><meta charset=utf-8><title>campaign-engine</title><h1>The pages are not built</h1><p>In a clone, run <code>npm run pages</code> and start the service again. Its figures are at <a href=/v1/status>/v1/status</a>, its description at <a href=/openapi.json>/openapi.json</a>.</p>";

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/** Puts the pages into the service. @param bundle directory of the files */
export function mountPages(app: Hono, bundle: URL = BUNDLE): void {
  const assets = read(bundle);
  for (const [path, file] of Object.entries(PAGES)) {
    app.get(path, (context) => {
      const page = assets.get(file);
      return page === undefined ? context.html(NOT_BUILT, 503) : send(context, page);
    });
  }
  app.get("/assets/:name", (context) => {
    const asset = assets.get(context.req.param("name"));
    return asset === undefined ? context.notFound() : send(context, asset);
  });
}

function send(context: Context, { body, type, etag }: Asset): Response {
  const headers = { ETag: etag, "Cache-Control": "no-cache" };
  if (context.req.header("if-none-match") === etag) return context.body(null, 304, headers);
  return context.body(body, 200, { ...headers, "Content-Type": type });
}

function read(bundle: URL): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  if (!existsSync(bundle)) return assets;
  for (const name of readdirSync(bundle)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = new Uint8Array(readFileSync(new URL(name, bundle)));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 24)}"`;
    assets.set(name, { body, type, etag });
  }
  return assets;
}
