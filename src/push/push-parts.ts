import type { WebhookSender } from "../ports/webhook-sender.ts";
import type { TaskParts } from "../tasks/engine-parts.ts";
import type { CredentialSealer } from "./credentials.ts";
import type { DeliveryRules } from "./delivery-rules.ts";
import type { TaskKey } from "../ports/task-log.ts";
import type { Head } from "../tasks/log/head.ts";

/** What push notifications need: the engine's stores and the sender of POSTs. */
export interface PushParts extends TaskParts {
  readonly sender: WebhookSender;
  readonly sealer: CredentialSealer;
  readonly deliveryRules: DeliveryRules;
}

/** Starts a delivery for a config that lacks events. If the message is lost, the sweep finds the task. @throws StoreError */
export async function wake(parts: PushParts, key: TaskKey, { agent, turn }: Head, row: string): Promise<void> {
  const now = parts.clock.now();
  await parts.index.putOpen({ ...key, agent, turn, created: now, due: now + parts.settings.lease });
  await parts.queue.send({ kind: "push", ...key, config: row });
}
