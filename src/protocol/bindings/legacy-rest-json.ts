import { fromLegacyBytes, toLegacyBytes } from "./legacy-rest-files.ts";
import type { FileEncoding } from "./legacy-rest-files.ts";
import { fromLegacyPushConfig } from "./legacy-rest-push.ts";
import { isRecord } from "../request/field-checks.ts";

type Json = Record<string, unknown>;

/**
 * Converts a 0.3 SendMessageRequest over HTTP+JSON to 1.0 form. Clients send the ProtoJSON of 0.3's a2a.proto
 * (`content`, no `kind`) or the form of 0.3's JSON schema (`parts`, each with a `kind`). Values of a wrong type are
 * kept, and the checks of 1.0 refuse them.
 */
export function fromLegacyRequest(body: unknown, files: FileEncoding): unknown {
  if (!isRecord(body)) {
    return body ?? {};
  }
  const { message, request, configuration, metadata } = body;
  return {
    message: fromLegacyMessage(message ?? request, files),
    configuration: isRecord(configuration) ? fromLegacyConfiguration(configuration) : configuration,
    metadata,
  };
}

/** A 1.0 Task in 0.3 form. */
export function toLegacyTask(task: unknown, files: FileEncoding): Json {
  const { status, history, artifacts, ...rest } = task as Json;
  return {
    ...rest,
    ...(isRecord(status) && { status: toLegacyStatus(status, files) }),
    ...(Array.isArray(artifacts) && { artifacts: artifacts.map((artifact) => toLegacyArtifact(artifact, files)) }),
    ...(Array.isArray(history) && { history: history.map((message) => toLegacyMessage(message, files)) }),
  };
}

/** A 1.0 StreamResponse or SendMessageResponse in 0.3 form. */
export function toLegacyEvent(event: unknown, files: FileEncoding): Json {
  const { task, message, statusUpdate, artifactUpdate } = event as Record<string, Json | undefined>;
  if (statusUpdate) {
    const { status, ...rest } = statusUpdate;
    const isFinal = isRecord(status) && FINAL_STATES.has(String(status["state"]));
    return {
      statusUpdate: {
        ...rest,
        ...(isRecord(status) && { status: toLegacyStatus(status, files) }),
        ...(isFinal && { final: true }),
      },
    };
  }
  if (artifactUpdate) {
    return { artifactUpdate: { ...artifactUpdate, artifact: toLegacyArtifact(artifactUpdate["artifact"], files) } };
  }
  return task ? { task: toLegacyTask(task, files) } : { message: toLegacyMessage(message, files) };
}

/** The states that end a stream. */
const FINAL_STATES = new Set(
  ["COMPLETED", "FAILED", "CANCELED", "REJECTED", "INPUT_REQUIRED"].map((state) => `TASK_STATE_${state}`),
);
/** Role names in the JSON schema of 0.3. */
const ROLES: ReadonlyMap<string, string> = new Map([
  ["user", "ROLE_USER"],
  ["agent", "ROLE_AGENT"],
]);
/**
 * Metadata key that marks data wrapped in an object, because in 0.3 data must be an object. The SDK uses the same key.
 */
const WRAPPED = "data_part_compat";

function fromLegacyMessage(message: unknown, files: FileEncoding): unknown {
  if (!isRecord(message)) {
    return message;
  }
  const { content, parts, role, ...rest } = message;
  const given = Array.isArray(content) && content.length > 0 ? content : (parts ?? content);
  return {
    ...rest,
    role: typeof role === "string" ? (ROLES.get(role) ?? role) : role,
    parts: Array.isArray(given) ? given.map((part) => fromLegacyPart(part, files)) : given,
  };
}

/**
 * ProtoJSON omits `false` and 0, so an absent `blocking` means false, and an absent or 0 historyLength means no limit.
 */
function fromLegacyConfiguration(configuration: Json): Json {
  const { blocking, historyLength, history_length, ...others } = configuration;
  const { pushNotification, push_notification, pushNotificationConfig, push_notification_config, ...rest } = others;
  const limit = historyLength ?? history_length;
  const push = pushNotification ?? push_notification ?? pushNotificationConfig ?? push_notification_config;
  return {
    ...rest,
    ...(Number(limit) !== 0 && { historyLength: limit }),
    returnImmediately: typeof blocking === "boolean" ? !blocking : (blocking ?? true),
    ...(push !== undefined && { taskPushNotificationConfig: fromLegacyPushConfig(push) }),
  };
}

function fromLegacyPart(part: unknown, files: FileEncoding): unknown {
  if (!isRecord(part)) {
    return part;
  }
  const { kind, text, file, data, metadata } = part;
  const { name, bytes, uri, ...fields } = isRecord(file) ? file : {};
  const isWrapped = isRecord(metadata) && metadata[WRAPPED] === true;
  // Only the a2a.proto form wraps the data in a message.
  const value = kind !== "data" && isRecord(data) ? data["data"] : data;
  return {
    text,
    raw: bytes ?? fromLegacyBytes(fields["fileWithBytes"] ?? fields["file_with_bytes"], files),
    url: uri ?? fields["fileWithUri"] ?? fields["file_with_uri"],
    mediaType: fields["mimeType"] ?? fields["mime_type"],
    filename: name,
    data: isWrapped && isRecord(value) && "value" in value ? value["value"] : value,
    metadata: isWrapped ? withoutMark(metadata) : metadata,
  };
}

function withoutMark(metadata: Json): Json | undefined {
  const { [WRAPPED]: _mark, ...rest } = metadata;
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function toLegacyStatus({ state, message, ...rest }: Json, files: FileEncoding): Json {
  return {
    state: state === "TASK_STATE_CANCELED" ? "TASK_STATE_CANCELLED" : state,
    ...(message !== undefined && { message: toLegacyMessage(message, files) }),
    ...rest,
  };
}

function toLegacyMessage(message: unknown, files: FileEncoding): Json {
  const { parts, referenceTaskIds: _unknownThere, ...rest } = message as Json;
  return { ...rest, content: (parts as unknown[] | undefined)?.map((part) => toLegacyPart(part, files)) };
}

function toLegacyArtifact(artifact: unknown, files: FileEncoding): Json {
  const { parts, ...rest } = artifact as Json;
  return { ...rest, parts: (parts as unknown[] | undefined)?.map((part) => toLegacyPart(part, files)) };
}

function toLegacyPart(part: unknown, files: FileEncoding): Json {
  const { text, raw, url, data, mediaType, filename, metadata } = part as Json;
  const kept = metadata === undefined ? {} : { metadata };
  if (text !== undefined) {
    return { text, ...kept };
  }
  if (raw !== undefined || url !== undefined) {
    const content = raw === undefined ? { fileWithUri: url } : { fileWithBytes: toLegacyBytes(raw as string, files) };
    return {
      file: {
        ...content,
        ...(mediaType !== undefined && { mimeType: mediaType }),
        ...(filename !== undefined && { name: filename }),
      },
      ...kept,
    };
  }
  return isRecord(data)
    ? { data: { data }, ...kept }
    : { data: { data: { value: data } }, metadata: { ...(metadata as Json | undefined), [WRAPPED]: true } };
}
