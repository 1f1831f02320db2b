import type { WebhookSender } from "../ports/webhook-sender.ts";
import type { TaskParts } from "../tasks/engine-parts.ts";
import type { CredentialSealer } from "./credentials.ts";
import type { DeliveryRules } from "./delivery-rules.ts";

/** What push notifications need: the engine's stores, and who makes the calls. */
export interface PushParts extends TaskParts {
  readonly sender: WebhookSender;
  readonly sealer: CredentialSealer;
  readonly deliveryRules: DeliveryRules;
}
