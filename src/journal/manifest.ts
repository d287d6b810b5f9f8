/** What a log is of: written with its first step, and held against what is asked to go on with it. */
import { EngineError } from "../core/errors.ts";
import type { CampaignSpec } from "../core/campaign.ts";
import type { PlatformSpec } from "../core/platform.ts";
import { readSnapshotHead } from "./snapshot.ts";
import { readStep } from "./step.ts";
import type { JournalStore } from "./store.ts";

/** The first head of a log. */
export interface Manifest {
  /** `simulate` or `serve`, with what makes it another kind of run. */
  readonly kind: string;
  readonly name: string;
  readonly seed: number;
  readonly currency: string;
  /** Time of tick 0 [ms since the epoch]. */
  readonly startMs: number;
  readonly tickMs: number;
  /** Over everything that the run depends on. */
  readonly fingerprint: string;
  readonly platforms: readonly PlatformSpec[];
  /** Those that the run begins with. */
  readonly campaigns: readonly CampaignSpec[];
}

/** The manifest of a shard's log; null where nothing has begun. @throws EngineError CE_STATE_CORRUPT */
export async function manifestOf(store: JournalStore, shard: number): Promise<Manifest | null> {
  const { firstSeq } = await store.head(shard);
  const base = firstSeq === 1 ? null : await store.snapshot(shard, firstSeq - 1);
  if (base !== null) return readSnapshotHead(base.bytes).manifest;
  for await (const { kind, bytes } of store.read(shard))
    if (kind === "started") return readStep(bytes).head as Manifest;
  return null;
}

/** @throws EngineError CE_STATE_MISMATCH where a log is of another run */
export function assertSame(store: string, kept: Manifest, asked: Manifest): void {
  if (kept.fingerprint === asked.fingerprint && kept.kind === asked.kind) return;
  const what = ({ kind, name, seed }: Manifest) => `${kind} of "${name}", seed ${seed}`;
  const [is, wanted] = [what(kept), what(asked)];
  throw new EngineError(
    "CE_STATE_MISMATCH",
    is === wanted
      ? `The state is of ${is}, and the scenario or its options have changed since.`
      : `The state is of ${is}; this is ${wanted}.`,
    {
      file: store,
      expected: "the scenario and the options that the state was made with",
      hint: "Give the same ones again, or another directory with --state.",
    },
  );
}
