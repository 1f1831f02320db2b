import { Ajv } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";

/**
 * Says what is wrong with an HTTP+JSON body of A2A v0.3; empty when nothing is. That binding speaks the ProtoJSON of
 * v0.3's own a2a.proto (no `kind`, `content` instead of `parts` in a message, CANCELLED with two L), which a2a-0.3.json
 * does not describe. Written by hand from that file, as far as the gateway answers it.
 */
export function findFaultsV03Rest(definition: keyof typeof definitions, value: unknown): string[] {
  const validate = ajv.getSchema(`rest#/definitions/${definition}`);
  if (!validate) throw new Error(`no ${definition}`);
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
}

const text = { type: "string" };
const id = { type: "string", minLength: 1 };
const metadata = { type: "object" };
const texts = { type: "array", items: text };

const definitions = {
  SendMessageResponse: oneOf({ task: ref("Task"), message: ref("Message") }),
  StreamResponse: oneOf({
    task: ref("Task"),
    message: ref("Message"),
    statusUpdate: ref("TaskStatusUpdateEvent"),
    artifactUpdate: ref("TaskArtifactUpdateEvent"),
  }),
  Task: closed(
    { id, contextId: id, status: ref("TaskStatus"), artifacts: list("Artifact"), history: list("Message"), metadata },
    ["id", "contextId", "status"],
  ),
  TaskStatus: closed(
    {
      state: {
        enum: [
          "SUBMITTED",
          "WORKING",
          "COMPLETED",
          "FAILED",
          "CANCELLED",
          "INPUT_REQUIRED",
          "REJECTED",
          "AUTH_REQUIRED",
        ].map((state) => `TASK_STATE_${state}`),
      },
      message: ref("Message"),
      timestamp: { type: "string", format: "date-time", pattern: "Z$" },
    },
    ["state"],
  ),
  Message: closed(
    {
      messageId: id,
      contextId: text,
      taskId: text,
      role: { enum: ["ROLE_USER", "ROLE_AGENT"] },
      content: { ...list("Part"), minItems: 1 },
      metadata,
      extensions: texts,
    },
    ["messageId", "role", "content"],
  ),
  Part: {
    ...closed({ text, file: ref("FilePart"), data: closed({ data: { type: "object" } }, ["data"]), metadata }, []),
    oneOf: ["text", "file", "data"].map((name) => ({ required: [name] })),
  },
  FilePart: {
    ...closed({ fileWithUri: text, fileWithBytes: text, mimeType: text, name: text }, []),
    oneOf: ["fileWithUri", "fileWithBytes"].map((name) => ({ required: [name] })),
  },
  Artifact: closed(
    {
      artifactId: id,
      name: text,
      description: text,
      parts: { ...list("Part"), minItems: 1 },
      metadata,
      extensions: texts,
    },
    ["artifactId", "parts"],
  ),
  TaskStatusUpdateEvent: closed(
    { taskId: id, contextId: id, status: ref("TaskStatus"), final: { type: "boolean" }, metadata },
    ["taskId", "contextId", "status"],
  ),
  TaskArtifactUpdateEvent: closed(
    {
      taskId: id,
      contextId: id,
      artifact: ref("Artifact"),
      append: { type: "boolean" },
      lastChunk: { type: "boolean" },
      metadata,
    },
    ["taskId", "contextId", "artifact"],
  ),
  // v0.3 has no body for errors over HTTP: the error object of JSON-RPC, with what other SDKs look for beside it.
  Error: closed(
    {
      code: { type: "integer" },
      message: id,
      data: {},
      type: { type: "string", pattern: "Error$" },
      error: closed({ code: { type: "integer" }, status: id, message: id, details: { type: "array" } }, [
        "code",
        "status",
        "message",
        "details",
      ]),
    },
    ["code", "message", "error"],
  ),
};

const ajv = new Ajv({ formats: fullFormats, strict: false });
ajv.addSchema({ definitions }, "rest");

function closed(properties: object, required: readonly string[]) {
  return { type: "object", properties, required, additionalProperties: false };
}

function oneOf(properties: object) {
  return { ...closed(properties, []), minProperties: 1, maxProperties: 1 };
}

function ref(name: string) {
  return { $ref: `#/definitions/${name}` };
}

function list(name: string) {
  return { type: "array", items: ref(name) };
}
