import type { TaskParts } from "../engine-parts.ts";
import type { Writer } from "./rules.ts";

/** This instance, as the rules see a writer, at this moment. */
export function writerOf({ clock, instance, settings }: TaskParts, nonce: string): Writer {
  return { holder: instance, nonce, now: clock.now(), lease: settings.lease };
}
