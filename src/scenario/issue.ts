/** What is wrong in a scenario, before and after it is tied to a line of a file. */
import { EngineError } from "../core/errors.ts";
import type { ErrorPlace } from "../core/errors.ts";

/** Keys and indices that lead from the scenario to a field. */
export type FieldPath = readonly PropertyKey[];

/** One thing that is wrong. */
export interface ScenarioIssue {
  readonly path: FieldPath;
  readonly message: string;
  readonly expected?: string;
  readonly hint?: string;
  /** True where the key itself is wrong, not its value. */
  readonly isKey?: boolean;
}

/** Says where in a file a field stands. */
export type Locate = (path: FieldPath, isKey?: boolean) => Pick<ErrorPlace, "file" | "line" | "column">;

/** The dotted form of a path, e.g. `campaigns[0].budget`. */
export function fieldName(path: FieldPath): string {
  return path
    .map((key, depth) => (typeof key === "number" ? `[${key}]` : `${depth === 0 ? "" : "."}${String(key)}`))
    .join("");
}

/** One error for a list of issues (≥ 1): the first of them, with the number of the others. */
export function scenarioError(issues: readonly ScenarioIssue[], locate?: Locate): EngineError {
  const { path, message, expected, hint, isKey } = issues[0];
  const more = issues.length > 1 ? ` (+ ${issues.length - 1} more)` : "";
  const field = path.length > 0 ? { field: fieldName(path) } : {};
  return new EngineError("CE_SCENARIO_INVALID", `${message}${more}`, {
    ...locate?.(path, isKey),
    ...field,
    ...(expected === undefined ? {} : { expected }),
    ...(hint === undefined ? {} : { hint }),
  });
}
