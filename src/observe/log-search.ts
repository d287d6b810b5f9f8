/**
 * Finding one decision in a decision log, line by line: memory does not grow with the log.
 *
 * S1 no line longer than {@link MAX_LINE_BYTES} is held; S2 reading ends with the first later decision of the campaign.
 */
import { createReadStream } from "node:fs";
import type { CampaignSpec } from "../core/campaign.ts";
import type { Candidate, Decision } from "../core/decision.ts";
import { EngineError } from "../core/errors.ts";
import type { CampaignState } from "../core/events.ts";
import type { PlatformSpec } from "../core/platform.ts";
import type { AccountView } from "../core/policy/policy.ts";

/** Longest line read [bytes]. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** A decision as the log tells it: platforms by name. */
export interface LoggedDecision {
  readonly tick: number;
  readonly time: string;
  readonly campaign: string;
  readonly from: CampaignState;
  readonly state: CampaignState;
  readonly reason: Decision["reason"];
  readonly binding: Decision["binding"];
  readonly gammaMicros: number;
  readonly bids: readonly { readonly platform: string; readonly bidMicros: number; readonly capMicros: number }[];
  readonly candidates: readonly (Omit<Candidate, "platform" | "bidMicros" | "capMicros"> & {
    readonly platform: string;
  })[];
  readonly account: Omit<AccountView, "isDailyBound">;
}

/** A decision, and what the log says of the run and the campaign that it belongs to. */
export interface FoundDecision {
  readonly run: { readonly name: string; readonly currency: string; readonly platforms: readonly PlatformSpec[] };
  readonly spec: CampaignSpec;
  readonly decision: LoggedDecision;
}

type LogLine = Record<string, unknown>;

/**
 * The decision of a campaign at a tick.
 * @throws EngineError CE_DATA_UNREADABLE where there is no file, CE_DATA_INVALID where it is no decision log, CE_DATA_TOO_LARGE for a line
 * beyond the limit (S1), CE_USAGE_INVALID where it has no such campaign, or no decision at that tick: then it names the nearest.
 */
export async function findDecision(file: string, campaign: string, tick: number): Promise<FoundDecision> {
  let run: FoundDecision["run"] | null = null;
  let spec: CampaignSpec | null = null;
  let before: number | null = null;
  let after: number | null = null;
  const declared: string[] = [];
  let number = 0;
  for await (const text of linesOf(file)) {
    number += 1;
    const line = parse(text, file, number);
    if (run === null) {
      if (line["event"] !== "engine.started" || !Array.isArray(line["platforms"])) throw notOurs(file, number);
      run = line as unknown as FoundDecision["run"];
    } else if (line["event"] === "campaign.declared") {
      if (declared.length < 5) declared.push(String(line["campaign"]));
      if (line["campaign"] === campaign) spec = line["spec"] as CampaignSpec;
    } else if (spec === null) break;
    else if (line["event"] === "decision" && line["campaign"] === campaign) {
      const at = line["tick"];
      if (typeof at !== "number" || !isDecision(line)) throw notOurs(file, number);
      if (at === tick) return { run, spec, decision: line };
      if (at > tick) {
        after = at;
        break;
      }
      before = at;
    }
  }
  if (run === null) throw notOurs(file, 1);
  if (spec === null) {
    throw new EngineError("CE_USAGE_INVALID", `The log has no campaign "${campaign}".`, {
      file,
      hint: `It begins with: ${declared.join(", ")}.`,
    });
  }
  const nearest = [before, after].filter((at) => at !== null);
  throw new EngineError("CE_USAGE_INVALID", `The log has no decision of "${campaign}" at tick ${tick}.`, {
    file,
    hint:
      nearest.length === 0
        ? "It has no decision of this campaign at all."
        : `Nearest ticks that it has: ${nearest.join(", ")}. A log at level "changes" leaves out decisions like the one before; --log-level all keeps all.`,
  });
}

function isDecision(line: unknown): line is LoggedDecision {
  const { bids, candidates, account } = line as Partial<LoggedDecision>;
  return Array.isArray(bids) && Array.isArray(candidates) && typeof account === "object" && account !== null;
}

function parse(text: string, file: string, line: number): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as LogLine;
  } catch {
    // Told below, like any other line that is not of a decision log.
  }
  throw notOurs(file, line);
}

/** The complete lines of a file; what follows the last line break, a line cut short, is left out. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = "";
  let number = 1;
  try {
    for await (const chunk of createReadStream(file, { encoding: "utf8" })) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        number += 1;
        yield line;
      }
      if (rest.length > MAX_LINE_BYTES) {
        throw new EngineError("CE_DATA_TOO_LARGE", `A line of ${file} is too long for a decision log.`, {
          file,
          line: number,
          expected: `lines of at most ${MAX_LINE_BYTES} bytes`,
        });
      }
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError("CE_DATA_UNREADABLE", `${file} cannot be read: ${reason}.`, { file }, { cause: error });
  }
}

function notOurs(file: string, line: number): EngineError {
  return new EngineError("CE_DATA_INVALID", `${file} is not a decision log.`, {
    file,
    line,
    expected: "NDJSON as simulate --log writes it",
  });
}
