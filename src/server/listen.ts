/** The socket: limits on headers, time and connections, and an orderly end. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { EngineError } from "../core/errors.ts";

/** Limits on whoever connects. */
export interface SocketLimits {
  /** Time to send the headers of a request [ms]. Default 5,000. */
  readonly headersMs?: number;
  /** Time to send a whole request [ms]. Default 20,000. */
  readonly requestMs?: number;
  /** Connections at a time. Default 500. */
  readonly connections?: number;
}

/** A service that listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Takes no more connections, and ends what is open within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;

/** Listens; port 0 takes a free one. @throws EngineError CE_USAGE_INVALID where it cannot */
export async function listen(
  app: Pick<Hono, "fetch">,
  host: string,
  port: number,
  limits: SocketLimits = {},
): Promise<Listening> {
  const { headersMs = 5_000, requestMs = 20_000, connections = 500 } = limits;
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1_000, Math.ceil(headersMs / 2)),
      keepAliveTimeout: 5_000,
    },
  }) as Server;
  server.maxConnections = connections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "the port is taken" : (cause.code ?? cause.message);
      const place = { expected: "a free port: --port 0 takes any" };
      reject(new EngineError("CE_USAGE_INVALID", `Cannot listen on ${host}:${port}: ${why}.`, place, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close: (graceMs) =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), graceMs).unref();
      }),
  };
}
