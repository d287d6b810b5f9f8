import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadScenario } from "../../src/scenario/loader.ts";
import { presetNames } from "../../src/scenario/presets.ts";
import { resolveScenario } from "../../src/scenario/resolve.ts";
import { scenarioJsonSchema } from "../../src/scenario/schema.ts";

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

function undescribed(node: SchemaNode, path: string): string[] {
  const own = node.description === undefined && path !== "" && !path.endsWith("]") ? [path] : [];
  const inner = Object.entries(node.properties ?? {}).flatMap(([key, child]) => undescribed(child, `${path}.${key}`));
  return [...own, ...inner, ...(node.items?.properties ? undescribed(node.items, `${path}[]`) : [])];
}

describe.each(presetNames())("the preset %s", (name) => {
  it("resolves, is named as its file, and gives the same data twice (Q1)", () => {
    const { scenario } = loadScenario(name);
    expect(scenario.name).toBe(name);
    expect(resolveScenario(scenario)).toEqual(resolveScenario(scenario));
  });

  it("uses only fields of the JSON Schema", () => {
    const { properties = {} } = scenarioJsonSchema() as SchemaNode;
    const document = parse(loadScenario(name).source.text) as object;
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(document)));
  });
});

it("describes every field in the JSON Schema", () => {
  expect(undescribed(scenarioJsonSchema() as SchemaNode, "")).toEqual([]);
});
