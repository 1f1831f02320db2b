import { fromWorkJson } from "../../ports/work-queue.ts";
import type { WorkMessage } from "../../ports/work-queue.ts";

/** Plain JSON, as a queue trigger with `messageEncoding: "none"` reads it. */
export function toMessageText(message: WorkMessage): string {
  return JSON.stringify(message);
}

/** Undefined for what is no message of ours. */
export function fromMessageText(text: string): WorkMessage | undefined {
  try {
    return fromWorkJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}
