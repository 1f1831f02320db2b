import { StreamResponse } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { V03PushNotificationSerializer } from "@a2a-js/sdk/compat/v0_3/server";
import type { WebhookCall } from "../ports/webhook-sender.ts";
import type { PushConfig } from "./config-row.ts";
import type { Credentials } from "./credentials.ts";

const legacy = new V03PushNotificationSerializer();

/**
 * The POST for one event (specification 4.3.3). In v0.3 its body is the whole Task after the event. `A2A-Event-Id` is the
 * gateway's own header: the event's generation, by which a receiver recognises repeats.
 */
export function toNotification(
  { url, scheme, version }: PushConfig,
  { token, credentials }: Credentials,
  generation: number,
  response: StreamResponse,
  task: Task | undefined,
): WebhookCall {
  const headers: Record<string, string> = {
    "content-type": version === "1.0" ? "application/a2a+json" : "application/json",
    "a2a-event-id": String(generation),
    ...(version === "1.0" && { "a2a-version": "1.0" }),
    ...(token !== "" && { "x-a2a-notification-token": token }),
    // A scheme alone is no Authorization: its credentials are known to the two parties in another way, or not at all.
    ...(scheme !== "" && credentials !== "" && { authorization: `${scheme} ${credentials}` }),
  };
  const body = version === "1.0" ? JSON.stringify(StreamResponse.toJSON(response)) : toLegacyBody(response, task);
  return { url, headers, body };
}

function toLegacyBody(response: StreamResponse, task: Task | undefined): string {
  const { body } = legacy.serialize(response, task);
  return typeof body === "string" ? body : JSON.stringify(body);
}
