import { AuthError } from "./auth-fault.ts";
import type { Identity, RequestHeaders } from "./identity.ts";

/** The request header by which an operator names whose tasks are meant. */
const OPERATOR_SCOPE = "a2a-operator-scope";

/** What operators may do to tasks of others: look at them and end them, never speak in somebody's name. */
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

/** Whether a request is one of an operator's, whom no agent's roles keep out. `role` is absent where there are none. */
export function isOperator(identity: Identity, role: string | undefined, request: RequestHeaders): boolean {
  return role !== undefined && identity.roles.includes(role) && request.header(OPERATOR_SCOPE) !== undefined;
}

/**
 * The scope that an operator's request is about; undefined for a request about the caller's own.
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
