/** What the pages say to the service, and hear from it: requests, the token, the live frames. */
import { signal } from "@preact/signals";
import type { DashboardFrame } from "../observe/frames.ts";

const TOKEN_KEY = "campaign-engine.token";

/**
 * How the live stream is doing: `stale` where nothing has come for a while, `lost` where the service
 * does not answer, `locked` where it asks for the token.
 */
export type Link = "connecting" | "live" | "stale" | "lost" | "locked";

/** The newest frame; null before the first. */
export const frame = signal<DashboardFrame | null>(null);
export const link = signal<Link>("connecting");
/** Counts frames: what a page shows besides is asked for anew when it changes. */
export const beat = signal(0);
/** Counts orders that were carried out: what a page shows is asked for at once. */
export const orders = signal(0);
/** The token of orders, kept for this tab only. */
export const token = signal<string>(sessionStorage.getItem(TOKEN_KEY) ?? "");

/** A refusal, in the service's own words. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }
}

/** Keeps the token for this tab. */
export function keepToken(text: string): void {
  token.value = text;
  if (text === "") sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, text);
}

function authorization(): Record<string, string> {
  return token.value === "" ? {} : { Authorization: `Bearer ${token.value}` };
}

/** Reads JSON. @throws Refusal */
export async function read<Answer>(path: string, end: AbortSignal): Promise<Answer> {
  const answer = await fetch(path, { headers: authorization(), signal: end });
  return unpacked(answer);
}

/** Gives an order. @throws Refusal */
export async function order<Answer>(method: "POST" | "PUT", path: string, body: object): Promise<Answer> {
  const headers = { ...authorization(), "Content-Type": "application/json" };
  const answer = await unpacked<Answer>(await fetch(path, { method, headers, body: JSON.stringify(body) }));
  orders.value += 1;
  return answer;
}

async function unpacked<Answer>(answer: Response): Promise<Answer> {
  if (answer.ok) return (await answer.json()) as Answer;
  let message = `The service answers ${answer.status}.`;
  try {
    const { error } = (await answer.json()) as { error: { message: string; hint?: string } };
    message = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  } catch {
    // The status alone has to do.
  }
  throw new Refusal(answer.status, message);
}

/** Silence after which figures count as stale [ms]. */
const STALE_MS = 6_000;
const RETRY_MS = 2_000;

/** Hears the live frames from now on, for as long as the page is open. */
export function listen(): void {
  let heardMs = performance.now();
  setInterval(() => {
    if (link.value === "live" && performance.now() - heardMs > STALE_MS) link.value = "stale";
  }, 1_000);
  void (async () => {
    for (;;) {
      try {
        for await (const { event, data } of events("/v1/frames")) {
          heardMs = performance.now();
          if (event !== "frame") continue;
          frame.value = JSON.parse(data) as DashboardFrame;
          link.value = "live";
          beat.value += 1;
        }
        link.value = "lost";
      } catch (error) {
        link.value = error instanceof Refusal && error.status === 401 ? "locked" : "lost";
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  })();
}

/** The messages of a stream. `EventSource` cannot send the token that a service beyond this machine asks for. @throws Refusal */
export async function* events(
  path: string,
  end?: AbortSignal,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const answer = await fetch(path, { headers: authorization(), ...(end === undefined ? {} : { signal: end }) });
  if (!answer.ok || answer.body === null) await unpacked(answer);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let stop = text.indexOf("\n\n"); stop >= 0; stop = text.indexOf("\n\n")) {
      const lines = text.slice(0, stop).split("\n");
      text = text.slice(stop + 2);
      const of = (name: string) =>
        lines.flatMap((line) => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trimStart()] : []));
      const data = of("data");
      if (data.length > 0) yield { event: of("event")[0] ?? "message", data: data.join("\n") };
    }
  }
}
