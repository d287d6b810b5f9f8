/**
 * Bundles the pages for the browser: `npm run pages` writes `src/web/bundle/`, which the service serves as it is.
 *
 * WB1 the pages ask nothing of the network but the service: everything they need is in the bundle; WB2 names of assets carry a hash of their
 * content, so that none grows stale.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import { chartOf } from "../../machines/chart.ts";
import { machines } from "../../machines/index.ts";
import { toMermaid } from "../../machines/mermaid.ts";
import { layOut } from "./inspector/layout.ts";
import type { ChartBook } from "./inspector/lettering.ts";

/** Pages by name, with their titles: each has its `<name>/main.tsx`. */
const PAGES = { dashboard: "Dashboard", inspector: "Inspector" };

/** Gives the pages the statecharts as they are defined now, each placed on paper. */
const charts: Plugin = {
  name: "charts",
  setup(bundle) {
    bundle.onResolve({ filter: /^virtual:charts$/ }, ({ path }) => ({ path, namespace: "charts" }));
    bundle.onLoad({ filter: /.*/, namespace: "charts" }, async () => {
      const all = machines.map(async ({ name, machine, notes }) => {
        const chart = await layOut(chartOf(name, machine));
        const events = [...new Set(chart.transitions.map(({ event }) => event))];
        return Object.assign(chart, { notes, mermaid: toMermaid(machine), events });
      });
      const book: ChartBook = { charts: await Promise.all(all) };
      return { contents: JSON.stringify(book), loader: "json" };
    });
  },
};

const folder = join(import.meta.dirname, "bundle");
rmSync(folder, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: Object.keys(PAGES).map((name) => ({ in: `${name}/main.tsx`, out: name })),
  outdir: join(folder, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "shared-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  minify: true,
  metafile: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "inline",
  plugins: [charts],
  logLevel: "warning",
});

const template = readFileSync(join(import.meta.dirname, "page.html"), "utf8");
for (const [name, title] of Object.entries(PAGES)) {
  const made = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === `${name}/main.tsx`);
  if (made === undefined) throw new Error(`esbuild made nothing of ${name}`);
  const [script, { cssBundle = "" }] = made;
  const page = template
    .replace("{title}", title)
    .replace("{style}", `/assets/${basename(cssBundle)}`)
    .replace("{script}", `/assets/${basename(script)}`);
  writeFileSync(join(folder, `${name}.html`), page);
}
