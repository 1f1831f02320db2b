import { fromWorkJson } from "../../ports/work-queue.ts";
import type { WorkMessage } from "../../ports/work-queue.ts";

/** Plain JSON, as a queue trigger with `messageEncoding: "none"` expects. */
export function toMessageText(message: WorkMessage): string {
  return JSON.stringify(message);
}

/** Undefined if the text is not a work message. */
export function fromMessageText(text: string): WorkMessage | undefined {
  try {
    return fromWorkJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}
