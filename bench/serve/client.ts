/** The little of HTTP that the load test needs: kept-alive requests with a token, and streams. */
import { Agent as HttpAgent, request } from "node:http";
import type { IncomingMessage } from "node:http";

/** Speaks to one service. */
export class Agent {
  readonly #base: URL;
  readonly #token: string;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 32 });

  constructor(base: URL, token: string) {
    this.#base = base;
    this.#token = token;
  }

  async text(path: string): Promise<string> {
    return (await this.#ask("GET", path, null)).body;
  }

  async get<Answer>(path: string): Promise<Answer> {
    return JSON.parse(await this.text(path)) as Answer;
  }

  /** Posts lines of NDJSON; again where the service closed the idle connection just then: records count once. */
  async post(path: string, lines: string): Promise<{ status: number; body: string }> {
    try {
      return await this.#ask("POST", path, lines);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
      return this.#ask("POST", path, lines);
    }
  }

  close(): void {
    this.#http.destroy();
  }

  #ask(method: string, path: string, body: string | null): Promise<{ status: number; body: string }> {
    const headers = { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/x-ndjson" };
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const sent = request(new URL(path, this.#base), { method, headers, agent: this.#http }, (answer) => {
      void textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, body: text }), reject);
    });
    sent.on("error", reject);
    sent.end(body ?? undefined);
    return promise;
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk as string;
  return text;
}

/** Reads a stream of server-sent events until the signal. @param onData called with each message's data */
export async function streamed(
  base: URL,
  path: string,
  signal: AbortSignal,
  onData: (data: string) => void,
): Promise<void> {
  const answer = await fetch(new URL(path, base), { signal });
  let text = "";
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      for (const line of text.slice(0, end).split("\n")) if (line.startsWith("data:")) onData(line.slice(5));
      text = text.slice(end + 2);
    }
  }
}
