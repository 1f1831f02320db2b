import { AuthError } from "./auth-fault.ts";
import type { Identity, RequestHeaders } from "./identity.ts";

/** The request header in which an operator sends the scope of the tasks. */
const OPERATOR_SCOPE = "a2a-operator-scope";

/** Operators may read and cancel tasks of other callers, but not send messages for them. */
const OPERATIONS: ReadonlySet<string> = new Set([
  "GetTask",
  "ListTasks",
  "CancelTask",
  "SubscribeToTask",
  "ListTaskPushNotificationConfigs",
  "tasks/get",
  "tasks/cancel",
  "tasks/resubscribe",
  "tasks/pushNotificationConfig/list",
]);

/** Whether a request is an operator's, which needs no role of the agent. Without `role` there are no operators. */
export function isOperator(identity: Identity, role: string | undefined, request: RequestHeaders): boolean {
  return role !== undefined && identity.roles.includes(role) && request.header(OPERATOR_SCOPE) !== undefined;
}

/**
 * The scope that an operator's request is for; undefined for a request that is for the caller's own scope.
 * @throws AuthError `forbidden`
 */
export function toOperatedScope(
  identity: Identity,
  role: string | undefined,
  request: RequestHeaders,
  method: string,
): string | undefined {
  const scope = request.header(OPERATOR_SCOPE);
  if (scope === undefined) {
    return undefined;
  }
  if (!isOperator(identity, role, request) || !OPERATIONS.has(method) || !/^[0-9a-f]{32}$/.test(scope)) {
    throw new AuthError({ code: "forbidden", role: role ?? "operator" });
  }
  return scope;
}
