/**
 * Who may ask the service for what.
 *
 * SE1 only requests for a host that the service answers for are heard, so that no web page reaches it under a name of its own; SE2 whatever
 * changes something needs the token, and comes from no other origin; SE3 where the service is bound beyond this machine, reading needs the
 * token too; SE4 pages may run only scripts of the service itself, none inline.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { isPage } from "./pages.ts";
import { Problem } from "./problem.ts";

/** How a service is guarded. */
export interface Guard {
  /** The token of whoever may order; null where nobody may. */
  readonly token: string | null;
  /** Names, beside those of this machine, under which the service is reached. Lower case, without port. */
  readonly hosts: readonly string[];
  /** True where the service is bound beyond this machine. */
  readonly isPublic: boolean;
}

/** Shortest token that is taken. */
export const LEAST_TOKEN = 16;
/** Largest body of an order, and of a batch of records [bytes]. */
export const MAX_ORDER_BYTES = 64 * 1024;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
/** What a monitor asks: it says nothing of the campaigns. */
const OPEN_PATHS = ["/healthz", "/readyz"];

/** True for an address that only this machine reaches. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** Refuses what {@link Guard} does not allow, before anything is read. */
export function guarded({ token, hosts, isPublic }: Guard): MiddlewareHandler {
  const known = new Set([...LOOPBACK, ...hosts.map((host) => host.toLowerCase())]);
  const digest = token === null ? null : digestOf(token);
  return async (context, next) => {
    const host = context.req.header("host") ?? "";
    if (!known.has(host.toLowerCase().replace(/:\d{1,5}$/, ""))) {
      throw new Problem("host.foreign", "The service does not answer for this host.", {
        hint: "Name further hosts with --allow-host.",
      });
    }
    const isRead = context.req.method === "GET" || context.req.method === "HEAD";
    if (!isRead) refuseForeignOrigin(context.req.header("origin"), context.req.header("sec-fetch-site"), host);
    const { path } = context.req;
    if (isRead && (!isPublic || OPEN_PATHS.includes(path) || isPage(path))) return next();
    if (digest === null) {
      throw new Problem("write.disabled", "This service takes no orders.", {
        hint: "Start it with a token: CAMPAIGN_ENGINE_TOKEN or --token-file.",
      });
    }
    const given = /^Bearer (\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (given === undefined) throw new Problem("token.missing", "This needs the token: Authorization: Bearer <token>.");
    if (!timingSafeEqual(digestOf(given), digest)) throw new Problem("token.wrong", "The token is not the service's.");
    return next();
  };
}

/** Headers that keep a browser from doing more than the pages need (SE4). */
export function sealed(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // Stately's inspector, where somebody opens it, answers the page that opened it.
    crossOriginOpenerPolicy: "same-origin-allow-popups",
    xFrameOptions: "DENY",
    referrerPolicy: "no-referrer",
    strictTransportSecurity: false,
  });
}

function refuseForeignOrigin(origin: string | undefined, site: string | undefined, host: string): void {
  const isOwn = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  const isSameSite = site === undefined || site === "same-origin" || site === "none";
  if (!isOwn || !isSameSite) throw new Problem("origin.foreign", "Orders are not taken from other origins.");
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
