import { randomUUID } from "node:crypto";
import type { Json, JsonObject } from "./json.ts";

/** The parameters of a send. A string is one text part, an object one data part: what fixture agents are told to do. */
export function toSend(content: string | JsonObject, message: JsonObject = {}, configuration?: JsonObject): JsonObject {
  const part: Json = typeof content === "string" ? { text: content } : { data: content };
  return {
    message: { messageId: randomUUID(), role: "ROLE_USER", parts: [part], ...message },
    ...(configuration ? { configuration } : {}),
  };
}
