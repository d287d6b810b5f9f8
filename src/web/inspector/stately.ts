/**
 * Stately's own inspector, in a window of its own, for those who are online: it says that it is there, and is told from then on what the actors do. Nothing leaves
 * this machine unless somebody opens it.
 */
import { events } from "../service.ts";
import { watched } from "./state.ts";

const INSPECTOR = "https://stately.ai/inspect";
/** The name that Stately's package gives to its window. */
const WINDOW = "xstateinspector";
const CONNECTED = "@statelyai.connected";
const LOOK_MS = 1_000;

/** Opens it. */
export function openStately(): void {
  const target = window.open(INSPECTOR, WINDOW);
  if (target === null) return;
  const end = new AbortController();
  const onMessage = ({ source, origin, data }: MessageEvent) => {
    if (source !== target || origin !== new URL(INSPECTOR).origin) return;
    if ((data as { type?: unknown } | null)?.type !== CONNECTED) return;
    removeEventListener("message", onMessage);
    void tell(target, end.signal);
  };
  addEventListener("message", onMessage);
  const timer = setInterval(() => {
    if (!target.closed) return;
    clearInterval(timer);
    removeEventListener("message", onMessage);
    end.abort();
  }, LOOK_MS);
}

async function tell(target: Window, end: AbortSignal): Promise<void> {
  const id = watched.value;
  try {
    for await (const { event, data } of events(
      `/v1/inspect/stately${id === null ? "" : `?actor=${encodeURIComponent(id)}`}`,
      end,
    )) {
      if (event === "stately") target.postMessage(JSON.parse(data), new URL(INSPECTOR).origin);
    }
  } catch {
    // The window was closed, or the service has gone: the page itself says so.
  }
}
