import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { isObject } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { parseProto } from "./proto.ts";
import type { ProtoMessage } from "./proto.ts";

/**
 * Says what is wrong with the JSON of an A2A v1.0 message (`Task`, `StreamResponse` …) that a server sent; empty when
 * nothing is. Stricter than the published schema, which serves readers: a server writes camelCase (5.5), enums by name,
 * every REQUIRED field (5.7), one field of a oneof, times in UTC (5.6.1), and nothing of its own.
 */
export function findFaultsV1(message: string, value: unknown): string[] {
  const validate = ajv.getSchema(toRef(`lf.a2a.v1.${message}`));
  if (!validate) throw new Error(`a2a-1.0.json has no ${message}`);
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
}

/** REQUIRED, and yet allowed to be empty: an empty list of tasks, the end of a walk (3.1.4). */
const mayBeEmpty = new Set(["ListTasksResponse.tasks", "ListTasksResponse.nextPageToken"]);

const ajv = createAjv();

function createAjv(): Ajv2020 {
  const proto = parseProto(readSchema("a2a.proto"));
  const { definitions } = JSON.parse(readSchema("a2a-1.0.json")) as { definitions: { [title: string]: JsonObject } };
  const result = new Ajv2020({ formats: fullFormats, allErrors: true, strict: false });
  for (const [title, definition] of Object.entries(definitions)) {
    const name = title.replaceAll(" ", "");
    const message = proto.get(name);
    const schema = message ? toStrict(name, definition, message) : toWellKnown(name, definition);
    result.addSchema(schema, toRef(`${message ? "lf.a2a.v1" : "google.protobuf"}.${name}`));
  }
  return result;
}

function toStrict(name: string, definition: JsonObject, message: ProtoMessage): JsonObject {
  const { patternProperties: _snakeCase, properties, ...rest } = definition;
  const strict = mapValues(isObject(properties) ? properties : {}, toOneForm);
  for (const field of message.required) {
    const property = strict[field.name];
    if (mayBeEmpty.has(`${name}.${field.name}`) || !isObject(property)) continue;
    if (field.isRepeated) property["minItems"] = 1;
    else if (field.type === "string") property["minLength"] = 1;
  }
  return {
    ...rest,
    properties: strict,
    required: message.required.map((field) => field.name),
    // Always true for a message without a oneof; `allOf` itself may not be empty.
    allOf: [{}, ...message.oneofs.map((names) => ({ oneOf: names.map((field) => ({ required: [field] })) }))],
  };
}

/** ProtoJSON readers take enums as numbers and numbers as strings; a writer has one form. */
function toOneForm(property: Json): JsonObject {
  if (!isObject(property)) return {};
  const forms = Array.isArray(property["anyOf"]) ? property["anyOf"].filter(isObject) : [];
  const form = forms.find((each) => "enum" in each) ?? forms.find((each) => each["type"] === "integer");
  return { ...(form ?? property) };
}

function toWellKnown(name: string, definition: JsonObject): JsonObject {
  return name === "Timestamp" ? { ...definition, pattern: "Z$" } : definition;
}

function mapValues(object: JsonObject, change: (value: Json) => JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function toRef(name: string): string {
  return `${name}.jsonschema.json`;
}

function readSchema(file: string): string {
  return readFileSync(new URL(`schemas/${file}`, import.meta.url), "utf8");
}
