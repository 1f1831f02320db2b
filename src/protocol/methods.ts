import type { EdgeLimits } from "./edge-parts.ts";
import { createChecks, createLegacyChecks } from "./request-checks.ts";
import { anything, isRecord } from "./validate.ts";
import type { Check } from "./validate.ts";
import type { Version } from "./version.ts";

interface Method {
  readonly check: Check;
  readonly streams: boolean;
  /** Refused before its parameters are looked at, because the card declares no push notifications (specification 3.3.4). */
  readonly push: boolean;
  /** Whether the answer may take as long as the agent does. */
  readonly waits: boolean;
}

export type Methods = Readonly<Record<Version, ReadonlyMap<string, Method>>>;

/** The JSON-RPC methods of each version. HTTP+JSON calls them by the same names. */
export function createMethods(limits: EdgeLimits): Methods {
  const { send, get, list, onTask, card } = createChecks(limits.maxParts);
  const legacy = createLegacyChecks(limits.maxParts);
  return {
    "1.0": new Map([
      ["SendMessage", method(send, { waits: true })],
      ["SendStreamingMessage", method(send, { streams: true })],
      ["GetTask", method(get)],
      ["ListTasks", method(list)],
      ["CancelTask", method(onTask)],
      ["SubscribeToTask", method(onTask, { streams: true })],
      ["GetExtendedAgentCard", method(card)],
      ["CreateTaskPushNotificationConfig", push],
      ["GetTaskPushNotificationConfig", push],
      ["ListTaskPushNotificationConfigs", push],
      ["DeleteTaskPushNotificationConfig", push],
    ]),
    "0.3": new Map([
      ["message/send", method(legacy.send, { waits: true })],
      ["message/stream", method(legacy.send, { streams: true })],
      ["tasks/get", method(legacy.get)],
      ["tasks/cancel", method(legacy.onTask)],
      ["tasks/resubscribe", method(legacy.onTask, { streams: true })],
      ["agent/getAuthenticatedExtendedCard", method(legacy.card)],
      ["tasks/pushNotificationConfig/set", push],
      ["tasks/pushNotificationConfig/get", push],
      ["tasks/pushNotificationConfig/list", push],
      ["tasks/pushNotificationConfig/delete", push],
    ]),
  };
}

/** In v0.3 a send waits unless told otherwise; the SDK's translation takes the opposite for granted. */
export function withBlockingDefault(params: Record<string, unknown>): Record<string, unknown> {
  const { configuration } = params;
  return isRecord(configuration) && (configuration["blocking"] ?? null) === null
    ? { ...params, configuration: { ...configuration, blocking: true } }
    : params;
}

function method(check: Check, { streams = false, waits = false } = {}): Method {
  return { check, streams, waits, push: false };
}

const push: Method = { ...method(anything), push: true };
