/** The service's description (OpenAPI 3.1), made from its operations and their schemas. */
import { z } from "zod";
import type { Operation } from "./operation.ts";
import { PROBLEMS } from "./problem.ts";

/** The document served at /openapi.json. */
export function openApiOf(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const one of operations) {
    paths[one.path] ??= {};
    paths[one.path][one.method] = operationObject(one);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "campaign-engine",
      version,
      description:
        "A campaign optimization engine as a live service. Money is in micros of the currency, ratios are 0..1.",
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        Problem: {
          type: "object",
          required: ["error"],
          properties: {
            error: {
              type: "object",
              required: ["code", "message"],
              properties: {
                code: { type: "string", enum: Object.keys(PROBLEMS) },
                message: { type: "string" },
                field: { type: "string" },
                hint: { type: "string" },
              },
            },
          },
        },
      },
    },
  };
}

function operationObject({
  method,
  path,
  summary,
  params,
  query,
  body,
  record,
  answer,
  type,
  status,
}: Operation): object {
  const problem = { content: { "application/json": { schema: { $ref: "#/components/schemas/Problem" } } } };
  return {
    operationId: `${method}${path.replaceAll(/[^a-zA-Z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(method === "get" ? {} : { security: [{ token: [] }] }),
    parameters: [...parameters(params, "path"), ...parameters(query, "query")],
    ...(body === null && record === null ? {} : { requestBody: { required: true, content: contentOf(body, record) } }),
    responses: {
      [status]: { description: answer, content: { [type]: {} } },
      default: { description: "What was wrong with the request.", ...problem },
    },
  };
}

function parameters(schema: z.ZodObject, place: "path" | "query"): object[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...rest } = jsonSchema(field as z.ZodType, "output") as { description?: string };
    const required = place === "path" || !(field as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, description: description ?? "", schema: rest };
  });
}

function contentOf(body: z.ZodType | null, record: z.ZodType | null): object {
  if (record === null) return { "application/json": { schema: jsonSchema(body!, "input") } };
  const schema = jsonSchema(record, "input");
  return { "application/json": { schema }, "application/x-ndjson": { schema } };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
