/** A service in a process of its own, for tests of commands, pages and crashes. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** A service that listens. What was started is its launcher; `pid` is the engine's own process. */
export interface StartedService {
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  /** What it has written to stderr. */
  readonly errors: () => string;
}

/** Starts `serve` with these arguments on a free port, and waits until it says where it listens. @throws Error with what it wrote where it ends before */
export async function startService(
  args: readonly string[],
  { cwd = process.cwd(), env = {} }: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<StartedService> {
  const child = spawn(process.execPath, [join(root, "src/cli/bin.js"), "serve", ...args, "--port", "0", "--json"], {
    cwd,
    env: { ...process.env, ...env },
  });
  let [out, errors] = ["", ""];
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const exit = new Promise<number | null>((done) => child.once("exit", done));
  const { url, pid } = await new Promise<{ url: string; pid: number }>((done, fail) => {
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      if (out.includes("\n")) done(JSON.parse(out) as { url: string; pid: number });
    });
    child.once("exit", () => fail(new Error(errors)));
  });
  return { url, pid, child, exit, errors: () => errors };
}
