import { createHash } from "node:crypto";
import type { ContainerClient, ContainerListBlobFlatSegmentResponse } from "@azure/storage-blob";
import type { PayloadRef, Payloads } from "../../ports/payloads.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import { attempt, statusOf } from "../storage-account/store-attempt.ts";

/** Time limit for one payload including retries, in ms. */
const TIMEOUT = 60_000;

/** Payloads in a container: the blob `{scope}.{taskId}/{sha256}`. */
export function createBlobPayloads(container: ContainerClient): Payloads {
  return {
    async put(task, bytes) {
      const claim = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.byteLength };
      const blob = container.getBlockBlobClient(nameOf(task, claim));
      const options = { conditions: { ifNoneMatch: "*" }, abortSignal: AbortSignal.timeout(TIMEOUT) };
      await attempt("put payload", () => blob.upload(bytes, bytes.byteLength, options).catch(ignoreExisting));
      return claim;
    },
    async get(task, claim) {
      const blob = container.getBlobClient(nameOf(task, claim));
      const options = { abortSignal: AbortSignal.timeout(TIMEOUT), blockSize: Math.max(claim.bytes, 1) };
      return attempt("get payload", async () => {
        try {
          return await blob.downloadToBuffer(0, claim.bytes, options);
        } catch (error) {
          throw statusOf(error) === 404
            ? new StoreError({ code: "rejected", operation: "get payload" }, { cause: error })
            : error;
        }
      });
    },
    deleteAll: (task) =>
      attempt("delete payloads", async () => {
        const prefix = `${task.scope}.${task.taskId}/`;
        for await (const { name } of container.listBlobsFlat({ prefix })) {
          await container.getBlobClient(name).deleteIfExists({ abortSignal: AbortSignal.timeout(TIMEOUT) });
        }
      }),
    list: (after) =>
      attempt("list payloads", async () => {
        const pages = container.listBlobsFlat().byPage({ ...(after !== undefined && { continuationToken: after }) });
        const { value: page } = (await pages.next()) as { value?: ContainerListBlobFlatSegmentResponse };
        const blobs = page?.segment.blobItems ?? [];
        return {
          payloads: blobs.map(({ name, properties }) => ({
            task: fromName(name),
            stored: properties.lastModified.getTime(),
          })),
          // The service returns "" on the last page.
          next: page?.continuationToken || undefined,
        };
      }),
  };
}

function fromName(name: string): TaskKey {
  const [task = ""] = name.split("/");
  const [scope = "", taskId = ""] = task.split(".");
  return { scope, taskId };
}

function nameOf({ scope, taskId }: TaskKey, { sha256 }: PayloadRef): string {
  return `${scope}.${taskId}/${sha256}`;
}

/** The name is the hash of the content, so an existing blob has the same content. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "BlobAlreadyExists")) {
    throw error;
  }
}
