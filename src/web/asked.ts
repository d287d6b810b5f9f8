/** What a page asks the service for, kept fresh while the page is open. */
import { useEffect, useState } from "preact/hooks";
import { beat, read } from "./service.ts";

/** An answer, or why there is none yet. */
export interface Asked<Answer> {
  readonly value: Answer | null;
  readonly trouble: string | null;
}

/** Reads `path` now and again whenever frames arrive, at most once in `everyMs`; keeps the last answer while the next is on its way. */
export function useAsked<Answer>(path: string, everyMs: number): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer> & { readonly path: string }>({ path, value: null, trouble: null });
  useEffect(() => {
    const end = new AbortController();
    let askedMs = Number.NEGATIVE_INFINITY;
    let isBusy = false;
    const ask = async () => {
      if (isBusy || performance.now() - askedMs < everyMs) return;
      isBusy = true;
      askedMs = performance.now();
      try {
        const value = await read<Answer>(path, end.signal);
        setAsked({ path, value, trouble: null });
      } catch (error) {
        if (end.signal.aborted) return;
        setAsked((last) => ({
          path,
          value: last.path === path ? last.value : null,
          trouble: error instanceof Error ? error.message : String(error),
        }));
      } finally {
        isBusy = false;
      }
    };
    const stop = beat.subscribe(() => void ask());
    return () => {
      stop();
      end.abort();
    };
  }, [path, everyMs]);
  return asked.path === path ? asked : { value: null, trouble: null };
}
