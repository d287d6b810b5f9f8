/**
 * Reading scenario files: YAML or JSON text to a checked scenario, every error tied to its line and column.
 *
 * Q4 whatever the bytes, the outcome is a scenario or an EngineError; Q5 no file costs more than its limits allow.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import type { z } from "zod";
import { EngineError } from "../core/errors.ts";
import { fieldName, scenarioError } from "./issue.ts";
import type { FieldPath, Locate, ScenarioIssue } from "./issue.ts";
import { isPreset, presetNames, presetPath } from "./presets.ts";
import { scenarioJsonSchema, scenarioSchema } from "./schema.ts";
import type { Scenario } from "./schema.ts";
import { nearest, suggestion } from "./spelling.ts";

/** Largest scenario file [bytes]. */
export const MAX_SCENARIO_BYTES = 8 * 1024 * 1024;
/** Most nodes that YAML aliases may stand for, in multiples of their anchors. */
const MAX_ALIASES = 1000;

/** Where a scenario came from. */
export interface ScenarioSource {
  /** Path as given, or `preset:<name>`. */
  readonly file: string;
  readonly text: string;
  readonly locate: Locate;
}

/** A scenario of the right shape, with its source: pass `source.locate` to `resolveScenario`. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly source: ScenarioSource;
}

/**
 * Loads a scenario file, or a preset by its name.
 * @throws EngineError CE_SCENARIO_UNREADABLE, CE_DATA_TOO_LARGE, CE_SCENARIO_INVALID
 */
export function loadScenario(pathOrPreset: string): LoadedScenario {
  if (isPreset(pathOrPreset)) return parseScenario(readText(presetPath(pathOrPreset)), `preset:${pathOrPreset}`);
  return parseScenario(readText(pathOrPreset), pathOrPreset);
}

/** Reads a scenario from YAML or JSON text; `file` names it in errors. @throws EngineError CE_SCENARIO_INVALID */
export function parseScenario(text: string, file: string): LoadedScenario {
  const lines = new LineCounter();
  const document = parseYaml(text, file, lines);
  const locate: Locate = (path, isKey = false) => ({ file, ...positionOf(document, lines, path, isKey) });
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("CE_SCENARIO_INVALID", `The YAML cannot be resolved: ${why}`, { file }, { cause });
  }
  const result = scenarioSchema.safeParse(data);
  if (!result.success) {
    // A misspelt field is missing as well: the spelling is the cause, so it comes first.
    const issues = result.error.issues.toSorted((a, b) => Number(isUnknownField(b)) - Number(isUnknownField(a)));
    throw scenarioError(
      issues.flatMap((issue) => explain(issue, data)),
      locate,
    );
  }
  return { scenario: result.data, source: { file, text, locate } };
}

