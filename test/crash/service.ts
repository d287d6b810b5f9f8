/** A service in a process of its own, which tests start, order about, and kill. */
import { startService } from "../started-service.ts";
import type { StartedService } from "../started-service.ts";

const TOKEN = "a-token-for-the-tests";
/** Longest wait for an answer [ms]. */
const PATIENCE_MS = 20_000;

/** One process. */
export class Service {
  readonly #started: StartedService;

  private constructor(started: StartedService) {
    this.#started = started;
  }

  /** Starts `serve` with these arguments and waits until it says where it listens. */
  static async start(args: readonly string[], cwd: string): Promise<Service> {
    return new Service(await startService(args, { cwd, env: { CAMPAIGN_ENGINE_TOKEN: TOKEN } }));
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
    process.kill(this.#started.pid, "SIGKILL");
    await this.#started.exit;
  }

  async #ask<Answer>(path: string, init: RequestInit): Promise<Answer | null> {
    try {
      const response = await fetch(this.#started.url + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
      return response.ok ? ((await response.json()) as Answer) : null;
    } catch {
      return null;
    }
  }
}
