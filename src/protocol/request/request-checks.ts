import {
  anything,
  base64,
  boolean,
  enumOf,
  int32,
  integer,
  isRecord,
  list,
  object,
  oneOf,
  record,
  string,
  timestamp,
} from "./field-checks.ts";
import type { Check } from "./field-checks.ts";

/** Checks of the parameters of each method of A2A 1.0. */
export interface RequestChecks {
  readonly send: Check;
  readonly get: Check;
  readonly list: Check;
  readonly onTask: Check;
  readonly card: Check;
  readonly pushConfig: Check;
  readonly onPushConfig: Check;
  readonly listPushConfigs: Check;
}

/** Checks of the parameters of each method of A2A 0.3 over JSON-RPC. */
export interface LegacyRequestChecks extends Pick<RequestChecks, "send" | "get" | "onTask" | "card" | "pushConfig"> {
  readonly getPushConfig: Check;
  readonly deletePushConfig: Check;
}

const MAX_INT32 = 2 ** 31 - 1;
const id = string({ min: 1, max: 1_024 });
const optionalId = string({ max: 1_024 });
const historyLength = int32(0, MAX_INT32);
const url = string({ min: 1, max: 2_048 });
const token = string({ max: 4_096 });
const authentication = object({ scheme: string({ min: 1, max: 256 }), credentials: string({ max: 16_384 }) }, [
  "scheme",
]);
const states = [
  "UNSPECIFIED",
  "SUBMITTED",
  "WORKING",
  "COMPLETED",
  "FAILED",
  "CANCELED",
  "INPUT_REQUIRED",
  "REJECTED",
  "AUTH_REQUIRED",
];

/** For both bindings of A2A 1.0: the messages of a2a.proto. */
export function createChecks(maxParts: number): RequestChecks {
  const part = object(
    {
      text: string(),
      raw: base64,
      url: string({ min: 1 }),
      data: anything,
      metadata: record,
      filename: string(),
      mediaType: string(),
    },
    [],
    oneOf(["text", "raw", "url", "data"], "data"),
  );
  const message = object(
    {
      messageId: id,
      contextId: optionalId,
      taskId: optionalId,
      role: enumOf(["ROLE_USER", "ROLE_AGENT"], 1),
      parts: list(part, { min: 1, max: maxParts }),
      metadata: record,
      extensions: list(string()),
      referenceTaskIds: list(string(), { max: maxParts }),
    },
    ["messageId", "role", "parts"],
  );
  const configuration = object({
    acceptedOutputModes: list(string()),
    taskPushNotificationConfig: object({ tenant: string(), id: optionalId, url, token, authentication }, ["url"]),
    historyLength,
    returnImmediately: boolean,
  });
  const tenant = string();
  return {
    send: object({ tenant, message, configuration, metadata: record }, ["message"]),
    get: object({ tenant, id, historyLength }, ["id"]),
    list: object({
      tenant,
      contextId: optionalId,
      status: enumOf(
        states.map((state) => `TASK_STATE_${state}`),
        0,
      ),
      pageSize: int32(1, 100),
      pageToken: string(),
      historyLength,
      statusTimestampAfter: timestamp,
      includeArtifacts: boolean,
    }),
    onTask: object({ tenant, id, metadata: record }, ["id"]),
    card: object({ tenant }),
    pushConfig: object({ tenant, taskId: id, id: optionalId, url, token, authentication }, ["taskId", "url"]),
    onPushConfig: object({ tenant, taskId: id, id }, ["taskId", "id"]),
    listPushConfigs: object({ tenant, taskId: id, pageSize: int32(0, 1_000), pageToken: string() }, ["taskId"]),
  };
}

/** For A2A 0.3 over JSON-RPC: the parameters in its JSON schema. */
export function createLegacyChecks(maxParts: number): LegacyRequestChecks {
  // The JSON schema of 0.3 allows only numbers, not numbers as strings.
  const length = integer(0, MAX_INT32);
  const file = object(
    { bytes: base64, uri: string({ min: 1 }), mimeType: string(), name: string() },
    [],
    oneOf(["bytes", "uri"]),
  );
  const kinds: Readonly<Record<string, Check>> = {
    text: object({ text: string(), metadata: record }, ["text"]),
    file: object({ file, metadata: record }, ["file"]),
    data: object({ data: record, metadata: record }, ["data"]),
  };
  const anyPart = object({ kind: enumOf(Object.keys(kinds)) }, ["kind"]);
  const part: Check = (value, path, faults) => {
    const kind = (value as { kind?: unknown } | null)?.kind;
    const check = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    (check ?? anyPart)(value, path, faults);
  };
  const message = object(
    {
      kind: enumOf(["message"]),
      messageId: id,
      contextId: optionalId,
      taskId: optionalId,
      role: enumOf(["user", "agent"]),
      parts: list(part, { min: 1, max: maxParts }),
      metadata: record,
      extensions: list(string()),
      referenceTaskIds: list(string(), { max: maxParts }),
    },
    ["messageId", "role", "parts"],
  );
  const pushNotificationConfig = object(
    {
      id: optionalId,
      url,
      token,
      authentication: unlessEmpty(
        object({ schemes: list(string({ min: 1, max: 256 }), { min: 1 }), credentials: string() }, ["schemes"]),
      ),
    },
    ["url"],
  );
  const configuration = object({
    acceptedOutputModes: list(string()),
    pushNotificationConfig,
    historyLength: length,
    blocking: boolean,
  });
  return {
    send: object({ message, configuration, metadata: record }, ["message"]),
    get: object({ id, historyLength: length, metadata: record }, ["id"]),
    onTask: object({ id, metadata: record }, ["id"]),
    card: anything,
    pushConfig: object({ taskId: id, pushNotificationConfig }, ["taskId", "pushNotificationConfig"]),
    getPushConfig: object({ id, pushNotificationConfigId: id, metadata: record }, ["id"]),
    deletePushConfig: object({ id, pushNotificationConfigId: id, metadata: record }, [
      "id",
      "pushNotificationConfigId",
    ]),
  };
}

/** Clients that use protobuf send an object with empty fields when they have no value. */
function unlessEmpty(check: Check): Check {
  return (value, path, faults) => {
    if (!isRecord(value) || !Object.values(value).every(isEmpty)) {
      check(value, path, faults);
    }
  };
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