function parseYaml(text: string, file: string, lineCounter: LineCounter): Document.Parsed {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true, logLevel: "error" });
  } catch (cause) {
    throw new EngineError("CE_SCENARIO_INVALID", "The YAML is nested too deeply", { file }, { cause });
  }
  const [error] = document.errors;
  if (error === undefined) return document;
  const { line, col } = lineCounter.linePos(error.pos[0]);
  const hint = error.code === "TAB_AS_INDENT" ? "Indent with spaces." : undefined;
  throw new EngineError("CE_SCENARIO_INVALID", `This is not YAML: ${error.message}`, {
    file,
    line,
    column: col,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Reads a file of limited size; also what is no ordinary file, such as a pipe. */
function readText(path: string): string {
  const chunk = new Uint8Array(MAX_SCENARIO_BYTES + 1);
  let length = 0;
  try {
    const descriptor = openSync(path, "r");
    try {
      for (let read = -1; read !== 0 && length < chunk.length; length += read) {
        read = readSync(descriptor, chunk, length, chunk.length - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (length > MAX_SCENARIO_BYTES) {
    throw new EngineError("CE_DATA_TOO_LARGE", "The scenario file is too large", {
      file: path,
      expected: `at most ${MAX_SCENARIO_BYTES / 1024 / 1024} MiB`,
      hint: "Many campaigns of a kind need one entry only: see `count`.",
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(chunk.subarray(0, length));
  } catch (cause) {
    throw new EngineError("CE_SCENARIO_INVALID", "The scenario file is not UTF-8 text", { file: path }, { cause });
  }
}

function unreadable(path: string, cause: unknown): EngineError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const why: Readonly<Record<string, string>> = {
    ENOENT: "There is no such file or preset",
    EISDIR: "This is a folder, not a scenario file",
    EACCES: "The file may not be read",
  };
  const hint = code === "ENOENT" ? { hint: presetHint(path) } : {};
  return new EngineError(
    "CE_SCENARIO_UNREADABLE",
    why[code] ?? `The file cannot be read (${code})`,
    { file: path, ...hint },
    { cause },
  );
}

function presetHint(path: string): string {
  const near = nearest(path, presetNames());
  return near === null ? `Presets: ${presetNames().join(", ")}.` : `Did you mean the preset "${near}"?`;
}

function isUnknownField(issue: z.core.$ZodIssue): boolean {
  return issue.code === "unrecognized_keys";
}

/** What a schema issue means to the author of the file. */
function explain(issue: z.core.$ZodIssue, data: unknown): ScenarioIssue[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(schemaAt(issue.path).properties ?? {});
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `There is no field "${key}"${issue.path.length > 0 ? ` in ${fieldName(issue.path)}` : ""}`,
      hint: suggestion(key, known),
      isKey: true,
    }));
  }
  const { path } = issue;
  const name = path.length > 0 ? fieldName(path) : "The scenario";
  const value = valueAt(data, path);
  const { description } = schemaAt(path);
  const about = description === undefined ? {} : { hint: description };
  const expected = expectation(issue);
  if (value === undefined || data === null) return [{ path, message: `${name} is missing`, expected, ...about }];
  const message = `${name} is ${shown(value)}`;
  if (issue.code !== "invalid_value" || typeof value !== "string") return [{ path, message, expected, ...about }];
  const near = nearest(value, issue.values.map(String));
  return [{ path, message, expected, ...(near === null ? about : { hint: `Did you mean "${near}"?` }) }];
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") {
    return issue.values.length > 20 ? "one of the known codes" : `one of ${issue.values.join(", ")}`;
  }
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    const words: Readonly<Record<string, string>> = {
      int: "a whole number",
      object: "fields with values",
      array: "a list",
    };
    return words[issue.expected] ?? `a ${issue.expected}`;
  }
  return issue.message.replace(/^Too \w+: expected (?:\w+ )?(?:to (?:be|have) )?/, "");
}

function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(data: unknown, path: FieldPath): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return value;
}

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

function schemaAt(path: FieldPath): SchemaNode {
  let node = scenarioJsonSchema() as SchemaNode;
  for (const key of path) node = (typeof key === "number" ? node.items : node.properties?.[String(key)]) ?? {};
  return node;
}

/** Line and column of a field: of its value, of its key where that is the culprit or the value is a block, else of the nearest field above. */
function positionOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: FieldPath,
  isKey: boolean,
): { line: number; column: number } {
  let node: unknown = document.contents;
  let at = rangeStart(node) ?? 0;
  for (const key of path) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(parent)
      ? parent.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key))
      : undefined;
    const next = isSeq(parent) && typeof key === "number" ? parent.items[key] : pair?.value;
    const start = (isScalar(next) && !isKey ? rangeStart(next) : null) ?? rangeStart(pair?.key) ?? rangeStart(next);
    if (start === null) break;
    at = start;
    node = next;
  }
  const { line, col } = lines.linePos(at);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function rangeStart(node: unknown): number | null {
  return isNode(node) && node.range ? node.range[0] : null;
}
