import { isRecord } from "../request/field-checks.ts";

type Json = Record<string, unknown>;

/**
 * Converts a push notification config of A2A 0.3 over HTTP+JSON to 1.0 form. Clients send a2a.proto's request
 * (`{parent, configId, config}` or `{config}`), its resource (`{name, pushNotificationConfig}`) or the config alone, in
 * camelCase or snake_case. Values of a wrong type are kept, and the checks refuse them.
 */
export function fromLegacyPushConfig(body: unknown): unknown {
  const outer = isRecord(body) && isRecord(body["config"]) ? body["config"] : body;
  const inner = isRecord(outer) ? (outer["pushNotificationConfig"] ?? outer["push_notification_config"]) : undefined;
  const config = isRecord(inner) ? inner : outer;
  if (!isRecord(config)) {
    return config ?? {};
  }
  const { authentication, name: _resource, ...rest } = config;
  const id = config["id"] || toConfigId(body, outer);
  return {
    ...rest,
    ...(id !== undefined && { id }),
    ...(isRecord(authentication) && fromLegacyAuthentication(authentication)),
  };
}

/** A 1.0 TaskPushNotificationConfig in the ProtoJSON of 0.3's a2a.proto. */
export function toLegacyPushConfig(result: unknown): Json {
  const { id, taskId, url, token, authentication } = result as Json;
  const schemes = isRecord(authentication) ? { schemes: [authentication["scheme"]] } : undefined;
  return {
    name: `tasks/${String(taskId)}/pushNotificationConfigs/${String(id)}`,
    pushNotificationConfig: {
      id,
      url,
      ...(token !== undefined && { token }),
      ...(schemes && { authentication: schemes }),
    },
  };
}

export function toLegacyPushConfigs(result: unknown): Json {
  const { configs, nextPageToken } = result as { configs?: readonly unknown[]; nextPageToken?: string };
  return { configs: (configs ?? []).map(toLegacyPushConfig), ...(nextPageToken && { nextPageToken }) };
}

/** The config's id when the request has it outside the config. */
function toConfigId(body: unknown, resource: unknown): unknown {
  const named = isRecord(body) ? body["configId"] || body["config_id"] : undefined;
  const name = isRecord(resource) ? resource["name"] : undefined;
  const inName = typeof name === "string" ? /^\/?tasks\/[^/]+\/pushNotificationConfigs\/([^/]+)$/.exec(name) : null;
  return named || inName?.[1];
}

/** Clients that use protobuf send an empty `authentication` when there is none. */
function fromLegacyAuthentication({ schemes, credentials }: Json): Json {
  const scheme = Array.isArray(schemes) ? schemes[0] : schemes;
  const isNone = (scheme ?? "") === "" && (credentials ?? "") === "";
  return isNone ? {} : { authentication: { scheme, ...(credentials !== undefined && { credentials }) } };
}
