/** One operation of the service: its place, what it takes, what it does. Routes, /openapi.json and the fuzz tests are made from these. */
import type { Context } from "hono";
import { z } from "zod";
import type { LiveRun } from "./live-run.ts";

/** An operation as it is declared; `P`, `Q`, `B` are the schemas of path, query and body. */
interface Declared<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly method: "get" | "post" | "put";
  /** With its parameters in braces, e.g. `/v1/campaigns/{id}`. */
  readonly path: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** Schema of a JSON body. */
  readonly body?: B;
  /** Schema of one record, where the body is a record or a batch of lines. */
  readonly record?: z.ZodType;
  /** What comes back, in one sentence. */
  readonly answer: string;
  /** Media type of what comes back. Default JSON. */
  readonly type?: string;
  /** Status of success. Default 200. */
  readonly status?: number;
  /** The answer: plain data, or a response. @throws Problem */
  readonly handle: (input: Input<P, Q, B>, run: LiveRun, context: Context) => unknown;
}

interface Input<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

/** An operation, its schemas forgotten by the type and kept as values. */
export interface Operation {
  readonly method: "get" | "post" | "put";
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | null;
  readonly record: z.ZodType | null;
  readonly answer: string;
  readonly type: string;
  readonly status: number;
  readonly handle: (input: Input<z.ZodObject, z.ZodObject, z.ZodType>, run: LiveRun, context: Context) => unknown;
}

const NOTHING = z.strictObject({});

/** Declares an operation. */
export function operation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
>(declared: Declared<P, Q, B>): Operation {
  const { params = NOTHING, query = NOTHING, body = null, record = null } = declared;
  const { method, path, summary, answer, type = "application/json", status = 200 } = declared;
  const handle = declared.handle as Operation["handle"];
  return { method, path, summary, answer, type, status, params, query, body, record, handle };
}
