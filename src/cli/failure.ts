/** How the command line fails: one place that prints an error for people, or as JSON, and says which exit code it asks for. */
import { closeSync, openSync, readSync } from "node:fs";
import { styleText } from "node:util";
import { CommanderError } from "commander";
import { EngineError } from "../core/errors.ts";
import type { ErrorPlace } from "../core/errors.ts";
import { isPreset, presetPath } from "../scenario/presets.ts";

const EXIT_UNEXPECTED = 1;
const EXIT_USAGE = 2;
/** Source lines are quoted from the beginning of a file only. */
const MAX_QUOTED_BYTES = 8 * 1024 * 1024;

/** Prints an error on stderr. @returns the exit code */
export function reportFailure(error: unknown, isJson: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message already; help and version are no failures.
    if (error.exitCode === 0) return 0;
    if (isJson) writeJson("CE_USAGE_INVALID", error.message.replace(/^error: /, ""), {});
    return EXIT_USAGE;
  }
  if (error instanceof EngineError) {
    if (isJson) writeJson(error.code, error.message, error.place);
    else process.stderr.write(`${describeFailure(error)}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isJson) writeJson("CE_UNEXPECTED", error instanceof Error ? error.message : text, {});
  else process.stderr.write(`${red("error")} unexpected, a fault in the engine:\n${text}\n`);
  return EXIT_UNEXPECTED;
}

/** The error for people: what, where, what was expected, how to mend it. */
export function describeFailure({ code, message, place }: EngineError): string {
  const lines = [`${red("error")} ${message} ${dim(`[${code}]`)}`];
  const { file, line, column, field, expected, hint } = place;
  if (file !== undefined) {
    lines.push(`  at ${file}${line === undefined ? "" : `:${line}`}${column === undefined ? "" : `:${column}`}`);
  }
  lines.push(...quote(place));
  if (field !== undefined) lines.push(`  field: ${field}`);
  if (expected !== undefined) lines.push(`  expected: ${expected}`);
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return lines.join("\n");
}

function quote({ file, line, column }: ErrorPlace): string[] {
  if (file === undefined || line === undefined || column === undefined) return [];
  const preset = file.startsWith("preset:") ? file.slice("preset:".length) : "";
  const text = head(isPreset(preset) ? presetPath(preset) : file)?.split(/\r?\n/)[line - 1];
  if (text === undefined) return [];
  const from = Math.max(0, column - 60);
  const gutter = `  ${line} | `;
  // Control characters of the file must not reach the terminal.
  const shown = text.slice(from, from + 100).replaceAll(/\p{Cc}/gu, " ");
  return [`${dim(gutter)}${shown}`, `${" ".repeat(gutter.length + column - 1 - from)}${red("^")}`];
}

/** The beginning of a file, or null where it cannot be read again. */
function head(path: string): string | null {
  try {
    const descriptor = openSync(path, "r");
    try {
      const bytes = new Uint8Array(MAX_QUOTED_BYTES);
      return new TextDecoder().decode(bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0)));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

function writeJson(code: string, message: string, place: ErrorPlace): void {
  process.stderr.write(`${JSON.stringify({ error: { code, message, ...place } })}\n`);
}

function red(text: string): string {
  return styleText(["red", "bold"], text, { stream: process.stderr });
}

function dim(text: string): string {
  return styleText("dim", text, { stream: process.stderr });
}
