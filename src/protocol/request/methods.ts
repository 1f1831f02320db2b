import { invalid, TaskError } from "../../tasks/task-fault.ts";
import type { FieldViolation } from "../../tasks/task-fault.ts";
import { EdgeError } from "./edge-fault.ts";
import { createChecks, createLegacyChecks } from "./request-checks.ts";
import { isRecord } from "./field-checks.ts";
import { storable } from "./storable.ts";
import type { Check } from "./field-checks.ts";
import type { ProtocolVersion } from "./protocol-version.ts";

export interface Method {
  readonly check: Check;
  readonly streams: boolean;
  /** Whether the answer may have to wait for the agent. */
  readonly waits: boolean;
}

export type Methods = Readonly<Record<ProtocolVersion, ReadonlyMap<string, Method>>>;

/** The JSON-RPC methods of each A2A version. HTTP+JSON uses the names of 1.0. */
export function createMethods(limits: { readonly maxParts: number }): Methods {
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

/**
 * Checks the parameters of the method with this name, and returns the method.
 * @throws EdgeError `unknown-method`, TaskError `invalid`
 */
export function checkParams(methods: Methods, version: ProtocolVersion, name: string, params: unknown): Method {
  const known = methods[version].get(name);
  if (!known) {
    throw new EdgeError({ code: "unknown-method", message: toAdvice(methods, version, name) });
  }
  if (!isRecord(params)) {
    throw invalid("params", "must be an object");
  }
  const violations: FieldViolation[] = [];
  known.check(params, "", violations);
  if (violations.length > 0) {
    throw new TaskError({ code: "invalid", violations });
  }
  return known;
}

function toAdvice(methods: Methods, version: ProtocolVersion, name: string): string {
  const other = version === "1.0" ? "0.3" : "1.0";
  const shown = JSON.stringify(name.slice(0, 60));
  return methods[other].has(name)
    ? `Method ${shown} belongs to A2A ${other}, but the request is A2A ${version}. Send the header A2A-Version: ${other}.`
    : `Method ${shown} was not found in A2A ${version}.`;
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
