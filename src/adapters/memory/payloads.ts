import { createHash } from "node:crypto";
import type { PayloadRef, Payloads } from "../../ports/payloads.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { TaskKey } from "../../ports/task-log.ts";

/** Payloads in this process's memory. Do not change their bytes later. */
export function createMemoryPayloads(now: () => number = Date.now): Payloads {
  const payloads = new Map<string, { readonly task: TaskKey; readonly bytes: Uint8Array; readonly stored: number }>();
  return {
    async put(task, bytes) {
      const claim = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.byteLength };
      payloads.set(nameOf(task, claim), { task, bytes, stored: now() });
      return claim;
    },
    async get(task, claim) {
      const bytes = payloads.get(nameOf(task, claim))?.bytes;
      if (bytes?.byteLength !== claim.bytes) {
        throw new StoreError({ code: "rejected", operation: "get payload" });
      }
      return bytes;
    },
    async deleteAll(task) {
      for (const [name, payload] of payloads) {
        if (payload.task.taskId === task.taskId && payload.task.scope === task.scope) {
          payloads.delete(name);
        }
      }
    },
    async list() {
      const all = [...payloads.values()].map(({ task, stored }) => ({ task, stored }));
      return { payloads: all, next: undefined };
    },
  };
}

function nameOf({ scope, taskId }: TaskKey, { sha256 }: PayloadRef): string {
  return `${scope}.${taskId}/${sha256}`;
}
