import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { operations } from "../../src/server/app.ts";
import { openApiOf } from "../../src/server/openapi.ts";
import { LiveService } from "./live-service.ts";

/** The part of JSON Schema that the service's schemas use. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
            readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
            readonly responses: Readonly<Record<string, { readonly content: object }>>;
          }
        >
      >
    >
  >;
}

/** So many campaigns that those ended on the way are not missed. */
const CAMPAIGNS = 60;
const KNOWN_IDS = [
  ...Array.from({ length: CAMPAIGNS }, (_, at) => `shoes-${String(at + 1).padStart(4, "0")}`),
  ...Array.from({ length: 10 }, () => ["amber", "beryl"]).flat(),
];

const patterns = new Map<string, fc.Arbitrary<string>>();

/** Strings of a pattern; made once, as that takes long. */
function matching(pattern: string): fc.Arbitrary<string> {
  const known = patterns.get(pattern) ?? fc.stringMatching(new RegExp(pattern, "u"));
  patterns.set(pattern, known);
  return known;
}

/** Values that fit a schema; ids are often ones that exist. */
function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { type, properties = {}, required = [], minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(fitting));
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.pattern !== undefined) {
    return fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...KNOWN_IDS) },
      { weight: 1, arbitrary: matching(schema.pattern) },
    );
  }
  if (type === "string") return fc.string({ minLength: schema.minLength ?? 0, maxLength: schema.maxLength ?? 20 });
  if (type === "boolean") return fc.boolean();
  if (type === "integer") {
    // The ends of the range are where sums leave it.
    const ends = fc.constantFrom(minimum, maximum);
    return fc.oneof(ends, fc.maxSafeInteger(), fc.integer({ min: 0, max: 100 })).map(clamp(minimum, maximum));
  }
  if (type === "number") return fc.double({ min: minimum, max: maximum, noNaN: true });
  if (type === "array") {
    return fc.array(fitting(schema.items!), {
      minLength: schema.minItems ?? 0,
      maxLength: Math.min(5, schema.maxItems ?? 5),
    });
  }
  if (type === "object") {
    const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, fitting(field)]));
    return fc.record(fields, { requiredKeys: [...required] });
  }
  return fc.jsonValue();
}

const clamp = (least: number, most: number) => (value: number) => Math.min(most, Math.max(least, value));

/** Values that nearly fit: one field is gone, strange or too many. */
function nearly(schema: Schema): fc.Arbitrary<unknown> {
  return fc.tuple(fitting(schema), fc.nat(), fc.jsonValue(), fc.boolean()).map(([value, at, strange, isGone]) => {
    if (typeof value !== "object" || value === null) return strange;
    const copy: Record<string, unknown> = Object.fromEntries(Object.entries(value));
    const keys = [...Object.keys(copy), "surplus"];
    const key = keys[at % keys.length];
    if (isGone) delete copy[key];
    else copy[key] = strange;
    return copy;
  });
}

const { paths } = openApiOf(operations, "0.0.0") as Described;
const described = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, one]) => ({ path, method: method.toUpperCase(), one })),
);
const isStream = ({ one }: (typeof described)[number]) => JSON.stringify(one.responses).includes("text/event-stream");
const quiet = described.filter((each) => !isStream(each));

const requestOf = ({ path, method, one }: (typeof described)[number]) => {
  const valueOf = (schema: Schema) =>
    fc.oneof({ weight: 5, arbitrary: fitting(schema).map(String) }, { weight: 1, arbitrary: fc.string() });
  const params = one.parameters.filter((each) => each.in === "path");
  const query = one.parameters.filter((each) => each.in === "query");
  const content = one.requestBody?.content ?? {};
  const [schema] = Object.values(content).map((each) => each.schema);
  const type = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...Object.keys(content), "application/json") },
    { weight: 1, arbitrary: fc.string().map((text) => text.replaceAll(/[^a-z/+; -]/g, "")) },
  );
  const body =
    schema === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          { weight: 5, arbitrary: fitting(schema) },
          { weight: 3, arbitrary: nearly(schema) },
          { weight: 1, arbitrary: fc.jsonValue() },
        );
  return fc.record({
    method: fc.constant(method),
    path: fc
      .tuple(...params.map((each) => valueOf(each.schema)))
      .map((values) =>
        values.reduce(
          (text, value, at) => text.replace(`{${params[at].name}}`, encodeURIComponent(wellFormed(value))),
          path,
        ),
      ),
    query: fc
      .tuple(...query.map((each) => fc.option(valueOf(each.schema))))
      .map((values) =>
        values.flatMap((value, at) =>
          value === null ? [] : [[query[at].name, wellFormed(value)] as [string, string]],
        ),
      ),
    type,
    text: fc.oneof({ weight: 9, arbitrary: body.map((value) => JSON.stringify(value) ?? "") }, fc.string()),
  });
};

const wellFormed = (text: string) => (text.isWellFormed() ? text : "x");
const requests = fc.oneof(...quiet.map((one) => ({ weight: one.method === "GET" ? 1 : 4, arbitrary: requestOf(one) })));

describe("the service", () => {
  const live = new LiveService({
    isDemo: true,
    fields: { duration: "4h", campaigns: [{ id: "shoes", count: CAMPAIGNS, budget: 60, valuePerConversion: 35 }] },
  });
  beforeAll(() => {
    live.start().tick(3);
  });
  afterAll(() => {
    live.close();
  });

  let valid = 0;
  test.prop([requests], { numRuns: 1_500 })("answers whatever is sent, and goes on (AP1)", async (request) => {
    const { method, path, query, type, text } = request;
    const url = `${path}?${new URLSearchParams(query).toString()}`;
    const response =
      method === "GET"
        ? await live.get(url)
        : await live.send(method as "POST" | "PUT", url, text, { "content-type": type });
    const answer = await response.text();
    expect(live.unexpected).toEqual([]);
    expect(response.status, answer).toBeLessThan(500);
    if (response.ok) valid += 1;
    else expect(JSON.parse(answer)).toHaveProperty(answer.includes('"errors"') ? "errors" : "error.code");
  });

  test("was sent much that is valid, and keeps its money right (L1, L2)", () => {
    expect(valid).toBeGreaterThan(300);
    live.run.engine.obey({ action: "engine.resume" }, { by: "test", why: "", atMs: 0 });
    live.tick(20);
    const { ledger } = live.run.engine;
    for (let slot = 0; slot < ledger.size; slot += 1) {
      const { spentMicros, reservedMicros, budgetMicros } = ledger.view(slot);
      expect(spentMicros + reservedMicros).toBeLessThanOrEqual(budgetMicros);
    }
  });
});
