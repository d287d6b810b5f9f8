/** A service in a process of its own, which tests start, order about, and kill. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const TOKEN = "a-token-for-the-tests";
/** Longest wait for an answer [ms]. */
const PATIENCE_MS = 20_000;

interface Announcement {
  readonly url: string;
  readonly pid: number;
}

/** One process. */
export class Service {
  readonly url: string;
  /** The engine's own process: what was started is its launcher. */
  readonly #pid: number;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;

  private constructor({ url, pid }: Announcement, child: ChildProcess, exit: Promise<number | null>) {
    this.url = url;
    this.#pid = pid;
    this.#child = child;
    this.#exit = exit;
  }

  /** Starts `serve` with these arguments and waits until it says where it listens. */
  static async start(args: readonly string[], cwd: string): Promise<Service> {
    const child = spawn(process.execPath, [join(root, "src/cli/bin.js"), "serve", ...args, "--port", "0", "--json"], {
      cwd,
      env: { ...process.env, CAMPAIGN_ENGINE_TOKEN: TOKEN },
    });
    let [out, errors] = ["", ""];
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    const exit = new Promise<number | null>((done) => child.once("exit", done));
    const announcement = await new Promise<Announcement>((done, fail) => {
      child.stdout.on("data", (data: Buffer) => {
        out += data.toString();
        if (out.includes("\n")) done(JSON.parse(out) as Announcement);
      });
      child.once("exit", (code) => fail(new Error(`serve ended with ${code}: ${errors}`)));
    });
    return new Service(announcement, child, exit);
  }

  /** @returns the answer's JSON; null where the service is gone */
  async get<Answer>(path: string): Promise<Answer | null> {
    return this.#ask<Answer>(path, {});
  }

  /** @returns the answer's JSON where it was a success; null where the service is gone, or refused */
  async post<Answer>(path: string, body: object | string): Promise<Answer | null> {
    const isLines = typeof body === "string";
    const type = isLines ? "application/x-ndjson" : "application/json";
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": type };
    return this.#ask<Answer>(path, { method: "POST", headers, body: isLines ? body : JSON.stringify(body) });
  }

  /** Ends the process in the middle of whatever it does. */
  async kill(): Promise<void> {
    process.kill(this.#pid, "SIGKILL");
    await this.#exit;
  }

  /** Ends it in order. @returns its exit code */
  async end(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.#exit;
  }

  async #ask<Answer>(path: string, init: RequestInit): Promise<Answer | null> {
    try {
      const response = await fetch(this.url + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
      return response.ok ? ((await response.json()) as Answer) : null;
    } catch {
      return null;
    }
  }
}
