import type { TableClient } from "@azure/data-tables";
import type { ContainerClient } from "@azure/storage-blob";
import type { QueueClient } from "@azure/storage-queue";
import type { Probe } from "../../ports/probe.ts";
import { StoreError } from "../../ports/store-error.ts";
import { statusOf } from "./store-attempt.ts";

/** One small request to each service of an account. Tables are required: every call reads or writes a task. */
export function createStorageProbes(tasks: TableClient, payloads: ContainerClient, queue: QueueClient): Probe[] {
  return [
    {
      name: "tables",
      isRequired: true,
      // The row does not exist; the table must.
      check: (abortSignal) => toProblem(tasks.getEntity("readyz", "head", { abortSignal }), "ResourceNotFound"),
    },
    { name: "blobs", isRequired: false, check: (abortSignal) => toProblem(payloads.getProperties({ abortSignal })) },
    { name: "queue", isRequired: false, check: (abortSignal) => toProblem(queue.getProperties({ abortSignal })) },
  ];
}

/** The reason is public, so it contains no address. */
async function toProblem(asked: Promise<unknown>, expected?: string): Promise<string | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (expected !== undefined && code === expected) {
      return undefined;
    }
    const status = statusOf(error);
    if (status !== undefined) {
      return `answered ${status}`;
    }
    if (error instanceof StoreError && error.fault.retryAfter !== undefined) {
      return "is throttled";
    }
    return code !== undefined && /^[A-Z][A-Z_]{1,40}$/.test(code) ? code : "no answer";
  }
}

/** The error code of the service or of the network. */
function codeOf(error: unknown): string | undefined {
  const { code, details } = error as { code?: unknown; details?: { odataError?: { code?: unknown } } };
  const inner = details?.odataError?.code;
  return typeof inner === "string" ? inner : typeof code === "string" ? code : undefined;
}
