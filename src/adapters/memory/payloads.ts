import { createHash } from "node:crypto";
import type { Claim, Payloads } from "../../ports/payloads.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { TaskKey } from "../../ports/task-log.ts";

/** Payloads in this process's memory. Their bytes must not change later. */
export function createMemoryPayloads(): Payloads {
  const payloads = new Map<string, Uint8Array>();
  return {
    async put(task, bytes) {
      const claim = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.byteLength };
      payloads.set(nameOf(task, claim), bytes);
      return claim;
    },
    async get(task, claim) {
      const bytes = payloads.get(nameOf(task, claim));
      if (bytes?.byteLength !== claim.bytes) {
        throw new StoreError({ code: "rejected", operation: "get payload" });
      }
      return bytes;
    },
  };
}

function nameOf({ scope, taskId }: TaskKey, { sha256 }: Claim): string {
  return `${scope}.${taskId}/${sha256}`;
}
