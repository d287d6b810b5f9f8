/**
 * The service's routes: every operation, behind one guard, with one way to refuse. Testable without a socket through `app.request`.
 *
 * AP1 whatever is sent, the answer is a success or a problem with a code, never a crash; AP2 nothing of the inside, and no token, is in an answer.
 */
import { Hono } from "hono";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ingestionOperations } from "./ingestion.ts";
import { inspectOperations } from "./inspect-operations.ts";
import type { LiveRun } from "./live-run.ts";
import { openApiOf } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { orderOperations } from "./order-operations.ts";
import { mountPages } from "./pages.ts";
import { Problem, parsed, problemOf } from "./problem.ts";
import { guarded, MAX_BATCH_BYTES, MAX_ORDER_BYTES, sealed } from "./security.ts";
import type { Guard } from "./security.ts";
import { viewOperations } from "./view-operations.ts";

/** Every operation under /v1. */
export const operations: readonly Operation[] = [
  ...viewOperations,
  ...orderOperations,
  ...ingestionOperations,
  ...inspectOperations,
];

/** What an app is made of. */
export interface AppParts {
  readonly run: LiveRun;
  readonly guard: Guard;
  /** Version of the package. */
  readonly version: string;
  /** Called with what was not expected, which the sender is not told. */
  readonly onUnexpected?: (error: unknown) => void;
}

/** Composes the service. */
export function createApp({ run, guard, version, onUnexpected }: AppParts): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    run.requests += 1;
    try {
      await next();
    } finally {
      run.requests -= 1;
    }
    run.metrics.countRequest(context.res.status);
  });
  app.use(sealed());
  app.use(guarded(guard));
  app.get("/healthz", (context) => context.json({ status: "alive" }));
  app.get("/readyz", (context) => {
    const isReady = run.isReady && run.durable?.stuckBecause == null;
    const body = { status: isReady ? "ready" : "not ready", engine: run.view.engine };
    return context.json(body, isReady ? 200 : 503);
  });
  app.get("/metrics", async (context) =>
    context.body(await run.metrics.text(), 200, { "Content-Type": run.metrics.registry.contentType }),
  );
  const description = openApiOf(operations, version);
  app.get("/openapi.json", (context) => context.json(description));
  for (const one of operations) mount(app, one, run);
  mountPages(app);
  app.notFound((context) => refuse(context, new Problem("not.found", "There is nothing here; see /openapi.json.")));
  app.onError((error, context) => {
    const problem = problemOf(error);
    if (problem.code === "unexpected") onUnexpected?.(error);
    return refuse(context, problem);
  });
  return app;
}

function mount(app: Hono, one: Operation, run: LiveRun): void {
  const isBatch = one.record !== null;
  const limit = bodyLimit({
    maxSize: isBatch ? MAX_BATCH_BYTES : MAX_ORDER_BYTES,
    onError: () => {
      throw new Problem("body.too-large", "The body is too large.", { hint: "Send several smaller batches." });
    },
  });
  app.on(one.method, one.path.replaceAll(/\{(\w+)\}/g, ":$1"), limit, async (context) => {
    const params = parsed(one.params, context.req.param());
    const query = parsed(one.query, context.req.query());
    const body = one.body === null ? undefined : parsed(one.body, await jsonOf(context));
    const answer = await one.handle({ params, query, body }, run, context);
    return answer instanceof Response ? answer : context.json(answer as object, one.status as ContentfulStatusCode);
  });
}

async function jsonOf(context: Context): Promise<unknown> {
  const type = (context.req.header("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (type !== "application/json") throw new Problem("body.unsupported", "Send application/json.");
  const text = await context.req.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("body.malformed", "The body is not JSON.");
  }
}

function refuse(context: Context, problem: Problem): Response {
  const headers: Record<string, string> =
    problem.retryAfterSeconds === null ? {} : { "Retry-After": String(Math.max(1, problem.retryAfterSeconds)) };
  if (problem.status === 401) headers["WWW-Authenticate"] = 'Bearer realm="campaign-engine"';
  return context.json(problem.body(), problem.status as ContentfulStatusCode, headers);
}
