import type { TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { TaskKey } from "../ports/task-log.ts";
import type { Call } from "../tasks/task-engine.ts";
import { invalid } from "../tasks/task-fault.ts";
import type { PushConfig } from "./config-row.ts";
import type { PushParts } from "./push-parts.ts";

/**
 * A new config, or one that takes the place of another of its id: then it goes on where that one was. In v0.3 a config
 * without an id has the task's, so that there is one of them.
 * @throws TaskError `invalid` when its URL is none that may be called
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
  // They become headers: what is none would let a caller write others.
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
