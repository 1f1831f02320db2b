import { fromLegacyPushConfig } from "./legacy-rest-push.ts";
import { isRecord } from "../request/field-checks.ts";

type Json = Record<string, unknown>;

/**
 * A v0.3 SendMessageRequest as HTTP+JSON carries it (the ProtoJSON of v0.3's a2a.proto, unlike its JSON schema: `content`
 * for `parts`, no `kind`) in 1.0 form. What has the wrong type passes as it is: the checks of 1.0 name it.
 */
export function fromLegacyRequest(body: unknown): unknown {
  if (!isRecord(body)) {
    return body ?? {};
  }
  const { message, request, configuration, metadata } = body;
  return {
    message: fromLegacyMessage(message ?? request),
    configuration: isRecord(configuration) ? fromLegacyConfiguration(configuration) : configuration,
    metadata,
  };
}

/** A 1.0 Task in v0.3 form. */
export function toLegacyTask(task: unknown): Json {
  const { status, history, artifacts, ...rest } = task as Json;
  return {
    ...rest,
    ...(isRecord(status) && { status: toLegacyStatus(status) }),
    ...(Array.isArray(artifacts) && { artifacts: artifacts.map(toLegacyArtifact) }),
    ...(Array.isArray(history) && { history: history.map(toLegacyMessage) }),
  };
}

/** A 1.0 StreamResponse or SendMessageResponse in v0.3 form. */
export function toLegacyEvent(event: unknown): Json {
  const { task, message, statusUpdate, artifactUpdate } = event as Record<string, Json | undefined>;
  if (statusUpdate) {
    const { status, ...rest } = statusUpdate;
    const isFinal = isRecord(status) && FINAL_STATES.has(String(status["state"]));
    return {
      statusUpdate: {
        ...rest,
        ...(isRecord(status) && { status: toLegacyStatus(status) }),
        ...(isFinal && { final: true }),
      },
    };
  }
  if (artifactUpdate) {
    return { artifactUpdate: { ...artifactUpdate, artifact: toLegacyArtifact(artifactUpdate["artifact"]) } };
  }
  return task ? { task: toLegacyTask(task) } : { message: toLegacyMessage(message) };
}

/** The states at which a stream ends. */
const FINAL_STATES = new Set(
  ["COMPLETED", "FAILED", "CANCELED", "REJECTED", "INPUT_REQUIRED"].map((state) => `TASK_STATE_${state}`),
);
/** Marks data that v0.3, which knows objects only, had to wrap; the SDK's name for it. */
const WRAPPED = "data_part_compat";

function fromLegacyMessage(message: unknown): unknown {
  if (!isRecord(message)) {
    return message;
  }
  const { content, ...rest } = message;
  return { ...rest, parts: Array.isArray(content) ? content.map(fromLegacyPart) : content };
}

/** ProtoJSON leaves out `false` and 0, so an absent `blocking` is false here, and an absent historyLength no limit. */
function fromLegacyConfiguration(configuration: Json): Json {
  const { blocking, historyLength, history_length, pushNotification, push_notification, ...rest } = configuration;
  const limit = historyLength ?? history_length;
  const push = pushNotification ?? push_notification;
  return {
    ...rest,
    ...(limit !== 0 && { historyLength: limit }),
    returnImmediately: typeof blocking === "boolean" ? !blocking : (blocking ?? true),
    ...(push !== undefined && { taskPushNotificationConfig: fromLegacyPushConfig(push) }),
  };
}

function fromLegacyPart(part: unknown): unknown {
  if (!isRecord(part)) {
    return part;
  }
  const { text, file, data, metadata } = part;
  const files = isRecord(file) ? file : {};
  const isWrapped = isRecord(metadata) && metadata[WRAPPED] === true;
  const value = isRecord(data) ? data["data"] : undefined;
  return {
    text,
    raw: files["fileWithBytes"] ?? files["file_with_bytes"],
    url: files["fileWithUri"] ?? files["file_with_uri"],
    mediaType: files["mimeType"] ?? files["mime_type"],
    filename: files["name"],
    data: isWrapped && isRecord(value) && "value" in value ? value["value"] : value,
    metadata: isWrapped ? withoutMark(metadata) : metadata,
  };
}

function withoutMark(metadata: Json): Json | undefined {
  const { [WRAPPED]: _mark, ...rest } = metadata;
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function toLegacyStatus({ state, message, ...rest }: Json): Json {
  return {
    state: state === "TASK_STATE_CANCELED" ? "TASK_STATE_CANCELLED" : state,
    ...(message !== undefined && { message: toLegacyMessage(message) }),
    ...rest,
  };
}

function toLegacyMessage(message: unknown): Json {
  const { parts, referenceTaskIds: _unknownThere, ...rest } = message as Json;
  return { ...rest, content: (parts as unknown[] | undefined)?.map(toLegacyPart) };
}

function toLegacyArtifact(artifact: unknown): Json {
  const { parts, ...rest } = artifact as Json;
  return { ...rest, parts: (parts as unknown[] | undefined)?.map(toLegacyPart) };
}

function toLegacyPart(part: unknown): Json {
  const { text, raw, url, data, mediaType, filename, metadata } = part as Json;
  const kept = metadata === undefined ? {} : { metadata };
  if (text !== undefined) {
    return { text, ...kept };
  }
  if (raw !== undefined || url !== undefined) {
    const content = raw === undefined ? { fileWithUri: url } : { fileWithBytes: raw };
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
