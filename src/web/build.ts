/** `npm run pages`: bundles the pages into `src/web/bundle`, from where the service serves them. */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at("bundle"), { recursive: true, force: true });
mkdirSync(at("bundle"));
await build({
  entryPoints: [at("dashboard.tsx")],
  outdir: at("bundle"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});
for (const file of ["dashboard.html", "icon.svg"]) cpSync(at(file), at(`bundle/${file}`));
