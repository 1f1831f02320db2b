import { randomBytes, randomUUID } from "node:crypto";
import type { TaskKey } from "../../src/ports/task-log.ts";

/** A scope that no other case uses. */
export function freshScope(): string {
  return randomBytes(16).toString("hex");
}

export function freshTask(): TaskKey {
  return { scope: freshScope(), taskId: randomUUID() };
}
