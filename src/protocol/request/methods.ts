import type { EdgeLimits } from "../edge.ts";
import { createChecks, createLegacyChecks } from "./request-checks.ts";
import { isRecord } from "./field-checks.ts";
import { storable } from "./storable.ts";
import type { Check } from "./field-checks.ts";
import type { ProtocolVersion } from "./protocol-version.ts";

interface Method {
  readonly check: Check;
  readonly streams: boolean;
  /** Whether the answer may take as long as the agent does. */
  readonly waits: boolean;
}

export type Methods = Readonly<Record<ProtocolVersion, ReadonlyMap<string, Method>>>;

/** The JSON-RPC methods of each version. HTTP+JSON calls them by the same names. */
export function createMethods(limits: EdgeLimits): Methods {
  const { send, get, list, onTask, card, pushConfig, onPushConfig, listPushConfigs } = createChecks(limits.maxParts);
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
      ["CreateTaskPushNotificationConfig", method(pushConfig)],
      ["GetTaskPushNotificationConfig", method(onPushConfig)],
      ["ListTaskPushNotificationConfigs", method(listPushConfigs)],
      ["DeleteTaskPushNotificationConfig", method(onPushConfig)],
    ]),
    "0.3": new Map([
      ["message/send", method(legacy.send, { waits: true })],
      ["message/stream", method(legacy.send, { streams: true })],
      ["tasks/get", method(legacy.get)],
      ["tasks/cancel", method(legacy.onTask)],
      ["tasks/resubscribe", method(legacy.onTask, { streams: true })],
      ["agent/getAuthenticatedExtendedCard", method(legacy.card)],
      ["tasks/pushNotificationConfig/set", method(legacy.pushConfig)],
      ["tasks/pushNotificationConfig/get", method(legacy.getPushConfig)],
      ["tasks/pushNotificationConfig/list", method(legacy.onTask)],
      ["tasks/pushNotificationConfig/delete", method(legacy.deletePushConfig)],
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
  const both: Check = (value, path, faults) => {
    check(value, path, faults);
    if (faults.length === 0) {
      storable(value, path, faults);
    }
  };
  return { check: both, streams, waits };
}
