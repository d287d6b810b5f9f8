/** What is wrong with a request, as its sender is told: a status, a code, one sentence, and where. */
import type { z } from "zod";
import { EngineError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";

/** The codes of the service's own refusals, with their HTTP status. */
export const PROBLEMS = {
  "body.malformed": 400,
  "request.invalid": 422,
  "records.invalid": 422,
  "token.missing": 401,
  "token.wrong": 401,
  "host.foreign": 403,
  "origin.foreign": 403,
  "write.disabled": 403,
  "not.found": 404,
  "order.refused": 409,
  "body.too-large": 413,
  "body.unsupported": 415,
  "queue.full": 429,
  "viewers.full": 503,
  "engine.absent": 503,
  "state.unwritable": 503,
  unexpected: 500,
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

/** The body of every refusal. */
export interface ProblemBody {
  readonly error: {
    readonly code: ProblemCode | ErrorCode;
    readonly message: string;
    /** Dotted path of the field, where one is to blame. */
    readonly field?: string;
    readonly hint?: string;
  };
}

/** A refusal, thrown by a handler. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly place: { readonly field?: string; readonly hint?: string };
  /** When to try again [s], or null. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: ProblemCode,
    message: string,
    place: { readonly field?: string; readonly hint?: string } = {},
    retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "Problem";
    this.code = code;
    this.place = place;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get status(): number {
    return PROBLEMS[this.code];
  }

  body(): ProblemBody {
    return { error: { code: this.code, message: this.message, ...this.place } };
  }
}

/** The problem that an error is to the sender. What is unexpected says nothing of the inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof EngineError && (error.code === "CE_ORDER_REFUSED" || error.code === "CE_LEDGER_REFUSED")) {
    return new Problem("order.refused", error.message);
  }
  if (error instanceof EngineError && isUnwritable(error.code)) {
    return new Problem("state.unwritable", "Nothing can be written down at the moment, so nothing is taken.", {}, 2);
  }
  return new Problem("unexpected", "Something unexpected happened; the service goes on.");
}

function isUnwritable(code: ErrorCode): boolean {
  return code === "CE_STATE_FULL" || code === "CE_STATE_UNWRITABLE" || code === "CE_STATE_BUSY";
}

/** Field and sentence of the first thing that a schema found wrong. */
export function faultOf(error: z.ZodError): { message: string; field?: string } {
  const [issue] = error.issues;
  const field = issue.path.map(String).join(".");
  return field === "" ? { message: issue.message } : { message: issue.message, field };
}

/** The value as the schema makes it. @throws Problem */
export function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { message, ...place } = faultOf(result.error);
  throw new Problem("request.invalid", message, place);
}
