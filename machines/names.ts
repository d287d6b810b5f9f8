/** Guards and actions of statecharts by their names. */

interface Named {
  readonly type?: string;
  readonly name?: string;
  readonly guards?: readonly unknown[];
}

/** A guard in words: its name, or the names that it combines. */
export function guardName(guard: unknown): string {
  if (typeof guard === "string") return guard;
  const { type, name, guards } = guard as Named;
  if (guards === undefined) return type ?? name ?? "guard";
  const inner = guards.map((one) => guardName(one));
  return name === "not" ? `not ${inner[0]}` : inner.join(` ${name} `);
}

/** An action's name; the empty text where it has none. */
export function actionName(action: unknown): string {
  if (typeof action === "string") return action;
  const { type, name } = action as Named;
  return (type ?? name ?? "").replace("xstate.", "");
}
