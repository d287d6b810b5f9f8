/** The token of a service's orders: where it comes from, and who is shown it. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { EngineError } from "../core/errors.ts";
import { isLoopback, LEAST_TOKEN } from "../server/security.ts";

/** The environment variable that may hold it. */
export const TOKEN_VARIABLE = "CAMPAIGN_ENGINE_TOKEN";

interface TokenOptions {
  readonly host: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** The token of orders: from the environment, a file, or, on this machine only, made for this run. @throws EngineError */
export function tokenOf({ host, tokenFile, json }: TokenOptions): { token: string | null; isMade: boolean } {
  const given = process.env[TOKEN_VARIABLE] ?? (tokenFile === undefined ? undefined : readOrMake(tokenFile));
  if (given !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(given) || given.length < LEAST_TOKEN) {
      throw usage("The token is too short, or has spaces.", `at least ${LEAST_TOKEN} printable characters`);
    }
    return { token: given, isMade: false };
  }
  if (!isLoopback(host)) {
    throw usage(`Listening on ${host} needs a token.`, `${TOKEN_VARIABLE} or --token-file`);
  }
  // A secret is shown to a person, never written where logs are collected.
  const isShown = process.stderr.isTTY && json !== true;
  return isShown ? { token: newToken(), isMade: true } : { token: null, isMade: false };
}

/** A token for one run. */
export function newToken(): string {
  return randomBytes(18).toString("base64url");
}

function readOrMake(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new EngineError("CE_DATA_UNREADABLE", `The token file cannot be read.`, { file }, { cause });
    }
  }
  const token = randomBytes(24).toString("base64url");
  try {
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new EngineError("CE_OUTPUT_UNWRITABLE", `The token file cannot be made.`, { file }, { cause });
  }
  return token;
}

function usage(message: string, expected: string): EngineError {
  return new EngineError("CE_USAGE_INVALID", message, { expected });
}
