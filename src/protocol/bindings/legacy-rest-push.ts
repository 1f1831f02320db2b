import { isRecord } from "../request/field-checks.ts";

type Json = Record<string, unknown>;

/** A v0.3 TaskPushNotificationConfig as HTTP+JSON carries it, in 1.0 form. What has the wrong type the checks name. */
export function fromLegacyPushConfig(body: unknown): unknown {
  const config = isRecord(body) && isRecord(body["pushNotificationConfig"]) ? body["pushNotificationConfig"] : body;
  if (!isRecord(config)) {
    return config ?? {};
  }
  const { authentication, ...rest } = config;
  return { ...rest, ...(isRecord(authentication) && { authentication: fromLegacyAuthentication(authentication) }) };
}

/** A 1.0 TaskPushNotificationConfig in the ProtoJSON of v0.3's a2a.proto. */
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
  const { configs } = result as { configs?: readonly unknown[] };
  return { configs: (configs ?? []).map(toLegacyPushConfig) };
}

function fromLegacyAuthentication({ schemes, credentials }: Json): Json {
  return { scheme: Array.isArray(schemes) ? schemes[0] : schemes, ...(credentials !== undefined && { credentials }) };
}
