/** What an operator can order of a running engine, by whom and why: the vocabulary of the audit trail. */
import type { CampaignSpec } from "./campaign.ts";

/** Every action, with what it does. */
export const OPERATOR_ACTIONS = {
  "campaign.create": "a new campaign joins its portfolio",
  "campaign.pause": "the campaign does not bid until it is resumed",
  "campaign.resume": "a paused or quarantined campaign goes on",
  "campaign.top-up": "the campaign's budget grows",
  "campaign.end": "the campaign never bids again",
  "platform.close": "nothing is bid on the platform until it is opened",
  "platform.open": "the platform's feed decides again",
  "engine.pause": "nothing is bid anywhere until the engine is resumed",
  "engine.resume": "the engine goes on",
} as const;
export type OperatorAction = keyof typeof OPERATOR_ACTIONS;

/** Who gave an order, why, and when. */
export interface Signature {
  readonly by: string;
  readonly why: string;
  /** Wall-clock time [ms since the epoch]. */
  readonly atMs: number;
}

/** One order. */
export type OperatorOrder =
  | { readonly action: "campaign.create"; readonly campaign: CampaignSpec }
  | { readonly action: "campaign.pause" | "campaign.resume" | "campaign.end"; readonly slot: number }
  | { readonly action: "campaign.top-up"; readonly slot: number; readonly micros: number }
  | { readonly action: "platform.close" | "platform.open"; readonly platform: number }
  | { readonly action: "engine.pause" | "engine.resume" };
