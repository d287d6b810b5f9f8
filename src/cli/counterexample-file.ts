/** Counterexamples as files: all that it takes to play one again, scenario included; only a policy module stays where it is. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { EngineError } from "../core/errors.ts";
import { openPending } from "./output.ts";

const ticks = z.int().min(1).max(1_000_000);
const event = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("play"), ticks }),
  z.strictObject({ kind: z.literal("new-day") }),
  z.strictObject({ kind: z.literal("top-up"), campaign: z.string(), micros: z.int().min(1) }),
  z.strictObject({ kind: z.enum(["hold", "release", "fail"]), campaign: z.string() }),
  z.strictObject({ kind: z.enum(["silence", "garbage", "report-late"]), platform: z.string(), ticks }),
  z.strictObject({ kind: z.enum(["report-lost", "report-twice", "overcharge"]), platform: z.string() }),
]);

const counterexample = z.strictObject({
  format: z.literal("campaign-engine check 1"),
  scenario: z.strictObject({ file: z.string(), text: z.string() }),
  /** File of the policy module; null for the campaigns' own policies. */
  policy: z.string().nullable(),
  forecaster: z.string().nullable(),
  campaigns: z.int().min(1),
  maxTicks: ticks,
  plan: z.strictObject({ laterHours: z.int().min(0).max(23), events: z.array(event).max(100_000) }),
  breach: z.strictObject({
    rule: z.string(),
    law: z.string(),
    tick: z.int(),
    campaign: z.string().nullable(),
    text: z.string(),
  }),
});

/** What such a file holds. */
export type CounterexampleFile = z.output<typeof counterexample>;

/** Writes one. @throws EngineError CE_OUTPUT_UNWRITABLE */
export function writeCounterexample(file: string, content: CounterexampleFile): void {
  openPending(file).commit(`${JSON.stringify(content, null, 2)}\n`);
}

/** Reads one. @throws EngineError CE_DATA_UNREADABLE, CE_DATA_INVALID */
export function readCounterexample(file: string): CounterexampleFile {
  const expected = "a counterexample that `campaign-engine check` has written";
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new EngineError("CE_DATA_UNREADABLE", `${file} cannot be read.`, { file, expected }, { cause });
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new EngineError("CE_DATA_INVALID", `${file} is not JSON.`, { file, expected }, { cause });
  }
  const result = counterexample.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new EngineError("CE_DATA_INVALID", issue.message, { file, field: issue.path.join("."), expected });
}
