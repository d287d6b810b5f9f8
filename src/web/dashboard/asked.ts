/** What a view asks the service for, kept fresh while it is open. */
import { useEffect, useState } from "preact/hooks";
import { beat, orders, read } from "../service.ts";

/** An answer, or why there is none. */
export interface Asked<Answer> {
  readonly value: Answer | null;
  /** True where the value answers an earlier question, and the next is on its way. */
  readonly isOld: boolean;
  readonly trouble: string | null;
}

/**
 * Reads `path` now, after each order, and again as frames arrive, at most once in `everyMs`; keeps the last answer until the next is there.
 * Nothing is asked while the tab is hidden.
 */
export function useAsked<Answer>(path: string, everyMs: number): Asked<Answer> {
  const [{ of, value, trouble }, set] = useState<{
    readonly of: string;
    readonly value: Answer | null;
    readonly trouble: string | null;
  }>({ of: path, value: null, trouble: null });
  useEffect(() => {
    const end = new AbortController();
    let askedMs = Number.NEGATIVE_INFINITY;
    let isBusy = false;
    const ask = async () => {
      if (isBusy) return;
      isBusy = true;
      askedMs = performance.now();
      try {
        const answer = await read<Answer>(path, end.signal);
        set({ of: path, value: answer, trouble: null });
      } catch (error) {
        if (end.signal.aborted) return;
        const text = error instanceof Error ? error.message : String(error);
        set((last) => ({ of: path, value: last.of === path ? last.value : null, trouble: text }));
      } finally {
        isBusy = false;
      }
    };
    const askAgain = () => {
      if (!document.hidden && performance.now() - askedMs >= everyMs) void ask();
    };
    void ask();
    const stops = [beat.subscribe(askAgain), orders.subscribe((count) => void (count > 0 && ask()))];
    return () => {
      for (const stop of stops) stop();
      end.abort();
    };
  }, [path, everyMs]);
  return { value, isOld: of !== path, trouble: of === path ? trouble : null };
}
