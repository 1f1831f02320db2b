import { Ajv2020 } from "ajv/dist/2020.js";
import { findFaultsV1 } from "./schema-v1.ts";

/** Says what is wrong with a JSON-RPC response of v1.0 (9.5) whose result is the named message, `null` for Empty. */
export function findRpcFaultsV1(result: string | null, value: unknown): string[] {
  const faults = findFaults("rpc-response", value);
  if (faults.length > 0 || result === null) return faults;
  const response = value as { result?: unknown };
  return "result" in response ? findFaultsV1(result, response.result).map((fault) => `/result${fault}`) : [];
}

/** Says what is wrong with the body of an HTTP+JSON error of v1.0 (11.6). */
export function findHttpErrorFaultsV1(value: unknown): string[] {
  return findFaults("http-error", value);
}

/** Says what is wrong with the answer to `GET /agents`. */
export function findCatalogFaults(value: unknown): string[] {
  return findFaults("catalog", value);
}

const errorInfo = {
  type: "object",
  required: ["@type", "reason", "domain"],
  properties: {
    reason: { type: "string", pattern: "^[A-Z][A-Z0-9_]+[A-Z0-9]$" },
    domain: { type: "string", minLength: 1 },
    metadata: { type: "object", additionalProperties: { type: "string" } },
  },
};

const details = {
  type: "array",
  items: {
    type: "object",
    required: ["@type"],
    properties: { "@type": { type: "string", pattern: "^type\\.googleapis\\.com/" } },
    if: { properties: { "@type": { const: "type.googleapis.com/google.rpc.ErrorInfo" } } },
    // oxlint-disable-next-line unicorn/no-thenable
    then: errorInfo,
  },
};

const message = { type: "string", minLength: 1 };

const schemas = {
  "rpc-response": {
    type: "object",
    required: ["jsonrpc", "id"],
    additionalProperties: false,
    properties: {
      jsonrpc: { const: "2.0" },
      id: { type: ["string", "number", "null"] },
      result: {},
      error: {
        type: "object",
        required: ["code", "message"],
        additionalProperties: false,
        properties: { code: { type: "integer" }, message, data: details },
      },
    },
    oneOf: [{ required: ["result"] }, { required: ["error"] }],
  },
  "http-error": {
    type: "object",
    required: ["error"],
    additionalProperties: false,
    properties: {
      error: {
        type: "object",
        required: ["code", "status", "message"],
        additionalProperties: false,
        properties: {
          code: { type: "integer", minimum: 400, maximum: 599 },
          status: { type: "string", pattern: "^[A-Z_]+$" },
          message,
          details,
        },
      },
    },
  },
  catalog: {
    type: "object",
    required: ["agents", "nextPageToken"],
    additionalProperties: false,
    properties: {
      nextPageToken: { type: "string" },
      agents: {
        type: "array",
        items: {
          type: "object",
          required: ["id", "majors", "url", "card"],
          additionalProperties: false,
          properties: {
            id: message,
            majors: { type: "array", minItems: 1, items: { type: "integer", minimum: 0 } },
            url: message,
            card: message,
          },
        },
      },
    },
  },
};

const ajv = new Ajv2020({ strict: false, allErrors: true });

function findFaults(name: keyof typeof schemas, value: unknown): string[] {
  const validate = ajv.getSchema(name) ?? ajv.addSchema(schemas[name], name).getSchema(name);
  if (!validate) throw new Error(`no schema ${name}`);
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
}
