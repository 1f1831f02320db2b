import type { TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { TaskKey } from "../ports/task-log.ts";
import type { Call } from "../tasks/task-engine.ts";
import { invalid } from "../tasks/task-fault.ts";
import type { PushConfig } from "./config-row.ts";
import type { PushParts } from "./push-parts.ts";

/**
 * A new config. One that replaces a config with the same id continues from its cursor. In v0.3 a config without an id gets
 * the task's id, so that there is only one.
 * @throws TaskError `invalid` if its URL may not be called
 */
export async function newConfig(
  { random, sealer, sender }: Pick<PushParts, "random" | "sealer" | "sender">,
  call: Call,
  { id, url, token, authentication }: TaskPushNotificationConfig,
  { taskId }: TaskKey,
  { cursor, lease }: Pick<PushConfig, "cursor" | "lease">,
  nonce: string,
): Promise<PushConfig> {
  const refusal = sender.toRefusal(url);
  if (refusal !== undefined) {
    throw invalid("url", refusal);
  }
  const scheme = authentication?.scheme ?? "";
  const credentials = authentication?.credentials ?? "";
  // They become header values; line breaks would let a caller add headers.
  for (const [field, value] of Object.entries({
    token,
    "authentication.scheme": scheme,
    "authentication.credentials": credentials,
  })) {
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw invalid(field, "must be visible ASCII characters");
    }
  }
  const version = call.version ?? "1.0";
  return {
    id: id || (version === "0.3" ? taskId : random.id()),
    nonce,
    url,
    scheme,
    sealed: await sealer.seal({ token, credentials }),
    version,
    cursor,
    lease,
    state: "active",
    failures: 0,
    nextAt: 0,
    log: [],
  };
}
