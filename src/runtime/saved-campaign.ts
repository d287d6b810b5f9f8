/** A campaign's actor as it was, to go on from in another process: what its specification does not say. */
import type { CampaignContext, CampaignIdentity } from "../../machines/campaign.ts";
import type { CampaignState } from "../core/events.ts";
import type { ChildSnapshot, PoolSnapshot } from "../actors/pool.ts";

/** The part of a campaign's context that is its own; the rest is its specification's. */
export type Known = Omit<CampaignContext, "campaign" | "spare">;

/** A campaign's actor as it was. */
export interface SavedCampaign {
  readonly slot: number;
  /** `error`: it had failed, and waited for its restart, or was in quarantine. */
  readonly status: ChildSnapshot["status"];
  readonly state: CampaignState;
  /** Null where it had failed at birth. */
  readonly known: Known | null;
}

/** The part of a context that is the campaign's own. */
export function knownOf({ memory, kind, reason, lastTick, evaluations, heldBecause }: CampaignContext): Known {
  return { memory, kind, reason, lastTick, evaluations, heldBecause };
}

/** The campaigns of a pool as they are. */
export function savedCampaigns({ children, successor }: PoolSnapshot): SavedCampaign[] {
  return successor().members.map(({ slot, resume }) => {
    const { status, value } = children[slot].getSnapshot() as { status: ChildSnapshot["status"]; value: CampaignState };
    const context = resume as Partial<CampaignContext> | undefined;
    // One that failed at birth has an empty context, or none.
    const known = context?.campaign === undefined ? null : knownOf(context as CampaignContext);
    return { slot, status, state: value, known };
  });
}

/** The whole context of what was known. */
export function contextOf(known: Known, campaign: CampaignIdentity): CampaignContext {
  return { campaign, ...known, spare: null };
}

/** What the campaign's next actor goes on from. */
export function snapshotOf({ status, state, known }: SavedCampaign, campaign: CampaignIdentity): ChildSnapshot {
  return { status, value: state, context: known === null ? {} : contextOf(known, campaign) };
}
