/** What the engine's thread and a worker thread say to each other: one message a round each way at most; all else is in shared memory. */
import type { CampaignSpec } from "../../core/campaign.ts";
import type { FaultPlan, InjectedFault } from "../../core/faults.ts";
import type { ParetoCurve } from "../../core/pareto.ts";
import type { PlatformSpec } from "../../core/platform.ts";
import type { World } from "../../core/world.ts";
import type { CampaignEvent } from "../../../machines/campaign.ts";
import type { SharedBoard } from "./board-mirror.ts";
import type { SharedColumns } from "./columns.ts";
import type { SavedCampaign } from "../saved-campaign.ts";
import type { ReportColumns } from "./report-columns.ts";

/** What a worker thread is born with. */
export interface ThreadSetup {
  /** From 1. */
  readonly thread: number;
  readonly seed: number;
  readonly tickMs: number;
  readonly platforms: readonly PlatformSpec[];
  readonly boards: readonly SharedBoard[];
  readonly columns: SharedColumns;
  /** The ledger's rows, shared. */
  readonly accounts: Float64Array;
  /** Of {@link Control.BYTES}. */
  readonly control: SharedArrayBuffer;
  /** Where the policies live that are not the engine's: URL of the module by name. */
  readonly policyModules: Readonly<Record<string, string>>;
  readonly isInterpreted: boolean;
  readonly faults: FaultPlan | null;
  /** Every campaign's context is posted once in so many ticks, for a successor. */
  readonly backupTicks: number;
}

/** What a thread does before its next round: start campaigns' actors, anew or from their last good contexts, and stop them. */
export interface Assignment {
  readonly type: "start" | "stop";
  readonly slot: number;
  readonly spec: CampaignSpec;
}

/** The part of a {@link World} that is not shared by other ways. */
export type Moment = Pick<World, "tick" | "timeMs" | "day">;

/** One round. */
export type Round =
  | { readonly type: "settle" }
  | { readonly type: "tell"; readonly slot: number; readonly event: CampaignEvent }
  | { readonly type: "learn"; readonly moment: Moment; readonly length: number }
  | { readonly type: "day"; readonly moment: Moment; readonly slots: readonly number[] }
  /** A decision round: the first `length` rows of the reports, then the tick. */
  | { readonly type: "tick"; readonly moment: Moment; readonly length: number }
  | { readonly type: "pareto"; readonly moment: Moment; readonly slot: number }
  | { readonly type: "save" };

/** Engine → worker. */
export interface RoundMessage {
  readonly round: Round;
  readonly assignments: readonly Assignment[];
  /** Larger columns in the place of the old, where there are any. */
  readonly columns: SharedColumns | null;
  /** The ledger's rows, where they have moved. */
  readonly accounts: Float64Array | null;
  /** The columns of the reports, where they are others than the last time. */
  readonly reports: ReportColumns | null;
  /** What threads that ended had posted of campaigns that may go on here, oldest first. */
  readonly backups: readonly ArrayBuffer[];
  /** What campaigns that are yet to start here go on from. */
  readonly saved: readonly SavedCampaign[];
}

/** Something that happened in a round; `at` says when: by row of the reports, or by slot. */
export type Incident =
  | { readonly at: number; readonly type: "failure"; readonly slot: number; readonly error: string }
  | { readonly at: number; readonly type: "fault"; readonly fault: InjectedFault };

/** Worker → engine. */
export type Reply =
  | { readonly type: "happened"; readonly incidents: readonly Incident[] }
  /** Answers a round about it. */
  | { readonly type: "curve"; readonly curve: ParetoCurve | null }
  | { readonly type: "saved"; readonly campaigns: readonly SavedCampaign[] }
  /** Contexts of some campaigns, serialised. */
  | { readonly type: "backup"; readonly share: number; readonly bytes: ArrayBuffer }
  /** The thread ends. */
  | { readonly type: "failed"; readonly error: string };
