import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";

/**
 * Says what is wrong with the JSON of an A2A v0.3 definition (`Task`, `SendMessageResponse` …) that a server sent; empty
 * when nothing is. The published schema accepts unknown properties; here they are faults.
 */
export function findFaultsV03(definition: string, value: unknown): string[] {
  const validate = ajv.getSchema(`a2a-0.3#/definitions/${definition}`);
  if (!validate) throw new Error(`a2a-0.3.json has no ${definition}`);
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
}

const ajv = createAjv();

function createAjv(): Ajv {
  const text = readFileSync(new URL("schemas/a2a-0.3.json", import.meta.url), "utf8");
  const schema = JSON.parse(text) as { definitions: { [name: string]: JsonObject } };
  for (const definition of Object.values(schema.definitions)) {
    // None of them extends another by allOf, so that closing each is safe.
    if (isObject(definition["properties"])) definition["additionalProperties"] ??= false;
  }
  // What v1.0 has rides along in a card without a version, so that one document serves both kinds of client.
  const extra = {
    AgentCard: { supportedInterfaces: { type: "array", minItems: 1 }, securityRequirements: { type: "array" } },
    AgentCapabilities: { extendedAgentCard: { type: "boolean" } },
    OpenIdConnectSecurityScheme: { openIdConnectSecurityScheme: { type: "object" } },
    OAuth2SecurityScheme: { oauth2SecurityScheme: { type: "object" } },
  };
  for (const [name, properties] of Object.entries(extra))
    Object.assign(schema.definitions[name]?.["properties"] ?? {}, properties);
  const result = new Ajv({ formats: fullFormats, strict: false });
  result.addSchema(schema, "a2a-0.3");
  return result;
}
